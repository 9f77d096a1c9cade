"""OcCo: completion of occluded clouds."""

from typing import Any

import pytest
import torch
from torch_geometric.data import Batch

from conclu_pyg import METHODS
from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.errors import ConfigError, RegistryError
from conclu_pyg.methods.base import Progress
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


def test_a_decoder_from_coarse_to_fine_is_trained_on_both_clouds() -> None:
    method = make(decoder={"name": "PCNDecoder", "num_points": 32}, num_views=2)
    views = {name: spheres(3, 24) for name in method.views}
    assert list(views) == ["partial", "partial_2", "whole"]
    whole = views["whole"].pos.view(3, 24, 3)
    method.eval()
    expected = torch.zeros(2)
    for name in ("partial", "partial_2"):
        levels = method.decoder.levels(method.encoder(views[name].pos, views[name].batch, 3)[1])
        for i, cloud in enumerate(levels):
            distance = torch.cdist(cloud, whole)
            both = distance.amin(dim=2).mean(dim=1) + distance.amin(dim=1).mean(dim=1)
            expected[i] += both.mean().detach() / 2
    method.after_step(Progress(20, 100, 0, 1))
    losses, metrics = method(views)
    assert torch.allclose(torch.stack(list(losses.values())), expected * torch.tensor([1, 0.5]))
    assert list(losses) == method.loss_names() and torch.allclose(metrics["chamfer"], expected[1])


def test_the_weight_of_the_fine_cloud_rises_with_the_progress_and_is_saved() -> None:
    method = make(decoder={"name": "PCNDecoder", "num_points": 32})
    weights = [method.fine_weight.item()]
    for step in (1, 64, 65, 129, 130, 324, 325, 1000):
        method.after_step(Progress(step, 1000, 0, 1))
        weights.append(method.fine_weight.item())
    assert weights == pytest.approx([0.01, 0.01, 0.01, 0.1, 0.1, 0.5, 0.5, 1, 1])
    assert method.state_dict()["fine_weight"] == 1


def test_the_views_of_a_cloud_are_drawn_independently() -> None:
    views = compose_views(make(num_views=2).views, None, up_axis=2)
    clouds = spheres()
    assert not torch.equal(views["partial"](clouds).pos, views["partial_2"](clouds).pos)


def test_a_whole_view_of_clouds_of_different_sizes_is_refused() -> None:
    whole = Batch.from_data_list([*spheres(2, 24).to_data_list(), *spheres(1, 23).to_data_list()])
    with pytest.raises(ConfigError, match=r"view 'whole' must have the same number of points"):
        make()({"partial": spheres(3, 24), "whole": whole})


def test_the_decoder_takes_the_size_of_the_encoders_features() -> None:
    assert make().decoder.layers[0].in_features == 16
    with pytest.raises(RegistryError):
        make(decoder={**DECODER, "in_channels": 8})
