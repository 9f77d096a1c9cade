"""Search of an index for the clouds of files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from conclu_pyg.errors import DataError
from conclu_pyg.inference.embed import embed_inputs
from conclu_pyg.inference.index import Hit, Index
from conclu_pyg.inference.inputs import Inputs
from conclu_pyg.runs.frozen_encoder import Axis, FrozenEncoder
from conclu_pyg.suggestions import suggest

SUGGESTED_AMONG = 10_000  # names, which takes a second


@dataclass(frozen=True)
class SearchResult:
    """The hits for one cloud.

    Attributes:
        name: the cloud that was searched for.
        path: its file.
        cloud: its name within the file; empty for the only one.
        hits: the most similar clouds of the index, the most similar first.
        is_indexed: whether the cloud is one of the index.
    """

    name: str
    path: Path
    cloud: str
    hits: Sequence[Hit]
    is_indexed: bool = False


def search_files(
    index: Index,
    encoder: FrozenEncoder,
    inputs: Inputs,
    *,
    k: int = 10,
    up_axis: Axis | None = None,
    workers: int | None = None,
) -> tuple[list[SearchResult], list[str]]:
    """Returns the most similar clouds of an index for each cloud of files, and a sentence for each that cannot be used.

    Args:
        index: the index.
        encoder: the encoder that made it.
        inputs: the files to search for.
        k: the number of hits (default: 10).
        up_axis: the coordinate that points up in the files (default: as in the index).
        workers: processes that read files (default: one for each core).

    Raises:
        ConfigError: the index was made by another encoder.
        DataError: the index is empty.
    """
    up_axis = up_axis or index.about["up_axis"]
    index.check_encoder(encoder)
    embeddings, errors = embed_inputs(encoder, inputs, up_axis=up_axis, workers=workers)
    found = index.search(embeddings.x, k)
    queries = zip(embeddings.names, embeddings.sources, found, strict=True)
    return [SearchResult(name, path, cloud, hits) for name, (path, cloud), hits in queries], errors


def search_indexed(index: Index, names: Sequence[str], *, k: int = 10) -> list[SearchResult]:
    """Returns the clouds of an index that are most similar to clouds of the index, which need no encoder.

    Args:
        index: the index.
        names: the names of clouds in it.
        k: the number of hits, without the cloud itself (default: 10).

    Raises:
        DataError: the index has no cloud of this name.
    """
    rows = {name: row for row, name in enumerate(index.names)}
    results = []
    for name in names:
        if name not in rows:
            hint = suggest(name, rows if len(rows) <= SUGGESTED_AMONG else ())
            raise DataError(f"{name} is neither a file nor a cloud of {index.folder}{hint}", file=name, got=name)
        row = rows[name]
        file, cloud = index.sources[row]
        (hits,) = index.search(index.x[row : row + 1], k + 1)
        others = [hit for hit in hits if hit.row != row][:k]
        results.append(SearchResult(name, file.path, cloud, others, is_indexed=True))
    return results
