"""Patches of clouds, against loops."""

import torch
from torch import Tensor

from conclu_pyg.nn.farthest_points import farthest_points
from conclu_pyg.nn.padded import padded
from conclu_pyg.nn.patches import Patches, divide


def make(sizes: list[int], num_patches: int, patch_size: int) -> tuple[list[Tensor], Patches]:
    clouds = [torch.randn(n, 3, dtype=torch.double) for n in sizes]
    batch = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
    return clouds, divide(*padded(torch.cat(clouds), batch, len(sizes)), num_patches, patch_size)


def test_a_patch_is_the_nearest_points_of_its_center() -> None:
    clouds, patches = make([20, 33, 6], 5, 7)
    assert patches.valid.all() and patches.points.shape == (3, 5, 7, 3)
    for cloud, centers, points in zip(clouds, patches.centers, patches.points, strict=True):
        index, _ = farthest_points(cloud[None], torch.ones(1, len(cloud), dtype=torch.bool), 5)
        assert torch.equal(centers, cloud[index[0]])
        for center, patch in zip(centers, points, strict=True):
            nearest = sorted(cloud.tolist(), key=lambda p, c=center: float((torch.tensor(p) - c).norm()))[:7]
            nearest += [center.tolist()] * (7 - len(nearest))  # in a cloud of 6 points the center fills the patch
            found = sorted((patch + center).tolist())
            assert torch.allclose(torch.tensor(found), torch.tensor(sorted(nearest)))


def test_a_cloud_has_no_more_patches_than_points() -> None:
    _, patches = make([3, 10], 6, 4)
    assert patches.valid.tolist() == [[True] * 3 + [False] * 3, [True] * 6]
    assert patches.centers.isfinite().all() and patches.points.isfinite().all()


def test_patches_are_selected_in_their_order() -> None:
    _, patches = make([12, 12], 5, 3)
    chosen = torch.tensor([[False, True, False, True, True], [True, False, False, False, False]])
    found = patches.select(chosen)
    assert found.valid.tolist() == [[True, True, True], [True, False, False]]
    for name in ("centers", "points"):
        before, after = getattr(patches, name), getattr(found, name)
        assert torch.equal(after[0], before[0, [1, 3, 4]]) and torch.equal(after[1, 0], before[1, 0])


def test_coordinates_have_the_gradient_of_centers_and_relative_points() -> None:
    pos = torch.randn(2, 9, 3, dtype=torch.double, requires_grad=True)
    mask = torch.ones(2, 9, dtype=torch.bool)
    assert torch.autograd.gradcheck(lambda pos: divide(pos, mask, 3, 4)[:2], pos)
