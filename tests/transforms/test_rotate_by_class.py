"""Rotation by classes: the rotation of each cloud, and the balance of classes."""

from typing import Any

import pytest
import torch
from helpers import raises
from torch_geometric.data import Batch, Data

from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.errors import ConfigError
from conclu_pyg.transforms import RotateByClass
from conclu_pyg.transforms.rotation_sets import rotation_set


@pytest.mark.parametrize("sizes", [(9, 9, 9), (5, 1, 12)])
@pytest.mark.parametrize(("directions", "angles"), [(18, None), (32, None), (6, 4)])
def test_each_cloud_is_turned_by_the_matrix_of_its_class(sizes: Any, directions: Any, angles: Any) -> None:
    clouds = [torch.randn(n, 3, dtype=torch.double) for n in sizes]
    out = RotateByClass(directions, angles, up_axis="y")(Batch.from_data_list([Data(pos=c) for c in clouds]))
    matrices = rotation_set(directions, angles, 1).tolist()
    for cloud, turned in zip(clouds, out.to_data_list(), strict=True):
        matrix = matrices[int(turned.rotation)]
        for p, q in zip(cloud.tolist(), turned.pos.tolist(), strict=True):
            assert q == pytest.approx([sum(matrix[i][j] * p[j] for j in range(3)) for i in range(3)])


@pytest.mark.parametrize("size", [1, 7, 18, 40])
def test_classes_are_balanced_within_a_batch(size: int) -> None:
    counts = RotateByClass()(batch_clouds(torch.zeros(size, 1, 3))).rotation.bincount(minlength=18)
    assert counts.max() - counts.min() <= 1 and counts.sum() == size


def test_each_cloud_has_every_class_with_the_same_probability() -> None:
    clouds, transform = batch_clouds(torch.zeros(5, 1, 3)), RotateByClass(6)
    labels = torch.stack([transform(clouds).rotation for _ in range(1200)])
    for cloud in labels.T:
        assert (cloud.bincount(minlength=6) - 200).abs().max() < 65  # five standard deviations


@pytest.mark.parametrize("options", [{"directions": 20}, {"angles": 1}, {"angles": 65}, {"up_axis": "w"}])
def test_options_outside_their_range_are_refused(options: dict[str, Any]) -> None:
    ((key, value),) = options.items()
    with raises(ConfigError, argument=key, got=value):
        RotateByClass(**options)
