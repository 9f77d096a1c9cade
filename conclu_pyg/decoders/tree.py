"""A decoder that grows a tree of points on three resolutions."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

from annotated_types import Ge
from torch import Tensor, nn

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import PositiveInt, PositiveInts
from conclu_pyg.nn.multi_resolution import ROOTS, MultiResolutionConv, depth_of_tree, joined, resolutions
from conclu_pyg.registry import DECODERS


@DECODERS.register_module()
class TreeDecoder(nn.Module):
    """The decoder of `MRTNet <https://arxiv.org/abs/1807.03520>`_ (section 3): a linear layer makes a list of 16
    entries of the feature, transposed convolutions on three resolutions double it until it has ``num_points`` entries,
    and a perceptron with tanh maps those of all resolutions to coordinates from -1 to 1.

    The paper's batch norms are left out, so that a cloud does not depend on the others of its batch.

    Args:
        in_channels: size of the pooled features.
        num_points: points of a cloud, a power of two and at least 16 (default: 1024).
        channels: numbers of features of the list and after each doubling; the last one is repeated (default: 512, 512,
            256, 256, 128, 64, 64, and thus at most half of the paper's).
        hidden_channels: size of the hidden layer of the perceptron (default: 128).

    Shapes:
        - **input:** ``[B, in_channels]``, **output:** ``[B, num_points, 3]``

    Raises:
        ArgumentError: a size below its least value, or ``num_points`` is no power of two.
    """

    @validated
    def __init__(
        self,
        in_channels: PositiveInt,
        num_points: Annotated[int, Ge(ROOTS)] = 1024,
        channels: PositiveInts = (512, 512, 256, 256, 128, 64, 64),
        hidden_channels: PositiveInt = 128,
    ) -> None:
        super().__init__()
        self.num_points = num_points
        doublings = depth_of_tree("TreeDecoder", num_points) - depth_of_tree("TreeDecoder", ROOTS)
        sizes = [*channels[: doublings + 1], *[channels[-1]] * (doublings + 1 - len(channels))]
        self.first = nn.Linear(in_channels, sizes[0] * ROOTS)
        convs = (MultiResolutionConv(i, o, transposed=True, norm=False) for i, o in pairwise(sizes))
        self.convs = nn.Sequential(*convs)
        self.last = nn.Sequential(
            nn.Conv1d(3 * sizes[-1], hidden_channels, 1),
            nn.ReLU(),
            nn.Conv1d(hidden_channels, 3, 1),
            nn.Tanh(),
        )

    def forward(self, latent: Tensor) -> Tensor:
        x = self.first(latent).unflatten(1, (-1, ROOTS))  # (B, C, 16)
        output: Tensor = self.last(joined(self.convs(resolutions(x)))).transpose(1, 2)
        return output
