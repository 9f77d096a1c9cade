import json
import math
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.image import imread
from torch import nn

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.datasets.parametric_shapes import ParametricShapes
from conclu_pyg.errors import CheckpointError, ConcluError, ConfigError, DataError
from conclu_pyg.evaluation.cross_validation import LinearResult
from conclu_pyg.evaluation.evaluate import evaluate_run
from conclu_pyg.evaluation.linear_svm import linear_svm
from conclu_pyg.evaluation.probe import Probe, ProbeSplits
from conclu_pyg.evaluation.probes import PROBES
from conclu_pyg.registry import METHODS
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.embedding import Features, embed
from conclu_pyg.runs.folder import LAST
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.runs.records import Record, read_records
from conclu_pyg.seeding import seed_all

pytestmark = pytest.mark.usefixtures("terminal")

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Path:
    """A copy of the run, to write results into; without a picture of the clusters, which takes the longest."""
    return Path(shutil.copytree(tiny_run, tmp_path / "run"))


@pytest.fixture
def no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conclu_pyg.evaluation.evaluate.plot_clusters", lambda *_: None)


def test_both_encoders_are_measured_shown_and_recorded(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    random, trained = records = evaluate_run(str(run), with_random=True)
    assert read_records(run / "results.json") == records
    assert (random.initialisation, random.epochs, random.training) == ("random", 0, {})
    assert (trained.initialisation, trained.epochs) == ("ParametricShapes", 2)
    assert trained.training.keys() == {"command", "seconds"}
    for record in records:
        assert (record.task, record.metric, record.dataset) == ("svm", "accuracy", "ParametricShapes")
        assert (record.encoder, record.method, record.seed) == ("PointNet", "ConClu", 0)
        assert record.details["terms"] == ["contrast", "cluster", "orthogonality"]
        assert len(record.details["per_class"]) == 20
        assert np.mean(list(record.details["per_class"].values())) == pytest.approx(record.value, abs=0.1)

    out = capsys.readouterr().out
    assert f"PointNet randomly initialised: {random.value:.1f} %" in out
    assert f"PointNet pre-trained on ParametricShapes: {trained.value:.1f} %" in out
    for word in (*random.details["per_class"], "random", "pre-trained", "all clouds", f"protocol: {random.protocol}"):
        assert word in out
    assert re.search(r"^prototypes: \d of 8 have clouds, of 40 clouds$", out, re.MULTILINE)
    for name in ("curves.png", "clusters.png", "results.json", LAST):
        assert str(run / name) in out
    assert imread(run / "clusters.png").std() > 0


def test_the_protocol_says_what_was_trained_and_measured_on_what(run: Path, no_picture: None) -> None:
    (record,) = evaluate_run(str(run))
    for words in (
        "linear SVM",
        "frozen encoder",
        "64 points",
        "48 training clouds",
        "3-fold",
        "40 clouds (test split)",
    ):
        assert words in record.protocol


def test_the_figures_are_those_of_the_encoder_before_and_after_the_training(
    run: Path, tiny_config: dict[str, Any], no_picture: None
) -> None:
    dataset = ParametricShapes(num_shapes=48, num_test_shapes=40, num_points=64)
    seed_all(0)
    method = METHODS.build(tiny_config["model"])
    features = []
    for record in evaluate_run(str(run), with_random=True):
        if record.initialisation != "random":
            method.load_state_dict(Checkpoint.load(run).method)
        train, test = (embed(method.encoder, dataset.get_split(split), CPU) for split in ("train", "test"))
        features.append(train.x)
        result = linear_svm(train, test, 20, seed=0)
        assert (record.value, record.details["c"]) == (round(result.accuracy, 2), result.c)
        assert record.details["cross_validation"] == round(result.cross_validation, 2)
        assert list(record.details["per_class"].values()) == result.per_class
    assert not np.allclose(features[0], features[1], rtol=0.01)


@pytest.mark.parametrize(("c", "end"), [(100.0, "largest"), (0.3, "smallest"), (3.0, None)])
def test_a_cost_at_the_end_of_the_grid_is_reported_and_recorded(
    run: Path,
    no_picture: None,
    c: float,
    end: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    result = LinearResult(accuracy=50.0, per_class=[50.0] * 20, c=c, cross_validation=50.0)
    monkeypatch.setattr("conclu_pyg.evaluation.svm_probe.linear_svm", lambda *_: result)
    (record,) = evaluate_run(str(run))
    line = f"C = {c:g} is the {end} of the costs tried, 0.3 to 100; one beyond may do better."
    assert record.details["notes"] == ([line] if end else [])
    assert (f"note on the pre-trained encoder: {line}\n" in capsys.readouterr().out) == bool(end)


def test_a_second_evaluation_gives_the_same_and_is_appended(run: Path, no_picture: None) -> None:
    first, second = evaluate_run(str(run)), evaluate_run(str(run / LAST))
    assert [(record.value, record.details) for record in first] == [(record.value, record.details) for record in second]
    assert read_records(run / "results.json") == [*first, *second]


def test_a_checkpoint_that_was_moved_is_evaluated_where_it_is(run: Path, tmp_path: Path, no_picture: None) -> None:
    expected = evaluate_run(str(run))
    (tmp_path / "elsewhere").mkdir()
    moved = Path(shutil.move(run / LAST, tmp_path / "elsewhere" / "encoder.safetensors"))
    assert evaluate_run(str(moved))[0].details == expected[0].details
    assert (tmp_path / "elsewhere" / "results.json").exists()


def test_another_data_set_is_probed_by_overrides(run: Path, no_picture: None) -> None:
    (record,) = evaluate_run(str(run), ["dataset.num_points=32", "dataset.num_shapes=60", "dataset.num_test_shapes=20"])
    assert record.details["num_points"] == 32
    assert "trained on 60 training clouds" in record.protocol and "measured on 20 clouds" in record.protocol


@pytest.mark.parametrize(
    "override", ["pipeline.seed=1", "model.encoder.out_channels=8", "dataset={name: ModelNet}", "x"]
)
def test_an_override_of_another_section_is_refused(run: Path, override: str) -> None:
    with pytest.raises(
        ConfigError, match=r"takes overrides of the data set, .* of pipeline\.device and of imports, found"
    ):
        evaluate_run(str(run), [override])


def test_an_unknown_argument_of_the_data_set_is_refused_with_the_nearest(run: Path) -> None:
    with pytest.raises(ConfigError, match=r"no argument 'num_point'; did you mean 'num_points'\?"):
        evaluate_run(str(run), ["dataset.num_point=3"])


def test_on_validation_the_test_split_is_never_read(
    run: Path, no_picture: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = ParametricShapes._load_split

    def train_only(self: ParametricShapes, split: str) -> PointCloudSplit:
        assert split == "train"
        return load(self, split)

    monkeypatch.setattr(ParametricShapes, "_load_split", train_only)
    (record,) = evaluate_run(str(run), ["dataset.num_shapes=120"], on="validation")
    assert "trained on 96 training clouds" in record.protocol
    assert "measured on 24 clouds (20% of the training split, held out)" in record.protocol


def test_a_training_split_too_small_for_a_validation_part_is_refused(run: Path) -> None:
    with pytest.raises(DataError, match=r"cannot hold out validation clouds from the \d+ training clouds"):
        evaluate_run(str(run), ["dataset.num_shapes=20"], on="validation")


def test_too_few_training_clouds_for_the_probe_are_refused(run: Path) -> None:
    with pytest.raises(ConcluError, match="needs two classes of 3 training clouds"):
        evaluate_run(str(run), ["dataset.num_shapes=20"])
    assert not (run / "results.json").exists()


def test_a_class_without_test_clouds_is_a_dash_and_null(
    run: Path, no_picture: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    load = ParametricShapes._load_split

    def without_lamps(self: ParametricShapes, split: str) -> PointCloudSplit:
        whole = load(self, split)
        return whole if split == "train" else whole.subset(np.flatnonzero(whole.y != whole.classes.index("lamp")))

    monkeypatch.setattr(ParametricShapes, "_load_split", without_lamps)
    evaluate_run(str(run))

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    (record,) = json.loads((run / "results.json").read_text(), parse_constant=refuse)
    assert record["details"]["per_class"]["lamp"] is None and math.isfinite(record["value"])
    (row,) = (line for line in capsys.readouterr().out.splitlines() if "lamp" in line)
    assert row.replace("│", " ").split() == ["lamp", "-"]


def test_damaged_records_are_refused_before_the_work(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (run / "results.json").write_text("[")
    monkeypatch.setattr("conclu_pyg.evaluation.svm_probe.linear_svm", lambda *_: pytest.fail("the work was begun"))
    with pytest.raises(ConcluError, match=r"results\.json is no list of records"):
        evaluate_run(str(run))


def test_weights_of_another_encoder_are_refused(run: Path) -> None:
    checkpoint = Checkpoint.load(run)
    checkpoint.config["model"]["encoder"]["out_channels"] = 16
    checkpoint.save(run / LAST)
    with pytest.raises(
        CheckpointError, match=r"do not fit ConClu: encoder\.last\.linear\.weight has shape \[32, 128\]"
    ):
        evaluate_run(str(run))


def test_another_probe_gives_its_records_and_notes_without_a_table(
    run: Path, no_picture: None, capsys: pytest.CaptureFixture[str]
) -> None:
    (record,) = evaluate_run(str(run))
    capsys.readouterr()
    seen = []

    def measure(loaded: LoadedRun, splits: ProbeSplits) -> list[Record]:
        seen.append((loaded.trained, len(splits.train), len(splits.held_out)))
        details = {"notes": ["mind the step."]}
        return [replace(record, task="mine", initialisation=loaded.initialisation, details=details)]

    records = evaluate_run(str(run), probes=[Probe("my probe", measure)], with_random=True)
    assert seen == [(False, 48, 40), (True, 48, 40)] and read_records(run / "results.json") == [record, *records]
    out = capsys.readouterr().out
    assert out.count("my probe on ParametricShapes") == 2 and "all clouds" not in out
    assert all(f"note on the {kind} encoder: mind the step." in out for kind in ("random", "pre-trained"))


def test_the_picture_shows_the_clouds_upright_as_they_were_turned(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace(Checkpoint.load(run), up_axis=1).save(run / LAST)
    drawn: list[Any] = []
    monkeypatch.setattr("conclu_pyg.evaluation.evaluate.plot_clusters", lambda *given: drawn.append(given))
    evaluate_run(str(run))
    ((split, log_gamma, up_axis, path),) = drawn
    upright = ParametricShapes(num_shapes=48, num_test_shapes=40, num_points=64).get_split("test")
    assert up_axis == 1 and torch.equal(split[0].pos[:, 1], upright[0].pos[:, 2])
    assert log_gamma.shape == (40, 8) and path == run / "clusters.png"


def test_each_data_set_and_split_has_a_picture_of_its_own(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conclu_pyg.evaluation.evaluate.plot_clusters", lambda *given: given[-1].touch())
    evaluate_run(str(run))
    evaluate_run(str(run), ["dataset.num_shapes=48"])  # as it is
    assert [path.name for path in run.glob("*clusters*")] == ["clusters.png"]
    evaluate_run(str(run), ["dataset.num_points=32"])
    evaluate_run(str(run), ["dataset.num_points=40", "pipeline.device=cpu"])
    evaluate_run(str(run), ["dataset.num_shapes=120"], on="validation")
    names = sorted(path.name for path in run.glob("*clusters*"))
    assert len(names) == 4 and names[0] == "clusters.png"
    assert all(name.startswith("clusters_ParametricShapes_") for name in names[1:])
    assert [name.endswith("_validation.png") for name in names].count(True) == 1


def test_probes_of_one_call_share_the_features_and_each_is_shown_and_kept(
    run: Path, no_picture: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[int] = []

    def counted(encoder: nn.Module, split: PointCloudSplit, *rest: Any) -> Features:
        calls.append(len(split))
        return embed(encoder, split, *rest)

    monkeypatch.setattr("conclu_pyg.runs.loaded_run.embed", counted)
    probes = [PROBES["knn"], PROBES["svm"], PROBES["linear"]]
    records = evaluate_run(str(run), probes=probes, with_random=True)
    assert sorted(calls) == [40, 40, 48, 48]  # each split once for each encoder
    assert [(record.task, bool(record.training)) for record in records] == [
        (task, trained) for task in ("knn", "svm", "linear") for trained in (False, True)
    ]
    assert read_records(run / "results.json") == records
    out = capsys.readouterr().out
    assert out.index("nearest neighbours on") < out.index("linear SVM on") < out.index("logistic regression on")
    assert out.count("all clouds") == 3


def test_label_per_class_is_refused_where_the_probe_draws_its_own(run: Path) -> None:
    with pytest.raises(ConfigError, match=r"few-shot SVM draws its own labels.*leave --label-per-class out\."):
        evaluate_run(str(run), probes=[PROBES["svm"], PROBES["few-shot"]], label_per_class=10)


def test_few_shot_shows_a_line_with_the_spread_for_each_task(
    run: Path, no_picture: None, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluate_run(str(run), ["dataset.num_shapes=400", "dataset.num_test_shapes=400"], probes=[PROBES["few-shot"]])
    pattern = r"^few-shot SVM, accuracy (\d+-way \d+-shot), on ParametricShapes, .*: [\d.]+ ± [\d.]+ %$"
    found = re.findall(pattern, capsys.readouterr().out, re.MULTILINE)
    assert found == ["5-way 10-shot", "5-way 20-shot", "10-way 10-shot", "10-way 20-shot"]


def test_robustness_gives_a_table_and_a_picture_of_both_encoders(
    run: Path, no_picture: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr("conclu_pyg.evaluation.evaluate.plot_robustness", lambda *given: drawn.append(given))
    records = evaluate_run(str(run), probes=[PROBES["knn"]], robustness=True, with_random=True)
    assert drawn == [(records[2:], run / "robustness.png")]
    lines = [line.replace("│", " ").split() for line in capsys.readouterr().out.splitlines()]
    random, trained = (record.details for record in records[2:])
    assert ["clean", f"{random['clean']:.1f}", f"{trained['clean']:.1f}"] in lines
    for one, other in zip(random["changes"], trained["changes"], strict=True):
        for strength, *values in zip(one["strengths"], one["values"], other["values"], strict=True):
            assert any(line[-3:] == [f"{strength:g}", *(f"{value:.1f}" for value in values)] for line in lines)
