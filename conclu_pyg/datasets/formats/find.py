"""Detection of the format of a folder, and the formats of each data set."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Generic, TypeVar

from conclu_pyg.datasets.formats.base import Format, FormatOptions
from conclu_pyg.datasets.formats.h5_parts import H5Parts
from conclu_pyg.datasets.formats.h5_release import H5Release
from conclu_pyg.datasets.formats.normal_resampled import NormalResampled
from conclu_pyg.datasets.formats.off_tree import OffTree
from conclu_pyg.datasets.formats.parts import PartFormat
from conclu_pyg.datasets.formats.synset_tree import NormalParts, SegFiles
from conclu_pyg.errors import DataError
from conclu_pyg.suggestions import closest_match

F = TypeVar("F", bound=Format)

MAX_FOLDERS = 200  # subfolders that are searched
MAX_NAMED = 6


@dataclass(frozen=True)
class DatasetFormats(Generic[F]):
    """The formats of one data set.

    Args:
        name: the data set, for messages.
        formats: the formats to look for, in this order.
        hint: what to do if none is found, a sentence in which ``{folder}`` stands for the folder, and ``{fetch}`` for
            the place of a download.
    """

    name: str
    formats: tuple[type[F], ...]
    hint: str

    def match(self, folder: Path) -> type[F] | None:
        """Returns the first format that ``folder`` looks like."""
        return next((each for each in self.formats if each.matches(folder)), None)


MODELNET: DatasetFormats[Format] = DatasetFormats(
    "ModelNet",
    (H5Release, NormalResampled, OffTree),
    "Put one of the releases at {folder} (ModelNet40.zip unpacked, modelnet40_ply_hdf5_2048 or "
    "modelnet40_normal_resampled), set another folder by dataset.dataset_path=…, or download the meshes "
    "{fetch}by dataset.download=true.",
)
SHAPENET_PART: DatasetFormats[PartFormat] = DatasetFormats(
    "ShapeNetPart",
    (H5Parts, SegFiles, NormalParts),
    "Put one of the releases at {folder} (hdf5_data, shapenetcore_partanno_segmentation_benchmark_v0 or "
    "shapenetcore_partanno_segmentation_benchmark_v0_normal), or set another folder by dataset.dataset_path=….",
)


def find_format(folder: Path, options: FormatOptions, formats: DatasetFormats[F]) -> F:
    """Opens ``folder``, or its only subfolder with one of the formats, in the format that it has.

    Raises:
        DataError: the folder is missing, or has none or several of the formats; the message lists what was expected
            and found.
    """
    if folder.is_file():
        raise DataError(f"dataset_path {folder} is a file; unpack an archive first and set its folder.", file=folder)
    if not folder.is_dir():
        siblings = [path.name for path in islice(folder.parent.glob("*"), MAX_FOLDERS) if path.is_dir()]
        near = closest_match(folder.name, siblings)
        meant = "." if near is None else f"; did you mean {str(folder.parent / near)!r}?"
        raise DataError(
            f"dataset_path {folder} does not exist{meant} {formats.hint.format(folder=folder, fetch='')}", file=folder
        )
    try:
        return _find(folder, options, formats)
    except OSError as error:
        raise DataError(f"dataset_path {folder} cannot be read: {error}.", file=folder) from error


def _find(folder: Path, options: FormatOptions, formats: DatasetFormats[F]) -> F:
    match = formats.match(folder)
    if match is None:
        subfolders = sorted(path for path in islice(folder.iterdir(), MAX_FOLDERS) if _is_visible(path))
        found = {path: each for path in subfolders if (each := formats.match(path)) is not None}
        if len(found) > 1:
            names = ", ".join(path.name for path in islice(found, MAX_NAMED))
            raise DataError(
                f"dataset_path {folder} holds {len(found)} data sets; set one of its folders: {names}.", file=folder
            )
        folder, match = next(iter(found.items()), (folder, None))
    if match is None:
        raise DataError(_nothing_found(folder, formats), file=folder)
    opened = match(folder, options)
    if options.variant is not None and len(opened.classes) != options.variant:
        raise DataError(
            f"dataset.variant is {options.variant} classes, but {folder} has {len(opened.classes)} "
            f"({', '.join(opened.classes[:3])}, …); set the folder of {formats.name}{options.variant}, "
            f"or variant=auto.",
            file=folder,
            argument="variant",
            got=options.variant,
        )
    return opened


def _is_visible(path: Path) -> bool:
    return path.is_dir() and path.name[0] not in "._"


def _nothing_found(folder: Path, formats: DatasetFormats[F]) -> str:
    names = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir())
    more = f" and {len(names) - MAX_NAMED:,} more" if len(names) > MAX_NAMED else ""
    got = ", ".join(names[:MAX_NAMED]) + more or "nothing"
    expected = "; ".join(each.expects for each in formats.formats)
    above = next((path for path in islice(folder.resolve().parents, 2) if formats.match(path) is not None), None)
    hint = formats.hint.format(folder=folder, fetch="to a new folder ")
    if above is not None:
        hint = f"It is inside {above}: set that folder."
    return f"dataset_path {folder} holds no {formats.name}. Expected: {expected}. Got: {got}. {hint}"
