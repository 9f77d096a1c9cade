"""Validation of part labels against the parts of each class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from conclu_pyg.data.labels import Labels, format_labels
from conclu_pyg.data.lazy_rows import Rows, iter_blocks
from conclu_pyg.errors import DataError


def check_part_labels(
    part: np.ndarray | Rows, y: np.ndarray, names: Sequence[str], labels: Labels, source: str
) -> None:
    """Rejects points with a part that the class of their cloud does not have.

    Args:
        part: the part of each point, read in blocks.
        y: the class of each cloud.
        names: the name of each cloud.
        labels: the classes and the parts of each class.
        source: the data set and its split, for the message.

    Shapes:
        - **part:** integers ``[n, N]``, **y:** integers ``[n]``

    Raises:
        DataError: there is such a point; the message names the first.
    """
    possible = labels.parts_of_classes().numpy()
    last = len(labels.parts) - 1
    for rows, block in iter_blocks(part):
        right = possible[y[rows, None], block.clip(0, last)] & (block >= 0) & (block <= last)
        if not right.all():
            cloud, point = np.argwhere(~right)[0]
            label, own = int(block[cloud, point]), y[rows][cloud]
            named = f" ({labels.parts[label]})" if 0 <= label <= last else ""
            raise DataError(
                f"{source}: point {point} of cloud {names[rows.start + cloud]} has the part label {label}{named}, but "
                f"its class {labels.classes[own]} has the parts {format_labels(labels.class_parts[own])}; number the "
                f"parts as part_names and category_to_parts list them.",
                file=source,
                argument="part",
                got=label,
            )
