"""Rows of all clouds of an optimiser step, which several processes and several parts of the batch compute.

A method calls :func:`step_rows` where a loss depends on the whole batch, such as the codes of a clusterer. If gradients
are accumulated, the parts of a batch run one after the other, so the rows of the later parts are not known when the
first one needs them. :class:`PartRows` runs all parts twice: without gradients to record the rows, and then with
gradients.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from conclu_pyg.processes import gather_rows

_active: list[PartRows] = []


@torch.no_grad()
def step_rows(x: Tensor) -> tuple[Tensor, slice, bool]:
    """Return the rows of all clouds of the step in the order of the batch, which of them are those of ``x``, and
    whether ``x`` is the last part of the batch, after which a state may change. No gradient flows.

    Shapes:
        - **x:** ``[b, ...]``, **output:** ``[B, ...]``
    """
    if not _active:
        rows, own = gather_rows(x)
        return rows, own, True
    return _active[-1].exchange(x)


class PartRows:
    """The rows of the parts of a batch.

    Attributes:
        recorded: for each part, the rows of each call of :func:`step_rows`.
    """

    def __init__(self) -> None:
        self.recorded: list[list[Tensor]] = []
        self._part = self._call = -1  # part: -1 while recording

    @contextmanager
    def record(self) -> Iterator[None]:
        """Record the rows of the next part within this context."""
        self.recorded.append([])
        self._part = -1
        with self._activated():
            yield

    @contextmanager
    def replay(self, part: int) -> Iterator[None]:
        """Give the rows of all parts to one of them within this context."""
        self._part, self._call = part, 0
        with self._activated():
            yield

    def exchange(self, x: Tensor) -> tuple[Tensor, slice, bool]:
        """See :func:`step_rows`."""
        if self._part < 0:
            self.recorded[-1].append(x.clone())
            return x, slice(0, len(x)), False
        parts = [calls[self._call] for calls in self.recorded]
        self._call += 1
        before = sum(map(len, parts[: self._part]))
        rows, own = gather_rows(torch.cat(parts))
        first = own.start + before
        return rows, slice(first, first + len(x)), self._part == len(parts) - 1

    @contextmanager
    def _activated(self) -> Iterator[None]:
        _active.append(self)
        try:
            yield
        finally:
            _active.pop()
