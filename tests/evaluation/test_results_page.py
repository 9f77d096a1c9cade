import re
from dataclasses import replace
from pathlib import Path

import pytest

from conclu_pyg.errors import ConcluError
from conclu_pyg.evaluation.results_page import results_page
from conclu_pyg.runs.records import Record, append_records

RECORD = Record(
    task="svm",
    dataset="ModelNet40",
    encoder="PointNet",
    method="ConClu",
    initialisation="ModelNet40",
    metric="accuracy",
    value=87.0,
    seed=0,
    epochs=12,
    protocol="linear SVM, test split",
    command="tools/evaluate.py runs/a",
    seconds=3.5,
    training={"command": "tools/train.py a.yaml", "seconds": 3600},
    details={"setting": "5e771", "terms": ["contrast", "cluster", "orthogonality"], "num_points": 1024},
)
RANDOM = replace(RECORD, initialisation="random", value=70.0, epochs=0, training={})


def rows(page: str) -> list[list[str]]:
    """The cells of the table's rows, without its head."""
    lines = [line for line in page.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "results"


def page_of(folder: Path, *records: Record) -> str:
    folder.mkdir()
    append_records(folder / "1_modelnet.json", records)
    return results_page(folder).text


def test_a_result_stands_beside_the_papers_and_the_random_encoders(folder: Path) -> None:
    page = page_of(folder, RECORD, RANDOM)
    assert "## modelnet" in page
    assert rows(page) == [
        [
            *("svm, accuracy", "ModelNet40", "PointNet", "none: random weights", "-", "-", "1,024"),
            *("-", "**70.0**", "0", "5e771", "1", "-"),
        ],
        [
            *("svm, accuracy", "ModelNet40", "PointNet", "ModelNet40", "ConClu: contrast + cluster", "12", "1,024"),
            *("-", "**87.0**", "0", "5e771", "1", "89.8"),
        ],
    ]
    assert "The paper's\nfigures are the paper's" in page
    assert "- 5e771: `tools/train.py a.yaml` (60 min)" in page and "- `tools/evaluate.py runs/a`" in page


def test_seeds_are_averaged_with_their_deviation(folder: Path) -> None:
    page = page_of(folder, *(replace(RECORD, seed=seed, value=87.0 + seed) for seed in (2, 0, 1)))
    ((*_, accuracy, seeds, _, _, _),) = rows(page)
    assert (accuracy, seeds) == ("**88.0 ± 1.0**", "0, 1, 2")


def test_an_encoder_that_was_measured_twice_counts_once(folder: Path) -> None:
    page = page_of(folder, RANDOM, replace(RANDOM, command="tools/evaluate.py runs/b"), RECORD, RECORD)
    assert [row[8:10] for row in rows(page)] == [["**70.0**", "0"], ["**87.0**", "0"]]


def test_rows_go_by_their_labels_with_the_random_start_first(folder: Path) -> None:
    def fine_tuned(record: Record, **labels: float) -> Record:
        return replace(record, task="classification", details={**RECORD.details, "labels": labels})

    numbers = ({"fraction": 0.25}, {"fraction": 1.0}, {"per_class": 5}, {"fraction": 0.01})
    page = page_of(folder, *(fine_tuned(record, **labels) for labels in numbers for record in (RECORD, RANDOM)))
    assert [(row[7], row[8]) for row in rows(page)] == [
        (labels, value) for labels in ("1 %", "25 %", "all", "5 a class") for value in ("**70.0**", "**87.0**")
    ]


def test_each_figure_names_its_protocol(folder: Path) -> None:
    page = page_of(folder, RECORD, replace(RECORD, protocol="linear SVM, validation part", value=90.0))
    assert [(row[8], row[11]) for row in rows(page)] == [("**87.0**", "1"), ("**90.0**", "2")]
    assert "1. linear SVM, test split.\n2. linear SVM, validation part.\n" in page


def test_the_ablations_have_the_papers_figures_of_table_3(folder: Path) -> None:
    terms = (["contrast"], ["cluster", "orthogonality"], ["contrast", "cluster", "orthogonality"])
    page = page_of(folder, *(replace(RECORD, details={"terms": names, "num_points": 512}) for names in terms))
    assert {row[4]: row[-1] for row in rows(page)} == {
        "ConClu: contrast": "88.7",
        "ConClu: cluster": "85.3",
        "ConClu: contrast + cluster": "89.8",
    }


def test_the_papers_figures_stand_beside_encoders_of_its_own_pre_training_set(folder: Path) -> None:
    page = page_of(folder, replace(RECORD, initialisation="ParametricShapes"))
    assert rows(page)[0][-1] == "-"


def test_the_value_of_each_change_is_told(folder: Path) -> None:
    def measured(record: Record, *values: float) -> Record:
        changes = [{"name": "turned", "unit": "degrees", "none": 0, "strengths": [15, 45], "values": list(values)}]
        return replace(record, metric="mean", details={**record.details, "clean": 90.0, "changes": changes})

    page = page_of(folder, measured(RANDOM, 50.0, 40.25), measured(RECORD, 60.0, 55.0))
    assert (
        "| the clouds are | strength | PointNet, none: random weights | PointNet, ModelNet40 |\n|---|---|---|---|\n"
        "| clean | - | 90.0 | 90.0 |\n"
        "| turned (degrees) | 15 | 50.0 | 60.0 |\n"
        "| turned (degrees) | 45 | 40.2 | 55.0 |\n"
    ) in page


def test_each_training_is_named_once_by_its_own_setting(folder: Path) -> None:
    first = {"setting": "1111", "command": "tools/train.py first.yaml", "seconds": 60.0}
    second = {"setting": "2222", "command": "tools/train.py second.yaml", "seconds": 120.0, "before": first}
    records = [
        replace(RECORD, details={**RECORD.details, "setting": setting, "pretraining": second}, training=training)
        for setting, training in (
            ("3333", {"command": "tools/train.py parts.yaml", "seconds": 180.0}),
            ("4444", {"command": "tools/train.py few.yaml", "seconds": 240.0}),
        )
    ]
    lines = [line for line in page_of(folder, *records).splitlines() if "tools/train.py" in line]
    assert lines == [
        "- 1111: `tools/train.py first.yaml` (1 min)",
        "- 2222: `tools/train.py second.yaml` (2 min)",
        "- 3333: `tools/train.py parts.yaml` (3 min)",
        "- 4444: `tools/train.py few.yaml` (4 min)",
    ]


def test_experiments_that_differ_in_anything_but_their_seed_are_not_averaged(folder: Path) -> None:
    others = (
        replace(RECORD, details={**RECORD.details, "setting": "07e12"}),
        replace(RECORD, method="SimSiam"),
        replace(RECORD, metric="mean class accuracy"),
        replace(RANDOM, details={**RECORD.details, "setting": "07e12"}),
    )
    assert len(rows(page_of(folder, RECORD, RANDOM, *others))) == 6


def test_every_accuracy_on_the_page_is_a_records(folder: Path) -> None:
    values = [81.2, 83.4, 85.6]
    page = page_of(folder, *(replace(RECORD, epochs=epochs, value=v) for epochs, v in enumerate(values, start=1)))
    assert [float(value) for value in re.findall(r"\*\*([\d.]+)", page)] == values


def test_a_file_is_a_section_with_the_note_beside_it(folder: Path) -> None:
    page_of(folder, RECORD)
    append_records(folder / "0_built_in_data.json", [replace(RECORD, dataset="ParametricShapes")])
    (folder / "0_built_in_data.md").write_text("Two cores, no GPU.\n")
    page = results_page(folder).text
    assert page.index("## built in data\n\nTwo cores, no GPU.\n") < page.index("## modelnet")


def test_a_folder_without_records_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConcluError, match=r"holds no \.json files of records"):
        results_page(tmp_path / "nowhere")
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(ConcluError, match=r"a\.json is no list of records"):
        results_page(tmp_path)


def test_few_shot_has_the_spread_of_its_draws_and_only_the_svm_stands_beside_the_papers(folder: Path) -> None:
    few = {"task": "few_shot", "metric": "accuracy 5-way 10-shot", "details": {**RECORD.details, "deviation": 3.25}}
    changed = {"metric": "mean accuracy under changes"}
    page = page_of(folder, replace(RECORD, **few), replace(RECORD, **changed), replace(RECORD, task="knn"))
    assert [(row[0], row[8], row[-1]) for row in rows(page)] == [
        ("few_shot, accuracy 5-way 10-shot", "**87.0** (draws: ± 3.2)", "-"),
        ("knn, accuracy", "**87.0**", "-"),
        ("svm, mean accuracy under changes", "**87.0**", "-"),
    ]


def test_several_seeds_have_their_own_spread_in_place_of_that_of_the_draws(folder: Path) -> None:
    details = {**RECORD.details, "deviation": 3.25}
    page = page_of(folder, replace(RECORD, details=details), replace(RECORD, details=details, seed=1, value=89.0))
    assert rows(page)[0][8] == "**88.0 ± 1.4**"


def test_a_section_of_several_numbers_of_labels_shows_what_more_of_them_give(folder: Path) -> None:
    details = {**RECORD.details, "per_class": {}, "votes": 1}
    few, all_of_them = (
        replace(RECORD, details={**details, "setting": str(share), "labels": {"fraction": share}}) for share in (0.1, 1)
    )
    folder.mkdir()
    append_records(folder / "1_few.json", [few, all_of_them])
    append_records(folder / "2_all.json", [all_of_them])
    page = results_page(folder)
    assert page.text.count("![What more labels give](images/labels_1_few.png)") == page.text.count("![") == 1
    (curve,) = page.pictures["labels_1_few.png"]
    assert curve.labels == [0.1, 1] and list(page.pictures) == ["labels_1_few.png"]
