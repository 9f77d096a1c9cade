"""From a folder to the layout that it holds."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Generic, TypeVar

from conclu_pyg.datasets.layouts.base import Layout, LayoutOptions
from conclu_pyg.errors import DataError
from conclu_pyg.suggestions import closest_match

L = TypeVar("L", bound=Layout)

MAX_FOLDERS = 200  # subfolders that are looked into: a data set's parent has few
NAMED = 6


@dataclass(frozen=True)
class Family(Generic[L]):
    """The layouts of one data set.

    Args:
        name: the data set, for messages.
        layouts: those that are looked for, in this order.
        remedy: what to do where there is none, as a sentence in which ``{folder}`` stands for the folder, and
            ``{fetch}`` for where to fetch to.
    """

    name: str
    layouts: tuple[type[L], ...]
    remedy: str

    def match(self, folder: Path) -> type[L] | None:
        """The first layout that ``folder`` looks like."""
        return next((layout for layout in self.layouts if layout.matches(folder)), None)


def find_layout(folder: Path, options: LayoutOptions, family: Family[L]) -> L:
    """The layout of ``family`` in ``folder``, or in the only one of its subfolders that holds one.

    Raises:
        DataError: the folder is missing, or holds none or several; says what was looked for and what is there.
    """
    if folder.is_file():
        raise DataError(f"dataset_path {folder} is a file; name a folder, and unpack an archive first.")
    if not folder.is_dir():
        beside = [path.name for path in islice(folder.parent.glob("*"), MAX_FOLDERS) if path.is_dir()]
        near = closest_match(folder.name, beside)
        meant = "." if near is None else f"; did you mean {str(folder.parent / near)!r}?"
        raise DataError(f"dataset_path {folder} does not exist{meant} {family.remedy.format(folder=folder, fetch='')}")
    try:
        return _find(folder, options, family)
    except OSError as error:
        raise DataError(f"dataset_path {folder} cannot be read: {error}.") from error


def _find(folder: Path, options: LayoutOptions, family: Family[L]) -> L:
    layout = family.match(folder)
    if layout is None:
        subfolders = sorted(path for path in islice(folder.iterdir(), MAX_FOLDERS) if _is_visible(path))
        found = {path: match for path in subfolders if (match := family.match(path)) is not None}
        if len(found) > 1:
            names = ", ".join(path.name for path in islice(found, NAMED))
            raise DataError(f"dataset_path {folder} holds {len(found)} data sets; name one of its folders: {names}.")
        folder, layout = next(iter(found.items()), (folder, None))
    if layout is None:
        raise DataError(_nothing_found(folder, family))
    built = layout(folder, options)
    if options.variant is not None and len(built.classes) != options.variant:
        raise DataError(
            f"dataset.variant asks for {options.variant} classes, but {folder} has {len(built.classes)} "
            f"({', '.join(built.classes[:3])}, …); name the folder of {family.name}{options.variant}, "
            f"or set variant=auto."
        )
    return built


def _is_visible(path: Path) -> bool:
    return path.is_dir() and path.name[0] not in "._"


def _nothing_found(folder: Path, family: Family[L]) -> str:
    names = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir())
    there = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED:,} more" if len(names) > NAMED else "")
    looked_for = "; ".join(layout.expects for layout in family.layouts)
    above = next((path for path in islice(folder.resolve().parents, 2) if family.match(path) is not None), None)
    remedy = family.remedy.format(folder=folder, fetch="to a new folder ")
    if above is not None:
        remedy = f"It lies inside of {above}: name that."
    return (
        f"dataset_path {folder} holds no {family.name}. Looked for: {looked_for}. Found: {there or 'nothing'}. {remedy}"
    )
