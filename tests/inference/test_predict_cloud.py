"""A model's answer for one cloud of any size."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch_geometric.data import Batch, Data
from torch_geometric.transforms import Compose

from conclu_pyg.errors import ConcluError, ConfigError
from conclu_pyg.inference.predict_cloud import Predictor
from conclu_pyg.tasks.predict import SUBSET_BATCH_SIZE
from conclu_pyg.transforms import FixedPoints, RandomPointDropout


class Halves:
    """Knows parts 0 (below) and 1 (above the height 0), and counts what it is given at a time."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, int]] = []
        self.categories: set[int] = set()

    def __call__(self, clouds: Batch) -> Tensor:
        self.sizes.append((clouds.num_graphs, len(clouds.pos)))
        self.categories |= set(clouds.y.tolist())
        above = (clouds.pos[:, 2] > 0).float()
        return torch.stack([1 - above, above], dim=1)

    def log_probabilities(self, logits: Tensor, clouds: Batch) -> Tensor:
        return logits.log_softmax(dim=1)


class Mean(Halves):
    """A classifier: more points above than below, or not."""

    def __call__(self, clouds: Batch) -> Tensor:
        return super().__call__(clouds).view(clouds.num_graphs, -1, 2).mean(dim=1) * 50


def predictor(model: Any, num_points: int = 8, steps: list[Any] | None = None) -> Predictor:
    return Predictor(model, Compose(steps or []), num_points, torch.device("cpu"))


@pytest.mark.parametrize("size", [1, 3, 8, 9, 1000])
def test_each_point_gets_its_own_label_whatever_the_size(size: int) -> None:
    pos, model = np.random.default_rng(0).normal(size=(size, 3)), Halves()
    labels = predictor(model).label_points(pos, category=5)
    assert labels.tolist() == (pos[:, 2] > 0).tolist() and labels.dtype == np.int64
    assert model.categories == {5} and max(points for _, points in model.sizes) <= SUBSET_BATCH_SIZE * 8


@pytest.mark.parametrize("model", [Halves(), Mean()], ids=["parts", "class"])
def test_scores_that_are_not_finite_are_refused(model: Halves, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "log_probabilities", lambda logits, clouds: logits + torch.nan)
    pos = np.random.default_rng(0).normal(size=(20, 3))
    for answer in (lambda: predictor(model).label_points(pos, 0), lambda: predictor(model).classify(pos)):
        with pytest.raises(ConcluError, match="scores are not finite, for a cloud of 20 points; train it again"):
            answer()


def test_what_prepares_a_cloud_sees_the_whole_of_it() -> None:
    seen = []

    def prepare(data: Any) -> Any:
        seen.append(len(data.pos))
        data.pos = -data.pos
        return data

    pos = np.random.default_rng(0).normal(size=(50, 3))
    labels = predictor(Halves(), steps=[prepare]).label_points(pos, 0)
    assert seen == [50] and labels.tolist() == (pos[:, 2] < 0).tolist()


@pytest.mark.parametrize("drawn", [50, 130])
def test_points_that_come_back_in_another_order_or_twice_get_their_own_labels(drawn: int) -> None:
    pos = np.random.default_rng(0).normal(size=(50, 3))
    labels = predictor(Halves(), steps=[FixedPoints(drawn)]).label_points(pos, 0)
    assert labels.tolist() == (pos[:, 2] > 0).tolist()


@pytest.mark.parametrize(("step", "missing"), [(FixedPoints(30), 20), (RandomPointDropout(0.5), 25)])
def test_a_transform_that_leaves_points_out_is_refused_where_each_needs_a_label(step: Any, missing: int) -> None:
    pos = np.random.default_rng(0).normal(size=(50, 3))
    with pytest.raises(ConfigError, match=rf"^dataset.transform leaves out {missing} of the 50 points of a cloud, and"):
        predictor(Halves(), steps=[step]).label_points(pos, 0)
    model = Mean()
    assert predictor(model, steps=[step]).classify(pos).shape == (2,)
    assert sum(points for _, points in model.sizes) == -(-(50 - missing) // 8) * 8


def test_a_transform_that_does_not_carry_along_what_points_have_is_refused() -> None:
    def forget(data: Data) -> Data:
        return Data(pos=data.pos.flip(0))

    with pytest.raises(ConfigError, match=r"dataset.transform does not say which points it keeps"):
        predictor(Halves(), steps=[forget]).label_points(np.zeros((5, 3)), 0)


def test_a_class_is_that_of_the_subsets_together() -> None:
    pos = np.random.default_rng(0).normal(size=(100, 3))
    pos[:70, 2] = 1.0
    probability = predictor(Mean()).classify(pos)
    assert probability.shape == (2,) and probability.sum() == pytest.approx(1, abs=1e-6) and probability[1] > 0.5


def test_the_same_seed_gives_the_same_answer() -> None:
    pos = np.random.default_rng(0).normal(size=(100, 3))
    assert np.array_equal(predictor(Mean()).classify(pos), predictor(Mean()).classify(pos))
