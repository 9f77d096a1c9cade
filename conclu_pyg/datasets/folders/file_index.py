"""The files of a data set as arrays: from folders, lists and patterns, by their names alone."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from conclu_pyg.data.names import Names
from conclu_pyg.errors import DataError
from conclu_pyg.io.find_files import SkippedKinds, find_files, missing_path
from conclu_pyg.io.formats import CONVERT, SUFFIXES

LIST_SUFFIX = ".txt"
MAX_LIST_BYTES = 1 << 28


@dataclass(frozen=True)
class FileIndex:
    """Files below a folder, of which no Python object is kept.

    Args:
        base: the folder; the given one, or the last folder that all files have in common.
        names: the files relative to ``base``, in the order of the inputs, and of the names within an input.
        depth: the number of folders between ``base`` and the input folder of each file. Those below may name a class.
        skipped: a sentence about what was skipped in each folder.

    Shapes:
        - **depth:** int32 ``[n]``
    """

    base: Path
    names: Names
    depth: np.ndarray
    skipped: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    def path(self, index: int) -> Path:
        """Returns the path of a file."""
        return self.base / self.names[index]

    def folders(self, names: Sequence[str]) -> list[list[str]]:
        """Returns the folders of each file below its input folder, such as ``["chair", "train"]``.

        Args:
            names: :attr:`names` as a list, which is faster to read.
        """
        return [name.split("/")[depth:-1] for name, depth in zip(names, self.depth.tolist(), strict=True)]


def index_files(paths: str | Sequence[str], exclude: str | None = None) -> FileIndex:
    """Finds the files of clouds. None is opened apart from lists; a file that is given several times counts once.

    Args:
        paths: a folder, searched at any depth (see :func:`~conclu_pyg.io.find_files.find_files`); a list, a ``.txt``
            file with a path in each line, relative to the folder of the list; a pattern such as ``scans/*.ply`` or
            ``scans/**/*.ply``, which may also match folders, and of which the same kinds of files are skipped as in a
            folder; a file of another suffix; or several of these.
        exclude: a file that is no cloud, from the working directory or from one of the folders (default: none).

    Raises:
        DataError: a path does not exist, a pattern matches nothing, a list names no or missing files, a folder cannot
            be read, or there are no clouds.
    """
    given = [paths] if isinstance(paths, str) else list(paths)
    if not given:
        raise DataError("paths: expected a folder, a list or a pattern, got none.", argument="paths", got=paths)
    roots: list[str] = []
    files: dict[str, str] = {}  # the root of each file
    seen: set[str] = set()  # absolute, because a file may be spelt in several ways
    skipped: list[str] = []
    for each in given:
        try:
            root, found, sentences = _find(each)
        except OSError as error:
            raise DataError(f"{error.filename or each} cannot be read ({error.strerror}).", file=each) from error
        roots.append(root)
        skipped += sentences
        for path in found:
            place = os.path.abspath(path)
            if place not in seen:
                seen.add(place)
                files[path] = root
    if exclude is not None:
        excluded = {os.path.abspath(os.path.join(root, os.path.expanduser(exclude))) for root in ("", *roots)}
        files = {path: root for path, root in files.items() if os.path.abspath(path) not in excluded}
    if not files:
        hint = f" ({' '.join(skipped)})" if skipped else ""
        raise DataError(
            f"{', '.join(given)} contains no clouds{hint}; supported suffixes: {', '.join(SUFFIXES)}.", file=given[0]
        )
    base = roots[0] if len(set(roots)) == 1 else os.path.commonpath([os.path.abspath(root) for root in roots])
    start = {root: os.path.join("" if root == base else os.path.abspath(root), "") for root in roots}
    length = len(os.path.join(base, ""))
    names, depth = [], np.empty(len(files), np.int32)
    for index, (path, root) in enumerate(files.items()):
        own = path if root == base else os.path.abspath(path)
        names.append(own[length:].replace(os.sep, "/"))
        depth[index] = 0 if root == base else start[root][length:].count(os.sep)
    return FileIndex(Path(base), Names.of(names), depth, tuple(skipped))


def _find(given: str) -> tuple[str, list[str], list[str]]:
    """Returns the root of an input, its files, which begin with the root, and what was skipped."""
    path = os.path.expanduser(given)
    if os.path.isdir(path):
        return _in_folder(os.path.normpath(path))
    if os.path.isfile(path):
        path = os.path.normpath(path)
        if path.lower().endswith(LIST_SUFFIX):
            return _in_list(path)
        _check_suffix(path, given)
        return os.path.dirname(path) or ".", [os.path.join(os.path.dirname(path) or ".", os.path.basename(path))], []
    if glob.has_magic(path):
        return _of_pattern(os.path.normpath(path))
    raise DataError(missing_path(Path(path)), file=path)


def _in_folder(folder: str) -> tuple[str, list[str], list[str]]:
    found = find_files(Path(folder))
    skipped = [f"skipped in {folder}: {found.skipped}."] if found.skipped else []
    return folder, [os.path.join(folder, name) for name in found.names], skipped


def _of_pattern(pattern: str) -> tuple[str, list[str], list[str]]:
    """Returns what a pattern matches; its root is the folder before the first sign of the pattern."""
    parts = pattern.split(os.sep)
    first = next(index for index, part in enumerate(parts) if glob.has_magic(part))
    root = os.sep.join(parts[:first]) or (os.sep if pattern.startswith(os.sep) else ".")
    files: list[str] = []
    skipped: list[str] = []
    kinds = SkippedKinds(Path(root))
    matches = sorted(glob.iglob(pattern, recursive=True), key=lambda name: name.split(os.sep))
    for match in matches:
        match = match if root != "." else os.path.join(".", match)
        if os.path.isdir(match):
            # A pattern that ends in ** matches the files in the folders, too.
            if os.path.basename(pattern) != "**" and not kinds.skips_folder(Path(match)):
                _, found, sentences = _in_folder(match)
                files += found
                skipped += sentences
        elif not kinds.skips(Path(match)):
            files.append(match)
    if not matches:
        raise DataError(f"the pattern {pattern} matches no file; check it, and quote it in the shell.", file=pattern)
    if kinds.description:
        skipped.append(f"skipped of {pattern}: {kinds.description}.")
    return root, files, skipped


def _in_list(path: str) -> tuple[str, list[str], list[str]]:
    """Returns the files in a list; its root is the folder of the list, or else what its files have in common."""
    size = os.path.getsize(path)
    if size > MAX_LIST_BYTES:
        raise DataError(f"{path} has {size:,} bytes; a list of files has at most {MAX_LIST_BYTES:,}.", file=path)
    try:
        text = Path(path).read_text(encoding="utf-8-sig", errors="surrogateescape")
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}).", file=path) from error
    folder = os.path.dirname(path) or "."
    entries = [line.strip() for line in text.split("\n")]
    files = []
    for number, entry in enumerate(entries, start=1):
        if not entry or entry.startswith("#"):
            continue
        file = os.path.normpath(os.path.join(folder, os.path.expanduser(entry)))
        if folder == "." and not os.path.isabs(file) and file.split(os.sep)[0] != os.pardir:
            file = os.path.join(".", file)
        if not os.path.isfile(file):
            kind = "a folder" if os.path.isdir(file) else "no file"
            raise DataError(
                f"{path}, line {number}: expected a file of a cloud, relative to the folder of the list, got "
                f"{entry!r:.100}, which is {kind}; correct the line, or give the folder of clouds instead of a list.",
                file=path,
                got=entry,
            )
        _check_suffix(file, f"{path}, line {number}")
        files.append(file)
    if not files:
        raise DataError(f"{path} lists no files; write a path in each line.", file=path)
    inside = os.path.join(folder, "")
    if not all(file.startswith(inside) for file in files):
        files = [os.path.abspath(file) for file in files]
        folder = os.path.commonpath([os.path.dirname(file) for file in files])
    return folder, files, []


def _check_suffix(path: str, source: str) -> None:
    suffix = os.path.splitext(path)[1].lower()
    if suffix in SUFFIXES:
        return
    hint = CONVERT.get(suffix, "convert the file or leave it out")
    raise DataError(
        f"{source}: expected a file with one of the suffixes {', '.join(SUFFIXES)}, got {suffix or 'no suffix'}; "
        f"{hint}.",
        file=path,
        got=suffix,
    )
