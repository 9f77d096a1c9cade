"""Categories of clouds, from the names of their files and folders."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from conclu_pyg.datasets.formats.parts import read_categories
from conclu_pyg.datasets.formats.synset_tree import SynsetTree
from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.suggestions import suggest

# The h5 files of ModelNet and ShapeNetPart hold clouds of several categories.
LABEL_IGNORED = " (its data set 'label' is ignored: all clouds of a file must have the same category)"
SYNSET = re.compile(r"\d{8}")  # the id of a category in WordNet, and the name of its folder in ShapeNet


def check_categories(input_roots: Mapping[Path, Path], classes: Sequence[str], given: str | None) -> None:
    """Checks that the given category exists, or that the category of at least one file can be found.

    Args:
        input_roots: the input root of each file (see :class:`~conclu_pyg.inference.inputs.Inputs`).
        classes: the categories of the run.
        given: the category of all files, if any.

    Raises:
        ConfigError: the given category does not exist, or there are no files.
        DataError: no category is given, and no file or folder is named after one.
    """
    if given is not None and _label(given, classes) is None:
        raise ConfigError(
            f"category must be one of {', '.join(classes)}; got {given!r}{suggest(given, classes)}",
            argument="category",
            got=given,
        )
    if given is not None and not input_roots:
        raise ConfigError(
            f"category {given} needs input files, got none; leave it out, the categories of the test split are known.",
            argument="category",
            got=given,
        )
    if given is None and input_roots and all(_named(*item, classes) is None for item in input_roots.items()):
        path = next(iter(input_roots))
        others = f" (nor that of the {len(input_roots) - 1:,} other files)" if len(input_roots) > 1 else ""
        raise _unknown(path, classes, others)


def category_of(path: Path, root: Path, classes: Sequence[str], given: str | None) -> tuple[int, str]:
    """Returns the category of the clouds in a file, and a note about the name that it was taken from.

    The category is, in this order: the given one (the note is empty then); the longest category name with which the
    file name begins, as a whole word; that of the nearest parent folder that is named after a category, up to and
    including ``root``.

    Raises:
        DataError: no category was found.
    """
    label = None if given is None else _label(given, classes)
    found = _named(path, root, classes) if label is None else (label, "")
    if found is None:
        raise _unknown(path, classes)
    return found


def class_of_folder(path: Path, root: Path, classes: Sequence[str]) -> str | None:
    """Returns the class that the nearest folder above a file, up to and including ``root``, is named after; ``None`` if
    there is none."""
    parents = [path.parent, *path.parent.parents]
    for folder in parents[: parents.index(root) + 1]:
        label = _label(_folder_name(Path(os.path.abspath(folder)))[0], classes)
        if label is not None:
            return classes[label]
    return None


def _unknown(path: Path, classes: Sequence[str], others: str = "") -> DataError:
    ignored = LABEL_IGNORED if path.suffix.lower() in (".h5", ".hdf5") else ""
    return DataError(
        f"{path}: the category is not known{others}{ignored}, but the parts depend on it; give the category, one of "
        f"{', '.join(classes)}, or put the file into a folder of that name and give the file or that folder as input.",
        file=path,
        argument="category",
    )


def _label(word: str, classes: Sequence[str]) -> int | None:
    return {name.lower(): label for label, name in enumerate(classes)}.get(word.lower())


def _named(path: Path, root: Path, classes: Sequence[str]) -> tuple[int, str] | None:
    """Returns the category that the file, or a folder above it up to ``root``, is named after, and a note about it."""
    parents = [path.parent, *path.parent.parents]
    folders = parents[: parents.index(root) + 1]
    found = [(_label_at_start(path.stem, classes), "the file name")]
    for folder in folders:
        name, listed = _folder_name(Path(os.path.abspath(folder)))
        found.append((_label(name, classes), f"the name of folder {folder}{listed}"))
    for label, source in found:
        if label is not None:
            return label, f"category {classes[label]} from {source}"
    return None


def _folder_name(folder: Path) -> tuple[str, str]:
    """Returns the folder's name and an empty string; or, if ShapeNetPart's list of categories next to the folder
    contains it, the name of its category and a note about the list."""
    listing = folder.parent / SynsetTree.names_file
    if not SYNSET.fullmatch(folder.name) or not listing.is_file():
        return folder.name, ""
    names = {synset: name for name, synset in read_categories(listing).items()}
    return names.get(folder.name, folder.name), f" in the {listing.name} next to it"


def _label_at_start(stem: str, classes: Sequence[str]) -> int | None:
    """Returns the category with the longest name with which ``stem`` begins, not followed by a letter (or, after a
    digit, by a digit): ``cup_holder_1`` is a cup holder, not a cup. Between words ``_``, ``-`` and a space are equal;
    of names that differ only in these the exact one is preferred."""
    stem = stem.lower()
    fitting = [
        (len(name), stem.startswith(name), -label)
        for label, name in enumerate(map(str.lower, classes))
        if re.match(re.escape(_with_underscores(name)) + r"(?![^\W\d_]|(?<=\d)\d)", _with_underscores(stem))
    ]
    return -max(fitting)[2] if fitting else None


def _with_underscores(words: str) -> str:
    return re.sub("[ -]", "_", words)
