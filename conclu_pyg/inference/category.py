"""The category of a cloud, as it is given or as the names of files and folders say it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.nearest import nearest

# Of the files of ModelNet and ShapeNetPart, whose clouds are of several categories.
UNREAD = " (a data set 'label' in it is not read, for all clouds of a file are taken to be of one category)"


def check_categories(tops: Mapping[Path, Path], classes: Sequence[str], given: str | None) -> None:
    """Refuses a category that the run does not know or that is for nothing, and files none of which says its category.

    Args:
        tops: for each file the uppermost folder whose name may say it.
        classes: what the run knows.
        given: the category of all, if it is given.

    Raises:
        ConfigError: the category that is given is not among the classes, or there are no files.
        DataError: none is given, and no name of a file or folder says any.
    """
    if given is not None and _label(given, classes) is None:
        raise ConfigError(f"--category {given!r} is none of {', '.join(classes)}{nearest(given, classes)}")
    if given is not None and not tops:
        raise ConfigError(
            f"--category {given} is for files, and none is named; leave it out, for the test split says what its "
            "clouds are."
        )
    if given is None and tops and all(_named(path, top, classes) is None for path, top in tops.items()):
        path, top = next(iter(tops.items()))
        category_of(path, top, classes, None)


def category_of(path: Path, top: Path, classes: Sequence[str], given: str | None) -> tuple[int, str]:
    """The category of the clouds in a file: the one that is given; or the one with the longest name that the file's
    name is or begins with, as words of its own; or that of the nearest folder above it which is named as one, up to
    ``top``. Beside it, where it was guessed from, as a note; empty where it was given.

    Raises:
        DataError: nothing says it.
    """
    label = None if given is None else _label(given, classes)
    found = _named(path, top, classes) if label is None else (label, "")
    if found is None:
        unread = UNREAD if path.suffix.lower() in (".h5", ".hdf5") else ""
        raise DataError(
            f"{path}: its category is not known{unread}, and the parts depend on it; give --category, one of "
            f"{', '.join(classes)}, or put the file into a folder of that name, and name the file or that folder."
        )
    return found


def _label(word: str, classes: Sequence[str]) -> int | None:
    return {name.lower(): label for label, name in enumerate(classes)}.get(word.lower())


def _named(path: Path, top: Path, classes: Sequence[str]) -> tuple[int, str] | None:
    """The category that the names of the file and of the folders above it up to ``top`` say, and which of them does."""
    above = [path.parent, *path.parent.parents]
    folders = above[: above.index(top) + 1]
    found = [(_label_at_start(path.stem, classes), "the file's name")]
    for folder in folders:
        found.append((_label(Path(os.path.abspath(folder)).name, classes), f"the name of the folder {folder}"))
    for label, source in found:
        if label is not None:
            return label, f"taken for the category {classes[label]} by {source}"
    return None


def _label_at_start(stem: str, classes: Sequence[str]) -> int | None:
    """The category of the longest name that ``stem`` is or begins with, before anything but a letter (and but a digit
    after a digit): ``cup_holder_1`` is no cup where there are cup holders. Files have ``_``, ``-`` or a space alike
    between words; of names that differ in that alone the exact one goes first."""
    stem = stem.lower()
    fitting = [
        (len(name), stem.startswith(name), -label)
        for label, name in enumerate(map(str.lower, classes))
        if re.match(re.escape(_joined(name)) + r"(?![^\W\d_]|(?<=\d)\d)", _joined(stem))
    ]
    return -max(fitting)[2] if fitting else None


def _joined(words: str) -> str:
    return re.sub("[ -]", "_", words)
