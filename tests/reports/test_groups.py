"""Groups of clouds."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from conclu_pyg.reports.clouds import ReportClouds
from conclu_pyg.reports.embeddings import EmbeddingSections
from conclu_pyg.reports.groups import Groups, clusters_of_clouds
from conclu_pyg.reports.outline import Outline
from conclu_pyg.vis.report.page import Section


def clouds_of(count: int, labels: Sequence[str] | None = None) -> ReportClouds:
    x = np.random.default_rng(0).normal(size=(count, 4)).astype(np.float32)
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    names, rows = [f"cloud {row}" for row in range(count)], np.arange(count)
    return ReportClouds(names, x, unit, labels, "class", 2, lambda points: [], rows, count)


def prototypes(group: Sequence[int], count: int, labels: Sequence[str] | None = None) -> Section:
    outline = Outline()
    groups = Groups("prototype", np.array(group), np.linspace(1, 0, len(group)), count, ["A sentence."])
    EmbeddingSections(outline, clouds_of(len(group), labels), "of a test").add([groups])
    (section,) = [each for each in outline.sections if each.title == "Prototypes"]
    return section


def test_every_prototype_is_shown_the_largest_first() -> None:
    section = prototypes([*range(130), 7], 130)
    titles = [block.title for block in section.blocks]
    assert titles[0] == "prototype 7: 2 clouds" and len(titles) == 130
    assert sorted(int(re.findall(r"\d+", title)[0]) for title in titles) == list(range(130))
    assert list(section.lines) == ["A sentence."]


def test_prototypes_without_clouds_are_named() -> None:
    section = prototypes([1, 1, 4], 6)
    assert [block.title for block in section.blocks] == ["prototype 1: 2 clouds", "prototype 4: 1 cloud"]
    assert section.lines[-1] == "4 prototypes without clouds here: 0, 2, 3, 5."
    assert prototypes([0, 2], 3).lines[-1] == "1 prototype without clouds here: 1."


def test_purity_is_the_share_of_the_most_frequent_label() -> None:
    section = prototypes([0, 0, 0, 0, 1], 2, ["a", "b", "b", "", ""])
    assert [list(block.lines) for block in section.blocks] == [["67% b"], []]


def test_the_stability_of_clusters_is_stated_once() -> None:
    pytest.importorskip("sklearn", reason="needs scikit-learn")
    clouds = clouds_of(40)
    noise = replace(clouds, unit=np.random.default_rng(0).normal(size=(40, 30)).astype(np.float32))
    (line,) = clusters_of_clouds(noise, 3).lines
    assert re.match(r"3 clusters by k-means; other seeds of k-means give other clusters \(adjusted Rand", line)
    parts = replace(clouds, unit=np.repeat(np.eye(4, dtype=np.float32), 10, axis=0))
    assert list(clusters_of_clouds(parts, 4).lines) == [
        "4 clusters by k-means; other seeds agree with them by 1.00 (adjusted Rand index, 1 is the same and 0 is "
        "chance)."
    ]
