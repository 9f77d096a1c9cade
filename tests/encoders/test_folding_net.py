"""FoldingNet's encoder, point by point."""

import torch

from conclu_pyg.encoders.folding_net import FoldingNetEncoder


def test_it_is_section_3_1_point_by_point() -> None:
    encoder = FoldingNetEncoder(8, k=3).double().eval()
    sizes = (7, 5)
    clouds = [torch.randn(n, 3, dtype=torch.double) for n in sizes]
    batch = torch.arange(2).repeat_interleave(torch.tensor(sizes))
    points, pooled = encoder(torch.cat(clouds), batch, 2)
    for cloud, own, feature in zip(clouds, points.split(sizes), pooled, strict=True):
        near = [(cloud - p).norm(dim=1).argsort()[:3] for p in cloud]
        covariance = torch.stack([torch.cov(cloud[n].T, correction=0).flatten() for n in near])
        x = encoder.local(torch.cat([cloud, covariance], dim=1))
        x = encoder.graph(torch.stack([x[n].amax(dim=0) for n in near]))
        x = torch.stack([x[n].amax(dim=0) for n in near])
        x = encoder.last.act(encoder.last.norm(encoder.last.linear(x)))
        assert torch.allclose(own, x) and torch.allclose(feature, encoder.code(x.amax(dim=0)))


def test_its_defaults_are_the_papers() -> None:
    encoder = FoldingNetEncoder()
    assert (encoder.k, encoder.out_channels, encoder.local[0].in_features) == (16, 1024, 12)
    assert encoder.layer_channels == [64, 64, 64, 128]
