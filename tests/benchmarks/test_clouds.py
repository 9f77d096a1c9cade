import numpy as np
import torch

from conclu_pyg.benchmarks.clouds import ellipsoids, nearest_points

CPU = torch.device("cpu")


def test_clouds_are_the_same_each_time_and_lie_in_the_unit_sphere() -> None:
    batch = ellipsoids(3, 50, CPU)
    assert torch.equal(batch.pos, ellipsoids(3, 50, CPU).pos)
    radii = batch.pos.view(3, 50, 3).norm(dim=2)
    assert batch.num_graphs == 3 and radii.max() <= 1 + 1e-6 and radii.std(dim=1).min() > 0
    assert not torch.equal(batch.pos[:50], batch.pos[50:100])


def test_another_seed_gives_other_clouds() -> None:
    first, second = ellipsoids(3, 50, CPU), ellipsoids(3, 50, CPU, seed=1)
    assert torch.equal(first.pos, ellipsoids(3, 50, CPU, seed=0).pos)
    assert not torch.isclose(first.pos, second.pos).all(dim=1).any() and torch.equal(first.ptr, second.ptr)


def test_the_nearest_points_are_those_of_all_distances() -> None:
    batch = ellipsoids(2, 30, CPU)
    pos = batch.pos.double().numpy()
    for row, found in enumerate(nearest_points(batch, 5).numpy()):
        cloud = np.arange(30) + 30 * (row // 30)
        distances = np.linalg.norm(pos[cloud] - pos[row], axis=1)
        assert set(found) == set(cloud[np.argsort(distances)[:5]])
