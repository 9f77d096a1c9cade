"""A list of configs to one transform."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch_geometric.transforms import Compose

from conclu_pyg.registry import TRANSFORMS


def compose(steps: Sequence[Any], **offers: Any) -> Compose:
    """Builds PyG's ``Compose`` of the transforms that ``steps`` name, applied in that order.

    Args:
        steps: configs for :data:`conclu_pyg.TRANSFORMS`, or transforms.
        **offers: values passed to each transform that takes them, such as the data set's ``up_axis``.
    """
    return Compose([TRANSFORMS.build(step, **offers) for step in steps])
