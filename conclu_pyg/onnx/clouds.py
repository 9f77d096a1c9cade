"""Clouds as an exported model takes them, prepared by NumPy."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np

from conclu_pyg.errors import ArgumentError, ConfigError, DataError
from conclu_pyg.io.subset import subset
from conclu_pyg.onnx.metadata import Metadata

Clouds: TypeAlias = "np.ndarray | Sequence[np.ndarray]"
MAX_POINTS = 1 << 24  # of a cloud


def normalize_unit_sphere(points: np.ndarray) -> np.ndarray:
    """Returns a cloud with its centroid at the origin and its farthest point at distance 1; a cloud whose points
    coincide is only moved.

    Shapes:
        - **points**, **output:** float64 ``[N, 3]``
    """
    points = points - points[0]  # points that coincide are 0 then, not a rounding error apart
    points = points - points.mean(axis=0)
    radius = math.sqrt(float((points**2).sum(axis=1).max()))
    return points / (radius if math.isfinite(radius) else math.nan) if radius else points


STEPS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"NormalizeUnitSphere": normalize_unit_sphere}


def unavailable_steps(metadata: Metadata) -> list[dict[str, Any]]:
    """Returns the transforms of each cloud that are not available without PyTorch, with their arguments."""
    return [dict(step) for step in metadata.steps if step["name"] not in STEPS or len(step) > 1]


def prepare_clouds(points: Clouds, metadata: Metadata, up_axis: str | None, num_points: int | None) -> list[np.ndarray]:
    """Returns clouds as the model takes them: checked, normalised, with its up axis.

    Args:
        points, up_axis, num_points: as for :meth:`~conclu_pyg.onnx.model.OnnxModel.embed`.
        metadata: of the model.

    Shapes:
        - **output:** float32 ``[N_i, 3]`` for each cloud

    Raises:
        DataError, ArgumentError, ConfigError: as ``embed``.
    """
    axes = (up_axis or metadata.data_axis, metadata.up_axis)
    if not set(axes) <= set("xyz"):
        raise ArgumentError(f"up_axis: expected x, y or z, got {up_axis!r}.", argument="up_axis", got=up_axis)
    if num_points is not None and num_points < 1:
        raise ArgumentError(f"num_points must be >= 1, got {num_points}.", argument="num_points", got=num_points)
    if unknown := unavailable_steps(metadata):
        raise ConfigError(
            f"expected clouds prepared by {', '.join(STEPS)}, got a model whose clouds need "
            f"{unknown[0]!r:.200}; embed them by conclu_pyg.load_encoder, which needs PyTorch.",
            got=unknown[0]["name"],
        )
    turn = "xyz".index(axes[1]) - "xyz".index(axes[0])
    clouds = []
    for number, cloud in enumerate(_checked_clouds(points)):
        cloud = cloud if num_points is None else subset(cloud, num_points)
        with np.errstate(over="ignore", invalid="ignore"):  # reported below
            for step in metadata.steps:
                cloud = STEPS[step["name"]](cloud)
        cloud = np.ascontiguousarray(np.roll(cloud, turn, axis=1), np.float32)
        if not np.isfinite(cloud).all():
            raise DataError(
                f"cloud {number}: expected coordinates whose squared distances are finite, got values that are too "
                "large; scale the cloud.",
                argument="points",
            )
        clouds.append(cloud)
    return clouds


def _listed(points: Any) -> Iterable[Any]:
    """Returns the clouds one by one. An array of other than three dimensions, a path or a number is one cloud."""
    if hasattr(points, "__array__"):
        points = np.asarray(points)
        return points if points.ndim == 3 else [points]
    return points if isinstance(points, Iterable) and not isinstance(points, str) else [points]


def _checked_clouds(points: Clouds) -> Iterator[np.ndarray]:
    """Yields each cloud in float64, checked."""
    for number, cloud in enumerate(_listed(points)):
        if isinstance(cloud, str | os.PathLike):
            raise DataError(
                f"cloud {number}: expected an array of coordinates [N, 3], got the path {str(cloud)!r}; read the file "
                "first, for example by numpy.load.",
                argument="points",
                got=str(cloud),
            )
        try:
            array = np.asarray(cloud)
        except ValueError:  # lists of different lengths
            array = np.empty(0, object)
        if array.dtype.kind not in "fiu" or array.ndim != 2 or array.shape[1] != 3 or not 0 < len(array) <= MAX_POINTS:
            hint = "; transpose the array" if array.ndim == 2 and array.shape[0] == 3 else ""
            raise DataError(
                f"cloud {number}: expected coordinates of shape [N, 3] with 1 to {MAX_POINTS:,} points, got "
                f"{array.dtype} of {list(array.shape)}{hint}.",
                argument="points",
                got=list(array.shape),
            )
        array = array.astype(np.float64)
        if not np.isfinite(array).all():
            raise DataError(
                f"cloud {number}: expected finite coordinates; remove the points that are NaN or infinite.",
                argument="points",
            )
        yield array
