"""The layout of ``shapenetcore_partanno_segmentation_benchmark_v0_normal``: a text file of seven columns a shape."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from conclu_pyg.datasets.layouts.base import RawCloud
from conclu_pyg.datasets.layouts.synset_tree import SynsetTree
from conclu_pyg.io.text import read_columns


class NormalParts(SynsetTree):
    """A :class:`SynsetTree` with ``<synset>/*.txt``.

    Each line has the coordinates of a point, its normal, which is not read, and its part, which counts from 0 over the
    parts of all categories.
    """

    title = "text files with parts"
    expects = "the release v0_normal (synsetoffset2category.txt, train_test_split and <synset>/*.txt)"

    @classmethod
    def matches(cls, folder: Path) -> bool:
        return (folder / cls.names_file).is_file()

    def paths_of(self, synset: str, name: str) -> tuple[Path, ...]:
        return (self.folder / synset / f"{name}.txt",)

    def read(self, split: str, num_points: int, seed: int) -> Iterator[RawCloud]:
        for label, name, (path,) in self.shapes(split):
            numbers = read_columns(path, (0, 1, 2, 6), "a point, its normal and its part, seven numbers, on each line")
            yield RawCloud(numbers[:, :3], label, name, str(path), part=numbers[:, 3])
