"""Updates of an index: only files that are new or have changed are embedded.

The state is saved every minute, so an update that was interrupted goes on from there.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.files import locked, remove_abandoned
from conclu_pyg.inference.embed import describe, embed_files, make_blocks, reference_statistics
from conclu_pyg.inference.feature_scale import feature_scale
from conclu_pyg.inference.index import FileRows, Index, IndexedFile
from conclu_pyg.inference.index_storage import join_rows, open_index, save_index
from conclu_pyg.io.find_files import INDEX_NAME, is_index
from conclu_pyg.runs.frozen_encoder import Axis, FrozenEncoder

SAVE_SECONDS = 60.0  # between two saved states of a long update
OWN_STATISTICS = 100  # clouds from which on the statistics of the index replace those of built-in shapes


@dataclass(frozen=True)
class Update:
    """The changes that an update made: numbers of files, and the sentences about those that cannot be used."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    errors: tuple[str, ...] = ()


def update_index(
    folder: str | Path,
    encoder: FrozenEncoder,
    inputs: Mapping[Path, Path],
    *,
    up_axis: Axis | None = None,
    block_size: float | None = None,
    block_overlap: float | None = None,
    workers: int | None = None,
) -> tuple[Index, Update]:
    """Makes an index, or brings one up to date: only new and changed files are embedded, and files of the given roots
    that no longer exist are removed. Files of other roots stay.

    The state is saved every minute; after an interruption, the next call goes on from there.

    Args:
        folder: the folder of the index; made if it does not exist.
        encoder: the encoder, the same as for the index so far.
        inputs: all files of some folders, each with its folder, as
            :func:`conclu_pyg.inference.inputs.find_inputs` finds them.
        up_axis: the coordinate that points up in the files (default: as in the index, or for a new one as in the data
            set of the encoder's training).
        block_size: cuts clouds into :class:`~conclu_pyg.io.blocks.Blocks` with sides of this length, in the units of
            the files (default: as in the index; not in a new one).
        block_overlap: the share of a side that neighbouring blocks have in common (default: as in the index, or 0.5).
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
    with locked(folder / INDEX_NAME):
        remove_abandoned(folder)
        if is_index(folder):
            index = open_index(folder)
            index.check_encoder(encoder)
            given = {"up_axis": up_axis, "block_size": block_size, "block_overlap": block_overlap}
            for name, value in given.items():
                if value is not None and value != index.about[name]:
                    raise ConfigError(
                        f"{folder}: expected {name}={index.about[name]}, as in the index, got {value}; leave {name} "
                        "out, or make another index.",
                        argument=name,
                        got=value,
                    )
        else:
            about = describe(encoder, up_axis, make_blocks(encoder, up_axis, block_size, block_overlap))
            none, channels = np.empty((0, encoder.out_channels), np.float32), encoder.out_channels
            index = Index(folder, about, (), none, np.zeros(channels), np.ones(channels))
        return _update(index, encoder, inputs, workers)


def remove_from_index(folder: str | Path, names: Sequence[str]) -> Index:
    """Removes files, or folders of files, from an index by their names in it. The files themselves stay.

    Raises:
        DataError: there is no index, or it has no such file.
    """
    folder = Path(folder)
    open_index(folder)  # raises before a lock file is made
    with locked(folder / INDEX_NAME):
        index = open_index(folder)
        rows = index.by_file()
        for name in names:
            listed = [(each, index.file_name(each.file)) for each in rows]
            kept = [each for each, own in listed if own != name and not own.startswith(f"{name}/")]
            if len(kept) == len(rows):
                raise DataError(f"{folder} has no file or folder {name!r}; give its name in the index.", got=name)
            rows = kept
        return save_index(index, rows, index.mean, index.scale)


def _update(
    index: Index,
    encoder: FrozenEncoder,
    inputs: Mapping[Path, Path],
    workers: int | None,
) -> tuple[Index, Update]:
    found = _stat(inputs)
    before = {(each.file.root, each.file.name): each for each in index.by_file()}
    moved = _moved_roots(before, found)
    roots = moved | {file.root for file in found}
    rows, new, counts = [], [], Counter[str]()
    for file in found:
        known = [before.pop((root, file.name), None) for root in (file.root, *moved)]
        same = next((each for each in known if each is not None and each.file.is_same(file)), None)
        if same is not None:
            rows.append(FileRows(replace(same.file, root=file.root), same.x))
        else:
            new.append(file)
            counts["changed" if any(each is not None for each in known) else "added"] += 1
    counts["unchanged"] = len(rows)
    rows += [each for (root, _), each in before.items() if root not in roots]
    counts["removed"] = sum(root in roots for root, _ in before)

    saved = time.monotonic()
    by_path = {file.path: file for file in new}
    axis = index.about["up_axis"]
    for each in embed_files(encoder, list(by_path), up_axis=axis, blocks=index.blocks, workers=workers):
        file = replace(by_path[each.path], sha256=each.sha256, clouds=each.clouds, errors=each.errors)
        rows.append(FileRows(file, each.x))
        if time.monotonic() - saved > SAVE_SECONDS:
            index = save_index(index, rows, *_statistics(rows, encoder))
            saved = time.monotonic()
    if new or counts["removed"] or not index.generation or [each.file for each in rows] != list(index.files):
        index = save_index(index, rows, *_statistics(rows, encoder))
    return index, Update(**counts, errors=tuple(error for each in rows for error in each.file.errors))


def _moved_roots(before: Mapping[tuple[str, str], FileRows], found: Sequence[IndexedFile]) -> set[str]:
    """Returns the folders of the index that are gone and of which a file is now in another folder, by the same name."""
    roots = {file.root for file in found}
    gone = {root for root in {root for root, _ in before} - roots if not Path(root).exists()}
    return {
        root for root in gone for file in found if (each := before.get((root, file.name))) and each.file.is_same(file)
    }


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


def _statistics(rows: Sequence[FileRows], encoder: FrozenEncoder) -> tuple[np.ndarray, np.ndarray]:
    """Returns the mean and the scale of each feature: of the index, or if it has few clouds, of built-in shapes."""
    x = join_rows(rows, encoder.out_channels)
    if len(x) < OWN_STATISTICS:
        mean, deviation = reference_statistics(encoder)
    else:
        mean, deviation = x.mean(axis=0, dtype=np.float64), x.std(axis=0, dtype=np.float64)
    return mean, feature_scale(deviation)
