"""Runs that were trained on labels, measured at their own task."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import raises
from torch import Tensor
from torch_geometric.data import Batch

from conclu_pyg.errors import CheckpointError, ConfigError, DataError
from conclu_pyg.evaluation import evaluate_run, evaluate_task
from conclu_pyg.evaluation.corruptions import CORRUPTIONS, corrupted_split
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.folder import BEST, LAST
from conclu_pyg.runs.loaded_run import load_run
from conclu_pyg.runs.protocol import Weights
from conclu_pyg.runs.provenance import CloudSet
from conclu_pyg.runs.records import read_records
from conclu_pyg.tasks.part_segmenter import PartSegmenter
from conclu_pyg.tasks.predict import predict_split

pytestmark = pytest.mark.usefixtures("terminal")

TASKS = ("classification", "part_segmentation")
FEW = ["dataset.num_test_shapes=20"]


@pytest.fixture(params=TASKS)
def run(request: pytest.FixtureRequest, tiny_task_runs: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_task_runs[request.param], tmp_path / request.param))


def test_a_record_for_each_figure_is_kept(run: Path) -> None:
    records = evaluate_run(str(run))
    assert records == read_records(run / "results.json")
    assert {record.task for record in records} == {run.name}
    loaded = load_run(run)
    split = loaded.split("test")
    predicted = predict_split(loaded.method, split, loaded.device)
    scores = loaded.method.scores(*predicted, torch.from_numpy(split.y))
    assert {record.metric: record.value for record in records} == {
        name: round(value, 2) for name, value in scores.values.items()
    }
    (main,) = [record for record in records if "per_class" in record.details]
    assert main.metric == loaded.method.metric and list(main.details["per_class"]) == list(loaded.method.labels.classes)
    assert all(record.protocol == main.protocol for record in records)
    assert all(record.initialisation == "random" and record.method == "" and record.epochs == 0 for record in records)
    protocol = main.protocol
    assert protocol.weights == Weights("last", 1, 1)
    assert (protocol.train, protocol.test) == (CloudSet("train", 48, 48), CloudSet("test", 40, 40))
    assert protocol.category_known == (run.name == "part_segmentation") and protocol.votes == 1
    assert protocol.model == type(loaded.method).__name__ and protocol.classifier is None


def test_votes_are_reported_next_to_the_figure_without_votes(run: Path) -> None:
    single, voted = evaluate_run(str(run), FEW), evaluate_run(str(run), FEW, votes=3)
    assert [r.value for r in voted[: len(single)]] == [r.value for r in single]
    assert len(voted) == 2 * len(single) and {r.metric for r in voted} == {r.metric for r in single}
    assert [r.protocol.votes for r in voted] == [1] * len(single) + [3] * len(single)
    assert [r.value for r in evaluate_run(str(run), FEW, votes=3)] == [r.value for r in voted]  # by the run's seed


def test_corrupted_clouds_are_measured_by_the_own_metric(run: Path) -> None:
    *clean, corrupted = evaluate_run(str(run), FEW, robustness=True)
    assert [r.value for r in clean] == [r.value for r in evaluate_run(str(run), FEW)]
    loaded = load_run(run, FEW)
    metric = loaded.method.metric
    assert corrupted.metric == f"mean {metric} under corruptions" and corrupted.details["measure"] == metric
    assert corrupted.details["clean"] == next(r.value for r in clean if r.metric == metric)
    values = [value for corruption in corrupted.details["corruptions"] for value in corruption["values"]]
    assert corrupted.value == pytest.approx(sum(values) / len(values), abs=0.01)
    assert len(set(values)) > 5 or run.name == "classification"  # an epoch teaches the tiny classifier one class
    split = corrupted_split(loaded, loaded.split("test"), CORRUPTIONS[3], 0.5)
    assert CORRUPTIONS[3].name == "dropout"
    predicted = predict_split(loaded.method, split, loaded.device)
    scores = loaded.method.scores(*predicted, torch.from_numpy(split.y))
    assert corrupted.details["corruptions"][3]["values"][1] == round(scores.values[metric], 2)


def test_records_are_kept_if_a_later_measurement_fails(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(evaluate_task, "measure_corruptions", interrupt)
    with pytest.raises(KeyboardInterrupt):
        evaluate_run(str(run), FEW, votes=2, robustness=True)
    assert {record.protocol.votes for record in read_records(run / "results.json")} == {1, 2}


def test_the_mean_iou_of_a_run_is_that_of_its_clouds_one_by_one(
    tiny_task_runs: dict[str, Path], tmp_path: Path
) -> None:
    """Returns the accuracy counted without the metrics and batches of the package."""
    folder = shutil.copytree(tiny_task_runs["part_segmentation"], tmp_path / "run")
    run = load_run(folder)
    labels, split, ious = run.method.labels, run.split("test"), []
    for place in range(len(split)):
        allowed = labels.class_parts[split.y[place]]
        with torch.no_grad():
            scores = run.method.eval()(split.__getitems__([place]))
        found = np.array(allowed)[scores[:, list(allowed)].argmax(dim=1).numpy()]
        true = split[place].part.numpy()
        both = [np.sum((found == part) & (true == part)) for part in allowed]
        either = [np.sum((found == part) | (true == part)) for part in allowed]
        ious.append(np.mean([1 if e == 0 else b / e for b, e in zip(both, either, strict=True)]))
    by_category = [np.mean([ious[i] for i in np.flatnonzero(split.y == label)]) for label in np.unique(split.y)]
    values = {record.metric: record.value for record in evaluate_run(str(folder))}
    assert values["instance mIoU"] == pytest.approx(100 * np.mean(ious), abs=0.011)
    assert values["category mIoU"] == pytest.approx(100 * np.mean(by_category), abs=0.011)


def test_options_of_probes_are_refused(run: Path) -> None:
    for options in ({"with_random": True}, {"on": "validation"}, {"label_per_class": 3}):
        with raises(ConfigError, file=run):
            evaluate_run(str(run), **options)  # type: ignore[arg-type]


def test_votes_are_refused_for_a_run_of_pre_training(tiny_run: Path) -> None:
    with raises(ConfigError, argument="votes", got=3):
        evaluate_run(str(tiny_run), votes=3)


@pytest.mark.usefixtures("forget_registered")
def test_a_data_set_of_other_labels_is_refused(run: Path) -> None:
    example = Path(__file__).parents[2] / "docs" / "examples" / "my_dataset.py"
    folder = run.parent / "scans"
    overrides = ["dataset.name=NpyFolders", f"dataset.dataset_path={folder}", f"imports=[{example}]"]
    for split in ("train", "test"):
        (folder / split / "flat").mkdir(parents=True)
        np.save(folder / split / "flat" / "0.npy", np.random.default_rng(0).normal(size=(70, 3)))
    with pytest.raises(DataError, match="has other labels"):
        evaluate_run(str(run), overrides)


@pytest.mark.parametrize("steps", ["", ", {name: FixedPoints, num_points: 64}"], ids=["as they are", "shuffled"])
def test_points_that_a_transform_shuffles_are_measured_against_their_own_parts(
    steps: str, tiny_task_runs: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(tiny_task_runs["part_segmentation"], tmp_path / "run")
    split = load_run(folder, ["dataset.transform=[{name: NormalizeUnitSphere}]"]).split("test")
    known = split.__getitems__(range(len(split)))

    def true_parts(model: PartSegmenter, clouds: Batch) -> Tensor:
        return torch.eye(len(model.labels.parts))[known.part[torch.cdist(clouds.pos, known.pos).argmin(dim=1)]]

    monkeypatch.setattr(PartSegmenter, "forward", true_parts)
    records = evaluate_run(str(folder), [f"dataset.transform=[{{name: NormalizeUnitSphere}}{steps}]"])
    assert [r.value for r in records] == [100.0] * len(records) and len(records) > 1


def test_the_best_epoch_is_in_the_details_and_not_in_the_protocol(run: Path) -> None:
    shutil.copy(run / LAST, run / BEST)
    records = evaluate_run(str(run))
    assert all(record.protocol.weights == Weights("best") and record.details["epoch"] == 1 for record in records)


def test_a_checkpoint_without_its_labelled_clouds_is_refused(run: Path) -> None:
    replace(Checkpoint.load(run), trained_on=None).save(run / LAST)
    with pytest.raises(CheckpointError, match="does not say which labelled clouds it was trained on"):
        evaluate_run(str(run))
