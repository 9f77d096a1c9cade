"""HDF5 files of clouds: ``data`` ``[n, N, 3]``, and perhaps ``label`` ``[n]`` or ``[n, 1]`` and ``pid`` ``[n, N]``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from conclu_pyg.data.clean import check_not_transposed
from conclu_pyg.errors import DataError, one_line
from conclu_pyg.io.file_cloud import EXTRA_COLUMNS, FileCloud
from conclu_pyg.io.npy import wrong_shape
from conclu_pyg.io.refusals import RESTORE, UNLIST, mismatch, refused, too_many

# Deflate, the filter of these files, compresses at most 1032 to 1: a larger claim cannot be real.
MAX_RATIO = 1100
BLOCK_BYTES = 1 << 25  # held at once while a file is read


def read(path: Path, max_points: int) -> Iterator[FileCloud]:
    """Yields the clouds of ``data``, ``[N, 3]`` or ``[n, N, 3]``, labelled by ``pid`` if the file has it.

    In a file without ``data``, the only data set of numbers of such a shape is read. Columns after the third are not.

    Args:
        path: the file.
        max_points: the largest number of points in a cloud.

    Raises:
        DataError: the file is not HDF5 or damaged, does not tell the data set of points, or its ``pid`` has not one
            integer for each point.
    """
    with _open_h5(path, RESTORE) as file:
        key = "data" if "data" in file else _only_points(file, path)
        data = _find_dataset(file, path, key, "its clouds as the data set 'data'", RESTORE)
        part = _find_dataset(file, path, "pid", "", RESTORE) if "pid" in file else None
        check_not_transposed(data.shape, f"{path}: '{key}'")
        if data.ndim not in (2, 3) or data.shape[-1] < 3 or data.dtype.kind not in "fiu":
            raise wrong_shape(path, key, data.dtype, data.shape, RESTORE)
        if data.shape[-2] > max_points:
            raise too_many(f"{path}: '{key}'", data.shape[-2], max_points, "points in a cloud")
        if part is not None and (part.shape != data.shape[:-1] or part.dtype.kind not in "iu"):
            expected = f"an integer in 'pid' for each point of '{key}' of shape {list(data.shape)}"
            got = f"{part.dtype} {list(part.shape)}"
            raise mismatch(path, expected, got, argument="pid", got=(part.dtype, part.shape))
        notes = (EXTRA_COLUMNS,) * (data.shape[-1] > 3) + (f"the points were read from '{key}'",) * (key != "data")
        if data.ndim == 2:
            labels = None if part is None else np.asarray(part[...]).astype(np.int64)
            yield FileCloud(np.asarray(data[:, :3]), labels=labels, notes=notes)
            return
        for rows in _blocks(data, data.chunks[0] if data.chunks else None):
            points = np.asarray(data[rows, :, :3])
            parts = [None] * len(points) if part is None else np.asarray(part[rows]).astype(np.int64)
            for cloud, labels in zip(points, parts, strict=True):
                yield FileCloud(cloud, labels=labels, notes=notes)


class H5Clouds:
    """The labelled clouds of one file, checked before anything large is read.

    Args:
        path: the file.
        num_classes: labels must be below it.
        names_file: the file that names the classes, for messages.
        parts: whether the file holds ``pid`` too, the part of each point.

    Attributes:
        labels: the class of each cloud.
        num_points: the number of points in each cloud.

    Shapes:
        - **labels:** int64 ``[n]``

    Raises:
        DataError: the file is missing, truncated or not HDF5, lacks ``data``, ``label`` or ``pid``, holds them in
            another shape or number type, or has labels without a class.
    """

    def __init__(
        self, path: Path, num_classes: int, *, names_file: str = "shape_names.txt", parts: bool = False
    ) -> None:
        self.path, self.names_file, self.parts = path, names_file, parts
        with _open_h5(path, UNLIST) as file:
            data, label = self._dataset(file, "data"), self._dataset(file, "label")
            check_not_transposed(data.shape, f"{path}: 'data'")
            if data.ndim != 3 or data.shape[2] != 3 or data.shape[1] == 0 or data.dtype.kind not in "fiu":
                raise refused(
                    path,
                    f"'data' must hold numbers of shape [clouds, points, 3] with points > 0, got "
                    f"{data.dtype} {list(data.shape)}",
                    UNLIST,
                    argument="data",
                    got=(data.dtype, data.shape),
                )
            if label.shape not in ((len(data),), (len(data), 1)) or label.dtype.kind not in "fiu":
                raise refused(
                    path,
                    f"'label' must hold one integer for each of the {len(data):,} clouds in 'data', got "
                    f"{label.dtype} {list(label.shape)}",
                    UNLIST,
                    argument="label",
                    got=(label.dtype, label.shape),
                )
            self.num_points = int(data.shape[1])
            if parts:
                pid = self._dataset(file, "pid")
                if pid.shape != data.shape[:2] or pid.dtype.kind not in "iu":
                    raise refused(
                        path,
                        f"'pid' must hold an integer for each of the {self.num_points:,} points of the "
                        f"{len(data):,} clouds in 'data', got {pid.dtype} {list(pid.shape)}",
                        UNLIST,
                        argument="pid",
                        got=(pid.dtype, pid.shape),
                    )
            self.labels = self._check_labels(np.asarray(label[...]).reshape(-1), num_classes)

    def read(self, rows: slice) -> np.ndarray:
        """Returns some of the clouds in the number type of the file.

        Shapes:
            - **output:** ``[r, num_points, 3]``
        """
        with _open_h5(self.path, UNLIST) as file:
            return np.asarray(self._dataset(file, "data")[rows])

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yields the clouds, each ``[num_points, 3]`` in the number type of the file."""
        return self._rows("data")

    def part(self) -> Iterator[np.ndarray]:
        """Yields the part labels of each cloud, ``[num_points]``; only if opened with ``parts=True``."""
        return self._rows("pid")

    def _rows(self, key: str) -> Iterator[np.ndarray]:
        with _open_h5(self.path, UNLIST) as file:
            values = self._dataset(file, key)
            if values.shape[:2] != (len(self), self.num_points):
                raise DataError(f"{self.path} was changed while it was read; start again.", file=self.path)
            for rows in _blocks(values):
                yield from values[rows]

    def _dataset(self, file: h5py.File, key: str) -> h5py.Dataset:
        needed = "'data', 'label' and 'pid'" if key == "pid" else "'data' and 'label'"
        return _find_dataset(file, self.path, key, f"the data sets {needed}", UNLIST)

    def _check_labels(self, values: np.ndarray, num_classes: int) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            bad = np.flatnonzero(~((values >= 0) & (values < num_classes) & (values == np.floor(values))))
        if len(bad):
            raise DataError(
                f"{self.path}: cloud {bad[0]} has the label {values[bad[0]]}, but labels must be 0 to "
                f"{num_classes - 1} ({num_classes} class names in {self.names_file}); {len(bad):,} of {len(values):,} "
                f"labels are out of range. List the names of all classes in {self.names_file}, or {UNLIST}.",
                file=self.path,
                argument="label",
                got=values[bad[0]].item(),
            )
        return values.astype(np.int64)


def _blocks(values: h5py.Dataset, most: int | None = None) -> Iterator[slice]:
    """Yields the rows to read at once, at most 32 MiB: HDF5 decompresses a chunk again for each read of a part of it.

    Args:
        values: the data set.
        most: a bound on the rows, such as those of a chunk, so that damage in a later one leaves the clouds before it
            (default: none).
    """
    rows = max(1, BLOCK_BYTES // max(1, values.shape[1] * 3 * values.dtype.itemsize))
    rows = rows if most is None else min(rows, most)
    for start in range(0, len(values), rows):
        yield slice(start, start + rows)


@contextmanager
def _open_h5(path: Path, hint: str) -> Iterator[h5py.File]:
    """Opens a file; errors of opening and of later reading become a :class:`DataError` of one sentence."""
    if not path.is_file():
        raise DataError(f"there is no file {path}; {hint}.", file=path)
    try:
        with h5py.File(path, "r", locking=False) as file:
            yield file
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        if "locking flag" in str(error):  # opened by h5py.File(path), for example in a notebook
            raise refused(
                path,
                "it is already open in this process, with locking",
                "close it there, or open it there by h5py.File(..., locking=False)",
            ) from error
        raise refused(path, f"it is truncated, damaged or not an h5 file ({one_line(error)})", hint) from error


def _only_points(file: h5py.File, path: Path) -> str:
    """Returns the name of the only data set of numbers ``[points, 3]`` or ``[clouds, points, 3]``.

    Raises:
        DataError: there is none, or there are several.
    """
    found: dict[str, str] = {}
    shaped: list[str] = []

    def visit(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = f"'{name}' {item.dtype} {list(item.shape or ())}"
            if item.ndim in (2, 3) and item.shape[-1] == 3 and item.dtype.kind in "fiu":
                shaped.append(name)

    file.visititems(visit)
    if len(shaped) == 1:
        return shaped[0]
    text = ", ".join(found.values()) or "nothing"
    expected = "its clouds as the data set 'data', or only one data set of shape [points, 3]"
    raise mismatch(path, expected, f"{text:.300}", got=tuple(found))


def _find_dataset(file: h5py.File, path: Path, key: str, needed: str, hint: str) -> h5py.Dataset:
    """Returns the data set ``key``, which must be stored in this file and claim no more than the file can hold.

    Raises:
        DataError: there is no such data set, it is stored in other files, or its size cannot be real.
    """
    link = file.get(key, getlink=True) if key in file else None
    item = file[key] if isinstance(link, h5py.HardLink) else None
    if not isinstance(item, h5py.Dataset):
        found = ", ".join(f"'{name}'" for name in file) or "nothing"
        raise mismatch(path, needed, f"{found:.200}", hint, got=found)
    if item.is_virtual or item.external:
        reason = f"'{key}' is stored in other files, which are not followed"
        raise refused(path, reason, "copy it into this file", argument=key)
    plan = item.id.get_create_plist()
    filters = [plan.get_filter(index) for index in range(plan.get_nfilters())]
    missing = [
        name.decode(errors="replace") or f"filter {code}"
        for code, *_, name in filters
        if not h5py.h5z.filter_avail(code)
    ]
    if missing:
        reason = f"'{key}' is compressed by {', '.join(missing)}, which is not installed"
        hint = "write it with gzip, or without compression"
        raise refused(path, reason, hint, argument=key, got=missing[0])
    size = path.stat().st_size
    claimed = item.size * item.dtype.itemsize if item.size else 0
    if claimed > MAX_RATIO * size:
        raise refused(
            path,
            f"'{key}' claims {claimed:,} bytes of shape {list(item.shape)}, which a file of {size:,} bytes cannot hold",
            hint,
            argument=key,
            got=claimed,
        )
    return item
