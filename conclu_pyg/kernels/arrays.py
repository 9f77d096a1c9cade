"""Types of the arrays that kernels take, and the flags that they test at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FLAGS = 8  # bytes that are tested at once, as an integer of 64 bits

Floats = NDArray[np.float32]
Halves = NDArray[np.int16]
Rows = NDArray[np.int32]
Longs = NDArray[np.int64]
Bytes = NDArray[np.uint8]
