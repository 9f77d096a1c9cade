"""Files of clouds in folders, and a description of what is skipped there."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from conclu_pyg.io.formats import CONVERT, SUFFIXES
from conclu_pyg.io.own_tables import own_kind, read_header
from conclu_pyg.paths import with_cwd
from conclu_pyg.runs.folder import LAST
from conclu_pyg.suggestions import suggest

# Text files of the ModelNet and ShapeNetPart releases that list names. (The classes that read these releases define the
# names too, but importing them is slow.)
LISTS = re.compile(
    r"synsetoffset2category\.txt|all_object_categories\.txt|shape_names\.txt|filelist\.txt"
    r"|(train|val|test)_(hdf5_file_list|files)\.txt|modelnet\d+_(shape_names|train|test)\.txt"
)
DOCUMENTS = re.compile(
    r"(read[-_]?me|licen[cs]e|copying|authors|citation|change[-_]?log|contributing|requirements)\.txt", re.IGNORECASE
)
LABELS, LABEL_COLUMNS = "labels.csv", ["label", "name", "color"]  # the table in each folder of predictions
INDEX_NAME = "conclu_index.json"  # in the folder of an index


class FoundFiles(NamedTuple):
    """The files of a folder.

    Attributes:
        names: the files with a known suffix, relative to the folder, in the order of their folders and names.
        skipped: a description of everything else, such as ``2 .zip; the run in scans/run``; empty if there is nothing.
    """

    names: list[str]
    skipped: str


def find_files(folder: Path) -> FoundFiles:
    """Finds the files with a known suffix in a folder, at any depth. Only names are read, and the first line of
    a ``.csv`` or the first bytes of an ``.npz`` file.

    Hidden files and folders are ignored. Skipped and described are run folders, folders of predictions, indices, linked
    folders, lists of published data sets, documents such as ``README.txt``, tables and embeddings that commands wrote
    (:mod:`conclu_pyg.io.own_tables`), tables of classes, and files with other suffixes.

    Raises:
        OSError: a folder cannot be read.
    """
    names: list[str] = []
    kinds, outputs = Counter[str](), list[str]()
    inner_folders = [""]
    while inner_folders:
        inner = inner_folders.pop()
        here = folder / inner
        output = _output(here)
        if output:
            outputs.append(output)
            continue
        with os.scandir(here) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                try:
                    is_folder = entry.is_dir()
                except OSError:  # links in a circle
                    kinds["broken link"] += 1
                    continue
                if not is_folder:
                    kind = _kind(entry)
                    if kind:
                        kinds[kind] += 1
                    else:
                        names.append(inner + entry.name)
                elif entry.is_symlink():
                    kinds["linked folder"] += 1
                else:
                    inner_folders.append(f"{inner}{entry.name}{os.sep}")
    names.sort(key=lambda name: name.split(os.sep))
    return FoundFiles(names, "; ".join([*_counts(+kinds), *sorted(outputs)]))


class SkippedKinds:
    """Counts of the files that a pattern matches and that :func:`find_files` would skip in a folder.

    Args:
        root: the folder of the pattern: of it and of the folders below it, outputs are skipped.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._counts = Counter[str]()
        self._outputs: dict[Path, str] = {root: _output(root)}  # the output that a folder is or is in

    def skips(self, path: Path) -> bool:
        """Returns whether a file below the root is skipped, and counts it."""
        if self.skips_folder(path.parent):
            return True
        kind = _kind(path)
        self._counts[kind] += bool(kind)
        return bool(kind)

    @property
    def description(self) -> str:
        """What was skipped, as :attr:`FoundFiles.skipped`."""
        return "; ".join([*_counts(+self._counts), *sorted({*filter(None, self._outputs.values())})])

    def skips_folder(self, folder: Path) -> bool:
        """Returns whether a folder is an output or in one, of which the root is the outermost that counts."""
        return bool(self._output_of(folder))

    def _output_of(self, folder: Path) -> str:
        if folder not in self._outputs:
            self._outputs[folder] = (self._output_of(folder.parent) if folder != folder.parent else "") or _output(
                folder
            )
        return self._outputs[folder]


def _output(folder: Path) -> str:
    """Returns a description of a folder that a command of this package wrote; nothing for another one."""
    kind = next((kind for kind, is_kind in OUTPUTS.items() if is_kind(folder)), None)
    return f"the {kind} in {folder}" if kind else ""


def _kind(file: os.DirEntry[str] | Path) -> str:
    """Returns the kind of a file that is skipped, or nothing for one that is not. Only links, ``.csv`` and ``.npz``
    files cost system calls."""
    if LISTS.fullmatch(file.name):
        return "list of a data set"
    if DOCUMENTS.fullmatch(file.name):
        return "document"
    suffix = os.path.splitext(file.name)[1].lower()
    if suffix in SUFFIXES and file.is_file():
        return own_kind(Path(file))
    return (suffix or "without a suffix") if os.path.exists(file) else "broken link"


def is_run(path: Path) -> bool:
    """Returns whether this is a run folder or has the name of a checkpoint."""
    return (path / LAST).is_file() or path.suffix == ".safetensors"


def is_index(path: str | Path) -> bool:
    """Returns whether this is the folder of an index of ``conclu index``."""
    return Path(path, INDEX_NAME).is_file()


def holds_predictions(folder: Path) -> bool:
    """Returns whether predictions were written into this folder."""
    return read_header(folder / LABELS) == LABEL_COLUMNS


def missing_path(path: Path) -> str:
    """Returns the message for a missing file or folder, with the most similar name next to it."""
    siblings = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    hint = suggest(path.name, siblings)
    pattern = " (the shell did not expand this pattern)" if any(sign in path.name for sign in "*?[") else ""
    return f"there is no file or folder {path if hint.endswith('?') else with_cwd(path)}{pattern}{hint}"


def _counts(kinds: Mapping[str, int]) -> list[str]:
    """Returns the number of files of each kind, and how to convert those that can be converted."""
    if not kinds:
        return []
    hints = [f"{kind} files: {CONVERT[kind]}" for kind in sorted(kinds) if kind in CONVERT]
    return [", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items())), *hints]


OUTPUTS: dict[str, Callable[[Path], bool]] = {"run": is_run, "predictions": holds_predictions, "index": is_index}
