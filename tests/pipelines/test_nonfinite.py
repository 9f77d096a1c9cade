"""Steps whose loss or gradient is not finite."""

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from conclu_pyg.encoders.base import pooled_features
from conclu_pyg.errors import ConcluError, ConcluWarning
from conclu_pyg.loggers.csv_file import read_metrics
from conclu_pyg.methods.base import Method, MethodOutput, Progress
from conclu_pyg.pipelines.build import build_pipeline
from conclu_pyg.pipelines.nonfinite import (
    CHECKPOINT_NAME,
    CLOUDS_NAME,
    NonFiniteStep,
    check_step,
    describe_batch,
    replay,
)
from conclu_pyg.pipelines.pretraining import Pretraining
from conclu_pyg.registry import ENCODERS, METHODS
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.folder import LAST
from conclu_pyg.runs.tensor_file import read_tensor_file

STEPS = 3  # in an epoch of the tiny config
BAD = 7  # the cloud whose batch is not finite
Build = Callable[..., Pretraining]


class Fragile(Method):
    """Has a loss or a gradient that is not finite for batches with the cloud ``BAD``, from the second epoch on."""

    components: ClassVar = {"encoder": ENCODERS}

    def __init__(self, encoder: Any, fault: str) -> None:
        super().__init__()
        self.encoder, self.fault = ENCODERS.build(encoder), fault
        self.register_buffer("epochs", torch.zeros(()))
        self.norm = nn.BatchNorm1d(self.encoder.out_channels)

    def before_epoch(self, data: Any, progress: Progress) -> None:
        self.epochs.fill_(progress.epoch)

    def forward(self, views: Mapping[str, Batch]) -> MethodOutput:
        view = views["a"]
        features = self.norm(pooled_features(self.encoder, view))
        loss = (features - 1).square().mean()
        if self.epochs > 0 and (view.cloud_id == BAD).any():
            loss = {
                "nan": loss * torch.nan,
                "inf": loss + torch.inf,
                "gradient": loss + (0 * features).sum().sqrt(),  # 0, whose derivative is 0 / 0
            }[self.fault]
        return MethodOutput({"mine": loss})


@pytest.fixture
def build(
    tiny_config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forget_registered: None
) -> Build:
    METHODS.register_module()(Fragile)

    def build(fault: str = "nan", **pipeline: Any) -> Pretraining:
        tiny_config["model"] = {"name": "Fragile", "encoder": tiny_config["model"]["encoder"], "fault": fault}
        tiny_config["pipeline"] |= {"run_dir": str(tmp_path / "run"), "epochs": 3, **pipeline}
        built: Pretraining = build_pipeline(tiny_config)
        return built

    return build


@pytest.mark.parametrize(
    ("fault", "term"), [("nan", "loss/mine"), ("inf", "loss/mine"), ("gradient", "the gradient of encoder.")]
)
def test_the_run_stops_before_the_weights_move_and_names_the_clouds(
    fault: str, term: str, build: Build, tmp_path: Path
) -> None:
    pipeline = build(fault)
    with pytest.raises(ConcluError) as error:
        pipeline.run_train()
    message = str(error.value)
    name = pipeline.dataset.get_split("train").names[BAD]
    assert f"{term}" in message and "is not finite; clouds of the batch: " in message
    assert all(value.isfinite().all() for value in pipeline.model.state_dict().values())
    last = Checkpoint.load(tmp_path / "run")
    assert (last.epoch, last.batch) == (1, 0) and f"{tmp_path / 'run' / LAST} is unchanged" in message

    (kept,) = (tmp_path / "run").glob("nonfinite_step_*")
    step = int(kept.name.rpartition("_")[2])
    before = Checkpoint.load(kept / CHECKPOINT_NAME)
    assert before.step == step - 1 >= STEPS and f"step {step}: " in message and str(kept) in message
    names = read_tensor_file(kept / CLOUDS_NAME)["names"]
    assert len(names) == 16 and name in names
    assert f"clouds of the batch: {', '.join(names[:8])} and 8 more. " in message


@pytest.mark.filterwarnings("ignore:Error detected in MulBackward0")
@pytest.mark.parametrize("fault", ["nan", "gradient"])
def test_a_replay_names_the_operation(fault: str, build: Build, tmp_path: Path) -> None:
    with pytest.raises(ConcluError):
        build(fault).run_train()
    (kept,) = (tmp_path / "run").glob("nonfinite_step_*")
    with pytest.raises(RuntimeError, match="MulBackward0"):
        replay(kept)


def test_a_replay_repeats_the_step(build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    losses = []
    pipeline = build("inf")
    original = pipeline.losses

    def watching(model: nn.Module, clouds: Batch) -> MethodOutput:
        losses.append(original(model, clouds))
        return losses[-1]

    monkeypatch.setattr(Fragile, "forward", finite(Fragile.forward))
    monkeypatch.setattr(pipeline, "losses", watching)
    monkeypatch.setattr("conclu_pyg.pipelines.plan.check_step", refuse_step(5))
    with pytest.raises(ConcluError):
        pipeline.run_train()
    (kept,) = (tmp_path / "run").glob("nonfinite_step_*")
    assert torch.equal(replay(kept).total_loss(), losses[-1].total_loss())


def finite(forward: Callable[..., MethodOutput]) -> Callable[..., MethodOutput]:
    """The same losses, finite for each batch."""

    def changed(self: Fragile, views: Mapping[str, Batch]) -> MethodOutput:
        self.epochs.zero_()
        return forward(self, views)

    return changed


def refuse_step(number: int) -> Callable[..., None]:
    """A check that refuses the step of that number, counted from 1."""
    steps = itertools.count(1)

    def check(*_: Any, **__: Any) -> None:
        if next(steps) == number:
            raise NonFiniteStep(["loss/mine"])

    return check


def test_such_batches_are_skipped_on_request(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = build(on_nan="skip", schedule={"name": "cosine", "interval": "step"})
    refused: list[Tensor] = []
    train_step = pipeline.train_step

    def watching(model: nn.Module, clouds: Batch) -> MethodOutput:
        try:
            return train_step(model, clouds)
        except NonFiniteStep:
            refused.append(clouds.cloud_id)
            raise

    monkeypatch.setattr(pipeline, "train_step", watching)
    with pytest.warns(ConcluWarning, match=r"loss/mine is not finite.*skipped"):
        folder = pipeline.run_train()
    checkpoint = Checkpoint.load(folder)
    assert checkpoint.skipped == pipeline.skipped == len(refused) >= 1
    assert all((ids == BAD).any() for ids in refused)
    assert checkpoint.step == 3 * STEPS  # the schedule counts them
    assert all(value.isfinite().all() for value in checkpoint.weights.values())
    assert all(torch.tensor(read_metrics(folder)["loss"]).isfinite())
    assert len(list(folder.glob("nonfinite_step_*"))) == 1


def test_a_skipped_step_changes_no_weight_and_no_buffer(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = build(on_nan="skip", epochs=2)
    before: list[dict[str, Tensor]] = []  # the state before a step that was refused, until the next one
    compared = 0
    train_step = pipeline.train_step

    def watching(model: nn.Module, clouds: Batch) -> MethodOutput:
        nonlocal compared
        state = {name: value.clone() for name, value in pipeline.model.state_dict().items()}
        if before:
            assert_same(before.pop(), state)
            compared += 1
        try:
            return train_step(model, clouds)
        except NonFiniteStep:
            before.append(state)
            raise

    monkeypatch.setattr(pipeline, "train_step", watching)
    with pytest.warns(ConcluWarning):
        pipeline.run_train()
    if before:  # the last step was the refused one
        assert_same(before.pop(), pipeline.model.state_dict())
        compared += 1
    assert compared == pipeline.skipped == 1


def assert_same(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> None:
    assert a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_too_many_skipped_batches_stop_the_run(build: Build) -> None:
    with pytest.warns(ConcluWarning), pytest.raises(ConcluError, match=r"after 1 skipped batches"):
        build(on_nan="skip", max_skipped=1, epochs=20).run_train()


def test_a_loss_whose_gradients_are_scaled_may_have_infinite_gradients() -> None:
    layer = nn.Linear(1, 1)
    loss = layer(torch.ones(1, 1)).sum()
    loss.backward()
    layer.weight.grad = torch.full_like(layer.weight, torch.inf)
    check_step(MethodOutput({"a": loss}), layer, gradients=False)
    with pytest.raises(NonFiniteStep, match="the gradient of weight"):
        check_step(MethodOutput({"a": loss}), layer)


def test_clouds_with_unusual_coordinates_are_named() -> None:
    pos = torch.rand(6, 3)
    pos[3] = 1e6
    batch = Batch(pos=pos, batch=torch.tensor([0, 0, 1, 1, 2, 2]), cloud_id=torch.tensor([2, 0, 1]))
    text = describe_batch(batch, ["a", "b", "c"])
    assert text == "clouds of the batch: c, a, b; coordinates that are not finite or above 10000: a"
