"""Trainings that do not learn are warned about, and healthy ones are not."""

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import of_method
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity
from torch_geometric.data import Batch

from conclu_pyg.encoders.base import pooled_features
from conclu_pyg.encoders.pointnet import PointNet
from conclu_pyg.errors import ConcluWarning
from conclu_pyg.loggers.csv_file import read_metrics
from conclu_pyg.methods import diagnostics, simsiam
from conclu_pyg.methods.base import MethodOutput
from conclu_pyg.pipelines import pretraining
from conclu_pyg.pipelines.build import build_pipeline
from conclu_pyg.registry import METHODS

Config = dict[str, Any]


@pytest.fixture
def config(tiny_config: Config, tmp_path: Path) -> Config:
    tiny_config["pipeline"] |= {"epochs": 1, "run_dir": str(tmp_path / "run")}
    return tiny_config


def trained_by(config: Config, name: str, lr: float = 1e-3, steps: int = 3) -> Config:
    config = of_method(config, name)
    config["pipeline"] |= {"optimizer": {"name": "AdamW", "lr": lr}, "min_steps_per_epoch": steps}
    return config


def warnings_of(pipeline: Any) -> list[str]:
    """The warnings of a training, apart from that about its few steps."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", ConcluWarning)
        pipeline.run_train()
    sentences = [str(w.message) for w in found if issubclass(w.category, ConcluWarning)]
    return [text for text in sentences if not text.startswith("the training has only")]


@pytest.mark.parametrize("name", list(METHODS))
def test_the_first_epochs_of_a_healthy_training_are_not_warned_about(
    name: str, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnostics, "JUDGED_STEPS", 0)
    config["pipeline"]["epochs"] = 20
    assert warnings_of(build_pipeline(trained_by(config, name))) == []
    metrics = read_metrics(Path(config["pipeline"]["run_dir"]))
    settled = [row for row, step in enumerate(metrics["step"]) if step >= diagnostics.SETTLED_STEPS]
    assert min(metrics["feature_std"][row] for row in settled) > 2 * diagnostics.MIN_FEATURE_STD
    assert min(metrics["feature_rank"][row] for row in settled) > 2 * diagnostics.MIN_FEATURE_RANK


class Plain(nn.Module):
    """A module without a base class."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = PointNet(32, input_transform=False, feature_transform=False)

    def forward(self, view_a: Batch, view_b: Batch) -> MethodOutput:
        a, b = (pooled_features(self.encoder, view) for view in (view_a, view_b))
        return MethodOutput({"mine": (a - b).square().mean()})


@pytest.mark.parametrize("name", ["OcCo", "Plain"])
def test_features_that_were_destroyed_are_warned_about_for_any_method(name: str, config: Config) -> None:
    config = trained_by(config, "OcCo", lr=10.0, steps=60)
    pipeline: Any = build_pipeline(config)
    if name == "Plain":
        options = {**config["pipeline"], "views": [{"name": "FixedPoints", "num_points": 32}]}
        options.pop("name")
        pipeline = pretraining.Pretraining(Plain(), pipeline.dataset, config, **options)
    (sentence,) = warnings_of(pipeline)
    assert sentence.startswith("collapse: the encoder's features") and "lower pipeline.optimizer.lr" in sentence


def test_simsiam_without_a_stop_of_the_gradient_collapses_with_a_warning(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    def loss(q_a: Tensor, q_b: Tensor, z_a: Tensor, z_b: Tensor) -> Tensor:
        return (4 - 2 * cosine_similarity(q_a, z_b) - 2 * cosine_similarity(q_b, z_a)).mean()

    monkeypatch.setattr(simsiam, "contrast_loss", loss)
    config["pipeline"]["epochs"] = 3
    (sentence,) = warnings_of(build_pipeline(trained_by(config, "SimSiam", lr=0.1, steps=50)))
    assert sentence.startswith("collapse: the projections of a batch are almost equal")


def test_uniform_codes_are_warned_about(config: Config) -> None:
    config["model"]["clusterer"]["epsilon"] = 1.0
    config["pipeline"]["epochs"] = 2
    (sentence,) = warnings_of(build_pipeline(config))
    assert "the codes are almost uniform" in sentence and "lower model.clusterer.epsilon" in sentence


def test_codes_of_views_that_share_nothing_are_warned_about(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnostics, "JUDGED_STEPS", 30)
    pipeline = build_pipeline(trained_by(config, "ConClu", steps=60))
    make_views = pipeline.make_views

    def unrelated(clouds: Batch) -> dict[str, Batch]:
        views: dict[str, Batch] = make_views(clouds)
        other = views["b"]
        other.pos = other.pos.view(other.num_graphs, -1, 3).roll(7, dims=0).reshape(-1, 3)
        return views

    monkeypatch.setattr(pipeline, "make_views", unrelated)
    (sentence,) = warnings_of(pipeline)
    assert "which is about chance (1 of 8)" in sentence and "weaken pipeline.views" in sentence


def test_the_measurement_draws_nothing_and_leaves_the_modes_of_the_modules(config: Config) -> None:
    pipeline = build_pipeline(config)
    pipeline.training_data(pipeline.training_split())
    pipeline.model.train()
    pipeline.model.encoder.register_forward_pre_hook(lambda *_: torch.rand(3))  # an encoder that draws
    state = torch.get_rng_state()
    assert pipeline.measure_epoch().keys() == {"feature_std", "feature_rank"}
    assert torch.equal(torch.get_rng_state(), state) and all(part.training for part in pipeline.model.modules())


def test_few_clouds_are_not_measured(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    for least, names in ((48, {"feature_std", "feature_rank"}), (49, set())):
        monkeypatch.setattr(pretraining, "MEASURED", 48)
        monkeypatch.setattr(pretraining, "MIN_MEASURED", least)
        pipeline = build_pipeline(config)
        pipeline.training_data(pipeline.training_split())
        assert pipeline.measure_epoch().keys() == names
