"""Runs that were trained on labels, measured at their own task."""

import shutil
from pathlib import Path

import pytest

from conclu_pyg.engine.records import read_records
from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.evaluation.evaluate import evaluate_run
from conclu_pyg.evaluation.evaluate_task import labels_in_words
from conclu_pyg.evaluation.loaded_run import load_run
from conclu_pyg.evaluation.predictions import predict_split

TASKS = ("classification", "part_segmentation")


@pytest.fixture(params=TASKS)
def run(request: pytest.FixtureRequest, tiny_task_runs: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_task_runs[request.param], tmp_path / request.param))


def test_a_record_for_each_figure_is_kept(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records = evaluate_run(str(run))
    assert records == read_records(run / "results.json")
    assert {record.task for record in records} == {run.name}
    loaded = load_run(run)
    split = loaded.split("test")
    scores = loaded.method.scores(predict_split(loaded.method, split, loaded.device), split)
    assert {record.metric: record.value for record in records} == {
        name: round(value, 2) for name, value in scores.values.items()
    }
    (main,) = [record for record in records if "per_class" in record.details]
    assert main.metric == loaded.method.metric and list(main.details["per_class"]) == list(loaded.method.labels.classes)
    assert all(record.initialisation == "random" and record.method == "" and record.epochs == 0 for record in records)
    assert "weights after epoch 1 of 1" in main.protocol and "trained on all training clouds" in main.protocol
    assert ("its category known" in main.protocol) == (run.name == "part_segmentation")
    assert (run / "confusion.png").stat().st_size > 1000
    assert "from random weights: accuracy" in capsys.readouterr().out


def test_votes_are_reported_beside_the_figure_without(run: Path) -> None:
    single, voted = evaluate_run(str(run)), evaluate_run(str(run), votes=3)
    assert [r.value for r in voted[: len(single)]] == [r.value for r in single]
    assert len(voted) == 2 * len(single) and all("3 votes" in r.protocol for r in voted[len(single) :])
    assert [r.value for r in evaluate_run(str(run), votes=3)] == [r.value for r in voted]  # by the run's seed


def test_options_of_probes_are_refused(run: Path) -> None:
    for options in ({"with_random": True}, {"on": "validation"}, {"labels_per_class": 3}):
        with pytest.raises(ConfigError, match="was trained on labels, so it is measured at its own task"):
            evaluate_run(str(run), **options)  # type: ignore[arg-type]


def test_votes_are_refused_for_a_run_of_pre_training(tiny_run: Path) -> None:
    with pytest.raises(ConfigError, match="--votes=3 is for runs that were trained on labels"):
        evaluate_run(str(tiny_run), votes=3)


@pytest.mark.usefixtures("forget_registered")
def test_a_data_set_of_other_labels_is_refused(run: Path) -> None:
    example = Path(__file__).parents[2] / "docs" / "examples" / "my_dataset.py"
    folder = run.parent / "scans"
    overrides = ["dataset.name=NpyFolders", f"dataset.dataset_path={folder}", f"imports=[{example}]"]
    import numpy as np

    for split in ("train", "test"):
        (folder / split / "flat").mkdir(parents=True)
        np.save(folder / split / "flat" / "0.npy", np.random.default_rng(0).normal(size=(70, 3)))
    with pytest.raises(DataError, match="has other labels"):
        evaluate_run(str(run), overrides)


@pytest.mark.parametrize(
    ("pipeline", "words"),
    [
        ({}, "all training clouds"),
        ({"label_per_class": 5}, "5 training clouds of each class"),
        ({"label_fraction": 0.1}, "10% of the training clouds"),
        ({"validation": 0.2}, "all training clouds but the 20% that the epoch was chosen on"),
        ({"validation": "val"}, "all training clouds, the epoch chosen on the split val"),
    ],
)
def test_the_labels_are_said(pipeline: dict[str, object], words: str) -> None:
    assert labels_in_words(pipeline) == words
