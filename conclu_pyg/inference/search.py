"""Search of an index for the clouds of files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from conclu_pyg.inference.embed import embed_inputs
from conclu_pyg.inference.index import Hit, Index
from conclu_pyg.inference.inputs import Inputs
from conclu_pyg.runs.frozen_encoder import Axis, FrozenEncoder


@dataclass(frozen=True)
class SearchResult:
    """The hits for one cloud.

    Attributes:
        name: the cloud that was searched for.
        path: its file.
        cloud: its name within the file; empty for the only one.
        hits: the most similar clouds of the index, the most similar first.
    """

    name: str
    path: Path
    cloud: str
    hits: Sequence[Hit]


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
