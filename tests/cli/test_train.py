import shutil
import signal
from pathlib import Path

import pytest

from conclu_pyg.cli.main import main
from conclu_pyg.config import load_config
from conclu_pyg.loggers.csv_file import read_metrics
from conclu_pyg.methods.base import Progress
from conclu_pyg.pipelines.interrupt import SIGNALS
from conclu_pyg.pipelines.pretraining import Pretraining
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.folder import LAST


def test_a_config_trains_with_its_overrides(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    overrides = ["pipeline.epochs=1", "pipeline.clip_grad_norm=1e-4", f"pipeline.run_dir={tmp_path / 'run'}"]
    assert main(["train", str(tiny_run / "config.yaml"), *overrides]) == 0
    pipeline = load_config(tmp_path / "run" / "config.yaml")["pipeline"]
    assert (pipeline["epochs"], pipeline["clip_grad_norm"]) == (1, 1e-4)
    assert (tmp_path / "run" / LAST).is_file()
    out, err = capsys.readouterr()
    assert "epoch 1/1  loss" in out and out.endswith(f"trained: {tmp_path / 'run'}\n")
    assert err == ""


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("epochs=3", "override 'epochs=3': the section is missing; did you mean 'pipeline.epochs=3'?"),
        ("epohcs=3", "override 'epohcs=3': unknown section 'epohcs'. Sections: "),
        ("pipeline.optimizer=AdamW", "optimizer must be mapping | None, got 'AdamW' (str). Write {name: AdamW}."),
        ("dataset.transform=A", "transform must be list[mapping] | None, got 'A' (str). Write [{name: A}]."),
        ("pipeline.epoch=3", "Pretraining takes no argument 'epoch'; did you mean 'epochs'?"),
        ("pipeline.epochs=three", "Pretraining: epochs must be int"),
        ("pipeline.epochs", "must be written as section.key=value"),
        ("pipeline.batch_size=49", "pipeline.batch_size=49 is more than the 48 clouds of the training split"),
        ("pipeline.device=gpu", "'auto', 'cpu', 'cuda' or 'mps'"),
        ("pipeline.precision=64", "'32-true', 'bf16-mixed' or '16-mixed'"),
        ("pipeline.seed=4294967296", "Pretraining: seed must be in [0, 4294967295], got 4294967296."),
        ("model.encoder.name=PointNett", "ENCODERS has no 'PointNett'; did you mean 'PointNet'?"),
        ("model.encoder=null", "ENCODERS builds from a mapping with a 'name', got None."),
        ("dataset.num_shapes=3", "ParametricShapes: num_shapes must be >= 20, got 3."),
    ],
)
def test_a_wrong_override_is_one_line_on_stderr_and_no_run(
    tiny_run: Path, tmp_path: Path, override: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = set(tmp_path.iterdir())
    config = str(tiny_run / "config.yaml")
    assert main(["train", config, f"pipeline.log_dir={tmp_path / 'runs'}", override]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ") and sentence in err and err.count("\n") == 1
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("model.encoder={name: DGCNN, k: 0}", "DGCNN: k must be >= 1, got 0."),
        (
            "model.encoder={name: DGCNN, channels: []}",
            "DGCNN: channels must be of length >= 1, got [].",
        ),
        ("model.contrast_weight=-1", "ConClu: contrast_weight must be finite and >= 0, got -1."),
        ("pipeline.views[1].num_points=0", "FixedPoints: num_points must be >= 1, got 0."),
        ("dataset.num_points=0", "ParametricShapes: num_points must be >= 1, got 0."),
        ("dataset={name: ModelNet, num_points: 0}", "ModelNet: num_points must be in [1, 1000000], got 0."),
        ("pipeline.epochs=0", "Pretraining: epochs must be >= 1, got 0."),
        ("pipeline.seed=-1", "Pretraining: seed must be in [0, 4294967295], got -1."),
    ],
)
def test_an_argument_out_of_bounds_is_reported_with_its_override(
    tiny_run: Path, override: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(tiny_run / "config.yaml")
    assert main(["train", config, override]) == 2
    assert capsys.readouterr().err.startswith(f"error: override {override!r}: {sentence}")


def test_a_config_of_the_package_is_found_by_its_name_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["train", "conclu_pointnet", "pipeline.epoch=1"]) == 2
    assert "override 'pipeline.epoch=1': Pretraining takes no argument 'epoch'" in capsys.readouterr().err
    assert main(["train", "conclu_pointnett"]) == 2
    assert "there is no config file conclu_pointnett; did you mean 'conclu_pointnet'?" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_missing_config_names_the_nearest(tiny_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(tiny_run / "confg.yaml")]) == 2
    assert f"did you mean '{tiny_run / 'config.yaml'}'?" in capsys.readouterr().err


def test_a_run_is_resumed_by_its_folder_or_by_its_config(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = shutil.copytree(tiny_run, tmp_path / "run")
    assert main(["train", str(run), "--resume", "pipeline.epochs=3"]) == 0
    assert "resumed after 2 epochs" in capsys.readouterr().out
    config = str(tiny_run / "config.yaml")
    assert main(["train", config, f"resume={run}", "pipeline.epochs=4"]) == 0
    assert main(["train", config, "resume=auto", f"pipeline.run_dir={run}", "pipeline.epochs=5"]) == 0
    assert Checkpoint.load(run).epoch == 5 and read_metrics(run)["epoch"] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["{run}"], "is the folder of a run; give --resume"),
        (["{config}", "resume={run}", "--resume"], "expected one run to resume"),
        (["{config}", "resume="], "expected one run to resume"),
        (
            ["{run}/checkpoints", "--resume"],
            "checkpoints: expected config.yaml in that folder; give the folder of a run",
        ),
        (["nowhere", "--resume"], "there is no run in nowhere (in the working directory "),
        (
            ["{config}", "resume=nowhere"],
            "resume must be auto or the folder of a run, got 'nowhere', which has no config.yaml",
        ),
        (["{config}", "resume={run}", "pipeline.seed=5"], "pipeline.seed=5, and not set in the run"),
    ],
)
def test_a_run_that_cannot_be_resumed_is_refused(
    tiny_run: Path, arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"run": tiny_run, "config": tiny_run / "config.yaml"}
    assert main(["train", *(argument.format(**places) for argument in arguments)]) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_has_its_own_exit_status(
    number: signal.Signals, tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    after_step = Pretraining.after_step

    def stopping(self: Pretraining, progress: Progress) -> None:
        after_step(self, progress)
        signal.raise_signal(number)

    monkeypatch.setattr(Pretraining, "after_step", stopping)
    assert main(["train", str(tiny_run / "config.yaml"), f"pipeline.run_dir={tmp_path / 'run'}"]) == 128 + number
    assert Checkpoint.load(tmp_path / "run").step == 1
