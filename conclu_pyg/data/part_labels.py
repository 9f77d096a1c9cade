"""Whether the points of clouds have parts that the classes of the clouds have."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from conclu_pyg.data.labels import Labels, in_words
from conclu_pyg.data.rows import Rows, blocks
from conclu_pyg.errors import DataError


def check_part_labels(
    part: np.ndarray | Rows, y: np.ndarray, names: Sequence[str], labels: Labels, source: str
) -> None:
    """Refuses a point with a part that the class of its cloud does not have.

    Args:
        part: the part of each point, read in blocks.
        y: the class of each cloud.
        names: what each cloud is called.
        labels: the classes and the parts of each.
        source: the data set and its split, as the message calls them.

    Shapes:
        - **part:** integers ``[n, N]``, **y:** integers ``[n]``

    Raises:
        DataError: there is such a point; the message has the first.
    """
    possible = labels.parts_of_classes().numpy()
    last = len(labels.parts) - 1
    for rows, block in blocks(part):
        right = possible[y[rows, None], block.clip(0, last)] & (block >= 0) & (block <= last)
        if not right.all():
            cloud, point = np.argwhere(~right)[0]
            label, own = int(block[cloud, point]), y[rows][cloud]
            named = f" ({labels.parts[label]})" if 0 <= label <= last else ""
            raise DataError(
                f"{source}: point {point} of cloud {names[rows.start + cloud]} has the part label {label}{named}, but "
                f"its class {labels.classes[own]} has the parts {in_words(labels.class_parts[own])}; number the parts "
                f"as part_names and category_to_parts list them."
            )
