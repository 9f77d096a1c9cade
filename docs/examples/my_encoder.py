"""A user's own encoder: one EdgeConv between the nearest points of each cloud, of which each has k at least."""

import torch
from torch import Tensor
from torch_geometric.nn import MLP, EdgeConv, global_max_pool
from torch_geometric.utils import to_dense_batch

from conclu_pyg import ENCODERS


@ENCODERS.register_module()
class MyEncoder(torch.nn.Module):
    def __init__(self, out_channels: int = 256, k: int = 8) -> None:
        super().__init__()
        self.out_channels, self.k = out_channels, k
        self.conv = EdgeConv(MLP([6, 32, 32]), aggr="max")
        self.last = MLP([32, out_channels], plain_last=False)

    def forward(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
        clouds, inside = to_dense_batch(pos, batch, fill_value=1e6, batch_size=batch_size)  # (B, N, 3), (B, N)
        first = inside.sum(dim=1).cumsum(dim=0) - inside.sum(dim=1)  # where each cloud begins in pos
        near = torch.cdist(clouds, clouds).topk(self.k, largest=False).indices + first[:, None, None]  # (B, N, k)
        point = torch.arange(len(pos), device=pos.device).repeat_interleave(self.k)
        x = self.last(self.conv(pos, torch.stack([near[inside].flatten(), point])))  # (M, out_channels)
        return x, global_max_pool(x, batch, batch_size)
