"""Points of clouds in files, for pictures."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np

from conclu_pyg.errors import ConcluError
from conclu_pyg.inference.index import Index
from conclu_pyg.io.blocks import Blocks
from conclu_pyg.io.sampling import sample_file
from conclu_pyg.vis.cards import MAX_POINTS

FILES_KEPT = 8  # that hold many clouds, or are in many pictures of a page


def picture_points(path: Path, cloud: str, blocks: Blocks | None = None) -> np.ndarray:
    """Returns points of a cloud for a picture; none if its file can no longer be read.

    Args:
        path: the file.
        cloud: the name within the file; empty for the only one.
        blocks: the division of clouds into blocks (default: none).

    Shapes:
        - **output:** float32 ``[m, 3]``
    """
    try:
        clouds = _clouds(path, path.stat().st_mtime_ns, blocks)
    except (ConcluError, OSError):
        clouds = {}
    return clouds.get(cloud, np.empty((0, 3), np.float32))


def index_picture(index: Index, row: int) -> np.ndarray:
    """Returns points of a cloud of an index for a picture, as :func:`picture_points`."""
    file, cloud = index.sources[row]
    return picture_points(file.path, cloud, index.blocks)


@lru_cache(FILES_KEPT)
def _clouds(path: Path, mtime_ns: int, blocks: Blocks | None) -> Mapping[str, np.ndarray]:
    return {each.name: each.points for each in sample_file(path, MAX_POINTS, blocks=blocks).clouds}
