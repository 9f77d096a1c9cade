"""The folder of an index.

``conclu_index.json`` names the current generation of ``rows-N.json`` (the files and clouds) and ``vectors-N.npy``
(their embeddings). The next generation is written first, and then ``conclu_index.json`` is replaced: a save that is
interrupted leaves the last state.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from conclu_pyg.errors import DataError
from conclu_pyg.files import atomic_write, durable_write, sync_folder
from conclu_pyg.inference.index import FileRows, Index, IndexedFile
from conclu_pyg.io.find_files import INDEX_NAME, is_index

FORMAT = 2
GENERATION = re.compile(r"(?:vectors|rows)-(\d+)\.(?:npy|json)")
MAX_JSON_BYTES = 1 << 31
AXES = ("x", "y", "z")
HINT = "make it again with `conclu index FOLDER -o NEW_INDEX`"


def open_index(folder: str | Path) -> Index:
    """Reads an index; its embeddings are mapped, not read.

    Raises:
        DataError: there is none, or it is damaged or of another version.
    """
    folder = Path(folder)
    if not is_index(folder):
        raise DataError(f"{folder} is no index; make one with `conclu index FOLDER -o {folder}`.", file=folder)
    try:
        head, rows, x = _read_generation(folder)
        if head["format"] != FORMAT:
            raise DataError(f"{folder} is an index of version {head['format']!r:.20}, expected {FORMAT}; {HINT}.")
        files = [_file(row) for row in rows["files"]]
        mean, scale = (np.array(head[name], np.float64) for name in ("mean", "scale"))
        about = head["about"]
        channels, generation = int(about["channels"]), int(head["generation"])
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        raise DataError(f"{folder} is a damaged index ({type(error).__name__}); {HINT}.", file=folder) from error
    usable = np.isfinite(mean).all() and np.isfinite(scale).all() and (scale > 0).all()
    if not usable or about.get("up_axis") not in AXES or not _has_blocks(about):
        raise DataError(f"{folder} is a damaged index (its statistics, up axis or blocks); {HINT}.", file=folder)
    clouds = sum(len(file.clouds) for file in files)
    if x.dtype != np.float32 or x.shape != (clouds, channels) or not mean.shape == scale.shape == (channels,):
        raise DataError(
            f"{folder} is a damaged index: expected embeddings [{clouds}, {channels}], got {list(x.shape)}; {HINT}.",
            file=folder,
            got=x.shape,
        )
    return Index(folder, about, files, x, mean, scale, generation)


def _has_blocks(about: Mapping[str, Any]) -> bool:
    """Returns whether the division into blocks is one, or none."""
    size, overlap = about.get("block_size", ""), about.get("block_overlap", "")
    if size is None or overlap is None:
        return size is overlap
    are_numbers = all(type(value) in (int, float) for value in (size, overlap))
    return are_numbers and 0 < size < math.inf and 0 <= overlap < 1


def save_index(index: Index, rows: Sequence[FileRows], mean: np.ndarray, scale: np.ndarray) -> Index:
    """Writes the next generation of an index and removes the others."""
    rows = sorted(rows, key=lambda each: (each.file.root, each.file.name))
    x, files = join_rows(rows, len(mean)), [each.file for each in rows]
    folder, generation = index.folder, index.generation + 1
    with durable_write(folder / f"vectors-{generation}.npy") as file:
        np.save(file, x)
    with durable_write(folder / f"rows-{generation}.json") as file:
        file.write(json.dumps({"files": [asdict(each) for each in files]}).encode())
    sync_folder(folder)
    head = {"format": FORMAT, "generation": generation, "about": dict(index.about)}
    with atomic_write(folder / INDEX_NAME) as file:
        file.write(json.dumps({**head, "mean": mean.tolist(), "scale": scale.tolist()}).encode())
    for path in folder.iterdir():
        if (match := GENERATION.fullmatch(path.name)) and int(match[1]) != generation:
            path.unlink(missing_ok=True)
    return Index(folder, index.about, files, x, mean, scale, generation)


def join_rows(rows: Sequence[FileRows], channels: int) -> np.ndarray:
    """Returns the embeddings of files, one after another, float32 ``[n, channels]``."""
    return np.concatenate([np.empty((0, channels), np.float32), *(each.x for each in rows)])


def _read_generation(folder: Path) -> tuple[Any, Any, np.ndarray]:
    """Returns the content of the index's three files, which another process may replace in the meantime."""
    for attempts_left in (2, 1, 0):
        head = _read_json(folder / INDEX_NAME)
        try:
            rows = _read_json(folder / f"rows-{int(head['generation'])}.json")
            x = np.load(folder / f"vectors-{int(head['generation'])}.npy", mmap_mode="r", allow_pickle=False)
        except FileNotFoundError:
            if not attempts_left:
                raise
        else:
            return head, rows, x
    raise AssertionError


def _read_json(path: Path) -> Any:
    if path.stat().st_size > MAX_JSON_BYTES:
        raise ValueError(f"{path} has more than {MAX_JSON_BYTES:,} bytes")
    return json.loads(path.read_bytes())


def _file(row: Mapping[str, Any]) -> IndexedFile:
    """Returns a file from the JSON of an index.

    Raises:
        KeyError, TypeError: it has other fields or values of other types.
    """
    texts, numbers = [row[name] for name in ("root", "name", "sha256")], [row["size"], row["mtime_ns"]]
    clouds, errors = tuple(row["clouds"]), tuple(row["errors"])
    if not all(type(value) is str for value in (*texts, *clouds, *errors)):
        raise TypeError("expected text")
    if not all(type(value) is int for value in numbers):
        raise TypeError("expected whole numbers")
    return IndexedFile(texts[0], texts[1], numbers[0], numbers[1], texts[2], clouds, errors)
