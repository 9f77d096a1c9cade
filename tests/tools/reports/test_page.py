import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from reports.page import write_page

from conclu_pyg.errors import ConcluError
from conclu_pyg.runs.protocol import Episodes
from conclu_pyg.runs.provenance import CloudSet, EncoderOrigin
from conclu_pyg.runs.records import Record, Training, append_records
from conclu_pyg.runs.render import render_protocol

Make = Callable[..., Record]


def rows(page: str) -> list[list[str]]:
    """The cells of the table's rows, without its head."""
    lines = [line for line in page.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "results"


Page = Callable[..., str]


@pytest.fixture
def page_of(folder: Path) -> Page:
    def write(*records: Record, name: str = "1_modelnet.json") -> str:
        folder.mkdir(exist_ok=True)
        append_records(folder / name, records)
        write_page(folder, folder / "page.md")
        return (folder / "page.md").read_text()

    return write


def test_a_result_is_shown_with_the_papers_and_the_random_encoders(page_of: Page, make_record: Make) -> None:
    page = page_of(make_record(), make_record(random=True, value=70.0))
    assert "## modelnet" in page
    assert (
        rows(page)
        == [
            [
                *("svm, accuracy", "ModelNet40", "PointNet", "ModelNet40", "ConClu: contrast + cluster", "12", "1,024"),
                *("all", "**87.0**", "0", "5e771", "1", "89.8"),
            ],
            [
                *("svm, accuracy", "ModelNet40", "PointNet", "none: random weights", "-", "-", "1,024"),
                *("all", "**70.0**", "0", "5e771", "1", "-"),
            ],
        ][::-1]
    )
    assert "- 5e771: `tools/train.py a.yaml` (60 min)" in page and "- `tools/evaluate.py runs/a`" in page


def test_seeds_are_averaged_with_their_deviation(page_of: Page, make_record: Make) -> None:
    page = page_of(*(make_record(seed=seed, value=87.0 + seed) for seed in (2, 0, 1)))
    ((*_, accuracy, seeds, _, _, _),) = rows(page)
    assert (accuracy, seeds) == ("**88.0 ± 1.0**", "0, 1, 2")


def test_an_encoder_that_was_measured_twice_counts_once(page_of: Page, make_record: Make) -> None:
    random = make_record(random=True, value=70.0)
    page = page_of(random, replace(random, command="tools/evaluate.py runs/b"), make_record(), make_record())
    assert [row[8:10] for row in rows(page)] == [["**70.0**", "0"], ["**87.0**", "0"]]


def test_rows_are_ordered_by_their_labels_with_the_random_start_first(page_of: Page, make_record: Make) -> None:
    numbers: list[dict[str, Any]] = [{"fraction": 0.25}, {}, {"per_class": 5}, {"fraction": 0.01}]
    clouds = [{"train": CloudSet("train", 1, 9843, **number)} for number in numbers]
    starts = [{}, {"random": True, "value": 70.0}]
    page = page_of(*(make_record(protocol=train, **start) for train in clouds for start in starts))
    assert [(row[7], row[8]) for row in rows(page)] == [
        (labels, value) for labels in ("1 %", "25 %", "all", "5 per class") for value in ("**70.0**", "**87.0**")
    ]


def test_each_value_names_its_protocol(page_of: Page, make_record: Make) -> None:
    first, second = make_record(), make_record(protocol={"num_points": 64}, value=90.0)
    page = page_of(first, second)
    assert {row[8]: row[11] for row in rows(page)} == {"**87.0**": "1", "**90.0**": "2"}
    assert f"1. {render_protocol(first.protocol)}.\n2. {render_protocol(second.protocol)}.\n" in page


def test_the_ablations_have_the_values_of_table_3(page_of: Page, make_record: Make) -> None:
    losses = (("contrast",), ("cluster", "orthogonality"), ("contrast", "cluster", "orthogonality"))
    assert {row[4]: row[-1] for row in rows(page_of(*(make_record(losses=names) for names in losses)))} == {
        "ConClu: contrast": "88.7",
        "ConClu: cluster": "85.3",
        "ConClu: contrast + cluster": "89.8",
    }


def test_the_values_of_each_corruption_are_a_table(page_of: Page, make_record: Make) -> None:
    def details(*values: float) -> dict[str, Any]:
        corruption = {"name": "rotation", "unit": "degrees", "identity": 0, "severities": [15, 45], "values": [*values]}
        return {"clean": 90.0, "corruptions": [corruption]}

    page = page_of(make_record(random=True, details=details(50.0, 40.25)), make_record(details=details(60.0, 55.0)))
    assert (
        "| corruption | severity | PointNet, none: random weights | PointNet, ModelNet40 |\n|---|---|---|---|\n"
        "| clean | - | 90.0 | 90.0 |\n"
        "| rotation (degrees) | 15 | 50.0 | 60.0 |\n"
        "| rotation (degrees) | 45 | 40.2 | 55.0 |\n"
    ) in page


def test_each_training_is_named_once_by_its_own_fingerprint(page_of: Page, make_record: Make) -> None:
    first = EncoderOrigin("a.pt", "A", "ConClu", 1, "tools/train.py first.yaml", 60.0, "1111")
    second = replace(first, command="tools/train.py second.yaml", seconds=120.0, fingerprint="2222", before=first)
    records = [
        make_record(
            fingerprint=fingerprint, pretraining=second, training=Training(f"tools/train.py {name}.yaml", seconds)
        )
        for fingerprint, name, seconds in (("3333", "parts", 180.0), ("4444", "few", 240.0))
    ]
    lines = [line for line in page_of(*records).splitlines() if "tools/train.py" in line]
    assert lines == [
        "- 1111: `tools/train.py first.yaml` (1 min)",
        "- 2222: `tools/train.py second.yaml` (2 min)",
        "- 3333: `tools/train.py parts.yaml` (3 min)",
        "- 4444: `tools/train.py few.yaml` (4 min)",
    ]


def test_experiments_that_differ_in_anything_but_their_seed_are_not_averaged(page_of: Page, make_record: Make) -> None:
    others = [
        make_record(fingerprint="07e12"),
        make_record(method="SimSiam"),
        make_record(metric="mean class accuracy"),
        make_record(random=True, fingerprint="07e12"),
    ]
    assert len(rows(page_of(make_record(), make_record(random=True), *others))) == 6


def test_every_accuracy_on_the_page_is_a_records(page_of: Page, make_record: Make) -> None:
    values = [81.2, 83.4, 85.6]
    page = page_of(*(make_record(epochs=epochs, value=v) for epochs, v in enumerate(values, start=1)))
    assert [float(value) for value in re.findall(r"\*\*([\d.]+)", page)] == values


def test_a_file_is_a_section_with_its_note(folder: Path, page_of: Page, make_record: Make) -> None:
    folder.mkdir()
    (folder / "0_built_in_data.md").write_text("Two cores, no GPU.\n")
    page_of(make_record())
    page = page_of(make_record(dataset="ParametricShapes"), name="0_built_in_data.json")
    assert page.index("## built in data\n\nTwo cores, no GPU.\n") < page.index("\n\n## modelnet\n")


def test_a_folder_without_records_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConcluError, match=r"has no \.json files of records"):
        write_page(tmp_path / "nowhere", tmp_path / "page.md")
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(ConcluError, match=r"a\.json is not a list of records"):
        write_page(tmp_path, tmp_path / "page.md")
    assert not (tmp_path / "page.md").exists()


def test_few_shot_has_the_spread_of_its_draws_and_no_labels(page_of: Page, make_record: Make) -> None:
    few = make_record(
        task="few-shot",
        metric="accuracy 5-way 10-shot",
        details={"deviation": 3.25},
        protocol={"episodes": Episodes(5, 10, 20, 10)},
    )
    assert [(row[0], row[7], row[8], row[-1]) for row in rows(page_of(few))] == [
        ("few-shot, accuracy 5-way 10-shot", "-", "**87.0** (draws: ± 3.2)", "-"),
    ]


def test_several_seeds_have_their_own_spread_in_place_of_that_of_the_draws(page_of: Page, make_record: Make) -> None:
    page = page_of(*(make_record(details={"deviation": 3.25}, seed=seed, value=87.0 + 2 * seed) for seed in (0, 1)))
    assert rows(page)[0][8] == "**88.0 ± 1.4**"


def test_a_section_of_several_numbers_of_labels_has_a_plot(folder: Path, page_of: Page, make_record: Make) -> None:
    few, every = (
        make_record(
            fingerprint=str(s), details={"per_class": {}}, protocol={"train": CloudSet("train", 1, 9, fraction=s)}
        )
        for s in (0.1, 1.0)
    )
    page_of(few, every, name="1_few labels.json")
    page = page_of(every, name="2_all.json")
    assert page.count("![Metric over the number of labels](images/labels_1_few_labels.png)") == page.count("![") == 1
    assert [path.name for path in (folder / "images").iterdir()] == ["labels_1_few_labels.png"]


def test_the_committed_page_is_that_of_the_committed_records(tmp_path: Path) -> None:
    docs = Path(__file__).parents[3] / "docs"
    write_page(docs / "results", tmp_path / "results.md")
    assert (tmp_path / "results.md").read_text() == (docs / "results.md").read_text()
