"""Predictions of supervised models, for splits and for single clouds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch_geometric.data import Batch
from torch_geometric.transforms import Compose

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.data.clean import LARGE
from conclu_pyg.data.map_split import map_split
from conclu_pyg.errors import ConcluError
from conclu_pyg.progress import track
from conclu_pyg.tasks.base import Task
from conclu_pyg.text import pluralize

SPLIT_BATCH_SIZE = 32
SUBSET_BATCH_SIZE = 16
VOTE_VIEWS: list[dict[str, Any]] = [{"name": "RandomAnisotropicScale", "low": 0.8, "high": 1.25}]  # as PointNet++ votes


@dataclass(frozen=True)
class Voting:
    """Test-time augmentation: the probabilities of a cloud and of changed copies of it are averaged.

    Args:
        votes: the number of copies, of which the first is the cloud itself (default: 1, no augmentation).
        views: changes the other copies; it must keep the points and their order (default: no change).
        seed: seed of the views (default: 0).
    """

    votes: int = 1
    views: Compose | None = None
    seed: int = 0

    @contextmanager
    def seeded(self, device: torch.device) -> Iterator[None]:
        """Seeds the generators of the CPU and of CUDA within this context, and restores them after it. Without votes
        nothing is drawn, and they are left alone."""
        devices = [device] if device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices, enabled=self.votes > 1):
            if self.votes > 1:
                torch.manual_seed(self.seed)
            yield


class Predictions(NamedTuple):
    """Predicted and true labels in the same order.

    Shapes:
        - **labels**, **targets:** int64 ``[n]`` or ``[n * N]``, on the CPU
    """

    labels: Tensor
    targets: Tensor


def sum_probabilities(model: Task, clouds: Batch, voting: Voting) -> Tensor:
    """Returns the probabilities of each label, summed over the votes.

    Args:
        model: the model, in evaluation mode.
        clouds: the clouds, on the model's device.
        voting: the copies to sum over.

    Shapes:
        - **output:** float32 ``[T, labels]``, with T targets: clouds or points
    """
    total: Tensor | None = None
    for vote in range(voting.votes):
        seen = voting.views(clouds) if vote and voting.views is not None else clouds
        probability = model.log_probabilities(model(seen), seen).exp()
        total = probability if total is None else total + probability
    assert total is not None
    return total


def predict_split(
    model: Task, split: PointCloudSplit, device: torch.device, voting: Voting | None = None
) -> Predictions:
    """Predicts all targets of a split.

    Args:
        model: the model; its mode is restored afterwards.
        split: the clouds; all their points are used.
        device: where the model runs.
        voting: test-time augmentation (default: none).

    Raises:
        ConcluError: a score is not finite.
    """
    voting = Voting() if voting is None else voting

    def predict_batch(clouds: Batch) -> Tensor:  # (B, 2, 1 or N)
        total = sum_probabilities(model, clouds, voting)
        labels = total.argmax(dim=1).where(total.isfinite().all(dim=1), -1)
        return torch.stack([labels, model.targets(clouds)]).view(2, clouds.num_graphs, -1).transpose(0, 1)

    with voting.seeded(device):
        rows = torch.from_numpy(map_split(model, predict_batch, split, device, SPLIT_BATCH_SIZE, "predictions"))
    broken = (rows[:, 0] < 0).any(dim=1).nonzero()
    if len(broken):
        name = split.names[int(broken[0])]
        raise _not_finite(f"first for the cloud {name}", torch.as_tensor(split.pos[int(broken[0])]), name)
    return Predictions(rows[:, 0].flatten(), rows[:, 1].flatten())


@torch.inference_mode()
def predict_subsets(
    model: Task,
    pos: Tensor,
    subsets: Tensor,
    device: torch.device,
    consume: Callable[[Tensor, Tensor], None],
    *,
    y: int = 0,
    voting: Voting | None = None,
) -> None:
    """Predicts subsets of one cloud, each as a cloud of its own, in batches, so that memory is bounded for any number
    of points.

    Args:
        model: the model, in evaluation mode.
        pos: the points of the cloud.
        subsets: the indices of the points of each subset.
        device: where the model is.
        consume: is called as ``consume(indices, probabilities)`` for each batch of subsets.
        y: the class of the cloud, which a model that requires the category reads (default: 0).
        voting: test-time augmentation (default: none).

    Shapes:
        - **pos:** ``[m, 3]``, **subsets:** int64 ``[S, n]``
        - **indices:** ``[b, n]``, **probabilities:** ``[b, labels]`` or ``[b * n, labels]``, on the CPU

    Raises:
        ConcluError: a score is not finite.
    """
    voting = Voting() if voting is None else voting
    batches = subsets.split(SUBSET_BATCH_SIZE)
    with voting.seeded(device):
        for indices in track(batches, f"{len(pos):,} points", len(batches), delay=2):
            clouds = batch_clouds(pos[indices], y=torch.full((len(indices),), y)).to(device)
            total = sum_probabilities(model, clouds, voting)
            if not total.isfinite().all():
                raise _not_finite(f"for a cloud of {pluralize(len(pos), 'point')}", pos)
            consume(indices, (total / voting.votes).cpu())


def _not_finite(where: str, pos: Tensor, cloud: str = "") -> ConcluError:
    reach = float(pos.abs().max())
    if not reach <= LARGE:  # NaN too
        cause = f"whose coordinates reach {reach:.3g}; prepare clouds by NormalizeUnitSphere (dataset.transform)"
    else:
        cause = (
            "whose coordinates are usual, so the weights are at fault; train with a lower pipeline.optimizer.lr, or "
            "with pipeline.precision=32-true if it was another"
        )
    return ConcluError(
        f"the model's scores are not finite, {where}, {cause}.",
        file=cloud,
        expected="finite scores",
    )
