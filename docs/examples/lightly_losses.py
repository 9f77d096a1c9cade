"""Losses of lightly on views of clouds: NTXentLoss (SimCLR), VICRegLoss and others that take two batches of vectors."""

import torch
from lightly.loss import NTXentLoss, VICRegLoss
from torch import nn
from torch.utils.data import DataLoader

from conclu_pyg.datasets.parametric_shapes import ParametricShapes
from conclu_pyg.encoders.base import pooled_features
from conclu_pyg.encoders.pointnet import PointNet
from conclu_pyg.heads.projection import ProjectionHead
from conclu_pyg.transforms import compose

VIEW = compose(
    [{"name": "RandomHalfSpaceCrop"}, {"name": "FixedPoints", "num_points": 256}, {"name": "GaussianJitter"}]
)


def train(
    loss: nn.Module, num_shapes: int = 256, epochs: int = 3, batch_size: int = 32
) -> tuple[PointNet, list[float]]:
    """Returns the encoder and the loss of each step."""
    split = ParametricShapes(num_shapes=num_shapes, num_points=512).get_split("train")
    # The split reads a batch of clouds at once, so there is nothing to collate.
    loader = DataLoader(split, batch_size, shuffle=True, drop_last=True, collate_fn=lambda batch: batch)
    encoder = PointNet(out_channels=256, input_transform=False, feature_transform=False)
    projector = ProjectionHead(in_channels=256, hidden_channels=256, out_channels=128)
    optimizer = torch.optim.AdamW([*encoder.parameters(), *projector.parameters()], lr=1e-3)
    losses = []
    for _ in range(epochs):
        for clouds in loader:
            z_a, z_b = (projector(pooled_features(encoder, VIEW(clouds))) for _ in range(2))  # [B, 128] each
            value = loss(z_a, z_b)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            losses.append(value.item())
    return encoder, losses


if __name__ == "__main__":
    for each in (NTXentLoss(temperature=0.1), VICRegLoss()):
        print(type(each).__name__, train(each)[1])
