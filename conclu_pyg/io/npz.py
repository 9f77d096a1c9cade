"""NumPy's ``.npz`` archives of named arrays.

``numpy.load`` (2.4.6) allocates what the header of an array claims, and does not see that a member holds more.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from conclu_pyg.data.clean import check_not_transposed
from conclu_pyg.io.archives import ARCHIVE_ERRORS, check_not_encrypted
from conclu_pyg.io.column_names import find_coordinates, group_attributes, simplify
from conclu_pyg.io.file_cloud import EXTRA_COLUMNS, FileCloud
from conclu_pyg.io.npy import HEADER_ERRORS, POINTS, clouds_of, split_coordinates, wrong_shape
from conclu_pyg.io.refusals import SUBSAMPLE, mismatch, too_many, unreadable

NAME_HINT = "save the coordinates as an array of shape [points, 3] with the name 'points'"
MAX_BYTES = 1 << 32  # of an array
MAX_RATIO = 1100  # deflate compresses at most 1032 to 1
ALIASES = {"color": "colors", "rgb": "colors", "rgba": "colors", "normal": "normals"}


class Member(NamedTuple):
    """An array of an archive by its header.

    Attributes:
        info: the member of the archive.
        shape: its shape.
        dtype: its number type.
    """

    info: zipfile.ZipInfo
    shape: tuple[int, ...]
    dtype: np.dtype


def read(path: Path, max_points: int) -> Iterator[FileCloud]:
    """Yields the clouds of an archive.

    The points are the array ``points``, ``pos``, ``xyz``, ``data`` or of a similar name, of shape ``[points, 3]`` or
    ``[clouds, points, 3]``; or three arrays for x, y and z; or the only array of such a shape. Arrays with a value or
    row for each point become attributes and labels by their names.

    Raises:
        DataError: the file cannot be read, claims more than it can hold, or does not tell the points.
    """
    with _refused_errors(path):
        archive = zipfile.ZipFile(path)
    with archive:
        with _refused_errors(path):
            members = _members(archive, path)
        yield from _clouds(archive, members, path, max_points)


@contextmanager
def _refused_errors(path: Path) -> Iterator[None]:
    """Context in which errors of NumPy and of the archive are about the file."""
    try:
        yield
    except (*HEADER_ERRORS, *ARCHIVE_ERRORS) as error:
        raise unreadable(path, error, form="an .npz file") from error


def _members(archive: zipfile.ZipFile, path: Path) -> dict[str, Member]:
    """Returns the arrays of numbers and records by name; their sizes are those of their headers and can be real."""
    members: dict[str, Member] = {}
    size = path.stat().st_size
    for info in archive.infolist():
        if not info.filename.endswith(".npy"):
            continue
        name = info.filename.removesuffix(".npy")
        if name in members:
            raise ValueError(f"it has two arrays {name!r}")
        check_not_encrypted(info)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"{name!r} is compressed in a way that is not NumPy's")
        if info.compress_size > size or info.file_size > MAX_RATIO * info.compress_size + MAX_RATIO:
            raise ValueError(f"{name!r} claims {info.file_size:,} bytes, which {size:,} bytes cannot hold")
        with archive.open(info) as file:
            shape, dtype, used = _header(file)
        claimed = math.prod(shape) * dtype.itemsize
        if not dtype.hasobject and used + claimed != info.file_size:
            raise ValueError(
                f"expected {claimed:,} bytes for {name!r} of shape {list(shape)}, got {info.file_size - used:,}"
            )
        members[name] = Member(info, shape, dtype)
    return members


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype, int]:
    """Returns the shape and number type of an array, and the bytes of its header."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(file)
    else:
        raise ValueError(f"version {version[0]}.{version[1]} of the format of arrays")
    return shape, dtype, file.tell()


def _clouds(archive: zipfile.ZipFile, members: dict[str, Member], path: Path, max_points: int) -> Iterator[FileCloud]:
    usable = {name: each for name, each in members.items() if each.dtype.kind in "fiub" and not each.dtype.hasobject}
    name, notes = _named_points(usable, path), list[str]()
    if name is None and (cloud := _from_columns(archive, members, usable, path, max_points)) is not None:
        yield cloud
        return
    if name is None:
        name = _only_points(usable)
        if name is None:
            found = ", ".join(f"{key!r} {each.dtype} {list(each.shape)}" for key, each in members.items()) or "none"
            expected = "an array of points by its name, or only one of shape [points, 3]"
            raise mismatch(path, expected, f"{found:.400}", NAME_HINT, got=tuple(members))
        if name != "arr_0":  # as savez(path, points) names it
            notes.append(f"the points were read from the array {name[:40]!r}, the only one of their shape")
    shape = usable[name].shape
    check_not_transposed(shape, f"{path}: {name!r}")
    points = _array(archive, usable[name], path, max_points, shape[-2])
    others = {
        key: _array(archive, each, path, max_points, shape[-2])
        for key, each in usable.items()
        if key != name and each.shape[: len(shape) - 1] == shape[:-1] and len(each.shape) <= len(shape)
    }
    ignored = [key for key in members if key != name and key not in others]
    notes += [f"arrays were ignored: {', '.join(ignored)}"] if ignored else []
    notes += [EXTRA_COLUMNS] if shape[-1] > 3 else []
    for index in [...] if len(shape) == 2 else range(len(points)):
        x, labels = _attributes({key: values[index] for key, values in others.items()})
        yield FileCloud(points[index][:, :3], x=x, labels=labels, notes=tuple(notes))


def _named_points(members: dict[str, Member], path: Path) -> str | None:
    """Returns the name of the array that has a name of points, or ``None`` if there is none."""
    simple = {simplify(name): name for name in reversed(members)}
    name = next((simple[each] for each in POINTS if each in simple), None)
    if name is not None and not _has_points(members[name]):
        raise wrong_shape(path, name, members[name].dtype, members[name].shape, NAME_HINT)
    return name


def _only_points(members: dict[str, Member]) -> str | None:
    """Returns the name of the only array ``[points, 3]``, or ``None`` if there is none, or several."""
    exact = [
        name
        for name, each in members.items()
        if _has_points(each) and each.shape[-1] == 3 and simplify(name) not in (*ALIASES, *ALIASES.values())
    ]
    return exact[0] if len(exact) == 1 else None


def _has_points(member: Member) -> bool:
    shape = member.shape
    return member.dtype.kind != "b" and len(shape) in (2, 3) and shape[-1] >= 3 and shape[-2] > 0


def _from_columns(
    archive: zipfile.ZipFile, members: dict[str, Member], usable: dict[str, Member], path: Path, max_points: int
) -> FileCloud | None:
    """Returns the cloud of arrays for x, y and z, or of the only array of records; ``None`` if there are none."""
    records = [each for each in members.values() if each.dtype.names and not each.dtype.hasobject]
    if len(records) == 1 and len(records[0].shape) == 1:
        array = _array(archive, records[0], path, max_points, math.prod(records[0].shape))
        return next(iter(clouds_of(array, path)))
    sizes = {each.shape for each in usable.values() if len(each.shape) == 1}
    for size in sizes:
        flat = {name: each for name, each in usable.items() if each.shape == size}
        if find_coordinates([*flat]) is None:
            continue
        rows = {name: each for name, each in usable.items() if each.shape[:1] == size and len(each.shape) <= 2}
        arrays = {name: _array(archive, each, path, max_points, size[0]) for name, each in rows.items()}
        points, axes = split_coordinates({name: arrays[name] for name in flat}, str(path), path)
        assert points is not None
        x, labels = _attributes({name: values for name, values in arrays.items() if name not in axes})
        ignored = [name for name in members if name not in arrays]
        return FileCloud(
            points, x=x, labels=labels, notes=(f"arrays were ignored: {', '.join(ignored)}",) if ignored else ()
        )
    return None


def _attributes(arrays: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
    named = {}
    for name, values in arrays.items():
        alias = ALIASES.get(simplify(name), name)
        named[name if alias in arrays and alias != name else alias] = values
    return group_attributes(named, "labels")  # as our own writer names them


def _array(archive: zipfile.ZipFile, member: Member, path: Path, max_points: int, points: int) -> np.ndarray:
    """Reads an array whose sizes were checked."""
    if points > max_points:
        raise too_many(path, points, max_points)
    if member.info.file_size > MAX_BYTES:
        expected = f"arrays of at most {MAX_BYTES:,} bytes"
        raise mismatch(path, expected, f"one of {member.info.file_size:,}", SUBSAMPLE)
    with _refused_errors(path), archive.open(member.info) as file:
        array = np.lib.format.read_array(file, allow_pickle=False)
        if file.read(1):  # at the end, zipfile compares the checksum
            raise ValueError("a member holds more than its array")
    return np.asarray(array)
