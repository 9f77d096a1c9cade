"""What a model of a labelled task predicts for a whole split."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch_geometric.data import Batch
from torch_geometric.transforms import Compose

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.data.map_split import map_split
from conclu_pyg.errors import ConcluError

BATCH_SIZE = 32
VOTE_VIEWS: list[dict[str, Any]] = [{"name": "RandomAnisotropicScale", "low": 0.8, "high": 1.25}]  # as PointNet++ votes


class Predictions(NamedTuple):
    """Predicted labels beside the true ones, in the same order, whatever the data set's transform does to points.

    Shapes:
        - **labels**, **targets:** int64 ``[n]`` or ``[n * N]``, on the CPU
    """

    labels: Tensor
    targets: Tensor


def predict(model: Any, clouds: Batch, votes: int = 1, views: Compose | None = None) -> Tensor:
    """The label of the highest probability, averaged over several copies of the clouds; -1 where that is not finite.

    Args:
        model: in evaluation mode.
        clouds: as the model takes them.
        votes: how many copies: the clouds as they are, and the others changed by ``views``.
        views: keeps the points and their order.

    Shapes:
        - **output:** ``[B]`` or ``[M]``, as the model's targets
    """
    total: Tensor | None = None
    for vote in range(votes):
        seen = views(clouds) if vote and views is not None else clouds
        probability = model.log_probabilities(model(seen), seen).exp()
        total = probability if total is None else total + probability
    assert total is not None
    return total.argmax(dim=1).where(total.isfinite().all(dim=1), -1)


def predict_split(
    model: Any,
    split: PointCloudSplit,
    device: torch.device,
    *,
    votes: int = 1,
    views: Compose | None = None,
    seed: int = 0,
) -> Predictions:
    """The predictions for every cloud of a split, all its points, beside the true labels.

    Args:
        model: a model of a labelled task; its mode is as before afterwards.
        split: the clouds.
        device: where the model runs.
        votes, views: as for :func:`predict`.
        seed: of the views (default: 0). Without votes nothing is drawn; with them, the generators of the CPU and of
            CUDA are left as they were.

    Raises:
        ConcluError: a score that is not finite.
    """

    def of_batch(clouds: Batch) -> Tensor:  # (B, 2, 1 or N)
        both = torch.stack([predict(model, clouds, votes, views), model.targets(clouds)])
        return both.view(2, clouds.num_graphs, -1).transpose(0, 1)

    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else [], enabled=votes > 1):
        if votes > 1:
            torch.manual_seed(seed)
        rows = torch.from_numpy(map_split(model, of_batch, split, device, BATCH_SIZE, "predictions"))
    broken = (rows[:, 0] < 0).any(dim=1).nonzero()
    if len(broken):
        raise not_finite(f"first for the cloud {split.names[int(broken[0])]}")
    return Predictions(rows[:, 0].flatten(), rows[:, 1].flatten())


def not_finite(where: str) -> ConcluError:
    """That a model's scores are of no use, and where."""
    return ConcluError(
        f"the model gives scores that are not finite, {where}; train it again with a lower pipeline.lr, or with "
        "pipeline.precision=32-true where it is another."
    )
