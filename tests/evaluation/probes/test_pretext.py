"""The accuracy of a method at its pretext task."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helpers import raises
from torch import nn
from torch_geometric.data import Batch

from conclu_pyg import METHODS
from conclu_pyg.errors import ConfigError
from conclu_pyg.evaluation.probe import probe_splits
from conclu_pyg.evaluation.probes.pretext import PretextProbe
from conclu_pyg.methods.base import Method, MethodOutput, PretextTask
from conclu_pyg.runs.loaded_run import load_run

ENCODER = {"name": "PointNet", "out_channels": 8, "input_transform": False, "feature_transform": False}


class Known(Method):
    """Its accuracy is the share of even clouds; it draws a number, and must be in evaluation mode."""

    pretext_metric = "accuracy"

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(3, 4)
        self.drawn: list[float] = []

    def forward(self, views: Mapping[str, Batch]) -> MethodOutput:
        assert not self.training and "y" not in views["a"]
        self.drawn.append(float(torch.rand(())))
        return MethodOutput({}, {"accuracy": (views["a"].cloud_id % 2 == 0).float().mean()})


def test_the_accuracy_is_that_of_all_test_clouds_under_one_seed(tiny_run: Path) -> None:
    method = Known()
    run = replace(load_run(tiny_run, ["dataset.num_test_shapes=100"]), method=method)
    splits = probe_splits(run)
    state = torch.get_rng_state()
    (result,) = PretextProbe().measure(run, splits)
    PretextProbe().measure(run, splits)
    assert (result.metric, result.value) == ("accuracy", pytest.approx(50))
    assert len(method.drawn) == 4 and method.drawn[:2] == method.drawn[2:]
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("name", ["ClusterNet", "ConClu", "LatentGAN"])
def test_a_method_without_a_pretext_task_is_refused_before_it_sees_clouds(
    name: str, tiny_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = METHODS.build({"name": name, "encoder": ENCODER})
    monkeypatch.setattr(type(method), "forward", lambda *_: pytest.fail("forward was called"))
    run = replace(load_run(tiny_run), method=method)
    with raises(ConfigError, got=name):
        PretextProbe().measure(run, probe_splits(run))


def test_the_methods_with_a_pretext_task_declare_their_metric() -> None:
    found = {name for name in METHODS if isinstance(METHODS.get(name), PretextTask)}
    assert found == {"ContrastNet", "Jigsaw3D", "Rotation3D"}
