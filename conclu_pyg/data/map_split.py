"""Evaluation of a frozen model on all clouds of a split."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.errors import ConcluError
from conclu_pyg.nn.evaluating import evaluating
from conclu_pyg.processes import gather_rows, num_processes, rank
from conclu_pyg.progress import progress_bar


@torch.inference_mode()
def map_split(
    module: nn.Module,
    function: Callable[[Batch], Tensor],
    split: PointCloudSplit,
    device: torch.device,
    batch_size: int,
    title: str = "features",
) -> np.ndarray:
    """Returns the outputs of ``function`` for all clouds of a split, with ``module`` in evaluation mode.

    Afterwards the module and all its submodules have the training modes that they had before. The processes of a
    training share the clouds, and each gets all outputs; all of them must call the function.

    Args:
        module: the model; it is moved to ``device``.
        function: maps a batch on ``device`` to one row per cloud, or per point.
        split: the clouds.
        device: where the model runs.
        batch_size: the largest number of clouds in a batch; all batches have nearly the same size.
        title: the text next to the progress bar (default: ``features``).

    Shapes:
        - **output:** ``[n, ...]``, float32 or integers

    Raises:
        ConcluError: an output is not finite.
    """
    module.to(device)
    outputs: np.ndarray | None = None  # of all batches; a list of them that is joined at the end would be held twice
    done = 0
    shared = 1 < num_processes() <= len(split)
    own = torch.arange(len(split)).tensor_split(num_processes())[rank()] if shared else torch.arange(len(split))
    with evaluating(module), progress_bar(title, len(own)) as bar:
        for indices in own.tensor_split(max(1, math.ceil(len(own) / batch_size))):
            output = function(split.__getitems__(indices).to(device)).cpu()
            output = output.float() if output.is_floating_point() else output
            if not shared:  # else all processes have to learn of it
                _check_finite(output, split.names, indices)
            if outputs is None:
                outputs = np.empty((len(output) // len(indices) * len(own), *output.shape[1:]), output.numpy().dtype)
            outputs[done : done + len(output)] = output.numpy()
            done += len(output)
            bar.update(len(indices))
    assert outputs is not None and done == len(outputs)
    if not shared:
        return outputs
    rows = gather_rows(torch.from_numpy(outputs).to(device))[0].cpu()
    _check_finite(rows, split.names, torch.arange(len(split)))
    return rows.numpy()


def _check_finite(output: Tensor, names: Sequence[str], indices: Tensor) -> None:
    if not output.isfinite().all():
        bad = (~output.isfinite()).reshape(len(indices), -1).any(dim=1).nonzero()[0]
        name = names[int(indices[bad])]
        raise ConcluError(f"the encoder returned features that are not finite, first for the cloud {name}.", file=name)
