"""PointNet's transform nets."""

import pytest
import torch
from torch import Tensor, nn

from conclu_pyg.nn import TransformNet

SIZES = {"equal": [6, 6, 6], "ragged": [2, 9, 5]}


def batch_of(sizes: list[int]) -> Tensor:
    return torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))


def trained(channels: int) -> TransformNet:
    """A net in double precision whose matrices differ from the identity, and from cloud to cloud."""
    net = TransformNet(channels).double()
    nn.init.normal_(net.matrix.weight, std=0.05)
    nn.init.normal_(net.matrix.bias, std=0.5)
    return net


@pytest.mark.parametrize("channels", [3, 64])
@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES.keys())
@pytest.mark.parametrize("training", [True, False])
def test_at_the_start_it_is_the_identity(channels: int, sizes: list[int], training: bool) -> None:
    net, x = TransformNet(channels).train(training), torch.randn(sum(sizes), channels)
    assert torch.allclose(net(x, batch_of(sizes), len(sizes)), x, atol=1e-6)


def test_it_can_leave_the_identity() -> None:
    net, x = TransformNet(3), torch.randn(18, 3)
    (net(x, batch_of(SIZES["equal"]), 3) * torch.randn(18, 3)).sum().backward()
    assert net.matrix.weight.grad is not None and net.matrix.weight.grad.any()


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES.keys())
def test_a_cloud_in_a_batch_is_transformed_as_it_is_alone(sizes: list[int]) -> None:
    net, x = trained(4).eval(), torch.randn(sum(sizes), 4, dtype=torch.double)
    alone = [net(cloud, torch.zeros(len(cloud), dtype=torch.long), 1) for cloud in x.split(sizes)]
    assert torch.allclose(net(x, batch_of(sizes), len(sizes)), torch.cat(alone), rtol=1e-10)


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES.keys())
def test_the_points_of_a_cloud_are_multiplied_by_one_matrix_and_clouds_by_different_ones(sizes: list[int]) -> None:
    net, x = trained(2), torch.randn(sum(sizes), 2, dtype=torch.double)
    x[:2], x[sizes[0] : sizes[0] + 2] = torch.eye(2), torch.eye(2)  # whose images are the rows of the matrix
    out = net(x, batch_of(sizes), 3)
    matrices = []
    for points, images in zip(x.split(sizes)[:2], out.split(sizes)[:2], strict=True):
        matrix = images[:2].tolist()
        for point, image in zip(points.tolist(), images.tolist(), strict=True):
            expected = [sum(point[i] * matrix[i][j] for i in range(2)) for j in range(2)]
            assert image == pytest.approx(expected)
        matrices.append(images[:2])
    assert (matrices[0] - matrices[1]).abs().max() > 1e-2


def test_the_order_of_points_changes_only_theirs() -> None:
    net, x, order = trained(3), torch.randn(12, 3, dtype=torch.double), torch.randperm(6)
    batch = batch_of([6, 6])
    order = torch.cat([order, 6 + order])
    assert torch.allclose(net(x[order], batch, 2), net(x, batch, 2)[order])


def test_gradients_are_those_of_the_function() -> None:
    net, batch = trained(3), batch_of([5, 5])
    x = torch.randn(10, 3, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: net(x, batch, 2), x, fast_mode=True)
