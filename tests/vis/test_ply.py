"""Coloured PLY files, read by the test's own parser and by Open3D."""

from pathlib import Path

import numpy as np
import pytest
from helpers import raises

from conclu_pyg.errors import DataError
from conclu_pyg.io import ply_writer
from conclu_pyg.vis.colors import color_of
from conclu_pyg.vis.ply import write_ply

POS = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
LABELS = np.arange(50) * 7


@pytest.mark.parametrize("block", [1, 7, 50, 1 << 20])
def test_every_point_has_its_color_and_label(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(ply_writer, "BLOCK", block)
    write_ply(tmp_path / "a.ply", POS, LABELS)
    header, _, body = (tmp_path / "a.ply").read_bytes().partition(b"end_header\n")
    assert header.startswith(b"ply\nformat binary_little_endian 1.0\n") and b"element vertex 50\n" in header
    rows = np.frombuffer(body, np.uint8).reshape(50, 19)  # three floats, three bytes, one int
    assert np.array_equal(rows[:, :12].copy().view("<f4"), POS)
    assert np.array_equal(rows[:, 12:15], color_of(LABELS))
    assert np.array_equal(rows[:, 15:].copy().view("<i4").ravel(), LABELS)


def test_a_cloud_that_was_moved_is_written_where_it_came_from(tmp_path: Path) -> None:
    offset = np.array([4e6, -5e5, 0.125])
    write_ply(tmp_path / "a.ply", POS, LABELS, offset)
    header, _, body = (tmp_path / "a.ply").read_bytes().partition(b"end_header\n")
    assert header.count(b"property double") == 3 and b"property float" not in header
    rows = np.frombuffer(body, np.uint8).reshape(50, 31)  # three doubles, three bytes, one int
    assert np.array_equal(rows[:, :24].copy().view("<f8"), POS.astype(np.float64) + offset)
    assert np.array_equal(rows[:, 27:].copy().view("<i4").ravel(), LABELS)


def test_open3d_reads_it(tmp_path: Path) -> None:
    open3d = pytest.importorskip("open3d", reason="needs Open3D")
    write_ply(tmp_path / "a.ply", POS, LABELS)
    cloud = open3d.t.io.read_point_cloud(str(tmp_path / "a.ply"))
    assert np.array_equal(cloud.point.positions.numpy(), POS)
    assert np.array_equal(cloud.point.colors.numpy(), color_of(LABELS))
    assert np.array_equal(cloud.point.label.numpy().ravel(), LABELS)


def test_a_failed_write_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.ply"
    path.write_text("old")
    with raises(DataError, argument="labels"):
        write_ply(path, POS, LABELS[:-1])
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
