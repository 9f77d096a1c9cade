"""The official release of ModelNet: meshes in ``class/{train,test}/class_NNNN.off``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

from conclu_pyg.data.clean import RawCloud
from conclu_pyg.data.sampled_mesh import NamedMesh, sample_off
from conclu_pyg.datasets.formats.base import SPLITS, Format, FormatOptions
from conclu_pyg.errors import ConcluError, DataError
from conclu_pyg.io.parallel import map_files


class OffTree(Format):
    """A folder for each class, with meshes in its subfolders ``train`` and ``test``, **z up**.

    Points are sampled uniformly from the surface, in several processes. Names that begin with a dot are skipped: the
    archives contain such files of the system they were packed on.
    """

    title = "OFF meshes"
    expects = "the official meshes (<class>/train/<class>_0001.off)"
    up_axis = 2

    def __init__(self, folder: Path, options: FormatOptions) -> None:
        super().__init__(folder, options)
        self.classes = sorted(path.name for path in _folders(folder) if any(_meshes(path, split) for split in SPLITS))
        self._list = cache(self._list_shapes)

    @classmethod
    def matches(cls, folder: Path) -> bool:
        return any(_meshes(path, split) for path in _folders(folder) for split in SPLITS)

    def files(self, split: str) -> list[Path]:
        return [path for _, path in self._list(split)]

    def count(self, split: str) -> int:
        return len(self._list(split))

    def read(self, split: str, num_points: int, seed: int) -> Iterator[RawCloud]:
        labels = [label for label, _ in self._list(split)]
        meshes = [NamedMesh(path, f"{self.classes[label]}/{path.stem}") for label, path in self._list(split)]
        sampled = map_files(partial(sample_off, num_points=num_points, seed=seed), meshes)
        for label, (mesh, found) in zip(labels, sampled, strict=True):
            if isinstance(found, ConcluError):
                raise found
            points, repairs = found
            yield RawCloud(points, label, mesh.name, str(mesh), repairs)

    def _list_shapes(self, split: str) -> list[tuple[int, Path]]:
        shapes = [
            (label, path) for label, name in enumerate(self.classes) for path in _meshes(self.folder / name, split)
        ]
        if not shapes:
            raise DataError(
                f"{self.folder} has no shapes of the split {split!r}: expected meshes such as "
                f"{self.folder / self.classes[0] / split / self.classes[0]}_0001.off; restore them.",
                file=self.folder,
            )
        return shapes


def _folders(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_dir() and path.name[0] not in "._"]


def _meshes(folder: Path, split: str) -> list[Path]:
    if not (folder / split).is_dir():
        return []
    try:
        return sorted(p for p in (folder / split).iterdir() if p.suffix.lower() == ".off" and p.name[0] != ".")
    except OSError as error:
        raise DataError(
            f"the folder {folder / split} cannot be read ({error.strerror}); check its permissions."
        ) from error
