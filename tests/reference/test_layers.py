"""The reference implementation of EdgeConv, against a loop over points in NumPy."""

import numpy as np
import pytest
import torch

from conclu_pyg.reference import ReferenceEdgeConv

FULL = torch.tensor([[0, 2, 1], [1, 0, 3], [2, 0, 3], [3, 1, 1]])
GAPS = torch.tensor([[0, 2, 1], [1, -1, -1], [2, 0, -1], [-1, -1, -1]])


@pytest.mark.parametrize("index", [FULL, GAPS], ids=["full", "gaps"])
@pytest.mark.parametrize("training", [True, False])
def test_it_is_linear_norm_activation_and_maximum_of_each_points_edges(index: torch.Tensor, training: bool) -> None:
    layer = ReferenceEdgeConv(3, 5, negative_slope=0.1).double().train(training)
    with torch.no_grad():
        layer.norm.weight.copy_(torch.linspace(-1, 1, 5))
        layer.norm.bias.normal_()
        layer.norm.running_mean.normal_()  # type: ignore[union-attr]
        layer.norm.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
    state = {name: value.numpy().copy() for name, value in layer.state_dict().items()}
    x = torch.randn(4, 3, dtype=torch.double)
    out = layer(x, index).detach().numpy()
    points, weight = x.numpy(), state["linear.weight"]
    edges = [[weight @ np.r_[points[i], points[j] - points[i]] for j in row if j >= 0] for i, row in enumerate(index)]
    flat = np.array([edge for near in edges for edge in near])
    mean, var = state["norm.running_mean"], state["norm.running_var"]
    if training:
        mean, var = flat.mean(axis=0), flat.var(axis=0)
    for near, found in zip(edges, out, strict=True):
        if not near:
            assert not found.any()
            continue
        values = (np.array(near) - mean) / np.sqrt(var + 1e-5) * state["norm.weight"] + state["norm.bias"]
        assert np.allclose(found, np.where(values > 0, values, 0.1 * values).max(axis=0), rtol=1e-10)
