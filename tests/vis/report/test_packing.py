"""Packed numbers and clouds: read back as the page's script does it."""

import base64

import numpy as np
import pytest

from conclu_pyg.vis.report.packing import BYTE, WORD, pack, pack_clouds, quantise, to_cube

RNG = np.random.default_rng(0)


def unpacked(packed: dict, row: int) -> np.ndarray:
    kind = {8: "<u1", 16: "<u2"}[packed["bits"]]
    counts = np.frombuffer(base64.b64decode(packed["counts"]), "<u2")
    values = np.frombuffer(base64.b64decode(packed["points"]), kind).reshape(-1, 3)
    start = counts[:row].sum()
    return values[start : start + counts[row]] / (2 ** (packed["bits"] - 1) - 0.5) - 1


@pytest.mark.parametrize(("kind", "error"), [(BYTE, 1 / 255), (WORD, 1 / 65535)])
def test_points_are_kept_up_to_half_a_step(kind: str, error: float) -> None:
    clouds = [RNG.normal(size=(50, 3)), np.empty((0, 3)), RNG.normal(size=(7, 3)) * 1e6 + 1e9]
    packed = pack_clouds(clouds, 2, kind)
    for row, cloud in enumerate(clouds):
        np.testing.assert_allclose(unpacked(packed, row), to_cube(cloud, 2), atol=error * 1.001)


@pytest.mark.parametrize("up_axis", [0, 1, 2])
def test_the_up_axis_becomes_z_without_a_mirror_image(up_axis: int) -> None:
    cloud = RNG.normal(size=(20, 3))
    cube = to_cube(cloud, up_axis)
    assert np.corrcoef(cube[:, 2], cloud[:, up_axis])[0, 1] == pytest.approx(1)
    a, b = (np.linalg.det(each[1:4] - each[0]) for each in (cube, cloud))
    assert np.sign(a) == np.sign(b)
    assert np.abs(cube).max() == pytest.approx(1)


def test_odd_points() -> None:
    cloud = np.array([[0, 0, 0], [np.nan, 0, 0], [1e308, 0, 0], [0, -np.inf, 0]])
    assert to_cube(cloud, 2).tolist() == [[-1, 0, 0], [1, 0, 0]]
    assert to_cube(np.zeros((3, 3)), 1).tolist() == [[0, 0, 0]] * 3


def test_numbers() -> None:
    assert base64.b64decode(pack(np.array([1, 0xFFFF]))) == b"\x01\x00\xff\xff"
    assert quantise(np.array([-1.0, 0.0, 1.0, 7.0]), -1, 1, BYTE).tolist() == [0, 128, 255, 255]
