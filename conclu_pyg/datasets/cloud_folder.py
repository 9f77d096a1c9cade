"""A user's own clouds: folders, lists and patterns of files in any format that is read."""

from __future__ import annotations

import hashlib
import logging
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import astuple
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import DropFraction, NonNegativeInt, PositiveFloat, PositiveInt, Probability
from conclu_pyg.data.base import PointCloudDataset, PointCloudSplit
from conclu_pyg.data.cache import UNFINISHED, CacheKey, cache_folder, cached_json
from conclu_pyg.data.cached_split import cached
from conclu_pyg.data.clean import RawCloud
from conclu_pyg.data.labels import UNLABELLED
from conclu_pyg.data.read_report import ReadReport
from conclu_pyg.datasets.file_dataset import NumPoints
from conclu_pyg.datasets.folders.assignment import Classes, SplitBy, assign_files
from conclu_pyg.datasets.folders.file_index import index_files
from conclu_pyg.datasets.folders.measured_axis import can_measure, measure_files, sample_rows
from conclu_pyg.datasets.folders.read_file import ReadOptions, read_file
from conclu_pyg.datasets.folders.skip_policy import SkipPolicy
from conclu_pyg.errors import ConcluError, ConcluWarning, DataError
from conclu_pyg.io.blocks import Blocks
from conclu_pyg.io.find_files import LABELS
from conclu_pyg.io.own_tables import is_class_table
from conclu_pyg.io.parallel import map_files
from conclu_pyg.progress import track
from conclu_pyg.registry import DATASETS
from conclu_pyg.text import pluralize

logger = logging.getLogger(__name__)


@DATASETS.register_module()
class CloudFolder(PointCloudDataset):
    """The clouds of a user's own files, in all formats of :mod:`conclu_pyg.io`, with classes or without.

    .. code-block:: python

        CloudFolder("data/scans")
        CloudFolder("data/parts", labels="data/parts/labels.csv")
        CloudFolder("data/tiles/*.laz", block_size=30.0)

    Files are listed by name; none is opened before its split is needed. A split is then read once, by worker processes,
    cleaned (:mod:`conclu_pyg.data.clean`), brought to one size and kept in the cache. A file with several clouds gives
    several clouds, of the same class and in the same split. The name of a cloud is its file, relative to the folder,
    followed by its name or number in a file of several and by its block: ``a/b.h5/0003``, ``tile.laz/block_0_2``.

    There is no option for units: clouds are scaled to the unit sphere when they are read, so units have no effect.

    Args:
        paths: a folder, which is searched at any depth; a list, a ``.txt`` file with a path in each line, relative to
            the folder of the list; a pattern, such as ``scans/**/*.ply``; or a list of these.
        classes: ``folders``: the first folder below the given one is the class. ``none``: all clouds have the class
            ``unlabelled``. ``auto``: ``folders`` if there are several such folders and they hold all clouds, otherwise
            ``none``.
        labels: a CSV file with the columns ``file`` (relative to the folder of clouds or of the table), ``class`` and,
            optionally, ``split``. Files that it does not list are left out, with a warning. A relative path is that
            from the working directory or, if there is no such file, from the folder of clouds (default: no table).
        split_by: ``folders``: by folders called train, val and test above those of the classes
            (``train/chair/1.ply``) or right below them (``chair/train/1.ply``). ``csv``: by the column ``split`` of
            ``labels``. ``draw``: ``test`` is drawn. ``auto``: by the table or the folders if they state it, otherwise
            drawn.
        test_fraction: the share of the files of each class that is drawn for ``test``, by their names and ``seed``; of
            a class with several files one at least; 0: there is no such split.
        num_points: points in each cloud: a random choice of more, by the name of the cloud; or all of fewer, with some
            of them repeated if other clouds have more. From meshes, so many points are sampled by area.
        min_points: a cloud with fewer points is an error, and a block with fewer is left out.
        block_size: cuts each cloud into square blocks of the horizontal plane with sides of this length, in the units
            of the files (default: clouds are not cut).
        block_overlap: the share of a side that neighbouring blocks have in common.
        up_axis: the coordinate that points up. ``auto``: measured on up to 256 files if there are 32 files and five
            classes; if not, or if no axis stands out, z, with a warning.
        on_error: ``raise``: the first file that cannot be used stops the reading. ``skip``: it is left out, and listed.
        max_skipped: the largest share of the files of a split that ``skip`` leaves out.
        seed: the seed of all draws.
        title: the name in records and tables (default: the name of the folder).
        cache_dir: the folder of the cache (default: the user's cache folder, ``~/.cache/conclu_pyg`` on Linux).
        transform: transforms of every cloud that is read (default: unit-sphere normalisation).

    Attributes:
        files: the files, see :class:`~conclu_pyg.datasets.folders.file_index.FileIndex`.

    Raises:
        ArgumentError: an argument has a wrong type or is out of range.
        ConfigError: options that exclude each other, or splits that the files do not state.
        DataError: a path does not exist or has no clouds; the classes or splits are ambiguous; later, a file cannot be
            used, or too many cannot.
    """

    @validated
    def __init__(
        self,
        paths: str | list[str],
        classes: Classes = "auto",
        labels: str | None = None,
        split_by: SplitBy = "auto",
        test_fraction: DropFraction = 0.2,
        num_points: NumPoints = 1024,
        min_points: PositiveInt = 16,
        block_size: PositiveFloat | None = None,
        block_overlap: DropFraction = 0.5,
        up_axis: Literal["auto", "x", "y", "z"] = "auto",
        on_error: Literal["raise", "skip"] = "raise",
        max_skipped: Probability = 0.1,
        seed: NonNegativeInt = 0,
        title: str | None = None,
        cache_dir: str | None = None,
        transform: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(transform)
        self.num_points, self.min_points, self.seed, self.cache_dir = num_points, min_points, seed, cache_dir
        self.block_size, self.block_overlap = block_size, block_overlap
        self.on_error, self.max_skipped = on_error, max_skipped
        self._axis, self._title = up_axis, title
        self.files = index_files(paths, exclude=labels)
        table = None if labels is None else self._table(labels)
        self._assigned = assign_files(self.files, classes, table, split_by, test_fraction, seed)
        self.splits = self._assigned.split_names
        self.label_to_names = dict(enumerate(self._assigned.classes))
        self._log(table)

    @property
    def name(self) -> str:
        """The title, or the name of the folder."""
        return self._title or self.files.base.resolve().name or type(self).__name__

    # A cached property can be set, as the attribute of the base class can; mypy takes it for a read-only one.
    @cached_property
    def up_axis(self) -> int:  # type: ignore[override]
        """The coordinate that points up: 0, 1 or 2. It is measured on first use if it was not given."""
        if self._axis != "auto":
            return "xyz".index(self._axis)
        measured = self._measured_axis()
        if measured is not None:
            return measured
        warnings.warn(
            f"{self.name}: the up axis of the clouds is not known; assuming z. Set dataset.up_axis=x, y or z if this "
            "is wrong.",
            ConcluWarning,
            stacklevel=2,
        )
        return 2

    def get_split(self, split: str, up_axis: int | None = None) -> PointCloudSplit:
        """Returns the clouds of ``split``; see :meth:`~conclu_pyg.data.base.PointCloudDataset.get_split`.

        Raises:
            DataError: there is no such split, or files cannot be used.
        """
        if split == "test" and split not in self.splits:
            raise DataError(
                f"{self.name} has no split 'test': no file is named for it, and of its {len(self.files):,} files "
                "none was drawn, which takes two files of a class. Give more files, dataset.test_fraction above 0, or "
                "a folder test.",
                argument="split",
                got=split,
            )
        return super().get_split(split, up_axis)

    @property
    def _blocks(self) -> Blocks | None:
        if self.block_size is None:
            return None
        return Blocks(self.block_size, self.block_overlap, self.up_axis, self.min_points)

    def _measured_axis(self) -> int | None:
        rows = np.flatnonzero(self._assigned.splits >= 0)
        if not can_measure(self._assigned.labels[rows]):
            return None
        rows = rows[sample_rows(len(rows))]
        paths, labels = [self.files.path(row) for row in rows.tolist()], self._assigned.labels[rows]
        values = ("up axis", self._digest(rows))

        def measure() -> int | None:
            with self._spool() as spool:
                options = ReadOptions(self.files.base, Path(spool), 1024, 1, self.seed)
                return measure_files(paths, labels, partial(read_file, options=options), self.name)

        return cached_json(CacheKey(f"{self.name} up axis", values, self.files.base, paths), measure, self.cache_dir)

    def _load_split(self, split: str) -> PointCloudSplit:
        rows = self._assigned.rows(split)
        paths = [self.files.path(row) for row in rows.tolist()]
        report = ReadReport(len(paths))
        skips = self.max_skipped if self.on_error == "skip" else None
        return cached(
            self,
            split,
            self._read_files(f"{self.name} {split}", paths, self._assigned.labels[rows], report),
            paths,
            folder=self.files.base,
            num_points=self.num_points,
            seed=self.seed,
            values=(self._digest(rows), self.min_points, self._blocks and astuple(self._blocks), skips),
            cache_dir=self.cache_dir,
            report=report,
        )

    def _read_files(self, title: str, paths: list[Path], labels: np.ndarray, report: ReadReport) -> Iterator[RawCloud]:
        """Yields the clouds of files, which worker processes read."""
        policy = SkipPolicy(self.on_error, self.max_skipped, report, title)
        blocks = small = coinciding = 0
        with self._spool() as spool:
            options = ReadOptions(
                self.files.base,
                Path(spool),
                self.num_points,
                self.min_points,
                self.seed,
                self._blocks,
            )
            found = map_files(partial(read_file, options=options), paths)
            for label, (path, content) in zip(
                labels.tolist(), track(found, f"Preparing {title}", len(paths)), strict=True
            ):
                if isinstance(content, DataError):
                    policy.add(path, [str(content)])
                    continue
                if isinstance(content, ConcluError):  # a library is not installed
                    raise content
                policy.add(path, content.problems)
                for part in content.parts():
                    source = str(self.files.base / part.name)
                    yield RawCloud(part.points, label, part.name, source, part.repairs, cleaned=True)
                blocks, small = blocks + content.blocks, small + content.small_blocks
                coinciding += content.coinciding_blocks
        every = pluralize(blocks + small + coinciding, "block")
        if small:
            report.notices.append(
                f"{title}: {small:,} of {every} have fewer than dataset.min_points={self.min_points} points and were "
                "left out."
            )
        if coinciding:
            report.notices.append(
                f"{title}: the points of {coinciding:,} of {every} coincide, and these were left out."
            )

    def _spool(self) -> tempfile.TemporaryDirectory[str]:
        """Makes a folder for temporary files, which a later call removes if this process is killed."""
        folder = cache_folder(self.cache_dir)
        folder.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=folder)

    def _digest(self, rows: np.ndarray) -> str:
        """Returns a hash of the names and classes of files."""
        digest = hashlib.sha256(self._assigned.labels[rows].tobytes())
        for name in self.files.names[rows]:
            digest.update(f"{name}\0".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()

    def _table(self, labels: str) -> Path:
        path = Path(labels).expanduser()
        inside = self.files.base / path
        return inside if not path.is_file() and inside.is_file() else path

    def _log(self, table: Path | None) -> None:
        names = [name for name in self._assigned.classes if name != UNLABELLED]
        classes = pluralize(len(names), "class", "classes") if names else "no labels"
        sizes = ", ".join(f"{len(self._assigned.rows(split)):,} {split}" for split in self.splits)
        logger.info(f"{self.name}: {pluralize(len(self.files), 'file')} ({sizes}), {classes}")
        for sentence in self.files.skipped:
            logger.info(sentence)
        if table is None and is_class_table(self.files.base / LABELS):
            warnings.warn(
                f"{self.files.base / LABELS} is not used; give dataset.labels={LABELS} to take the classes from it.",
                ConcluWarning,
                stacklevel=2,
            )
