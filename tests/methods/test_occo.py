"""OcCo: completion of occluded clouds."""

from typing import Any

import pytest
import torch
from torch_geometric.data import Batch

from conclu_pyg import METHODS
from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.errors import ConfigError, RegistryError
from conclu_pyg.pipelines.views import compose_views

ENCODER = {"name": "PointNet", "out_channels": 16, "input_transform": False, "feature_transform": False}
DECODER = {"name": "MLPDecoder", "num_points": 10, "hidden_channels": [16]}


def make(**options: Any) -> Any:
    return METHODS.build({"name": "OcCo", "encoder": ENCODER, "decoder": DECODER, "num_points": 24, **options})


def spheres(size: int = 3, num_points: int = 300) -> Batch:
    return batch_clouds(torch.nn.functional.normalize(torch.randn(size, num_points, 3), dim=2))


def test_its_views_are_the_visible_part_and_the_whole_of_the_same_clouds() -> None:
    method = make(num_points=200)
    views = {name: transform(spheres()) for name, transform in compose_views(method.views, None, up_axis=2).items()}
    assert list(views) == ["partial", "whole"]
    extents = {}
    for name, view in views.items():
        points = view.pos.view(3, 200, 3)
        extents[name] = points.mean(dim=1).norm(dim=1)  # 0 for a whole sphere
    assert (extents["whole"] < 0.2).all() and (extents["partial"] > 0.4).all()


def test_the_loss_is_the_chamfer_distance_to_the_whole_cloud() -> None:
    method = make()
    views = {"partial": spheres(3, 24), "whole": spheres(3, 24)}
    completed = method.decoder(method.encoder(views["partial"].pos, views["partial"].batch, 3)[1])
    expected = 0.0
    for cloud, target in zip(completed, views["whole"].pos.view(3, 24, 3), strict=True):
        distance = (cloud[:, None] - target[None]).norm(dim=2)
        expected += (distance.min(dim=1).values.mean() + distance.min(dim=0).values.mean()).item() / 3
    output = method(views)
    assert output.losses["completion"].item() == pytest.approx(expected, rel=1e-5)
    assert not output.metrics


def test_a_whole_view_of_clouds_of_different_sizes_is_refused() -> None:
    whole = Batch.from_data_list([*spheres(2, 24).to_data_list(), *spheres(1, 23).to_data_list()])
    with pytest.raises(ConfigError, match=r"view 'whole' must have the same number of points"):
        make()({"partial": spheres(3, 24), "whole": whole})


def test_the_decoder_takes_the_size_of_the_encoders_features() -> None:
    assert make().decoder.layers[0].in_features == 16
    with pytest.raises(RegistryError):
        make(decoder={**DECODER, "in_channels": 8})
