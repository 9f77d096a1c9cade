#!/usr/bin/env bash
# Guess: PlyData(..., byte_order=">") of plyfile writes every number of the file in big-endian order, as its header says.
# Found: in an element that has a list property, only the lists are swapped. The scalar properties next to them are
# written in the order of the machine, under a header of big-endian, also if the array itself is big-endian. The file
# has the right size, and plyfile itself reads other numbers from it than were written, without an error.
# What helps: write such elements in little-endian order, or without list properties.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet plyfile==1.1.5 numpy==2.3.5
"$work/venv/bin/python" - <<'PY'
import io
import platform
import sys
from importlib.metadata import version

import numpy as np
from plyfile import PlyData, PlyElement

print("plyfile", version("plyfile"), "numpy", np.__version__, "Python", platform.python_version(), sys.byteorder)


def round_trip(kind: str, with_list: bool, order: str) -> tuple[list[float], bytes]:
    fields = [("x", kind), ("y", kind), ("z", kind)] + ([("neighbours", "O")] if with_list else [])
    vertex = np.empty(1, fields)
    vertex["x"], vertex["y"], vertex["z"] = 1, 2, 3
    if with_list:
        vertex["neighbours"][0] = np.array([7, 8], np.int32)
    types = {"len_types": {"neighbours": "u1"}, "val_types": {"neighbours": "i4"}}
    element = PlyElement.describe(vertex, "vertex", **(types if with_list else {}))
    buffer = io.BytesIO()
    PlyData([element], byte_order=order).write(buffer)
    data = buffer.getvalue()
    back = PlyData.read(io.BytesIO(data))["vertex"]
    return [float(back[axis][0]) for axis in "xyz"], data.partition(b"end_header\n")[2]


found = True
for kind, with_list, order in [("f4", False, ">"), ("f4", True, "<"), ("f4", True, ">"), (">f4", True, ">")]:
    values, body = round_trip(kind, with_list, order)
    print(f"array {kind:>3}, list {with_list!s:>5}, byte_order {order}: 1, 2, 3 are read back as {values}; {body.hex()}")
    found &= (values == [1, 2, 3]) == (order == "<" or not with_list)
print("as found: scalars next to a list keep the order of the machine" if found else "changed: all numbers are swapped")
sys.exit(not found)
PY
