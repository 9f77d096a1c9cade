"""From a folder to the layout that it holds."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from conclu_pyg.data.layouts.base import Layout, LayoutOptions
from conclu_pyg.data.layouts.h5_release import H5Release
from conclu_pyg.data.layouts.normal_resampled import NormalResampled
from conclu_pyg.data.layouts.off_tree import OffTree
from conclu_pyg.errors import DataError

LAYOUTS: tuple[type[Layout], ...] = (H5Release, NormalResampled, OffTree)
MAX_FOLDERS = 200  # subfolders that are looked into: a data set's parent has few
NAMED = 6


def find_layout(folder: Path, options: LayoutOptions) -> Layout:
    """The layout in ``folder``, or in the only one of its subfolders that holds one.

    Raises:
        DataError: the folder is missing, or holds none or several; says what was looked for and what is there.
    """
    if folder.is_file():
        raise DataError(f"dataset_path {folder} is a file; name a folder, and unpack an archive first.")
    if not folder.is_dir():
        raise DataError(f"dataset_path {folder} does not exist. {_remedy(folder, '')}")
    try:
        return _find(folder, options)
    except OSError as error:
        raise DataError(f"dataset_path {folder} cannot be read: {error}.") from error


def _find(folder: Path, options: LayoutOptions) -> Layout:
    layout = _match(folder)
    if layout is None:
        subfolders = sorted(path for path in islice(folder.iterdir(), MAX_FOLDERS) if _is_visible(path))
        found = {path: match for path in subfolders if (match := _match(path)) is not None}
        if len(found) > 1:
            names = ", ".join(path.name for path in islice(found, NAMED))
            raise DataError(f"dataset_path {folder} holds {len(found)} data sets; name one of its folders: {names}.")
        folder, layout = next(iter(found.items()), (folder, None))
    if layout is None:
        raise DataError(_nothing_found(folder))
    built = layout(folder, options)
    if options.variant is not None and len(built.classes) != options.variant:
        raise DataError(
            f"dataset.variant asks for {options.variant} classes, but {folder} has {len(built.classes)} "
            f"({', '.join(built.classes[:3])}, …); name the folder of ModelNet{options.variant}, or set variant=auto."
        )
    return built


def _match(folder: Path) -> type[Layout] | None:
    return next((layout for layout in LAYOUTS if layout.matches(folder)), None)


def _is_visible(path: Path) -> bool:
    return path.is_dir() and path.name[0] not in "._"


def _nothing_found(folder: Path) -> str:
    names = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir())
    there = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED:,} more" if len(names) > NAMED else "")
    looked_for = "; ".join(layout.expects for layout in LAYOUTS)
    above = next((path for path in islice(folder.resolve().parents, 2) if _match(path) is not None), None)
    remedy = f"It lies inside of {above}: name that." if above is not None else _remedy(folder, "to a new folder ")
    return f"dataset_path {folder} holds no ModelNet. Looked for: {looked_for}. Found: {there or 'nothing'}. {remedy}"


def _remedy(folder: Path, fetch: str) -> str:
    return (
        f"Put one of the releases at {folder} (ModelNet40.zip unpacked, modelnet40_ply_hdf5_2048 or "
        f"modelnet40_normal_resampled), name another folder by dataset.dataset_path=…, or let the meshes be fetched "
        f"{fetch}by dataset.download=true."
    )
