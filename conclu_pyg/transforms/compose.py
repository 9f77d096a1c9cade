"""A list of configs to one transform."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch_geometric.transforms import Compose

from conclu_pyg.registry import TRANSFORMS
from conclu_pyg.transforms.change_up_axis import ChangeUpAxis


def compose(steps: Sequence[Any], **offers: Any) -> Compose:
    """Builds PyG's ``Compose`` of the transforms that ``steps`` name, applied in that order.

    Args:
        steps: configs for :data:`conclu_pyg.TRANSFORMS`, or transforms.
        **offers: values passed to each transform that takes them, such as the data set's ``up_axis``.
    """
    return Compose([TRANSFORMS.build(step, **offers) for step in steps])


def compose_for_axis(steps: Sequence[Any], source: int, target: int) -> Compose:
    """Builds the transform of clouds before an encoder that knows clouds in which another coordinate points up.

    Args:
        steps: as for :func:`compose`; they are applied first.
        source: the coordinate that points up in the clouds: 0, 1 or 2.
        target: the one that the encoder knows.
    """
    return Compose([compose(steps, up_axis=source), ChangeUpAxis(source, target)])
