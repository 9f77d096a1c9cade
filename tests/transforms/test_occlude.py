"""Occlusion from a viewpoint, on shapes with a known visible part."""

import math

import pytest
import torch
from helpers import raises
from torch import Tensor
from torch.nn.functional import normalize
from torch_geometric.data import Batch, Data

from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.errors import ConfigError
from conclu_pyg.transforms import OccludeFromViewpoint
from conclu_pyg.transforms.clouds import cloud_layout


def visible(points: Tensor, direction: list[float], **options: float) -> Tensor:
    """Returns which points of a cloud are visible from the viewpoint."""
    data = Data(pos=points)
    transform = OccludeFromViewpoint(**options)  # type: ignore[arg-type]
    unit = normalize(torch.tensor([direction], dtype=points.dtype), dim=1)
    return transform.visible(points, cloud_layout(data), unit)


def sphere(size: int, num_points: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Clouds of antipodal points on the unit sphere, so that the middle of each is the origin."""
    half = normalize(torch.randn(size, num_points // 2, 3, dtype=dtype), dim=2)
    return torch.cat([half, -half], dim=1)


def test_of_two_plates_the_near_one_hides_the_far_one() -> None:
    ticks = torch.linspace(-0.5, 0.5, 60)
    plate = torch.cartesian_prod(ticks, ticks)
    upper = torch.cat([plate, torch.full((3600, 1), 0.4)], dim=1)
    lower = torch.cat([0.6 * plate, torch.full((3600, 1), -0.4)], dim=1)
    seen = visible(torch.cat([upper, lower]), [0, 0, 1])
    assert seen[:3600].all() and not seen[3600:].any()
    seen = visible(torch.cat([upper, lower]), [0, 0, -1])  # the smaller plate hides the middle of the larger one
    assert seen[3600:].all() and 0.15 < seen[:3600].float().mean() < 0.6
    assert not seen[:3600][plate.abs().amax(dim=1) < 0.3].any()


def test_it_is_a_z_buffer_point_by_point() -> None:
    """The pinhole camera of each cloud by plain loops: pixels by perspective, the least depth of each, a tolerance."""
    points = torch.randn(200, 3, dtype=torch.double)
    eye = normalize(torch.tensor([1.0, -2, 0.5], dtype=torch.double), dim=0)
    middle = (points.amin(dim=0) + points.amax(dim=0)) / 2
    unit = (points - middle) / (points - middle).norm(dim=1).max()
    axis = torch.eye(3, dtype=torch.double)[eye.abs().argmin()]
    right = normalize(torch.linalg.cross(eye, axis), dim=0)
    up = torch.linalg.cross(eye, right)
    side, half, tolerance = 7, 1 / math.sqrt(3**2 - 1), 1.5  # sqrt(200 / 4) pixels
    pixels, depths = [], []
    for p in unit:
        depth = 3 - float(p @ eye)
        place = [(float(p @ along) / depth / half + 1) / 2 * side for along in (right, up)]
        pixels.append(tuple(min(max(int(x), 0), side - 1) for x in place))
        depths.append(depth)
    nearest = {pixel: min(d for q, d in zip(pixels, depths, strict=True) if q == pixel) for pixel in pixels}
    allowed = tolerance * 2 * half * 3 / side
    expected = [depth <= nearest[pixel] + allowed for pixel, depth in zip(pixels, depths, strict=True)]
    assert visible(points, eye.tolist(), points_per_pixel=4.0).tolist() == expected
    assert 0 < sum(expected) < 200


@pytest.mark.parametrize("distance", [2.0, 3.0, 10.0])
@pytest.mark.parametrize("direction", [[0, 0, 1], [1, 2, -3], [-1, 0, 0]])
def test_of_a_sphere_the_cap_before_the_horizon_is_seen(distance: float, direction: list[float]) -> None:
    """From a distance d of its centre, the unit sphere is seen where the cosine to the viewpoint is above 1 / d."""
    (points,) = sphere(1, 60_000, torch.double)
    seen = visible(points, direction, distance=distance, points_per_pixel=60.0)
    cosine = points @ normalize(torch.tensor(direction, dtype=torch.double), dim=0)
    assert seen[cosine > 0.75].all() and seen[cosine > 1 / distance + 0.4].double().mean() > 0.97
    assert seen[(cosine < 1 / distance - 0.3) & (cosine > -0.5)].double().mean() < 0.01
    assert seen[cosine < -0.5].double().mean() < 0.02


def test_the_picture_follows_the_cloud_wherever_it_is_and_however_large() -> None:
    (points,) = sphere(1, 3000, torch.double)
    moved = 8 * points + torch.tensor([128.0, -64.0, 4.0], dtype=torch.double)
    agree = (visible(points, [1, 1, 1]) == visible(moved, [1, 1, 1])).double().mean()
    assert agree > 0.999  # but for points on the border of two pixels


def test_each_cloud_has_its_own_camera_in_a_uniform_direction() -> None:
    clouds = OccludeFromViewpoint()(batch_clouds(sphere(1, 400).expand(600, -1, -1)))
    middles = torch.zeros(600, 3).index_add_(0, clouds.batch, clouds.pos) / clouds.ptr.diff()[:, None]
    directions = normalize(middles, dim=1)
    assert (torch.pdist(directions[:20]) > 1e-3).all()
    assert directions.mean(dim=0).abs().max() < 4 / math.sqrt(3 * 600)
    assert torch.allclose(directions.square().mean(dim=0), torch.full((3,), 1 / 3), atol=0.06)


@pytest.mark.parametrize("num_points", [512, 1024, 2048])
def test_about_two_fifths_of_a_sphere_are_seen(num_points: int) -> None:
    clouds = batch_clouds(sphere(40, num_points))
    assert 0.3 < len(OccludeFromViewpoint()(clouds).pos) / len(clouds.pos) < 0.5


def test_a_batch_of_unequal_clouds_equals_the_single_clouds() -> None:
    clouds = [normalize(torch.randn(n, 3, dtype=torch.double), dim=1) for n in (300, 17, 1, 120)]
    batch = Batch.from_data_list([Data(pos=cloud) for cloud in clouds])
    direction = normalize(torch.randn(4, 3, dtype=torch.double), dim=1)
    together = OccludeFromViewpoint().visible(batch.pos, cloud_layout(batch), direction)
    alone = [visible(cloud, row.tolist()) for cloud, row in zip(clouds, direction, strict=True)]
    assert torch.equal(together, torch.cat(alone))


def test_at_least_the_nearest_point_remains() -> None:
    for points in (torch.zeros(5, 3), torch.randn(1, 3), torch.randn(50, 3) * torch.tensor([1.0, 0, 0])):
        out = OccludeFromViewpoint(tolerance=0)(Data(pos=points))
        assert len(out.pos) >= 1 and out.pos.isfinite().all()


@pytest.mark.parametrize(
    "options",
    [
        {"distance": 1.0},
        {"distance": math.inf},
        {"points_per_pixel": 0.0},
        {"tolerance": -1.0},
        {"tolerance": math.nan},
    ],
)
def test_options_outside_their_range_are_refused(options: dict[str, float]) -> None:
    ((key, value),) = options.items()
    with raises(ConfigError, argument=key, got=value):
        OccludeFromViewpoint(**options)  # type: ignore[arg-type]
