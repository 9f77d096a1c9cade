"""Embeddings of the clouds in files."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from conclu_pyg.errors import ConcluError, ConfigError
from conclu_pyg.inference.embeddings import Embeddings
from conclu_pyg.inference.inputs import Inputs
from conclu_pyg.io.blocks import Blocks
from conclu_pyg.io.parallel import map_files
from conclu_pyg.io.sampling import SampledFile, sample_file
from conclu_pyg.progress import track
from conclu_pyg.runs.frozen_encoder import Axis, FrozenEncoder
from conclu_pyg.text import pluralize

logger = logging.getLogger(__name__)

BATCH_SIZE = 64
REFERENCE_SHAPES = 256
_NONE = np.empty((0, 3), np.float32)


class EmbeddedFile(NamedTuple):
    """The embeddings of the clouds of a file.

    Attributes:
        path: the file.
        clouds: the name of each cloud within the file; empty for the only one.
        x: the pooled features of each cloud.
        errors: a sentence for the file, or for each of its clouds, that cannot be used.
        sha256: of the file's bytes; empty if the file cannot be read.

    Shapes:
        - **x:** float32 ``[clouds, C]``
    """

    path: Path
    clouds: tuple[str, ...]
    x: np.ndarray
    errors: tuple[str, ...]
    sha256: str


def embed_files(
    encoder: FrozenEncoder,
    paths: Sequence[Path],
    *,
    up_axis: Axis | None = None,
    blocks: Blocks | None = None,
    batch_size: int = BATCH_SIZE,
    workers: int | None = None,
) -> Iterator[EmbeddedFile]:
    """Yields the embeddings of files in their order.

    Files are read in other processes while the encoder computes (:mod:`conclu_pyg.io.parallel`), so the memory does not
    depend on their number. From each cloud, ``encoder.num_points`` points are taken, the same in every call. So a cloud
    has the same embedding, up to rounding, whatever the batch size, the order and the number of processes are.

    Args:
        encoder: the encoder, on its device.
        paths: the files.
        up_axis: the coordinate that points up in the files (default: as in the data set of the training).
        blocks: the division of clouds into blocks, each of which is then a cloud (default: none).
        batch_size: clouds at a time (default: 64).
        workers: processes that read files (default: one for each core; 0: this process alone).

    Raises:
        ConcluError: a feature is not finite.
    """
    read = map_files(partial(sample_file, num_points=encoder.num_points, blocks=blocks), paths, workers)
    waiting: deque[tuple[Path, SampledFile]] = deque()
    points: list[np.ndarray] = []  # of the waiting files, one after another
    rows = np.empty((0, encoder.out_channels), np.float32)  # embeddings of the first of them
    small_blocks = 0

    def encode(count: int) -> None:
        nonlocal rows, points
        if count:
            new = encoder.embed(points[:count], up_axis=up_axis, batch_size=batch_size).numpy()
            rows, points = np.concatenate([rows, new]), points[count:]

    def finished() -> Iterator[EmbeddedFile]:
        nonlocal rows
        while waiting and len(waiting[0][1].clouds) <= len(rows):
            path, file = waiting.popleft()
            size = len(file.clouds)
            names = tuple(cloud.name for cloud in file.clouds)
            yield EmbeddedFile(path, names, rows[:size].copy(), file.errors, file.sha256)
            rows = rows[size:]

    for path, outcome in track(read, "embedding files", len(paths), delay=1.0):
        if isinstance(outcome, ConcluError):
            outcome = SampledFile((), (str(outcome),), "")
        small_blocks += outcome.small_blocks
        waiting.append((path, outcome._replace(clouds=tuple(each._replace(points=_NONE) for each in outcome.clouds))))
        points += [cloud.points for cloud in outcome.clouds]
        encode(len(points) // batch_size * batch_size)
        yield from finished()
    encode(len(points))
    yield from finished()
    if blocks is not None and small_blocks:
        logger.info(
            f"{pluralize(small_blocks, 'block')} with fewer than {blocks.min_points} points, or with points that "
            f"coincide, {'was' if small_blocks == 1 else 'were'} left out."
        )


def embed_inputs(
    encoder: FrozenEncoder,
    inputs: Inputs,
    *,
    up_axis: Axis | None = None,
    blocks: Blocks | None = None,
    workers: int | None = None,
) -> tuple[Embeddings, list[str]]:
    """Returns the embeddings of the files that were found, and a sentence for each file or cloud that cannot be used.

    Args:
        encoder: the encoder, on its device.
        inputs: the files (:func:`~conclu_pyg.inference.inputs.find_inputs`).
        up_axis: the coordinate that points up in the files (default: as in the data set of the training).
        blocks: the division of clouds into blocks (default: none).
        workers: processes that read files (default: one for each core).

    Raises:
        ConcluError: a feature is not finite.
    """
    names, sources, x, errors = [], [], [np.empty((0, encoder.out_channels), np.float32)], list[str]()
    for file in embed_files(encoder, inputs.files, up_axis=up_axis, blocks=blocks, workers=workers):
        name = inputs.name_of(file.path)
        names += [cloud_name(name, cloud) for cloud in file.clouds]
        sources += [(file.path, cloud) for cloud in file.clouds]
        x.append(file.x)
        errors += file.errors
    return Embeddings(names, np.concatenate(x), describe(encoder, up_axis, blocks), sources), errors


def cloud_name(file: str, cloud: str) -> str:
    """Returns the name of a cloud: that of its file, and behind ``:`` its name within a file that holds several."""
    return f"{file}:{cloud}" if cloud else file


def make_blocks(
    encoder: FrozenEncoder, up_axis: Axis | None, size: float | None, overlap: float | None
) -> Blocks | None:
    """Returns the division of the clouds of files into blocks.

    Args:
        encoder: the encoder.
        up_axis: the coordinate that points up in the files (default: as in the data set of the training).
        size: the length of a side, in the units of the files; ``None``: clouds are not cut.
        overlap: the share of a side that neighbouring blocks have in common (default: 0.5).

    Raises:
        ConfigError: the size or the overlap is out of range, or there is an overlap without a size.
    """
    if size is None and overlap is not None:
        raise ConfigError("block_overlap needs block_size; give the side of a block.", argument="block_overlap")
    axis = encoder.data_axis if up_axis is None else "xyz".index(up_axis)
    return None if size is None else Blocks(size, 0.5 if overlap is None else overlap, axis)


def describe(encoder: FrozenEncoder, up_axis: Axis | None, blocks: Blocks | None = None) -> dict[str, Any]:
    """Returns what embeddings depend on besides the files: the encoder and the preparation of clouds."""
    return {
        "encoder": encoder.source,
        "fingerprint": encoder.fingerprint,
        "channels": encoder.out_channels,
        "num_points": encoder.num_points,
        "up_axis": "xyz"[encoder.data_axis] if up_axis is None else up_axis,
        "block_size": None if blocks is None else blocks.size,
        "block_overlap": None if blocks is None else blocks.overlap,
    }


def reference_statistics(encoder: FrozenEncoder, count: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Returns the mean and the standard deviation of each feature over built-in shapes.

    Args:
        encoder: the encoder.
        count: the number of shapes (default: 256).

    Shapes:
        - **output:** float64 ``[C]`` each
    """
    from conclu_pyg.datasets.parametric_shapes import ParametricShapes

    shapes = ParametricShapes(num_points=encoder.num_points, one_sided=0.0)
    clouds = (shapes.make("train", index)[0] for index in range(count or REFERENCE_SHAPES))
    x = encoder.embed(list(clouds), up_axis="z").double()  # shapes stand on z
    return x.mean(dim=0).numpy(), x.std(dim=0, correction=0).numpy()
