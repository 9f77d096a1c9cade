import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers import raises
from torch import nn

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.datasets.parametric_shapes import ParametricShapes
from conclu_pyg.errors import CheckpointError, ConcluError, ConfigError, DataError
from conclu_pyg.evaluation import evaluate_run
from conclu_pyg.evaluation.probe import Probe, ProbeSplits, Result
from conclu_pyg.evaluation.probes.linear import LinearSVM
from conclu_pyg.pipelines.stages import train
from conclu_pyg.registry import METHODS, PROBES
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.embedding import Features, embed_split
from conclu_pyg.runs.folder import LAST
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.runs.provenance import CloudSet
from conclu_pyg.runs.records import read_records
from conclu_pyg.seeding import seed_all

pytestmark = pytest.mark.usefixtures("terminal")

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Path:
    """A copy of the run to write results into; the picture of the clusters, the slowest part, is disabled."""
    return Path(shutil.copytree(tiny_run, tmp_path / "run"))


def test_both_encoders_are_measured_and_recorded(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    random, trained = records = evaluate_run(str(run), with_random=True)
    assert read_records(run / "results.json") == records
    assert (random.initialisation, random.epochs, random.training) == ("random", 0, None)
    assert (trained.initialisation, trained.epochs) == ("ParametricShapes", 2)
    assert trained.training is not None and trained.training.command
    for record in records:
        assert (record.task, record.metric, record.dataset) == ("svm", "accuracy", "ParametricShapes")
        assert (record.encoder, record.method, record.seed) == ("PointNet", "ConClu", 0)
        assert record.losses == ("contrast", "cluster", "orthogonality")
        assert len(record.details["per_class"]) == 20
        assert np.mean(list(record.details["per_class"].values())) == pytest.approx(record.value, abs=0.1)
    assert capsys.readouterr() == ("", "") and not list(run.glob("*clusters*"))  # neither printed nor drawn


def test_the_protocol_has_the_training_and_test_clouds(run: Path) -> None:
    (record,) = evaluate_run(str(run))
    protocol = record.protocol
    assert (protocol.train, protocol.test) == (CloudSet("train", 48, 48), CloudSet("test", 40, 40))
    assert protocol.num_points == 64 and protocol.encoder.frozen and not protocol.model
    assert protocol.classifier is not None
    assert (protocol.classifier.name, protocol.classifier.selected, protocol.classifier.folds) == ("linear SVM", "C", 3)
    assert (protocol.weights.kind, protocol.weights.epoch, protocol.weights.planned_epochs) == ("last", 2, 2)


def test_the_figures_are_those_of_the_encoder_before_and_after_the_training(
    run: Path, tiny_config: dict[str, Any]
) -> None:
    dataset = ParametricShapes(num_shapes=48, num_test_shapes=40, num_points=64)
    seed_all(0)
    method = METHODS.build(tiny_config["model"])
    features = []
    for record in evaluate_run(str(run), with_random=True):
        if record.initialisation != "random":
            method.load_state_dict(Checkpoint.load(run).weights)
        train, test = (embed_split(method.encoder, dataset.get_split(split), CPU) for split in ("train", "test"))
        features.append(train.x)
        svm = LinearSVM(train, seed=0)
        right = svm.predict(test.x) == test.y
        assert (record.value, record.details["C"]) == (round(100 * right.mean(), 2), svm.C)
        assert record.details["cross_validation"] == round(svm.cross_validation, 2)
        assert list(record.details["per_class"].values()) == [100 * right[test.y == c].mean() for c in range(20)]
    assert not np.allclose(features[0], features[1], rtol=0.01)


@pytest.mark.parametrize("probes", ["svm", {"name": "svm"}])
def test_one_probe_is_no_list_of_probes(run: Path, probes: Any) -> None:
    with raises(ConfigError, argument="probes", got=probes) as error:
        evaluate_run(str(run), probes=probes)
    assert str(error.value).endswith(f"write [{probes!r}].")


def test_a_second_evaluation_gives_the_same_and_is_appended(run: Path) -> None:
    first, second = evaluate_run(str(run)), evaluate_run(str(run / LAST))
    assert [(record.value, record.details) for record in first] == [(record.value, record.details) for record in second]
    assert read_records(run / "results.json") == [*first, *second]


def test_a_checkpoint_that_was_moved_is_evaluated_where_it_is(run: Path, tmp_path: Path) -> None:
    expected = evaluate_run(str(run))
    (tmp_path / "elsewhere").mkdir()
    moved = Path(shutil.move(run / LAST, tmp_path / "elsewhere" / "encoder.safetensors"))
    assert evaluate_run(str(moved))[0].details == expected[0].details
    assert (tmp_path / "elsewhere" / "results.json").exists()


def test_another_data_set_is_probed_by_overrides(run: Path) -> None:
    (record,) = evaluate_run(str(run), ["dataset.num_points=32", "dataset.num_shapes=60", "dataset.num_test_shapes=20"])
    assert record.protocol.num_points == 32
    assert (record.protocol.train.num_clouds, record.protocol.test.num_clouds) == (60, 20)


@pytest.mark.parametrize(
    "override", ["pipeline.seed=1", "model.encoder.out_channels=8", "dataset={name: ModelNet}", "x"]
)
def test_an_override_of_another_section_is_refused(run: Path, override: str) -> None:
    with raises(ConfigError, got=override):
        evaluate_run(str(run), [override])


def test_an_unknown_argument_of_the_data_set_is_refused_with_the_nearest(run: Path) -> None:
    with raises(ConfigError, argument="num_point"):
        evaluate_run(str(run), ["dataset.num_point=3"])


def test_on_validation_the_test_split_is_never_read(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    get_split = ParametricShapes.get_split

    def train_only(self: ParametricShapes, name: str, up_axis: int | None = None) -> PointCloudSplit:
        assert name == "train"
        return get_split(self, name, up_axis=up_axis)

    monkeypatch.setattr(ParametricShapes, "get_split", train_only)
    (record,) = evaluate_run(str(run), ["dataset.num_shapes=120"], on="validation")
    assert record.protocol.train == CloudSet("train", 96, 120)
    assert record.protocol.test == CloudSet("train", 24, 120, held_out=0.2)


def test_a_training_split_too_small_for_a_validation_part_is_refused(run: Path) -> None:
    with raises(DataError, argument="validation"):
        evaluate_run(str(run), ["dataset.num_shapes=20"], on="validation")


def test_too_few_training_clouds_for_the_probe_are_refused(run: Path) -> None:
    with raises(ConcluError, got=1):
        evaluate_run(str(run), ["dataset.num_shapes=20"])
    assert not (run / "results.json").exists()


def test_a_class_without_test_clouds_is_null(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    get_split = ParametricShapes.get_split

    def without_lamps(self: ParametricShapes, name: str, up_axis: int | None = None) -> PointCloudSplit:
        whole = get_split(self, name, up_axis=up_axis)
        return whole if name == "train" else whole.subset(np.flatnonzero(whole.y != whole.classes.index("lamp")))

    monkeypatch.setattr(ParametricShapes, "get_split", without_lamps)
    evaluate_run(str(run))

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    (record,) = json.loads((run / "results.json").read_text(), parse_constant=refuse)
    assert record["details"]["per_class"]["lamp"] is None and math.isfinite(record["value"])


def test_damaged_records_are_refused_before_the_work(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (run / "results.json").write_text("[")
    monkeypatch.setattr(LoadedRun, "embed", lambda *_: pytest.fail("the work was begun"))
    with raises(ConcluError, file=run / "results.json"):
        evaluate_run(str(run))


def test_weights_of_another_encoder_are_refused(run: Path) -> None:
    checkpoint = Checkpoint.load(run)
    checkpoint.config["model"]["encoder"]["out_channels"] = 16
    checkpoint.save(run / LAST)
    with raises(CheckpointError, file=run / LAST):
        evaluate_run(str(run))


@pytest.mark.usefixtures("forget_registered")
def test_a_probe_of_the_user_is_measured_by_its_name(run: Path) -> None:
    seen = []

    @PROBES.register_module("mine")
    class Mine(Probe):
        title = "my probe"

        def __init__(self, offset: float = 0.0) -> None:
            self.offset = offset

        def measure(self, run: LoadedRun, splits: ProbeSplits) -> list[Result]:
            seen.append((run.trained, len(splits.train), len(splits.test)))
            return [Result("share", 50 + self.offset, {"notes": ["mind the step."]}, {"extra": {"threshold": 1}})]

    records = evaluate_run(str(run), probes=["mine", {"name": "mine", "offset": 1.0}], with_random=True)
    assert seen == [(False, 48, 40), (True, 48, 40)] * 2 and read_records(run / "results.json") == records
    assert [(record.task, record.metric, record.value) for record in records] == [
        ("mine", "share", value) for value in (50, 50, 51, 51)
    ]
    assert records[0].protocol.extra == {"threshold": 1} and records[0].protocol.classifier is None


def test_an_unknown_probe_is_refused_with_the_nearest(run: Path) -> None:
    with raises(ConcluError, argument="name", got="few_shot"):
        evaluate_run(str(run), probes=["few_shot"])


def test_probes_of_one_call_share_the_features(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def counted(encoder: nn.Module, split: PointCloudSplit, *rest: Any) -> Features:
        calls.append(len(split))
        return embed_split(encoder, split, *rest)

    monkeypatch.setattr("conclu_pyg.runs.loaded_run.embed_split", counted)
    records = evaluate_run(str(run), probes=["knn", "svm", "linear"], with_random=True)
    assert sorted(calls) == [40, 40, 48, 48]  # each split once for each encoder
    assert [(record.task, record.training is not None) for record in records] == [
        (task, trained) for task in ("knn", "svm", "linear") for trained in (False, True)
    ]
    assert read_records(run / "results.json") == records


@pytest.mark.usefixtures("forget_registered")
@pytest.mark.parametrize("step", ["check", "measure"])
@pytest.mark.parametrize("name", [*PROBES])
def test_a_probe_that_fails_does_not_take_the_others_along(
    name: str, step: str, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise DataError("the clouds are unfit.", got=7)

    @PROBES.register_module("first")
    @PROBES.register_module("last")
    class Other(Probe):
        title = "other"

        def measure(self, run: LoadedRun, splits: ProbeSplits) -> list[Result]:
            return [Result("share", 50.0)]

    monkeypatch.setattr(PROBES.get(name), "check", lambda *_: None)
    monkeypatch.setattr(PROBES.get(name), step, fail)
    with pytest.raises(ConcluError) as error:
        evaluate_run(str(run), probes=["first", name, "last"], with_random=True)
    assert str(error.value) == f"{name} could not be measured: the clouds are unfit."
    assert [record.task for record in read_records(run / "results.json")] == ["first", "first", "last", "last"]
    with raises(DataError, got=7):  # alone, it is the error itself
        evaluate_run(str(run), probes=[name])


def test_probes_that_fail_alike_are_named_together(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Features:
        raise ConcluError("features are not finite.")

    monkeypatch.setattr(LoadedRun, "embed", fail)
    with pytest.raises(ConcluError) as error:
        evaluate_run(str(run), probes=["knn", "svm", "few-shot"])
    text, other = [issue.message for issue in error.value.issues]
    assert text.startswith("few-shot could") and other == "knn and svm could not be measured: features are not finite."


def test_label_per_class_is_refused_where_the_probe_draws_its_own(run: Path) -> None:
    with raises(ConfigError, argument="label_per_class", got=10):
        evaluate_run(str(run), probes=["svm", "few-shot"], label_per_class=10)


def test_robustness_is_measured_after_the_probes(run: Path) -> None:
    records = evaluate_run(str(run), probes=["knn"], robustness=True, with_random=True)
    assert [record.task for record in records] == ["knn", "knn", "robustness", "robustness"]
    assert all(bool(record.protocol.corruptions) == (record.task == "robustness") for record in records)


def test_a_run_in_stages_is_evaluated_by_its_last_stage(tiny_config: dict[str, Any], tmp_path: Path) -> None:
    tiny_config["pipeline"] |= {"epochs": 1, "run_dir": str(tmp_path / "run")}
    classifier = {"name": "Classifier", "encoder": {**tiny_config["model"]["encoder"], "checkpoint": "contrast"}}
    labels = {"model": classifier, "pipeline": {"name": "Finetuning", "epochs": 1, "device": "cpu"}}
    folder = train({**tiny_config, "stages": {"contrast": {}, "labels": labels}}, "a.yaml")
    record, *others = evaluate_run(str(folder))
    assert record.task == "classification"
    assert record.pretraining is not None and record.pretraining.command
    assert read_records(folder / "labels" / "results.json") == [record, *others]
