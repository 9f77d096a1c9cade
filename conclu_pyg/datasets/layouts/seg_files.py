"""The layout of ``shapenetcore_partanno_segmentation_benchmark_v0``: points and their labels in two files a shape."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from conclu_pyg.datasets.layouts.base import RawCloud
from conclu_pyg.datasets.layouts.synset_tree import SynsetTree
from conclu_pyg.io.text import read_columns


class SegFiles(SynsetTree):
    """A :class:`SynsetTree` with ``<synset>/points/*.pts`` and ``<synset>/points_label/*.seg``.

    Each line of a ``.pts`` file has the coordinates of a point, the same line of the ``.seg`` file its part, which
    counts from 1 within the category.
    """

    title = "pts and seg files"
    expects = "the release v0 (synsetoffset2category.txt, <synset>/points/*.pts and <synset>/points_label/*.seg)"
    within_classes = True

    @classmethod
    def matches(cls, folder: Path) -> bool:
        return (folder / cls.names_file).is_file() and any(
            (path / name).is_dir() for path in folder.iterdir() for name in ("points", "points_label")
        )

    def paths_of(self, synset: str, name: str) -> tuple[Path, ...]:
        folder = self.folder / synset
        return folder / "points" / f"{name}.pts", folder / "points_label" / f"{name}.seg"

    def read(self, split: str, num_points: int, seed: int) -> Iterator[RawCloud]:
        for label, name, (pts, seg) in self.shapes(split):
            points = read_columns(pts, (0, 1, 2), "three coordinates first on each line")
            part = read_columns(seg, (0,), "a part label on each line")[:, 0]
            yield RawCloud(points, label, name, f"{pts} (parts in {seg.parent.name}/{seg.name})", part=part)
