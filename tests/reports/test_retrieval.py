"""Examples of retrieval."""

from collections.abc import Sequence

import numpy as np
import pytest

from conclu_pyg.reports.clouds import ReportClouds
from conclu_pyg.reports.embedding_map import nearest_neighbours
from conclu_pyg.reports.retrieval import retrieval_section
from conclu_pyg.vis.report.blocks import Cards


def queries(labels: Sequence[str]) -> list[int]:
    count = len(labels)
    x = np.random.default_rng(0).normal(size=(count, 4)).astype(np.float32)
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    names, rows = [f"cloud {row}" for row in range(count)], np.arange(count)
    clouds = ReportClouds(names, x, unit, labels, "class", 2, lambda points: [], rows, count)
    blocks = retrieval_section(clouds, nearest_neighbours(unit)).blocks
    return [names.index(block.title) for block in blocks if isinstance(block, Cards)]


@pytest.mark.parametrize("count", [4, 10, 40])
def test_few_labels_have_10_queries_nonetheless(count: int) -> None:
    labels = ["a", "b", *["c"] * (count - 3), ""]
    chosen = queries(labels)
    assert len(chosen) == len(set(chosen)) == min(10, count)
    assert [labels[row] for row in chosen[:3]] == ["a", "b", "c"]


def test_many_labels_have_one_query_each() -> None:
    chosen = queries([str(row % 20) for row in range(60)])
    assert len({row % 20 for row in chosen}) == len(chosen) == 10
