"""Point-MAE's encoder: its parts in order, unequal clouds, and its published size."""

from typing import Any

import pytest
import torch
from helpers import PATCH_ENCODER, raises
from torch import Tensor

from conclu_pyg import ENCODERS
from conclu_pyg.encoders.dense import check_dense_entry
from conclu_pyg.encoders.point_transformer import PointTransformer
from conclu_pyg.errors import ArgumentError, ConfigError, DataError
from conclu_pyg.nn.interpolation import interpolation_weights
from conclu_pyg.nn.patches import divide
from conclu_pyg.testing import check_method

SIZES = [20, 9, 3]


def make(**options: Any) -> PointTransformer:
    arguments = {"out_channels": 8, "depth": 3, "num_patches": 6, "patch_size": 4, "patch_channels": [4, 6]}
    encoder = ENCODERS.build({"name": "PointTransformer", **arguments, **options})
    assert isinstance(encoder, PointTransformer)
    return encoder.double().eval()


def clouds() -> tuple[list[Tensor], Tensor]:
    return [torch.randn(n, 3).double() for n in SIZES], torch.arange(3).repeat_interleave(torch.tensor(SIZES))


def test_it_is_patches_tokens_blocks_and_interpolation_cloud_by_cloud() -> None:
    encoder, (parts, batch) = make(), clouds()
    points, pooled = encoder(torch.cat(parts), batch, 3)
    layers, again = encoder.layers(torch.cat(parts), batch, 3)
    assert torch.allclose(again, pooled) and [x.size(1) for x in layers] == encoder.layer_channels == [3, 8, 8, 8]
    outputs = [x.split(SIZES) for x in (points, *layers)]
    for i, cloud in enumerate(parts):
        patches = divide(cloud[None], torch.ones(1, len(cloud), dtype=torch.bool), 6, 4)
        num = min(6, len(cloud))
        x = torch.stack([encoder.embedding(patches.points[0, j, None])[0] for j in range(num)])[None]
        centers, valid = patches.centers[:, :num], patches.valid[:, :num]
        tokens = encoder.tokens.outputs(x, centers, valid)
        assert torch.allclose(pooled[i], tokens[-1][0].mean(dim=0) + tokens[-1][0].amax(dim=0))
        weights = interpolation_weights(cloud[None], centers, valid)[0]
        expected = [cloud, *(weights @ output[0] for output in tokens)]
        assert torch.allclose(outputs[0][i], expected[-1])
        assert all(torch.allclose(found[i], layer) for found, layer in zip(outputs[1:], expected, strict=True))


@pytest.mark.parametrize(("depth", "blocks"), [(1, [0]), (2, [0, 1]), (4, [1, 2, 3]), (12, [3, 7, 11])])
def test_layers_are_those_after_each_third_of_the_blocks(depth: int, blocks: list[int]) -> None:
    encoder = make(depth=depth)
    assert encoder.read_blocks == blocks and encoder.layer_channels == [3, *[8] * len(blocks)]


def test_a_token_depends_on_the_given_patches_alone() -> None:
    encoder, (parts, batch) = make(), clouds()
    patches = encoder.divide(torch.cat(parts), batch, 3)
    chosen = patches.valid & (torch.arange(6) % 2 == 0)
    visible = patches.select(chosen)
    before = encoder.encode_patches(visible)[visible.valid]
    moved = patches._replace(points=patches.points + torch.randn_like(patches.points) * ~chosen[..., None, None])
    assert torch.equal(encoder.encode_patches(moved.select(chosen))[visible.valid], before)
    moved = patches._replace(points=patches.points + torch.randn_like(patches.points) * chosen[..., None, None])
    assert not torch.allclose(encoder.encode_patches(moved.select(chosen))[visible.valid], before)


def test_frozen_and_training_calls_agree_though_clouds_are_split_among_threads() -> None:
    encoder, (parts, batch) = make(), clouds()
    with torch.no_grad():
        frozen = encoder.pool(torch.cat(parts), batch, 3)
    assert torch.allclose(frozen, encoder.pool(torch.cat(parts), batch, 3))


def test_conclu_trains_it() -> None:
    check_method({"name": "ConClu", "encoder": PATCH_ENCODER})


def test_an_export_to_other_programs_is_refused() -> None:
    with raises(ConfigError, argument="encoder", got="PointTransformer") as error:
        check_dense_entry(make())
    assert "write safetensors, which need none, or add the method dense(pos) and dense_layers(pos)" in str(error.value)


def test_the_published_size_is_a_choice_of_options() -> None:
    encoder = PointTransformer(384, depth=12, num_heads=6, patch_channels=(128, 256))
    assert sum(p.numel() for p in encoder.tokens.blocks.parameters()) == 12 * (12 * 384**2 + 10 * 384)
    assert encoder.embedding.last[2].weight.shape == (384, 512) and encoder.num_patches == 64


def test_sizes_and_clouds_that_cannot_be_divided_are_refused() -> None:
    with raises(ArgumentError, argument="num_heads", got=3):
        make(num_heads=3)
    with raises(ArgumentError, argument="patch_channels", got=[4]):
        make(patch_channels=[4])
    far = torch.tensor([[-1e200, 0, 0], [1e200, 0, 0]], dtype=torch.double)
    with pytest.raises(DataError, match="finite squared distances"):
        make()(far, torch.zeros(2, dtype=torch.long), 1)
