"""The layout of the release v0."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conclu_pyg.datasets.layouts import SHAPENET_PART, LayoutOptions, find_layout
from conclu_pyg.datasets.layouts.seg_files import SegFiles


def open_v0(folder: Path) -> SegFiles:
    layout = find_layout(folder, LayoutOptions(), SHAPENET_PART)
    assert isinstance(layout, SegFiles)
    return layout


def test_labels_are_those_of_the_files(tmp_path: Path, part_release: Any) -> None:
    layout = open_v0(part_release.write_v0(tmp_path / "v0"))
    assert layout.within_classes and layout.listed_parts() is None and layout.up_axis == 1
    clouds = list(layout.read("train", 1, 0))
    assert [sorted(set(cloud.part)) for cloud in clouds] == [[1, 2, 3]] * 3 + [[1, 2]] * 2
    assert np.array_equal(clouds[4].part, part_release.shapes["train"][4].part - 2)
    assert clouds[4].source.endswith("points/train1.pts (parts in points_label/train1.seg)")


def test_a_shape_without_labels_is_missing(tmp_path: Path, part_release: Any, refusal: Callable[..., str]) -> None:
    folder = part_release.write_v0(tmp_path / "v0")
    (folder / "04379243" / "points_label" / "test1.seg").unlink()
    assert "points_label/test1.seg the first" in refusal(open_v0(folder).count, "test")


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("points/test0.pts", "1 2\n", "test0.pts must hold three coordinates first on each line"),
        ("points/test0.pts", "1,2,3\n", "test0.pts must hold three coordinates first on each line"),
        ("points_label/test0.seg", "leg\n", "test0.seg must hold a part label on each line"),
    ],
)
def test_malformed_files(
    tmp_path: Path, part_release: Any, refusal: Callable[..., str], name: str, content: str, found: str
) -> None:
    folder = part_release.write_v0(tmp_path / "v0")
    (folder / "04379243" / name).write_text(content)
    assert found in refusal(lambda: list(open_v0(folder).read("test", 1, 0)))


def test_real_files(conclu_data: Path) -> None:
    layout = open_v0(conclu_data / "raw" / "shapenetcore_partanno_segmentation_benchmark_v0")
    clouds = list(layout.read("train", 1, 0))
    assert len(clouds) == 16 and [cloud.label for cloud in clouds] == list(range(16))
    for cloud in clouds:
        assert cloud.part is not None and len(cloud.part) == len(cloud.points) > 2000 and cloud.part.min() == 1
