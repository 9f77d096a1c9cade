"""The views of a method: which transforms make each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch_geometric.transforms import Compose

from conclu_pyg.errors import ConfigError
from conclu_pyg.methods.base import Steps
from conclu_pyg.transforms import compose

PAPER_VIEWS: list[dict[str, Any]] = [  # ConClu, section 3.1
    {"name": "RandomHalfSpaceCrop", "keep": 0.85},
    {"name": "FixedPoints", "num_points": 1024},
    {"name": "RandomYawRotate", "degrees": 5.0},
    {"name": "GaussianJitter", "sigma": 0.01, "clip": 0.025},
]


def compose_views(
    declared: Mapping[str, Steps | None],
    config: Sequence[Mapping[str, Any]] | Mapping[str, Steps] | None,
    **defaults: Any,
) -> dict[str, Compose]:
    """Return the transform that makes each view, in the order of ``declared``.

    Args:
        declared: the method's views: steps, or :data:`~conclu_pyg.methods.base.SHARED`.
        config: ``pipeline.views``: a list has the steps of every shared view; a mapping replaces the steps of the views
            that it names (default: ConClu's views are the shared ones).
        **defaults: values for the transforms that take them, such as the axis that points up.

    Raises:
        ConfigError: a view that the method does not have, or a list for a method without a shared view.
    """
    by_name: Mapping[str, Steps] = config if isinstance(config, Mapping) else {}
    names = ", ".join(declared)
    if unknown := [name for name in by_name if name not in declared]:
        raise ConfigError(f"pipeline.views has no use for {unknown[0]!r}: expected views among {names}.")
    if isinstance(config, Sequence) and all(steps is not None for steps in declared.values()):
        raise ConfigError(
            "pipeline.views must be a mapping from names to lists of transforms, got a list: the method has its "
            f"own views ({names}). Leave pipeline.views out, or replace a view, as in "
            f"pipeline.views={{{names.split(',')[0]}: []}}."
        )
    shared = config if isinstance(config, Sequence) else PAPER_VIEWS
    steps = {name: by_name.get(name, own if own is not None else shared) for name, own in declared.items()}
    return {name: compose(own, **defaults) for name, own in steps.items()}
