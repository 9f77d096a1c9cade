"""A searchable index of the clouds in folders, kept up to date with their files.

The index is a folder. ``index.json`` names the current generation of ``rows-N.json`` (the files and clouds) and
``vectors-N.npy`` (their embeddings). An update writes the next generation and then replaces ``index.json``, so an
interrupted update leaves the last state that was saved, and the next one goes on from there.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.files import atomic_write, durable_write, locked, remove_abandoned, sync_folder
from conclu_pyg.inference.embed import cloud_name, describe, embed_files, reference_statistics
from conclu_pyg.inference.embeddings import Embeddings
from conclu_pyg.runs.frozen_encoder import Axis, FrozenEncoder
from conclu_pyg.text import printable

FORMAT = 1
NAME = "index.json"
GENERATION = re.compile(r"(?:vectors|rows)-(\d+)\.(?:npy|json)")
SAVE_SECONDS = 60.0  # between two saved states of a long update
OWN_STATISTICS = 100  # clouds from which on the statistics of the index replace those of built-in shapes
MAX_JSON_BYTES = 1 << 31
HINT = "make it again with `conclu index FOLDER -o NEW_INDEX`"


@dataclass(frozen=True)
class IndexedFile:
    """A file of an index.

    Attributes:
        root: the folder that was given, absolute.
        name: the file relative to it, with ``/``.
        size: bytes.
        mtime_ns: the time of its last change.
        sha256: of its bytes; empty if it cannot be read.
        clouds: the name of each of its clouds; empty for the only one.
        errors: a sentence for the file or for each of its clouds that cannot be used.
    """

    root: str
    name: str
    size: int
    mtime_ns: int
    sha256: str = ""
    clouds: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        return Path(self.root, self.name)

    def is_same(self, other: IndexedFile) -> bool:
        """Returns whether the file is unchanged, by its size and the time of its last change."""
        return (self.name, self.size, self.mtime_ns) == (other.name, other.size, other.mtime_ns)


@dataclass(frozen=True)
class Update:
    """The changes that an update made: numbers of files, and the sentences about those that cannot be used."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hit:
    """A cloud that was found.

    Attributes:
        name: the cloud.
        path: its file.
        cloud: its name within the file; empty for the only one.
        similarity: the calibrated cosine similarity, from -1 to 1; about 0 for clouds that have nothing in common.
        row: the row of the cloud in the index.
    """

    name: str
    path: Path
    cloud: str
    similarity: float
    row: int

    def as_dict(self) -> dict[str, Any]:
        """Returns plain values for JSON."""
        return {"name": printable(self.name), "file": printable(self.path), "similarity": round(self.similarity, 6)}


@dataclass(frozen=True)
class Index:
    """A state of an index; :func:`open_index` reads it, and :func:`update_index` makes the next one.

    Attributes:
        folder: the folder of the index.
        about: the encoder (``encoder``, its source, and ``fingerprint``) and the preparation of the clouds.
        files: the files, with and without clouds.
        x: the embedding of each cloud.
        mean, scale: statistics of each feature: similarities are cosines of standardised features. All features of an
            encoder have positive means, so cosines of raw features are close to 1 for any two clouds.

    Shapes:
        - **x:** float32 ``[n, C]``, **mean, scale:** float64 ``[C]``
    """

    folder: Path
    about: Mapping[str, Any]
    files: Sequence[IndexedFile]
    x: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    generation: int = 0

    @cached_property
    def sources(self) -> list[tuple[IndexedFile, str]]:
        """The file of each cloud, and the name of the cloud in it."""
        return [(file, cloud) for file in self.files for cloud in file.clouds]

    @cached_property
    def names(self) -> list[str]:
        """The name of each cloud: its file within the folder that was given (with several folders, the whole path), and
        behind ``:`` its name within a file that holds several."""
        several = len({file.root for file in self.files}) > 1
        return [cloud_name(str(file.path) if several else file.name, cloud) for file, cloud in self.sources]

    def by_file(self) -> list[_Rows]:
        """Returns each file with its embeddings."""
        ends = np.cumsum([len(file.clouds) for file in self.files], dtype=np.int64)
        parts = [self.x[end - len(file.clouds) : end] for file, end in zip(self.files, ends, strict=True)]
        return [_Rows(file, x) for file, x in zip(self.files, parts, strict=True)]

    @cached_property
    def unit(self) -> np.ndarray:
        """The standardised embeddings, of length 1, float32 ``[n, C]``: their products are similarities."""
        return self.standardise(self.x)

    def standardise(self, x: np.ndarray) -> np.ndarray:
        """Returns embeddings standardised by the statistics of the index, of length 1; those without any difference
        from the mean stay 0.

        Shapes:
            - **x:** ``[m, C]``, **output:** float32 ``[m, C]``
        """
        y = ((x - self.mean) / self.scale).astype(np.float32)
        length = np.linalg.norm(y, axis=1, keepdims=True)
        return np.divide(y, length, out=y, where=length > 0)

    def search(self, x: np.ndarray, k: int = 10) -> list[list[Hit]]:
        """Returns the most similar clouds of each embedding, the most similar first; all similarities are computed.

        Args:
            x: embeddings of the same encoder.
            k: the number of hits (default: 10).

        Shapes:
            - **x:** ``[m, C]``

        Raises:
            DataError: the embeddings have another number of features, or the index is empty.
        """
        if x.ndim != 2 or x.shape[1] != self.x.shape[1]:
            raise DataError(f"expected embeddings [m, {self.x.shape[1]}], got {list(x.shape)}.", got=x.shape)
        if not len(self.x):
            raise DataError(f"{self.folder} holds no clouds; add some with `conclu index FOLDER -o {self.folder}`.")
        queries = self.standardise(x)
        return [[self._hit(row, similarity) for row, similarity in self.nearest(query, k)] for query in queries]

    def nearest(self, query: np.ndarray, k: int) -> list[tuple[int, float]]:
        """Returns the rows that are most similar to a standardised embedding, with their similarities, the most similar
        first; of equal ones, the earlier row.

        Shapes:
            - **query:** float32 ``[C]``
        """
        similarity = self.unit @ query
        k = min(k, len(similarity))
        best = np.argpartition(-similarity, k - 1)[:k]
        best = best[np.lexsort((best, -similarity[best]))]
        return [(int(row), float(similarity[row])) for row in best]

    def _hit(self, row: int, similarity: float) -> Hit:
        file, cloud = self.sources[row]
        return Hit(self.names[row], file.path, cloud, similarity, row)

    @property
    def embeddings(self) -> Embeddings:
        """The embeddings with the names of the clouds."""
        return Embeddings(self.names, self.x, self.about)

    def check_encoder(self, encoder: FrozenEncoder) -> None:
        """Checks that an encoder gives embeddings as those of the index.

        Raises:
            ConfigError: it has another fingerprint.
        """
        expected, got = self.about.get("fingerprint"), encoder.fingerprint
        if expected != got:
            raise ConfigError(
                f"{self.folder}: expected the encoder {self.about.get('encoder')!r} with the fingerprint {expected}, "
                f"got {encoder.source!r} with {got}; use the same encoder, or make another index.",
                argument="encoder",
                got=encoder.source,
            )


def is_index(path: str | Path) -> bool:
    """Returns whether a folder is an index."""
    return Path(path, NAME).is_file()


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
    clouds = sum(len(file.clouds) for file in files)
    if x.dtype != np.float32 or x.shape != (clouds, channels) or not mean.shape == scale.shape == (channels,):
        raise DataError(
            f"{folder} is a damaged index: expected embeddings [{clouds}, {channels}], got {list(x.shape)}; {HINT}.",
            file=folder,
            got=x.shape,
        )
    return Index(folder, about, files, x, mean, scale, generation)


def update_index(
    folder: str | Path,
    encoder: FrozenEncoder,
    inputs: Mapping[Path, Path],
    *,
    up_axis: Axis | None = None,
    workers: int | None = None,
) -> tuple[Index, Update]:
    """Makes an index, or brings one up to date: only new and changed files are embedded, and files of the given roots
    that no longer exist are removed. Files of other roots stay.

    The state is saved every minute; after an interruption, the next call goes on from there.

    Args:
        folder: the folder of the index; made if it does not exist.
        encoder: the encoder, the same as for the index so far.
        inputs: the files, each with the folder that was given, as :func:`conclu_pyg.inference.inputs.find_inputs` finds
            them.
        up_axis: the coordinate that points up in the files (default: as in the data set of the training).
        workers: processes that read files (default: one for each core).

    Returns:
        The index, and the changes.

    Raises:
        ConfigError: the index was made by another encoder or with another preparation of clouds.
        DataError: the folder holds something else, or a damaged index.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise DataError(f"the index {folder} must be a folder, but it is a file; give another name.", file=folder)
    if folder.is_dir() and not is_index(folder) and any(not path.name.startswith(".") for path in folder.iterdir()):
        raise DataError(f"{folder} holds other files; give a new folder for the index.", file=folder)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / NAME):
        remove_abandoned(folder)
        if up_axis is None and is_index(folder):
            up_axis = open_index(folder).about.get("up_axis")
        about = describe(encoder, up_axis)
        if is_index(folder):
            index = open_index(folder)
            index.check_encoder(encoder)
            if about["up_axis"] != index.about.get("up_axis"):
                raise ConfigError(
                    f"{folder}: expected files with {index.about.get('up_axis')} up, as in the index, got "
                    f"{about['up_axis']}; leave out the up axis, or make another index.",
                    argument="up_axis",
                    got=about["up_axis"],
                )
        else:
            none, channels = np.empty((0, encoder.out_channels), np.float32), encoder.out_channels
            index = Index(folder, about, (), none, np.zeros(channels), np.ones(channels))
        return _update(index, encoder, inputs, up_axis, workers)


def remove_from_index(folder: str | Path, names: Sequence[str]) -> Index:
    """Removes files, or folders of files, from an index by their names in it. The files themselves stay.

    Raises:
        DataError: there is no index, or it has no such file.
    """
    folder = Path(folder)
    open_index(folder)  # raises before a lock file is made
    with locked(folder / NAME):
        index = open_index(folder)
        rows = index.by_file()
        for name in names:
            kept = [each for each in rows if each.file.name != name and not each.file.name.startswith(f"{name}/")]
            if len(kept) == len(rows):
                raise DataError(f"{folder} has no file or folder {name!r}; give its name in the index.", got=name)
            rows = kept
        return _save(index, rows, index.mean, index.scale)


class _Rows(NamedTuple):
    file: IndexedFile
    x: np.ndarray


def _update(
    index: Index,
    encoder: FrozenEncoder,
    inputs: Mapping[Path, Path],
    up_axis: Axis | None,
    workers: int | None,
) -> tuple[Index, Update]:
    found = _stat(inputs)
    roots = {file.root for file in found}
    before = {(each.file.root, each.file.name): each for each in index.by_file()}
    # Of a folder that was moved, files are known by their names in it.
    moved = {name: each for (root, name), each in before.items() if root not in roots and not Path(root).exists()}
    rows, new, counts = [], [], Counter[str]()
    for file in found:
        known = before.pop((file.root, file.name), None) or moved.get(file.name)
        if known is not None and known.file.is_same(file):
            rows.append(_Rows(replace(known.file, root=file.root), known.x))
            before.pop((known.file.root, known.file.name), None)
        else:
            new.append(file)
            counts["added" if known is None else "changed"] += 1
    counts["unchanged"] = len(rows)
    rows += [each for (root, _), each in before.items() if root not in roots]
    counts["removed"] = sum(root in roots for root, _ in before)

    saved = time.monotonic()
    by_path = {file.path: file for file in new}
    for each in embed_files(encoder, list(by_path), up_axis=up_axis, workers=workers):
        file = replace(by_path[each.path], sha256=each.sha256, clouds=each.clouds, errors=each.errors)
        rows.append(_Rows(file, each.x))
        if time.monotonic() - saved > SAVE_SECONDS:
            index = _save(index, rows, *_statistics(rows, encoder))
            saved = time.monotonic()
    if new or counts["removed"] or not index.generation or [each.file for each in rows] != list(index.files):
        index = _save(index, rows, *_statistics(rows, encoder))
    return index, Update(**counts, errors=tuple(error for each in rows for error in each.file.errors))


def _stat(inputs: Mapping[Path, Path]) -> list[IndexedFile]:
    files = []
    for path, root in inputs.items():
        try:
            status = path.stat()
        except FileNotFoundError:  # removed since it was listed
            continue
        name = path.relative_to(root).as_posix()
        files.append(IndexedFile(os.path.abspath(root), name, status.st_size, status.st_mtime_ns))
    return files


def _statistics(rows: Sequence[_Rows], encoder: FrozenEncoder) -> tuple[np.ndarray, np.ndarray]:
    """Returns the mean and the scale of each feature: of the index, or if it has few clouds, of built-in shapes."""
    x = _joined(rows, encoder.out_channels)
    if len(x) < OWN_STATISTICS:
        mean, deviation = reference_statistics(encoder)
    else:
        mean, deviation = x.mean(axis=0, dtype=np.float64), x.std(axis=0, dtype=np.float64)
    # A feature that hardly varies would be noise after the division.
    return mean, np.maximum(deviation, 1e-3 * max(float(deviation.max()), 1e-6))


def _joined(rows: Sequence[_Rows], channels: int) -> np.ndarray:
    return np.concatenate([np.empty((0, channels), np.float32), *(each.x for each in rows)])


def _save(index: Index, rows: Sequence[_Rows], mean: np.ndarray, scale: np.ndarray) -> Index:
    """Writes the next generation of an index and removes the others."""
    rows = sorted(rows, key=lambda each: (each.file.root, each.file.name))
    x, files = _joined(rows, len(mean)), [each.file for each in rows]
    folder, generation = index.folder, index.generation + 1
    with durable_write(folder / f"vectors-{generation}.npy") as file:
        np.save(file, x)
    with durable_write(folder / f"rows-{generation}.json") as file:
        file.write(json.dumps({"files": [asdict(each) for each in files]}).encode())
    sync_folder(folder)
    head = {"format": FORMAT, "generation": generation, "about": dict(index.about)}
    with atomic_write(folder / NAME) as file:
        file.write(json.dumps({**head, "mean": mean.tolist(), "scale": scale.tolist()}).encode())
    for path in folder.iterdir():
        if (match := GENERATION.fullmatch(path.name)) and int(match[1]) != generation:
            path.unlink(missing_ok=True)
    return Index(folder, index.about, files, x, mean, scale, generation)


def _read_generation(folder: Path) -> tuple[Any, Any, np.ndarray]:
    """Returns the content of ``index.json`` and of the files that it names, which another process may replace."""
    for attempts_left in (2, 1, 0):
        head = _read_json(folder / NAME)
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
