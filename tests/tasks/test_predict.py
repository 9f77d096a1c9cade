"""Predictions of splits and of single clouds, with and without votes."""

from typing import Any, ClassVar

import pytest
import torch
from helpers import raises
from torch import Tensor, nn
from torch_geometric.data import Batch

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.data.labels import Labels
from conclu_pyg.errors import ConcluError
from conclu_pyg.metrics import Scores
from conclu_pyg.tasks.base import Task
from conclu_pyg.tasks.predict import (
    SUBSET_BATCH_SIZE,
    VOTE_VIEWS,
    Voting,
    predict_split,
    predict_subsets,
    sum_probabilities,
)
from conclu_pyg.transforms import compose

CPU = torch.device("cpu")


class ThreeClasses(Task):
    """A task of three classes that scores clouds in a way that its subclasses define."""

    task: ClassVar = "classification"
    metric: ClassVar = "accuracy"

    def __init__(self) -> None:
        super().__init__(nn.Identity(), Labels(("a", "b", "c")))

    @property
    def label_names(self) -> tuple[str, ...]:
        return self.labels.classes

    def targets(self, clouds: Batch) -> Tensor:
        return clouds.y

    def log_probabilities(self, logits: Tensor, clouds: Batch) -> Tensor:
        return logits.log_softmax(dim=1)

    def target_counts(self, split: PointCloudSplit) -> Tensor:
        raise NotImplementedError

    def scores(self, predicted: Tensor, truth: Tensor, y: Tensor) -> Scores:
        raise NotImplementedError


class ByHeight(ThreeClasses):
    """Scores of three classes from the mean height of a cloud, and a record of the points it got."""

    def __init__(self) -> None:
        super().__init__()
        self.anchor = nn.Parameter(torch.tensor(0.0))
        self.seen: list[Tensor] = []

    def forward(self, clouds: Batch) -> Tensor:
        self.seen.append(clouds.pos.clone())
        height = clouds.pos.view(clouds.num_graphs, -1, 3)[:, :, 2].mean(dim=1)
        return torch.stack([height, -height, 0 * height + self.anchor], dim=1)


class FromTables(ThreeClasses):
    """Probabilities from a table for each call."""

    def __init__(self, *tables: list[list[float]]) -> None:
        super().__init__()
        self.tables = [torch.tensor(table) for table in tables]

    def forward(self, clouds: Batch) -> Tensor:
        return self.tables.pop(0)

    def log_probabilities(self, logits: Tensor, clouds: Batch) -> Tensor:
        return logits.log()


@pytest.fixture
def split() -> PointCloudSplit:
    pos = torch.randn(70, 8, 3, generator=torch.Generator().manual_seed(0))
    return PointCloudSplit(pos.numpy(), (torch.arange(70) % 3).numpy(), [str(i) for i in range(70)], list("abc"))


def voting(votes: int, seed: int = 0) -> Voting:
    return Voting(votes, compose(VOTE_VIEWS, up_axis=2), seed)


def test_the_probabilities_of_all_copies_are_summed() -> None:
    clouds = batch_clouds(torch.zeros(2, 4, 3))
    tables = (
        [[0.6, 0.4, 0.0], [0.2, 0.5, 0.3]],
        [[0.6, 0.4, 0.0], [0.2, 0.5, 0.3]],
        [[0.0, 0.9, 0.1], [0.8, 0.1, 0.1]],
    )
    assert sum_probabilities(FromTables(tables[0]), clouds, Voting()).argmax(dim=1).tolist() == [0, 1]
    total = sum_probabilities(FromTables(*tables), clouds, Voting(3))
    assert torch.allclose(total, torch.tensor([[1.2, 1.7, 0.1], [1.2, 1.1, 0.7]]))
    # Neither the first copy alone, nor the last, nor the majority of the copies.
    assert total.argmax(dim=1).tolist() == [1, 0]


def test_the_first_copy_is_the_cloud_itself_and_the_others_are_changed() -> None:
    model, clouds = ByHeight(), batch_clouds(torch.randn(3, 5, 3))
    sum_probabilities(model, clouds, voting(3))
    first, second, third = model.seen
    assert torch.equal(first, clouds.pos)
    for other in (second, third):
        scale = (other / first).view(3, 5, 3)
        assert torch.allclose(scale, scale[:, :1]) and (scale > 0.79).all() and (scale < 1.26).all()
    assert not torch.allclose(second, first) and not torch.allclose(second, third)


@pytest.mark.parametrize("single_cloud", [False, True], ids=["split", "cloud"])
def test_votes_follow_from_the_seed_and_leave_the_generator_alone(split: PointCloudSplit, single_cloud: bool) -> None:
    def seen(seed: int, votes: int = 3) -> Tensor:
        model = ByHeight()
        if single_cloud:
            pos, subsets = torch.from_numpy(split.pos[0]), torch.arange(8).view(2, 4)
            predict_subsets(model, pos, subsets, CPU, lambda *_: None, voting=voting(votes, seed))
        else:
            predict_split(model, split, CPU, voting(votes, seed))
        return torch.cat(model.seen)

    before = torch.get_rng_state()
    assert torch.equal(seen(1), seen(1)) and not torch.equal(seen(1), seen(2))
    assert torch.equal(seen(1, votes=1), seen(2, votes=1))
    assert torch.equal(torch.get_rng_state(), before)


def test_scores_that_are_not_finite_are_refused_with_the_name_of_the_cloud(split: PointCloudSplit) -> None:
    heights = torch.from_numpy(split.pos)[:, :, 2].mean(dim=1)
    index = int(heights.argmax())

    class Broken(ByHeight):
        def forward(self, clouds: Batch) -> Tensor:
            scores = super().forward(clouds)
            return torch.where(scores[:, :1] > heights.max() - 1e-6, torch.nan, scores)

    with raises(ConcluError, file=str(index), expected="finite scores") as error:
        predict_split(Broken(), split, CPU)
    assert f"scores are not finite, first for the cloud {index}, whose coordinates are usual" in str(error.value)
    with raises(ConcluError, file="", expected="finite scores") as error:
        predict_subsets(Broken(), torch.from_numpy(split.pos[index]), torch.arange(8).view(1, 8), CPU, lambda *_: None)
    assert ", for a cloud of 8 points, whose coordinates are usual, so the weights" in str(error.value)
    with raises(ConcluError, expected="finite scores") as error:
        predict_subsets(
            Broken(), 1e9 + torch.from_numpy(split.pos[index]), torch.arange(8).view(1, 8), CPU, lambda *_: None
        )
    assert "whose coordinates reach 1e+09; prepare clouds by NormalizeUnitSphere" in str(error.value)


def test_labels_and_targets_have_the_order_of_the_split(split: PointCloudSplit) -> None:
    model: Any = ByHeight().train()
    labels, targets = predict_split(model, split, CPU)
    height = torch.from_numpy(split.pos)[:, :, 2].mean(dim=1)
    assert torch.equal(labels, torch.stack([height, -height, 0 * height], dim=1).argmax(dim=1))
    assert targets.tolist() == split.y.tolist() and model.training


@pytest.mark.parametrize("votes", [1, 3])
def test_a_cloud_gets_the_probabilities_that_it_has_in_a_split(split: PointCloudSplit, votes: int) -> None:
    """One path: a single cloud of 8 points, and the same cloud as the only one of a split."""
    found: list[Tensor] = []
    pos = torch.from_numpy(split.pos[3])
    predict_subsets(
        ByHeight(), pos, torch.arange(8).view(1, 8), CPU, lambda _, p: found.append(p), voting=voting(votes)
    )
    alone = PointCloudSplit(split.pos[3:4], split.y[3:4], split.names[3:4], list("abc"))
    (label,) = predict_split(ByHeight(), alone, CPU, voting(votes)).labels
    assert found[0].argmax(dim=1).item() == label and found[0].sum().item() == pytest.approx(1, abs=1e-6)


def test_subsets_are_predicted_in_bounded_batches_with_their_class() -> None:
    sizes, classes, consumed = [], [], []

    class Remembers(ByHeight):
        def forward(self, clouds: Batch) -> Tensor:
            sizes.append(clouds.num_graphs)
            classes.append(clouds.y)
            return super().forward(clouds)

    subsets = torch.arange(70).view(35, 2)
    predict_subsets(Remembers(), torch.randn(70, 3), subsets, CPU, lambda indices, _: consumed.append(indices), y=2)
    assert max(sizes) == SUBSET_BATCH_SIZE and torch.equal(torch.cat(consumed), subsets)
    assert torch.cat(classes).tolist() == [2] * 35
