import csv
import itertools
import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import assert_error, raises
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import Tensor, nn
from torch_geometric.data import Batch

from conclu_pyg.config import load_config
from conclu_pyg.datasets.parametric_shapes import ParametricShapes
from conclu_pyg.encoders.pointnet import PointNet
from conclu_pyg.errors import ConcluError, ConfigError
from conclu_pyg.loggers.csv_file import read_metrics
from conclu_pyg.methods.base import SHARED, Method, MethodOutput, Progress, TrainingData
from conclu_pyg.pipelines.build import build_pipeline
from conclu_pyg.pipelines.pretraining import Pretraining
from conclu_pyg.registry import METHODS
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.folder import ENCODER_FILE, LAST
from conclu_pyg.seeding import seed_all

pytestmark = pytest.mark.usefixtures("terminal")

ROOT = Path(__file__).parents[2]
Build = Callable[..., Pretraining]


@pytest.fixture
def build(tiny_config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """Builds the tiny config's pipeline, with other arguments where they are given, and without its picture, which
    takes longer than its epochs."""

    def build(model: dict[str, Any] | None = None, **pipeline: Any) -> Pretraining:
        tiny_config["model"] |= model or {}
        tiny_config["pipeline"] |= {"log_dir": str(tmp_path / "runs"), **pipeline}
        built: Pretraining = build_pipeline(tiny_config)
        return built

    return build


def weights(folder: Path) -> dict[str, Tensor]:
    return Checkpoint.load(folder).weights


def equal(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def untimed(folder: Path) -> dict[str, list[float]]:
    timed = ("seconds", "clouds_per_second", "data_wait")
    return {key: column for key, column in read_metrics(folder).items() if key not in timed}


def during_step(number: int, pipeline: Pretraining, action: Callable[[], None]) -> None:
    """Does ``action`` before the views of the step of that number, counted from 1, are made."""
    make_views, numbers = pipeline.make_views, itertools.count(1)

    def wrapped(clouds: Batch) -> dict[str, Batch]:
        if next(numbers) == number:
            action()
        return make_views(clouds)

    pipeline.make_views = wrapped  # type: ignore[method-assign]


def break_weights(pipeline: Pretraining) -> None:
    nn.init.constant_(next(pipeline.model.parameters()), float("nan"))


def ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


def test_a_run_leaves_its_config_metrics_curves_events_and_checkpoint(
    tiny_run: Path, tiny_config: dict[str, Any]
) -> None:
    config = load_config(tiny_run / "config.yaml")
    assert config == {**tiny_config, "pipeline": {**tiny_config["pipeline"], "log_dir": str(tiny_run.parent)}}
    assert Checkpoint.load(tiny_run).config == config
    assert tiny_run.name.startswith("conclu_pointnet_parametricshapes_")
    assert (tiny_run / "curves.png").read_bytes().startswith(b"\x89PNG")
    events = EventAccumulator(str(tiny_run)).Reload()
    assert [event.step for event in events.Scalars("loss/contrast")] == [1, 2]


def test_metrics_have_a_row_an_epoch_whose_terms_sum_to_the_loss(tiny_run: Path) -> None:
    with (tiny_run / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["epoch"], row["step"]) for row in rows] == [("1", "3"), ("2", "6")]
    for row in rows:
        terms = [float(value) for key, value in row.items() if key.startswith("loss/")]
        assert len(terms) == 3 and sum(terms) == pytest.approx(float(row["loss"]), rel=1e-6)
    assert {"lr", "projection_std", "prototype_usage", "prototype_entropy", "code_entropy", "code_agreement"} <= rows[
        0
    ].keys()


def test_the_loss_falls(build: Build) -> None:
    loss = read_metrics(build(epochs=12).run_train())["loss"]
    assert loss[-1] < 0.7 * loss[0]


def test_one_seed_gives_one_result_and_another_seed_another(build: Build, tiny_run: Path) -> None:
    again, other = build().run_train(), build(seed=1).run_train()
    assert equal(weights(again), weights(tiny_run)) and untimed(again) == untimed(tiny_run)
    assert not equal(weights(other), weights(tiny_run)) and untimed(other) != untimed(tiny_run)


def test_labels_are_not_read(build: Build, tiny_run: Path) -> None:
    pipeline = build()
    pipeline.dataset.get_split("train").y[:] = torch.randint(-(2**40), 2**40, (48,)).numpy()
    assert equal(weights(pipeline.run_train()), weights(tiny_run))


def test_worker_processes_give_the_same_weights(build: Build, tiny_run: Path) -> None:
    assert equal(weights(build(num_workers=1).run_train()), weights(tiny_run))


def test_every_trainable_parameter_changes(tiny_run: Path, tiny_config: dict[str, Any]) -> None:
    seed_all(0)
    trained = weights(tiny_run)
    for name, parameter in METHODS.build(tiny_config["model"]).named_parameters():
        assert not torch.equal(parameter, trained[name]), name


def test_contrast_alone_neither_trains_nor_reports_prototypes(build: Build, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline = build(
        {"cluster_weight": 0.0, "clusterer": {"name": "SinkhornClusterer", "num_prototypes": 17}}, epochs=1
    )
    before = pipeline.model.clusterer.prototypes.detach().clone()  # type: ignore[union-attr, operator]
    folder = pipeline.run_train()
    assert torch.equal(weights(folder)["clusterer.prototypes"], before)
    assert "prototype_usage" not in read_metrics(folder)
    assert "prototypes" not in capsys.readouterr().out


def test_a_batch_below_the_prototypes_is_warned_about(build: Build, capsys: pytest.CaptureFixture[str]) -> None:
    build({"clusterer": {"name": "SinkhornClusterer", "num_prototypes": 17}}, epochs=1).run_train()
    assert "warning: pipeline.batch_size=16 is below the 17 clouds that ConClu needs" in capsys.readouterr().out


def test_a_batch_above_the_data_set_is_refused_before_a_folder_is_made(build: Build, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="batch_size=49 is more than the 48 clouds"):
        build(batch_size=49).run_train()
    assert not (tmp_path / "runs").exists()


def test_weights_that_are_not_finite_are_not_saved(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = build(run_dir=str(tmp_path / "run"))
    numbers = itertools.count(1)

    def after_step(progress: Progress) -> None:
        if next(numbers) == 6:  # the last step of an epoch, so that no loss shows it
            break_weights(pipeline)

    monkeypatch.setattr(pipeline.method, "after_step", after_step)
    with pytest.raises(ConcluError, match=r"a weight was not finite in epoch 2; .*last\.safetensors keeps the state"):
        pipeline.run_train()
    checkpoint = Checkpoint.load(tmp_path / "run")
    assert checkpoint.epoch == 1 and all(value.isfinite().all() for value in checkpoint.weights.values())


def test_a_second_ctrl_c_stops_within_the_step(build: Build, tmp_path: Path) -> None:
    pipeline = build(run_dir=str(tmp_path / "run"))
    during_step(2, pipeline, lambda: (ctrl_c(), ctrl_c()))  # type: ignore[func-returns-value]
    with pytest.raises(KeyboardInterrupt):
        pipeline.run_train()
    assert not (tmp_path / "run" / LAST).exists()


def test_ctrl_c_on_the_command_line_saves_logs_and_exits_with_130(tiny_run: Path, tmp_path: Path) -> None:
    command = [sys.executable, "tools/train.py", str(tiny_run / "config.yaml")]
    overrides = ["pipeline.epochs=1000000", f"pipeline.run_dir={tmp_path / 'run'}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [*command, *overrides], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("first step done"):
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.strip() == "stopped by Ctrl-C."
    assert f"saved to {tmp_path / 'run' / LAST}" in out
    assert Checkpoint.load(tmp_path / "run").step >= 1
    names = {path.name for path in (tmp_path / "run" / "checkpoints").iterdir()}
    assert names <= {LAST.name, "last-1.safetensors", ENCODER_FILE.name}


def test_bfloat16_trains_with_finite_losses_and_float32_weights(build: Build) -> None:
    folder = build(epochs=1, precision="bf16-mixed").run_train()
    assert all(torch.tensor(column).isfinite().all() for column in read_metrics(folder).values())
    assert {value.dtype for value in weights(folder).values()} == {torch.float32, torch.int64}


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_an_absent_device_is_refused(build: Build, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getattr(torch, device), "is_available", lambda: False)
    with raises(ConfigError, argument="device", got=device):
        build(device=device)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("epochs", 0),
        ("batch_size", 1),
        ("clip_grad_norm", 0.0),
        ("clip_grad_norm", float("nan")),
        ("num_workers", -1),
        ("keep_every", -1),
        ("seed", -1),
        ("seed", 2**32),
        ("seed", 2**80),
    ],
)
def test_a_number_out_of_bounds_is_refused(build: Build, key: str, value: float) -> None:
    with pytest.raises(ConfigError) as error:
        build(**{key: value})
    assert_error(error, argument=key, got=value)


class Bare(nn.Module):
    """A user's module without a base class, of one loss and no metrics."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = PointNet(8, input_transform=False, feature_transform=False)

    def forward(self, view_a: Batch, view_b: Batch) -> MethodOutput:
        features = [self.encoder(view.pos, view.batch, view.num_graphs)[1] for view in (view_a, view_b)]
        return MethodOutput({"mine": (features[0] - features[1]).square().mean()}, {})


class Outspoken(Method):
    """A method that uses all of the interface, and writes down what it is called with."""

    views = {"first": [{"name": "FixedPoints", "num_points": 8}], "second": SHARED}  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self.encoder = PointNet(8, input_transform=False, feature_transform=False)
        self.calls: list[Any] = []
        self.seen: list[dict[str, Any]] = []
        self.mapped: Tensor | None = None

    def forward(self, views: Mapping[str, Batch]) -> MethodOutput:
        self.calls.append("forward")
        self.seen.append({name: (sorted(view.keys()), view.cloud_id, len(view.pos)) for name, view in views.items()})
        first, second = (self.encoder(view.pos, view.batch, view.num_graphs)[1] for view in views.values())
        return MethodOutput({"mine": (first - second).square().mean()})

    def before_epoch(self, data: TrainingData, progress: Progress) -> None:
        self.calls.append(("before_epoch", progress))
        self.mapped = data.map(lambda clouds: torch.stack([clouds.cloud_id, clouds.ptr.diff()], dim=1))

    def before_step(self, progress: Progress) -> None:
        assert all(p.grad is not None for p in self.parameters())
        self.before = [p.detach().clone() for p in self.parameters()]
        self.calls.append(("before_step", progress))

    def after_step(self, progress: Progress) -> None:
        moved = [not torch.equal(old, p) for old, p in zip(self.before, self.parameters(), strict=True)]
        self.calls.append(("after_step", progress, any(moved)))

    def loss_names(self) -> list[str]:
        return ["mine"]

    def warnings(self, metrics: Mapping[str, float]) -> list[str]:
        return [f"the loss of epoch {metrics['epoch']:.0f} is mine."]

    def min_batch_size(self) -> int:
        return 9


@pytest.fixture
def shapes() -> ParametricShapes:
    return ParametricShapes(num_shapes=20, num_test_shapes=20, num_points=32)


def test_a_method_of_one_loss_without_statistics_trains(
    shapes: ParametricShapes, tmp_path: Path, tiny_config: dict[str, Any]
) -> None:
    arguments = {"epochs": 1, "batch_size": 8, "device": "cpu", "run_dir": str(tmp_path)}
    folder = Pretraining(Bare(), shapes, tiny_config, **arguments).run_train()
    assert read_metrics(folder)["loss"] == read_metrics(folder)["loss/mine"]


def train_outspoken(shapes: ParametricShapes, folder: Path, config: dict[str, Any], **options: Any) -> Outspoken:
    method = Outspoken()
    arguments = {"epochs": 2, "batch_size": 8, "device": "cpu", "run_dir": str(folder), **options}
    Pretraining(method, shapes, config, **arguments).run_train()
    return method


def test_warnings_of_a_method_are_passed_on_once_in_a_run(
    shapes: ParametricShapes, tmp_path: Path, tiny_config: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    train_outspoken(shapes, tmp_path, tiny_config)
    out = capsys.readouterr().out
    assert "warning: pipeline.batch_size=8 is below the 9 clouds that Outspoken needs in a batch" in out
    assert [f"warning: the loss of epoch {epoch} is mine.\n" in out for epoch in (1, 2)] == [True, False]
    assert Checkpoint.load(tmp_path).loss_names == ("mine",)


def test_the_hooks_are_called_in_order_with_the_progress(
    shapes: ParametricShapes, tmp_path: Path, tiny_config: dict[str, Any]
) -> None:
    method, expected, step = train_outspoken(shapes, tmp_path, tiny_config), [], 0
    for epoch in range(2):
        expected.append(("before_epoch", Progress(step, 4, epoch, 2)))
        for _ in range(2):
            expected += ["forward", ("before_step", Progress(step, 4, epoch, 2))]  # type: ignore[list-item]
            step += 1
            expected.append(("after_step", Progress(step, 4, epoch, 2), True))  # type: ignore[arg-type]
    assert method.calls == expected


def test_a_method_gets_the_views_that_it_declares_without_labels_and_with_the_clouds_positions(
    shapes: ParametricShapes, tmp_path: Path, tiny_config: dict[str, Any]
) -> None:
    views = [{"name": "FixedPoints", "num_points": 16}]
    method = train_outspoken(shapes, tmp_path, tiny_config, views=views)
    ids: list[int] = []
    for seen in method.seen:
        assert list(seen) == ["first", "second"]
        for keys, cloud_id, _ in seen.values():
            assert keys == ["batch", "cloud_id", "pos", "ptr"]
            assert torch.equal(cloud_id, seen["first"][1])
        assert (seen["first"][2], seen["second"][2]) == (8 * 8, 8 * 16)
        ids += seen["first"][1].tolist()
    assert len(set(ids[:16])) == len(set(ids[16:])) == 16 and set(ids) <= set(range(20))  # two batches an epoch
    assert method.mapped is not None and method.mapped.tolist() == [[i, 32] for i in range(20)]


def test_pipeline_views_replace_a_methods_views_by_name(
    shapes: ParametricShapes, tmp_path: Path, tiny_config: dict[str, Any]
) -> None:
    views = {"first": [], "second": [{"name": "FixedPoints", "num_points": 4}]}
    method = train_outspoken(shapes, tmp_path, tiny_config, views=views)
    assert [(seen["first"][2], seen["second"][2]) for seen in method.seen] == [(8 * 32, 8 * 4)] * 4


def test_swapping_the_method_keeps_the_views_of_the_clouds(build: Build, tiny_config: dict[str, Any]) -> None:
    """The same seed gives ConClu and SimSiam the same views, although they are not the same networks."""
    seen: dict[str, list[Batch]] = {}
    for name in ("ConClu", "SimSiam"):
        if name == "SimSiam":
            del tiny_config["model"]["clusterer"]
        pipeline = build({"name": name}, epochs=1)
        make_views, seen[name] = pipeline.make_views, []

        def wrapped(clouds: Batch, make: Any = make_views, kept: list[Batch] = seen[name]) -> dict[str, Batch]:
            views: dict[str, Batch] = make(clouds)
            kept += views.values()
            return views

        pipeline.make_views = wrapped  # type: ignore[method-assign]
        pipeline.run_train()
    assert len(seen["ConClu"]) == 6
    assert all(torch.equal(a.pos, b.pos) for a, b in zip(seen["ConClu"], seen["SimSiam"], strict=True))


def note_norm(pipeline: Pretraining, norms: list[float]) -> None:
    """Append the norm of the gradient that each step of the optimiser gets."""

    def note(*_: Any) -> None:
        norms.append(
            nn.utils.get_total_norm([p.grad for p in pipeline.model.parameters() if p.grad is not None]).item()
        )

    pipeline.optimizer.register_step_pre_hook(note)


def test_the_norm_of_the_gradient_is_clipped(build: Build) -> None:
    norms: dict[float | None, list[float]] = {}
    for limit in (None, 0.5):
        pipeline = build(epochs=1, clip_grad_norm=limit)
        norms[limit] = []

        note_norm(pipeline, norms[limit])
        pipeline.run_train()
    assert min(norms[None]) > 1 and norms[0.5] == pytest.approx([0.5] * 3, rel=1e-3)


def test_a_gradient_that_the_method_discards_does_not_count_in_the_norm(build: Build) -> None:
    pipeline, norms = build(epochs=1, clip_grad_norm=0.5), list[float]()

    def discard(progress: Progress) -> None:
        for parameter in pipeline.model.encoder.parameters():
            parameter.grad = None

    pipeline.method.before_step = discard  # type: ignore[method-assign]
    note_norm(pipeline, norms)
    pipeline.run_train()
    assert norms == pytest.approx([0.5] * 3, rel=1e-3)


def test_a_schedule_by_steps_warms_up_within_an_epoch(build: Build) -> None:
    rates: list[float] = []
    schedule = {"name": "cosine", "warmup_epochs": 1, "interval": "step"}
    pipeline = build(epochs=3, optimizer={"name": "AdamW", "lr": 0.004}, schedule=schedule)
    pipeline.method.before_step = lambda progress: rates.append(pipeline.optimizer.param_groups[0]["lr"])  # type: ignore[method-assign]
    pipeline.run_train()
    cosine = [0.002 * (1 + math.cos(math.pi * step / 6)) for step in range(6)]
    assert rates == pytest.approx([0.001, 0.002, 0.003, *cosine])


def test_a_pipeline_may_make_its_own_step(
    shapes: ParametricShapes, tmp_path: Path, tiny_config: dict[str, Any]
) -> None:
    class Twice(Pretraining):
        """Two optimiser steps on each batch."""

        def train_step(self, model: nn.Module, clouds: Batch) -> MethodOutput:
            super().train_step(model, clouds)
            return super().train_step(model, clouds)

    arguments = {"epochs": 1, "batch_size": 8, "device": "cpu", "run_dir": str(tmp_path)}
    Twice(Bare(), shapes, tiny_config, **arguments).run_train()  # type: ignore[arg-type]
    assert read_metrics(tmp_path)["step"] == [4]


@pytest.mark.parametrize(("least", "end"), [(20, "or more clouds."), (21, "21 clouds in a batch as configured).")])
def test_a_batch_above_the_data_states_the_minimum_of_the_method(
    shapes: ParametricShapes, tiny_config: dict[str, Any], least: int, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Outspoken, "min_batch_size", lambda self: least)
    with pytest.raises(ConfigError) as error:
        Pretraining(Outspoken(), shapes, tiny_config, batch_size=30, device="cpu").run_train()
    assert str(error.value).endswith(end) and "=30 is more than the 20 clouds" in str(error.value)


def test_without_a_terminal_a_long_epoch_logs_its_progress(
    build: Build, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    build(epochs=1).run_train()
    assert "2 of 3" not in capsys.readouterr().out
    monkeypatch.setattr("conclu_pyg.cli.terminal.LOG_INTERVAL_S", -1)
    build(epochs=1).run_train()
    assert "epoch 1/1: 2 of 3  loss " in capsys.readouterr().out


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device: the CPU refuses 16-mixed")
def test_scaled_gradients_are_clipped_by_their_true_norm(build: Build) -> None:
    pipeline = build(device="cuda", precision="16-mixed", clip_grad_norm=1e-3)
    norms: list[float] = []
    note_norm(pipeline, norms)  # the scaler skips steps whose gradients overflow
    pipeline.run_train()
    assert norms and all(norm <= 1.01e-3 for norm in norms)
