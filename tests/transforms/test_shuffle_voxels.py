"""The permutation of voxels, against loops over points."""

import math

import pytest
import torch
from helpers import raises
from torch_geometric.data import Batch, Data

from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.errors import ConfigError
from conclu_pyg.transforms import FixedPoints, ShuffleVoxels


def cells_by_hand(points: list[list[float]], k: int) -> tuple[list[tuple[int, ...]], list[list[float]], float]:
    """The voxel of each point, its place within the voxel, and the voxels' side."""
    low = [min(p[axis] for p in points) for axis in range(3)]
    high = [max(p[axis] for p in points) for axis in range(3)]
    side = max(h - lo for h, lo in zip(high, low, strict=True))
    corner = [(lo + h - side) / 2 for lo, h in zip(low, high, strict=True)]
    cells = [tuple(min(int((p[a] - corner[a]) / side * k), k - 1) for a in range(3)) for p in points]
    places = [[p[a] - corner[a] - cell[a] * side / k for a in range(3)] for p, cell in zip(points, cells, strict=True)]
    return cells, places, side / k


@pytest.mark.parametrize("k", [2, 3, 4])
def test_voxels_are_permuted_and_points_keep_their_place_within(k: int) -> None:
    clouds = [torch.rand(n, 3, dtype=torch.double) * torch.tensor([4.0, 1, 0.5]) + 7 for n in (200, 31, 90)]
    out = ShuffleVoxels(k)(Batch.from_data_list([Data(pos=cloud) for cloud in clouds]))
    for cloud, moved in zip(clouds, out.to_data_list(), strict=True):
        cells, places, size = cells_by_hand(cloud.tolist(), k)
        low = [(float(cloud[:, a].min() + cloud[:, a].max()) - k * size) / 2 for a in range(3)]
        targets: dict[tuple[int, ...], set[tuple[int, ...]]] = {}
        for point, cell, place, voxel in zip(moved.pos.tolist(), cells, places, moved.voxel.tolist(), strict=True):
            assert voxel == cell[0] * k * k + cell[1] * k + cell[2]
            target = [(point[a] - low[a] - place[a]) / size for a in range(3)]
            assert target == pytest.approx([round(t) for t in target], abs=1e-9)
            targets.setdefault(cell, set()).add(tuple(round(t) for t in target))
        assert all(len(found) == 1 for found in targets.values())  # the points of a voxel stay together
        reached = [next(iter(found)) for found in targets.values()]
        assert len(set(reached)) == len(reached)  # no two voxels move to one place
        assert all(0 <= t < k for target in reached for t in target)


def test_points_reach_voxels_that_were_empty() -> None:
    line = torch.zeros(60, 3)
    line[:, 0] = torch.linspace(-1, 1, 60)  # through 3 of 27 voxels
    out = ShuffleVoxels()(batch_clouds(line.expand(40, -1, -1)))
    assert set(out.voxel.tolist()) == {4, 13, 22}  # of the cube around the line, whose middle it passes
    off_axis = (out.pos[:, 1:].view(40, 60, 2).abs() > 0.1).any(dim=2).float().mean()
    assert abs(off_axis - 8 / 9) < 0.1  # 3 of 27 places are on the line


def test_each_place_is_as_likely_as_another() -> None:
    corner = torch.tensor([[0.0, 0, 0], [1, 1, 1]]).expand(6000, -1, -1)
    moved = ShuffleVoxels(2)(batch_clouds(corner)).pos.view(6000, 2, 3)[:, 0]
    places = (2 * moved).round().long() @ torch.tensor([4, 2, 1])
    counts = places.bincount(minlength=8)
    assert (counts - 750).abs().max() < 5 * math.sqrt(750)


def test_coinciding_points_stay_where_they_are() -> None:
    points = torch.full((5, 3), 2.5)
    out = ShuffleVoxels()(Data(pos=points))
    assert torch.equal(out.pos, points) and out.voxel.tolist() == [0] * 5


def test_the_target_follows_its_point() -> None:
    out = ShuffleVoxels()(batch_clouds(torch.rand(3, 50, 3)))
    kept = FixedPoints(20)(out)
    known = {tuple(p): v for p, v in zip(out.pos.tolist(), out.voxel.tolist(), strict=True)}
    assert [known[tuple(p)] for p in kept.pos.tolist()] == kept.voxel.tolist()


@pytest.mark.parametrize("k", [1, 17])
def test_a_number_of_voxels_outside_its_range_is_refused(k: int) -> None:
    with raises(ConfigError, argument="k", got=k):
        ShuffleVoxels(k)
