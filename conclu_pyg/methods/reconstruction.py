"""Parts that methods with a decoder share."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor
from torch_geometric.data import Batch

from conclu_pyg.errors import ConfigError
from conclu_pyg.transforms.clouds import cloud_layout


def target_points(views: Mapping[str, Batch], name: str) -> Tensor:
    """Return the points of a view whose clouds have the same number of points.

    Args:
        views: of a method.
        name: of the view.

    Shapes:
        - **output:** ``[B, N, 3]``

    Raises:
        ConfigError: the clouds differ in their number of points.
    """
    clouds = cloud_layout(views[name])
    if clouds.num_points is None:
        raise ConfigError(
            f"the clouds of the view {name!r} must have the same number of points, got different ones; end "
            f"pipeline.views.{name} with FixedPoints, which draws a fixed number."
        )
    return views[name].pos.view(clouds.size, clouds.num_points, 3)
