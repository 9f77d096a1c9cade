"""Interpolation between three centers, against loops."""

import pytest
import torch

from conclu_pyg.nn.interpolation import EPSILON, interpolation_weights


@pytest.mark.parametrize("num_valid", [1, 2, 5])
def test_weights_are_the_inverse_squared_distances_to_the_nearest_three(num_valid: int) -> None:
    pos, centers = torch.randn(2, 8, 3, dtype=torch.double), torch.randn(2, 5, 3, dtype=torch.double)
    pos[:, 0] = centers[:, 0]
    valid = (torch.arange(5) < num_valid).expand(2, -1)
    weights = interpolation_weights(pos, centers, valid)
    for cloud in range(2):
        for point in range(8):
            square = {c: float((pos[cloud, point] - centers[cloud, c]).square().sum()) for c in range(num_valid)}
            near = sorted(square, key=square.__getitem__)[:3]
            inverse = {c: 1 / (square[c] + EPSILON) for c in near}
            expected = [inverse.get(c, 0) / sum(inverse.values()) for c in range(5)]
            assert weights[cloud, point].tolist() == pytest.approx(expected, abs=1e-12)
    assert torch.allclose(weights[:, 0, 0], torch.ones(2, dtype=torch.double), atol=1e-6)  # at a center


def test_the_weights_have_the_gradient_of_all_positions() -> None:
    pos = torch.randn(1, 4, 3, dtype=torch.double, requires_grad=True)
    centers = torch.randn(1, 5, 3, dtype=torch.double, requires_grad=True)
    valid = torch.ones(1, 5, dtype=torch.bool)
    assert torch.autograd.gradcheck(lambda *x: interpolation_weights(*x, valid), (pos, centers))


def test_16_bits_are_computed_in_32() -> None:
    pos, centers = torch.randn(1, 4, 3).bfloat16(), torch.randn(1, 5, 3).bfloat16()
    valid = torch.ones(1, 5, dtype=torch.bool)
    found = interpolation_weights(pos, centers, valid)
    assert found.dtype == torch.float32
    assert torch.allclose(found, interpolation_weights(pos.float(), centers.float(), valid))
