"""What a method is, what it gives to the training loop, and what it may say of itself.

A method is a ``torch.nn.Module`` with an ``encoder``, whose ``forward(view_a, view_b)`` takes two PyG batches of the
same clouds and gives a :class:`MethodOutput`; it needs no base class. Nothing outside of a method knows what it is made
of. What the loops and evaluations ask, it answers by methods of its class that it may have or lack:

- ``warnings(metrics) -> list[str]``: sentences about an epoch's means, such as that it collapses, and what to do;
- ``batch_need() -> BatchNeed | None``: how many clouds a batch should have at least, and why;
- ``terms() -> list[str]``: the names of the losses, for the records of results;
- ``num_clusters() -> int``: how many clusters it discovers, and, where there are any,
- ``assign(clouds) -> Tensor``: the logarithm of the assignment of each cloud of a batch to each of them,
  ``[B, num_clusters]``.

The functions below ask, and know what holds where there is no answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from torch import Tensor, nn


class MethodOutput(NamedTuple):
    """Named losses, whose sum is minimised, and statistics to log; all of them scalars."""

    losses: dict[str, Tensor]
    statistics: dict[str, Tensor]


class BatchNeed(NamedTuple):
    """What a method needs of a batch, in the words of a message.

    Attributes:
        clouds: how many at least.
        what: what they are needed for, such as ``the 32 prototypes``.
        otherwise: what happens with fewer, as the end of a sentence that begins with *so that*.
        option: the key of the config that lowers the need, such as ``model.clusterer.num_prototypes``.
    """

    clouds: int
    what: str
    otherwise: str
    option: str


def epoch_warnings(method: nn.Module, metrics: Mapping[str, float]) -> list[str]:
    """What the method says is wrong in an epoch's means; nothing where it says nothing."""
    return list(_ask(method, "warnings", [], metrics))


def batch_need(method: nn.Module) -> BatchNeed | None:
    """What the method needs of a batch, or ``None``."""
    return _ask(method, "batch_need", None)


def loss_terms(method: nn.Module) -> list[str]:
    """The names of the method's losses; none where it does not say."""
    return list(_ask(method, "terms", []))


def num_clusters(method: nn.Module) -> int:
    """How many clusters the method discovers; 0 where it does not say."""
    return int(_ask(method, "num_clusters", 0))


def _ask(method: nn.Module, name: str, default: Any, *arguments: Any) -> Any:
    answer = getattr(type(method), name, None)  # of the class: a layer that is kept as self.terms is not meant
    return answer(method, *arguments) if callable(answer) else default
