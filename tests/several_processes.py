"""A training in float64 with views that are not random, run by one process or by several: the worker of
test_several_processes.py, which starts it by torchrun."""

import copy
import os
import signal
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from conclu_pyg.launcher import rank_at_launch
from conclu_pyg.pipelines.build import build_pipeline
from conclu_pyg.pipelines.curves_file import CurvesFile
from conclu_pyg.pipelines.interrupt import Stopped
from conclu_pyg.pipelines.resume import find_run
from conclu_pyg.processes import num_processes, rank
from conclu_pyg.registry import ENCODERS, HEADS

CONFIGS, INTERRUPTED = "configs.pt", "interrupted.pt"


class NormlessEncoder(nn.Module):
    """Without batch norm, so that the parts of a batch are independent of each other."""

    out_channels = 12

    def __init__(self) -> None:
        super().__init__()
        self.points = nn.Linear(3, self.out_channels)

    def forward(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
        x = self.points(pos)
        pooled = torch.stack([x[batch == cloud].tanh().mean(dim=0) for cloud in range(batch_size)])
        return x, pooled


class NormlessHead(nn.Linear):
    """A projector or a predictor without batch norm."""

    def __init__(self, in_channels: int = 8, channels: int = 8, out_channels: int = 8) -> None:
        super().__init__(in_channels, out_channels)
        self.out_channels = out_channels


def doubled(clouds: Batch, scale: float) -> Batch:
    out = clouds.__copy__()
    out.pos = clouds.pos.double() * torch.tensor([1.0, scale, 1.0], dtype=torch.double)
    return out


def train(config: dict[str, Any]) -> dict[str, Any]:
    """Return the weights, the rows of metrics.csv, and what this process computed in each step: the codes of each view,
    and the gradients of the first two steps."""
    for registry, cls in ((ENCODERS, NormlessEncoder), (HEADS, NormlessHead)):
        if cls.__name__ not in registry:  # a test forgets them again
            registry.register_module()(cls)
    pipeline = build_pipeline(copy.deepcopy(config))
    pipeline.model.double()
    pipeline.measure_epoch = dict  # which embeds clouds in float32
    steps: list[dict[str, Any]] = []
    if hasattr(pipeline, "make_views"):
        scales = dict(zip(pipeline.method.views, (1.0, 0.8, 0.9, 0.7), strict=False))
        pipeline.make_views = lambda clouds: {name: doubled(clouds, scale) for name, scale in scales.items()}
    else:
        pipeline.views = lambda clouds: doubled(clouds, 0.9)
    if hasattr(pipeline.model, "_codes"):
        codes_of = pipeline.model._codes

        def recorded(z: Tensor, view: int) -> Tensor:
            codes = codes_of(z, view)
            steps.append({"codes": codes})
            return codes

        pipeline.model._codes = recorded
    before_step = pipeline.before_step

    def keep_gradients(progress: Any) -> None:
        before_step(progress)
        gradients = {name: p.grad.clone() for name, p in pipeline.model.named_parameters() if p.grad is not None}
        steps.append({"gradients": gradients} if progress.step in (0, 1) else {})

    pipeline.before_step = keep_gradients
    with mock.patch.object(CurvesFile, "update"):  # drawing would be most of the time
        pipeline.run_train()
    return {"weights": pipeline.model.state_dict(), "history": pipeline.history, "steps": steps}


def interrupted(config: dict[str, Any], folder: Path, number: signal.Signals) -> dict[str, Any]:
    """Return the weights after a training with random views whose second process received a signal after 4 steps, once;
    the run goes on in this process, or if it was killed, in the next one that calls this."""
    config = copy.deepcopy(config)
    config["pipeline"] |= {"run_dir": str(folder / number.name), "save_minutes": 1e-9, "keep_last": 1}
    marker = folder / f"{number.name}_sent"
    for _ in range(2):
        pipeline = build_pipeline(config)
        after_step = pipeline.after_step

        def stopping(progress: Any, after_step: Any = after_step) -> None:
            after_step(progress)
            if progress.step == 4 and rank() == 1 and not marker.exists():
                marker.touch()
                os.kill(os.getpid(), number)

        pipeline.after_step = stopping
        try:
            pipeline.run_train(find_run(config))
        except Stopped as stopped:
            if stopped.signal is not number or pipeline.progress.step != 4:
                raise
            continue
        return {"weights": pipeline.model.state_dict(), "step": pipeline.progress.step}
    raise AssertionError("the run was stopped twice")


def main(folder: Path) -> None:
    if (folder / INTERRUPTED).exists():
        config = torch.load(folder / INTERRUPTED)
        for number in (signal.SIGURG, signal.SIGUSR1, signal.SIGKILL):  # the first one is ignored: an unbroken run
            path = folder / f"{number.name}_{rank_at_launch()}.pt"
            if not path.exists():
                torch.save(interrupted(config, folder, number), path)
        return
    for name, config in torch.load(folder / CONFIGS).items():
        try:
            result: Any = train(config)
        except Exception as error:
            result = f"{type(error).__name__}: {error}"
        torch.save(result, folder / f"{name}_{rank()}_of_{num_processes()}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
