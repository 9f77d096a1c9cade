"""Coordinates, colours, normals and labels among the named columns of a table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

# A unit in brackets (`x [m]`, `X(m)`), or at the end (`x_m`).
BRACKETS = re.compile(r"\[[^\]]*\]|\([^)]*\)|\{[^}]*\}|<[^>]*>")
UNIT = re.compile(r"_(m|mm|cm|dm|km|um|ft|usft|in|metres?|meters?|feet|foot|inch|inches|millimet(?:re|er)s?)$")
# Words around the name of an axis: `Points:0` of ParaView, `coord_x`, `pos_x`, `X coordinate`, `POINT_X` of ArcGIS.
WORDS = (
    "cartesian|coordinates?|coords?|field|global|loc|local|location|p|points?|pos|positions?|pt|pts|scan|utm|vert|vertex"
    "|vertices|world|xyz"
)
AXIS = re.compile(rf"((?:(?:{WORDS})_?)*)([xyz])((?:_?(?:{WORDS}))*)")
NUMBERED = re.compile(rf"((?:{WORDS}))_([012])()")
HORIZONTAL = (("x", "y"), ("easting", "northing"), ("east", "north"), ("e", "n"))
VERTICAL = ("z", "elevation", "elev", "height", "altitude", "alt", "up", "h", "u")
# Names of coordinates that are not Cartesian.
ANGLES = {"lat", "latitude", "lon", "long", "lng", "longitude", "azimuth", "range", "theta", "phi", "rho", "zenith"}

COLORS = (
    ("red", "green", "blue"),
    ("r", "g", "b"),
    ("rf", "gf", "bf"),
    ("diffuse_red", "diffuse_green", "diffuse_blue"),
)
ALPHA = ("alpha", "a", "af", "diffuse_alpha")
NORMALS = (
    ("nx", "ny", "nz"), ("normal_x", "normal_y", "normal_z"), ("normalx", "normaly", "normalz"),
    ("n_x", "n_y", "n_z"), ("x_normal", "y_normal", "z_normal"), ("normals_0", "normals_1", "normals_2"),
)  # fmt: skip
INTENSITY = ("intensity", "scalar_intensity", "intensities")
LABELS = (
    "label", "labels", "class", "classes", "classification", "class_id", "class_label", "scalar_label", "scalar_class",
    "scalar_classification", "semantic", "semantic_label", "part", "part_label", "pid",
    "segment", "segment_id", "segmentation", "scalar_segment", "category",
)  # fmt: skip


class ColumnError(ValueError):
    """Names of columns contradict each other; the message is the reason."""


def simplify(name: str) -> str:
    """Returns a name in lower case, with ``_`` between words, and without quotes, signs of comments and its unit."""
    words = re.sub(r"[\W_]+", "_", BRACKETS.sub(" ", name.strip().strip("\"'").lower())).strip("_")
    return UNIT.sub("", words)


def find_coordinates(names: Sequence[str]) -> tuple[int, int, int] | None:
    """Returns the columns of x, y and z, or ``None`` where the names do not tell them.

    Names that are known, in upper or lower case and with units: ``x``, ``y`` and ``z``, also next to words such as
    ``Points:0``, ``coord_x`` and ``X coordinate``; easting and northing; height, elevation and altitude in place of z.

    Raises:
        ColumnError: two columns have the same name of an axis, several columns have names of coordinates, or the units
            of the axes differ.
    """
    simple = [simplify(name) for name in names]
    families: dict[str, dict[str, list[int]]] = {}
    for column, name in enumerate(simple):
        match = AXIS.fullmatch(name) or NUMBERED.fullmatch(name)
        if match:
            family = families.setdefault(f"{match[1]}*{match[3]}", {})
            axis = "xyz"[int(match[2])] if match[2].isdigit() else match[2]
            family.setdefault(axis, []).append(column)
    complete = {family: axes for family, axes in families.items() if len(axes) == 3}
    if "*" in complete:
        complete = {"*": complete["*"]}
    elif not complete:
        complete = _surveyed(simple)
    if not complete:
        return None
    if len(complete) > 1 or any(len(columns) > 1 for axes in complete.values() for columns in axes.values()):
        raise ColumnError("several columns have names of coordinates")
    ((x,), (y,), (z,)) = (next(iter(complete.values()))[axis] for axis in "xyz")
    units = [_unit(names[column]) for column in (x, y, z)]
    if all(units) and len(set(units)) > 1:
        raise ColumnError(f"x, y and z in different units: {', '.join(units)}")
    return x, y, z


def _surveyed(simple: Sequence[str]) -> dict[str, dict[str, list[int]]]:
    """Returns the columns of the first two horizontal and of the vertical axis that are there."""
    for across, along in HORIZONTAL:
        x, y = _positions(simple, across), _positions(simple, along)
        z = _positions(simple, "z") or [column for name in VERTICAL for column in _positions(simple, name)]
        if x and y and z:
            return {across: {"x": x, "y": y, "z": z}}
    return {}


def _positions(names: Sequence[str], wanted: str) -> list[int]:
    return [column for column, name in enumerate(names) if name == wanted]


def _unit(name: str) -> str:
    bracket = BRACKETS.search(name)
    unit = UNIT.search(re.sub(r"[\W_]+", "_", name.strip().strip("\"'").lower()).rstrip("_"))
    return bracket[0][1:-1].strip().lower() if bracket else unit[1] if unit else ""


def is_known(name: str) -> bool:
    """Returns whether a name is one of an axis, angle, colour, normal, intensity or label."""
    name = simplify(name)
    single = {*VERTICAL, *ANGLES, *INTENSITY, *LABELS, "time", "timestamp", "gps_time", "id", "index"}
    groups = (*HORIZONTAL, *COLORS, *NORMALS)
    return bool(AXIS.fullmatch(name) or NUMBERED.fullmatch(name)) or name in single or any(name in g for g in groups)


def group_attributes(
    columns: Mapping[str, np.ndarray], labels_name: str = ""
) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
    """Groups columns of attributes by their names.

    ``colors`` are the columns of red, green, blue and perhaps alpha, ``normals`` those of nx, ny and nz, and labels the
    first column of integers that is named ``label``, ``class``, ``classification`` or alike. Others keep their names.

    Args:
        columns: the attributes, without the coordinates, by the names in their file.
        labels_name: a name that comes before the others that labels have (default: none).

    Shapes:
        - **columns:** ``[n]`` or ``[n, k]`` each
        - **output:** attributes ``[n]`` or ``[n, k]`` each; labels int64 ``[n]`` or ``None``
    """
    names: dict[str, str] = {}
    for name in columns:
        names.setdefault(simplify(name), name)
    x: dict[str, np.ndarray] = {}
    used: set[str] = set()

    def take(key: str, group: Sequence[str]) -> None:
        x[key] = np.stack([columns[names[name]] for name in group], axis=1)
        used.update(names[name] for name in group)

    for colors, alpha in zip(COLORS, ALPHA, strict=True):
        if "colors" not in x and all(_is_flat(columns, names, name) for name in colors):
            take("colors", (*colors, alpha) if _is_flat(columns, names, alpha) else colors)
    for normals in NORMALS:
        if "normals" not in x and all(_is_flat(columns, names, name) for name in normals):
            take("normals", normals)
    labels = None
    for key in (labels_name, *LABELS):
        name = names.get(key, "")
        if labels is None and name in columns and (labels := as_integers(columns[name])) is not None:
            used.add(name)
    for name, values in columns.items():
        if name not in used:
            x["intensity" if simplify(name) in INTENSITY and "intensity" not in x else free_name(name, x)] = values
    return x, labels


def _is_flat(columns: Mapping[str, np.ndarray], names: Mapping[str, str], name: str) -> bool:
    return name in names and columns[names[name]].ndim == 1


def free_name(name: str, taken: Mapping[str, np.ndarray]) -> str:
    """Returns a name that is not taken yet."""
    name = name.strip().strip("\"'") or "column"
    while name in taken:
        name += "_"
    return name


def as_integers(values: np.ndarray) -> np.ndarray | None:
    """Returns values as int64, or ``None`` if one of them is no integer or too large."""
    if values.ndim != 1 or values.dtype.kind not in "iufb":
        return None
    if (
        values.dtype.kind == "u"
        and values.dtype.itemsize == 8
        and len(values)
        and values.max() > np.iinfo(np.int64).max
    ):
        return None
    if values.dtype.kind == "f" and not ((np.abs(values) < 1 << 53) & (np.trunc(values) == values)).all():
        return None
    return values.astype(np.int64)


def as_colors(values: np.ndarray) -> np.ndarray:
    """Returns colours that were read as floats from text as uint8 or uint16, if they are integers of that range.

    Colours of only 0 and 1 stay floats: these are black and white in the range 0 to 1.

    Shapes:
        - **values:** float64 ``[n, k]``
        - **output:** ``[n, k]``
    """
    if not len(values) or not ((values >= 0) & (values <= 65535) & (np.trunc(values) == values)).all():
        return values
    high = values.max()
    return values if high <= 1 else values.astype(np.uint8 if high <= 255 else np.uint16)
