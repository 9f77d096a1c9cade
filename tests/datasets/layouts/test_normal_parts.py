"""The layout of the release v0_normal."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conclu_pyg.datasets.layouts import SHAPENET_PART, LayoutOptions, find_layout
from conclu_pyg.datasets.layouts.normal_parts import NormalParts


def open_normal(folder: Path, allow_missing: bool = False) -> NormalParts:
    layout = find_layout(folder, LayoutOptions(allow_missing=allow_missing), SHAPENET_PART)
    assert isinstance(layout, NormalParts)
    return layout


def test_reads_points_and_parts_but_no_normals(tmp_path: Path, part_release: Any) -> None:
    layout = open_normal(part_release.write_normal(tmp_path / "normal"))
    assert not layout.within_classes and layout.listed_parts() is None and layout.up_axis == 1
    for cloud, shape in zip(layout.read("val", 1, 0), part_release.shapes["val"], strict=True):
        assert np.array_equal(cloud.points.astype("f4"), shape.points) and np.array_equal(cloud.part, shape.part)


@pytest.mark.parametrize("content", ["1 2 3 0 0 1\n", "1,2,3,0,0,1,4\n", "1 2 3 0 0 1 leg\n"])
def test_malformed_files(tmp_path: Path, part_release: Any, refusal: Callable[..., str], content: str) -> None:
    folder = part_release.write_normal(tmp_path / "normal")
    (folder / "04379243" / "test0.txt").write_text(content)
    message = refusal(lambda: list(open_normal(folder).read("test", 1, 0)))
    assert "test0.txt must hold a point, its normal and its part, seven numbers, on each line" in message


def test_real_files(conclu_data: Path) -> None:
    layout = open_normal(conclu_data / "raw" / "shapenetcore_partanno_segmentation_benchmark_v0_normal", True)
    clouds = {cloud.name: cloud for cloud in layout.read("train", 1, 0)}
    assert list(clouds) == ["Skateboard/1c8d5e05c3faa05861be5ced44bc18ac", "Table/1a2abbc9712e2fffc3bd24f986301745"]
    table = clouds["Table/1a2abbc9712e2fffc3bd24f986301745"]
    assert table.points.shape == (2794, 3) and table.points[0].tolist() == [0.24005, 0.11112, -0.16716]
    assert table.part is not None and table.part[:2].tolist() == [47, 48]
