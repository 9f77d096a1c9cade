"""The category of a cloud, as it is given or as the names of files and folders say it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from conclu_pyg.datasets.formats.parts import read_categories
from conclu_pyg.datasets.formats.synset_tree import SynsetTree
from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.suggestions import suggest

# Of the files of ModelNet and ShapeNetPart, whose clouds are of several categories.
UNREAD = " (a data set 'label' in it is not read, for all clouds of a file are taken to be of one category)"


SYNSET = re.compile(r"\d{8}")  # what WordNet calls a category, and ShapeNet its folders


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
        raise ConfigError(f"--category {given!r} is none of {', '.join(classes)}{suggest(given, classes)}")
    if given is not None and not tops:
        raise ConfigError(
            f"--category {given} is for files, and none is named; leave it out, for the test split says what its "
            "clouds are."
        )
    if given is None and tops and all(_named(path, top, classes) is None for path, top in tops.items()):
        path = next(iter(tops))
        others = f", as those of the {len(tops) - 1:,} other files" if len(tops) > 1 else ""
        raise _unknown(path, classes, others)


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
        raise _unknown(path, classes)
    return found


def _unknown(path: Path, classes: Sequence[str], others: str = "") -> DataError:
    unread = UNREAD if path.suffix.lower() in (".h5", ".hdf5") else ""
    return DataError(
        f"{path}: its category is not known{others}{unread}, and the parts depend on it; give --category, one of "
        f"{', '.join(classes)}, or put the file into a folder of that name, and name the file or that folder."
    )


def _label(word: str, classes: Sequence[str]) -> int | None:
    return {name.lower(): label for label, name in enumerate(classes)}.get(word.lower())


def _named(path: Path, top: Path, classes: Sequence[str]) -> tuple[int, str] | None:
    """The category that the names of the file and of the folders above it up to ``top`` say, and which of them does."""
    above = [path.parent, *path.parent.parents]
    folders = above[: above.index(top) + 1]
    found = [(_label_at_start(path.stem, classes), "the file's name")]
    for folder in folders:
        name, listed = _folder_name(Path(os.path.abspath(folder)))
        found.append((_label(name, classes), f"the name of the folder {folder}{listed}"))
    for label, source in found:
        if label is not None:
            return label, f"taken for the category {classes[label]} by {source}"
    return None


def _folder_name(folder: Path) -> tuple[str, str]:
    """A folder's name, or the category that ShapeNetPart's own list beside it gives for it, and that it was so."""
    listing = folder.parent / SynsetTree.names_file
    if not SYNSET.fullmatch(folder.name) or not listing.is_file():
        return folder.name, ""
    names = {synset: name for name, synset in read_categories(listing).items()}
    return names.get(folder.name, folder.name), f" by {listing.name} beside it"


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
