"""The embedding of patches, patch by patch."""

import torch
from torch import nn

from conclu_pyg.nn.patch_embedding import PatchEmbedding


def test_it_is_equation_3_point_by_point() -> None:
    embedding = PatchEmbedding((4, 6), 5).double().eval()
    for layer in embedding.modules():
        if isinstance(layer, nn.BatchNorm1d):
            layer.get_buffer("running_mean").normal_()
            layer.get_buffer("running_var").uniform_(0.5, 2)
    patches = torch.randn(3, 7, 3, dtype=torch.double)
    linear, norm, _, second = embedding.local
    first_norm, _, last = embedding.last
    whole = torch.cat([embedding.whole.points.weight, embedding.whole.clouds.weight], dim=1)
    for patch, token in zip(patches, embedding(patches), strict=True):
        local = [second(norm(linear(point[None])).relu())[0] for point in patch]
        largest = torch.stack(local).amax(dim=0)
        outputs = [last(first_norm((whole @ torch.cat([x, largest]))[None]).relu())[0] for x in local]
        assert torch.allclose(token, torch.stack(outputs).amax(dim=0))


def test_the_order_of_a_patch_does_not_matter() -> None:
    embedding, patches = PatchEmbedding((4, 6), 5).double(), torch.randn(3, 7, 3, dtype=torch.double)
    assert torch.allclose(embedding(patches[:, torch.randperm(7)]), embedding(patches))
