"""What a whole split is predicted to be, and what copies of its clouds add by voting."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch_geometric.data import Batch
from torch_geometric.transforms import Compose

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.errors import ConcluError
from conclu_pyg.tasks.predictions import VOTE_VIEWS, predict, predict_split
from conclu_pyg.transforms import compose


class ByHeight(nn.Module):
    """Scores of three classes from the mean height of a cloud, and a record of what was seen."""

    def __init__(self) -> None:
        super().__init__()
        self.anchor = nn.Parameter(torch.tensor(0.0))
        self.seen: list[Tensor] = []

    def forward(self, clouds: Batch) -> Tensor:
        self.seen.append(clouds.pos.clone())
        height = clouds.pos.view(clouds.num_graphs, -1, 3)[:, :, 2].mean(dim=1)
        return torch.stack([height, -height, 0 * height + self.anchor], dim=1)

    def log_probabilities(self, logits: Tensor, clouds: Batch) -> Tensor:
        return logits.log_softmax(dim=1)

    def targets(self, clouds: Batch) -> Tensor:
        return clouds.y


class Given(nn.Module):
    """Probabilities as they are written down, a table for each call."""

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


def views() -> Compose:
    return compose(VOTE_VIEWS, up_axis=2)


def test_the_probabilities_of_all_copies_are_averaged() -> None:
    clouds = batch_clouds(torch.zeros(2, 4, 3))
    tables = (
        [[0.6, 0.4, 0.0], [0.2, 0.5, 0.3]],
        [[0.6, 0.4, 0.0], [0.2, 0.5, 0.3]],
        [[0.0, 0.9, 0.1], [0.8, 0.1, 0.1]],
    )
    assert predict(Given(tables[0]), clouds).tolist() == [0, 1]
    # The sums are 1.2, 1.7, 0.1 and 1.2, 1.1, 0.7: neither the first copy alone, nor the last, nor the most votes.
    assert predict(Given(*tables), clouds, votes=3).tolist() == [1, 0]


def test_the_first_copy_is_the_cloud_itself_and_the_others_are_changed() -> None:
    model, clouds = ByHeight(), batch_clouds(torch.randn(3, 5, 3))
    predict(model, clouds, votes=3, views=views())
    first, second, third = model.seen
    assert torch.equal(first, clouds.pos)
    for other in (second, third):
        scale = (other / first).view(3, 5, 3)
        assert torch.allclose(scale, scale[:, :1]) and (scale > 0.79).all() and (scale < 1.26).all()
    assert not torch.allclose(second, first) and not torch.allclose(second, third)


def test_votes_follow_from_the_seed_and_leave_the_generator_alone(split: PointCloudSplit) -> None:
    def seen(seed: int, votes: int = 3) -> Tensor:
        model = ByHeight()
        predict_split(model, split, torch.device("cpu"), votes=votes, views=views(), seed=seed)
        return torch.cat(model.seen)

    before = torch.get_rng_state()
    assert torch.equal(seen(1), seen(1)) and not torch.equal(seen(1), seen(2))
    assert torch.equal(seen(1, votes=1), seen(2, votes=1))
    assert torch.equal(torch.get_rng_state(), before)


def test_scores_that_are_not_finite_are_refused_with_the_clouds_name(split: PointCloudSplit) -> None:
    heights = torch.from_numpy(split.pos)[:, :, 2].mean(dim=1)
    place = int(heights.argmax())

    class Broken(ByHeight):
        def forward(self, clouds: Batch) -> Tensor:
            scores = super().forward(clouds)
            return torch.where(scores[:, :1] > heights.max() - 1e-6, torch.nan, scores)

    with pytest.raises(ConcluError, match=f"scores that are not finite, first for the cloud {place}; train it again"):
        predict_split(Broken(), split, torch.device("cpu"))
    assert predict(Broken(), split.__getitems__([place, 0])).tolist()[0] == -1


def test_labels_stand_beside_their_targets_in_the_order_of_the_split(split: PointCloudSplit) -> None:
    model: Any = ByHeight().train()
    labels, targets = predict_split(model, split, torch.device("cpu"))
    height = torch.from_numpy(split.pos)[:, :, 2].mean(dim=1)
    assert torch.equal(labels, torch.stack([height, -height, 0 * height], dim=1).argmax(dim=1))
    assert targets.tolist() == split.y.tolist() and model.training
