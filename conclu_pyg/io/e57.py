"""E57 files of laser scanners, by the library libE57 of pye57.

It runs in a child process (:mod:`~conclu_pyg.io.child_process`). pye57's own ``E57.read_scan`` needs to be told which
fields a scan has, reads intensities in single precision, and drops fields that it does not know. Format: ASTM E2807.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np

from conclu_pyg.errors import ConcluError, one_line
from conclu_pyg.extras import missing_extra
from conclu_pyg.io.column_names import group_attributes
from conclu_pyg.io.file_cloud import FileCloud
from conclu_pyg.io.refusals import RESTORE, SUBSAMPLE, mismatch, refused, unreadable
from conclu_pyg.io.rotation import quaternion_to_matrix
from conclu_pyg.text import pluralize

CHUNK = 1 << 20  # points that are read at once
AXES = ("cartesianX", "cartesianY", "cartesianZ")
ANGLES = ("sphericalRange", "sphericalAzimuth", "sphericalElevation")
INVALID = ("cartesianInvalidState", "sphericalInvalidState")
# Names of the format and of its extension for normals, as those of other formats.
NAMES = {"colorRed": "red", "colorGreen": "green", "colorBlue": "blue"}
NAMES |= {"nor:normalX": "nx", "nor:normalY": "ny", "nor:normalZ": "nz"}
FIELD = re.compile(r"(\w+:)?\w+")
UNSAFE = re.compile(r"[^\w -]+")  # in names of scans, which become names of files
MAX_NAME = 60


class Column(NamedTuple):
    """A field of the points.

    Attributes:
        name: its name in the file.
        dtype: the number type that holds its values.
        bits: the size of a value in the file, at least.
    """

    name: str
    dtype: np.dtype
    bits: int


def read(path: Path, max_points: int) -> Iterator[FileCloud]:
    """Yields the scans of a file, each in the coordinates of the file: its pose is applied, in float64.

    Its rotation turns normals too. Points that the scanner marked as invalid have no coordinates (NaN). Spherical
    coordinates are converted.

    Args:
        path: the file.
        max_points: the largest number of points in a scan.

    Raises:
        ConcluError: pye57 is not installed.
        DataError: the file is no E57 file, is inconsistent, or has a scan with too many points or without coordinates.
    """
    try:
        from pye57 import libe57
    except ImportError as error:
        raise ConcluError(f"reading {path}: {missing_extra('pye57')}.") from error
    image_file = None
    try:
        image_file = libe57.ImageFile(str(path), "r")
        root = image_file.root()
        scans = root["data3D"] if root.isDefined("data3D") else []
        if not len(scans):
            raise mismatch(path, "scans", "none")
        names: set[str] = set()
        for index in range(len(scans)):
            name = _find_name(scans[index], index, names)
            yield _Scan(libe57, image_file, scans[index], path, name).read(max_points)
    except (libe57.E57Exception, RuntimeError, ValueError, LookupError, TypeError, AttributeError) as error:
        reason = re.sub(r"[^ -~]", "?", one_line(error).partition(" ****")[0])[:200]
        raise unreadable(path, reason, form="an E57 file") from error
    finally:
        if image_file is not None:
            image_file.close()


def _find_name(scan: Any, index: int, taken: set[str]) -> str:
    """Returns the name of a scan without signs that file names cannot have; its number if another one has it."""
    name = str(scan["name"].value()) if scan.isDefined("name") else ""
    name = UNSAFE.sub("_", name)[:MAX_NAME].strip(" _")
    name = name if name and name not in taken else f"{name}_{index:04d}".strip("_")
    taken.add(name)
    return name


class _Scan:
    def __init__(self, libe57: Any, image_file: Any, node: Any, path: Path, name: str) -> None:
        self.libe57, self.image_file, self.node, self.path, self.name = libe57, image_file, node, path, name

    def read(self, max_points: int) -> FileCloud:
        points_node = self.node["points"]
        size = points_node.childCount()
        columns = self._columns(self.libe57.StructureNode(points_node.prototype()))
        self._check_size(size, columns, max_points)
        axes = next((each for each in (AXES, ANGLES) if set(each) <= {column.name for column in columns}), None)
        if axes is None:
            self.refuse("expected the coordinates cartesianX, cartesianY and cartesianZ, or a range and two angles")
        points = np.empty((size, 3))
        ignored = {*AXES, *ANGLES, *INVALID}
        values = {c.name: np.empty(size, c.dtype) for c in columns if c.name not in ignored}
        room, buffers = {}, self.libe57.VectorSourceDestBuffer()
        capacity = max(1, min(size, CHUNK))
        for column in columns:
            room[column.name] = np.empty(capacity, column.dtype)
            buffers.append(
                self.libe57.SourceDestBuffer(self.image_file, column.name, room[column.name], capacity, True, True)
            )
        rotation, translation = self._pose()
        invalid_state = INVALID[axes is ANGLES]
        done, num_invalid = 0, 0
        reader = points_node.reader(buffers)
        while done < size and (number := reader.read()):
            if done + number > size:
                break
            chunk = np.stack([room[name][:number] for name in axes], axis=1)
            if axes is ANGLES:
                chunk = _from_spherical(*chunk.T)
            if invalid_state in room:
                is_invalid = room[invalid_state][:number] != 0
                chunk[is_invalid] = np.nan
                num_invalid += int(is_invalid.sum())
            points[done : done + number] = chunk if rotation is None else chunk @ rotation.T + translation
            for name, column_values in values.items():
                column_values[done : done + number] = room[name][:number]
            done += number
        reader.close()
        if done != size:
            self.refuse(f"expected {size:,} points, got {done:,}")
        notes = [f"{pluralize(num_invalid, 'point')} marked as invalid by the scanner"] if num_invalid else []
        if axes is ANGLES:
            notes.append("spherical coordinates were converted")
        x, labels = group_attributes({NAMES.get(name, name): array for name, array in values.items()})
        if rotation is not None and "normals" in x:
            x["normals"] = x["normals"] @ rotation.T.astype(np.result_type(x["normals"], np.float32))
        return FileCloud(points, x=x, labels=labels, name=self.name, notes=tuple(notes))

    def refuse(self, reason: str, hint: str = RESTORE) -> NoReturn:
        reason = f"scan {self.name}: {reason}"
        raise refused(self.path, reason, hint, got=reason)

    def _columns(self, prototype: Any) -> list[Column]:
        """Returns the fields of numbers, those of text and structures left out."""
        libe57, columns = self.libe57, []
        for index in range(prototype.childCount()):
            node = prototype.get(index)
            name, kind = node.elementName(), node.type()
            is_place = name in (*AXES, *ANGLES)
            if not FIELD.fullmatch(name):
                continue
            if kind == libe57.NodeType.E57_FLOAT:
                node = libe57.FloatNode(node)
                single = node.precision() == libe57.FloatPrecision.E57_SINGLE
                columns.append(Column(name, np.dtype("f4" if single and not is_place else "f8"), 32 if single else 64))
            elif kind in (libe57.NodeType.E57_INTEGER, libe57.NodeType.E57_SCALED_INTEGER):
                scaled = kind == libe57.NodeType.E57_SCALED_INTEGER
                node = libe57.ScaledIntegerNode(node) if scaled else libe57.IntegerNode(node)
                low, high = node.minimum(), node.maximum()
                dtype = np.dtype("f8") if scaled or is_place else _smallest_integer(low, high)
                columns.append(Column(name, dtype, (high - low).bit_length()))
        return columns

    def _check_size(self, size: int, columns: list[Column], max_points: int) -> None:
        if size > max_points:
            self.refuse(f"it has {size:,} points, more than the maximum of {max_points:,}", SUBSAMPLE)
        least = size * sum(column.bits for column in columns) // 8
        if least > self.path.stat().st_size:
            self.refuse(f"its {size:,} points take {least:,} bytes, more than the file has")

    def _pose(self) -> tuple[np.ndarray | None, np.ndarray]:
        """Returns the rotation, ``[3, 3]``, or ``None`` without a pose, and the translation, ``[3]``."""
        rotation, translation = np.array([1.0, 0, 0, 0]), np.zeros(3)
        if not self.node.isDefined("pose"):
            return None, translation
        pose = self.node["pose"]
        if pose.isDefined("rotation"):
            rotation = np.array([float(pose["rotation"][axis].value()) for axis in "wxyz"])
        if pose.isDefined("translation"):
            translation = np.array([float(pose["translation"][axis].value()) for axis in "xyz"])
        try:
            matrix = quaternion_to_matrix(rotation)
        except ValueError:
            matrix = None
        if matrix is None or not np.isfinite(translation).all():
            self.refuse("expected a unit quaternion and a finite translation as its pose")
        return matrix, translation


def _smallest_integer(low: int, high: int) -> np.dtype:
    """Returns an integer type that holds these values, of those that pye57 0.4.19 fills.

    It refuses int32 (``i``), and fills an array of int64 (``l``) as one of int32; ``q`` has 64 bits too.
    """
    types = ("B", "b", "H", "h", "q")
    return np.dtype(next(each for each in types if np.iinfo(each).min <= low and high <= np.iinfo(each).max))


def _from_spherical(distance: np.ndarray, azimuth: np.ndarray, elevation: np.ndarray) -> np.ndarray:
    """Returns Cartesian coordinates, ``[n, 3]``; the elevation is that above the plane of x and y."""
    flat = distance * np.cos(elevation)
    return np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), distance * np.sin(elevation)], axis=1)
