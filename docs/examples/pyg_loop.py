"""A pre-trained encoder in a plain loop of PyTorch Geometric: it is fine-tuned with a linear layer."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch_geometric.data import Data
from torch_geometric.loader import DataLoader

from conclu_pyg import load_encoder
from conclu_pyg.datasets.parametric_shapes import ParametricShapes


class Net(nn.Module):
    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.encoder = load_encoder("conclu_pointnet_shapes").encoder.requires_grad_()
        self.head = nn.Linear(self.encoder.out_channels, num_classes)

    def forward(self, data: Data) -> Tensor:
        _, pooled = self.encoder(data.pos, data.batch, data.num_graphs)  # [M, C] of the points, [B, C] of the clouds
        return self.head(pooled)


def train(clouds: list[Data], num_classes: int, epochs: int = 5) -> tuple[Net, list[float]]:
    """Returns the model and the mean loss of each epoch. The clouds are centred and within the unit sphere."""
    loader = DataLoader(clouds, batch_size=16, shuffle=True, drop_last=True)
    net = Net(num_classes).train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    means = []
    for _ in range(epochs):
        losses = []
        for data in loader:
            loss = cross_entropy(net(data), data.y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        means.append(sum(losses) / len(losses))
    return net, means


if __name__ == "__main__":
    split = ParametricShapes(num_shapes=256, num_points=256).get_split("train")
    print(train([split[index] for index in range(len(split))], len(split.classes))[1])
