"""Comparison of an exported program with PyTorch."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import torch
from torch import Tensor

from conclu_pyg.errors import ConcluError
from conclu_pyg.export.models import ExportModel
from conclu_pyg.export.neighbors import given_neighbors
from conclu_pyg.text import pluralize

SIZES = ((2, 256), (1, 1024), (3, 777))  # clouds, points
TOLERANCE = 1e-4  # of a difference, relative to the largest value of an output, but at least absolute

Program = Callable[[Sequence[Tensor]], list[Tensor]]


class Difference(NamedTuple):
    """The difference of a program from PyTorch, for random clouds of one size.

    Attributes:
        clouds: number of clouds.
        points: number of points of each.
        greatest: greatest absolute difference of an entry of an output, for equal neighbours.
        swapped: number of neighbours that PyTorch would not have chosen, because distances tie up to rounding.
    """

    clouds: int
    points: int
    greatest: float
    swapped: int


@torch.no_grad()
def compare(program: Program, model: ExportModel, size: int, num_points: int, seed: int = 0) -> Difference:
    """Compares a program with the model it was exported from.

    The outputs are compared in two steps, so that ties of neighbours have no part in the result: with the model's dense
    entry, which takes the neighbours that the program has chosen (:mod:`conclu_pyg.export.neighbors`), in float32; and
    the dense entry with the model's own evaluation, in float64, where rounding decides no ties of random clouds.

    Args:
        program: takes the inputs of the model, and returns its outputs, followed by the neighbours of each search if
            there are any.
        model: the model.
        size: number of clouds.
        num_points: points of each.
        seed: seed of the clouds (default: 0).

    Raises:
        ConcluError: an output differs by more than :data:`TOLERANCE`, or the neighbours are not the nearest.
    """
    inputs = model.example(size, num_points, torch.Generator().manual_seed(seed))
    outputs = program(inputs)
    found, tables = outputs[: len(model.outputs)], outputs[len(model.outputs) :]
    context: AbstractContextManager[list[int]] = given_neighbors(model, tables) if tables else nullcontext([])
    with context as swapped:
        dense = model(*inputs)
    greatest = _greatest(found, dense, model, "the exported program", size, num_points)

    exact = copy.deepcopy(model).double()
    points, category = inputs[0].double(), (*inputs, torch.zeros(size, dtype=torch.long))[1]
    reference = exact.reference(points, category)
    _greatest(exact(points, *inputs[1:]), reference, model, "the dense entry", size, num_points)
    return Difference(size, num_points, greatest, sum(swapped))


def _greatest(
    found: Sequence[Tensor], expected: Sequence[Tensor], model: ExportModel, subject: str, size: int, num_points: int
) -> float:
    """Returns the greatest difference of the outputs, and raises ConcluError if it is too large."""
    greatest = 0.0
    for name, output, other in zip(model.outputs, found, expected, strict=True):
        where = f"{name} of {pluralize(size, 'cloud')} of {pluralize(num_points, 'point')}"
        if output.shape != other.shape:
            raise ConcluError(
                f"expected {subject} to return {where} in the shape {list(other.shape)}, got {list(output.shape)}; "
                "nothing was written."
            )
        difference = torch.where(output == other, 0, (output - other).abs().double())  # -inf where parts are impossible
        largest = float(torch.where(other.isinf(), 0, other).abs().max())
        if not (difference <= TOLERANCE * max(1.0, largest)).all():  # false for NaN, too
            raise ConcluError(
                f"expected {subject} to return {where} as PyTorch does, up to {TOLERANCE:g} of {max(1, largest):g}, "
                f"got a difference of {float(difference.max()):.3g}; nothing was written."
            )
        greatest = max(greatest, float(difference.max()))
    return greatest
