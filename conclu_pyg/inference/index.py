"""The clouds of folders with their embeddings, and the search among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.inference.embed import cloud_name
from conclu_pyg.inference.embeddings import Embeddings
from conclu_pyg.inference.feature_scale import standardise
from conclu_pyg.io.blocks import Blocks
from conclu_pyg.runs.frozen_encoder import FrozenEncoder
from conclu_pyg.text import printable


@dataclass(frozen=True)
class IndexedFile:
    """A file of an index.

    Attributes:
        root: the folder that was given, absolute.
        name: the file relative to it, with ``/``.
        size: bytes.
        mtime_ns: the time of its last change.
        sha256: of its bytes; empty if it cannot be read.
        clouds: the name of each of its clouds; empty for the only one.
        errors: a sentence for the file or for each of its clouds that cannot be used.
    """

    root: str
    name: str
    size: int
    mtime_ns: int
    sha256: str = ""
    clouds: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        return Path(self.root, self.name)

    def is_same(self, other: IndexedFile) -> bool:
        """Returns whether the file is unchanged, by its size and the time of its last change."""
        return (self.name, self.size, self.mtime_ns) == (other.name, other.size, other.mtime_ns)


class FileRows(NamedTuple):
    """A file of an index with the embeddings of its clouds, float32 ``[clouds, C]``."""

    file: IndexedFile
    x: np.ndarray


@dataclass(frozen=True)
class Hit:
    """A cloud that was found.

    Attributes:
        name: the cloud.
        path: its file.
        cloud: its name within the file; empty for the only one.
        similarity: the calibrated cosine similarity, from -1 to 1; about 0 for clouds that have nothing in common.
        row: the row of the cloud in the index.
    """

    name: str
    path: Path
    cloud: str
    similarity: float
    row: int

    def as_dict(self) -> dict[str, Any]:
        """Returns plain values for JSON."""
        return {"name": printable(self.name), "file": printable(self.path), "similarity": round(self.similarity, 6)}


@dataclass(frozen=True)
class Index:
    """A state of an index; :func:`~conclu_pyg.inference.index_storage.open_index` reads it, and
    :func:`~conclu_pyg.inference.index_update.update_index` makes the next one.

    Attributes:
        folder: the folder of the index.
        about: the encoder (``encoder``, its source, and ``fingerprint``) and the preparation of the clouds.
        files: the files, with and without clouds.
        x: the embedding of each cloud.
        mean, scale: statistics of each feature: similarities are cosines of standardised features. All features of an
            encoder have positive means, so cosines of raw features are close to 1 for any two clouds.

    Shapes:
        - **x:** float32 ``[n, C]``, **mean, scale:** float64 ``[C]``
    """

    folder: Path
    about: Mapping[str, Any]
    files: Sequence[IndexedFile]
    x: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    generation: int = 0

    @property
    def blocks(self) -> Blocks | None:
        """The division of clouds into blocks; ``None``: none."""
        if self.about["block_size"] is None:
            return None
        return Blocks(self.about["block_size"], self.about["block_overlap"], "xyz".index(self.about["up_axis"]))

    @cached_property
    def sources(self) -> list[tuple[IndexedFile, str]]:
        """The file of each cloud, and the name of the cloud in it."""
        return [(file, cloud) for file in self.files for cloud in file.clouds]

    @cached_property
    def names(self) -> list[str]:
        """The name of each cloud: that of its file, and behind ``:`` its name within a file that holds several."""
        return [cloud_name(self.file_name(file), cloud) for file, cloud in self.sources]

    def file_name(self, file: IndexedFile) -> str:
        """Returns the name of a file: within the folder that was given, or with several folders the whole path."""
        return str(file.path) if self._has_several_roots else file.name

    @cached_property
    def _has_several_roots(self) -> bool:
        return len({file.root for file in self.files}) > 1

    def by_file(self) -> list[FileRows]:
        """Returns each file with its embeddings."""
        ends = np.cumsum([len(file.clouds) for file in self.files], dtype=np.int64)
        parts = [self.x[end - len(file.clouds) : end] for file, end in zip(self.files, ends, strict=True)]
        return [FileRows(file, x) for file, x in zip(self.files, parts, strict=True)]

    @cached_property
    def unit(self) -> np.ndarray:
        """The standardised embeddings, of length 1, float32 ``[n, C]``: their products are similarities."""
        return self.standardise(self.x)

    def standardise(self, x: np.ndarray) -> np.ndarray:
        """Returns embeddings standardised by the statistics of the index, of length 1; those without any difference
        from the mean stay 0.

        Shapes:
            - **x:** ``[m, C]``, **output:** float32 ``[m, C]``
        """
        return standardise(x, self.mean, self.scale)

    def search(self, x: np.ndarray, k: int = 10) -> list[list[Hit]]:
        """Returns the most similar clouds of each embedding, the most similar first; all similarities are computed.

        Args:
            x: embeddings of the same encoder.
            k: the number of hits (default: 10).

        Shapes:
            - **x:** ``[m, C]``

        Raises:
            DataError: the embeddings have another number of features, or the index is empty.
        """
        if x.ndim != 2 or x.shape[1] != self.x.shape[1]:
            raise DataError(f"expected embeddings [m, {self.x.shape[1]}], got {list(x.shape)}.", got=x.shape)
        if not len(self.x):
            raise DataError(f"{self.folder} holds no clouds; add some with `conclu index FOLDER -o {self.folder}`.")
        queries = self.standardise(x)
        return [[self._hit(row, similarity) for row, similarity in self.nearest(query, k)] for query in queries]

    def nearest(self, query: np.ndarray, k: int) -> list[tuple[int, float]]:
        """Returns the rows that are most similar to a standardised embedding, with their similarities, the most similar
        first; of equal ones, the earlier row.

        Shapes:
            - **query:** float32 ``[C]``
        """
        similarity = self.unit @ query
        k = min(k, len(similarity))
        least = np.partition(similarity, len(similarity) - k)[len(similarity) - k]
        best = np.flatnonzero(similarity >= least)
        best = best[np.argsort(-similarity[best], kind="stable")][:k]
        return [(int(row), float(similarity[row])) for row in best]

    def _hit(self, row: int, similarity: float) -> Hit:
        file, cloud = self.sources[row]
        return Hit(self.names[row], file.path, cloud, similarity, row)

    @property
    def embeddings(self) -> Embeddings:
        """The embeddings with the names of the clouds."""
        return Embeddings(self.names, self.x, self.about)

    def check_encoder(self, encoder: FrozenEncoder) -> None:
        """Checks that an encoder gives embeddings as those of the index.

        Raises:
            ConfigError: it has another fingerprint.
        """
        expected, got = self.about.get("fingerprint"), encoder.fingerprint
        if expected != got:
            raise ConfigError(
                f"{self.folder}: expected the encoder {self.about.get('encoder')!r} with the fingerprint {expected}, "
                f"got {encoder.source!r} with {got}; use the same encoder, or make another index.",
                argument="encoder",
                got=encoder.source,
            )
