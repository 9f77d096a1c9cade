"""Arrays whose axes are exchanged: a row for each coordinate, where one for each point is expected."""

from __future__ import annotations

from collections.abc import Sequence

from conclu_pyg.errors import DataError


def check_not_transposed(shape: Sequence[int], source: str) -> None:
    """Refuses ``[..., 3, n]`` with ``n > 3``, which would be read as three points with much beside their coordinates.

    Args:
        shape: of the array.
        source: what to call it in the message.

    Raises:
        DataError: it is such an array.
    """
    if len(shape) >= 2 and shape[-2] == 3 < shape[-1]:
        expected = "[clouds, points, 3]" if len(shape) > 2 else "[points, 3]"
        raise DataError(
            f"{source} looks transposed: found {list(shape)}, expected {expected}; exchange the last two axes, or keep "
            f"the first three columns if it truly has 3 points."
        )
