"""The exported graph against the encoder on PyG batches, for sizes that the export did not see."""

from typing import Any

import onnx
import pytest
import torch
from torch import Tensor

from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.export.comparison import compare
from conclu_pyg.export.models import EncoderModel
from conclu_pyg.export.onnx_file import OnnxProgram, to_onnx
from conclu_pyg.registry import ENCODERS

SMALL = {
    "PointNet": {"name": "PointNet", "out_channels": 24, "input_transform": False, "feature_transform": False},
    "PointNet with transform nets": {"name": "PointNet", "out_channels": 24, "last_relu": False},
    "DGCNN": {"name": "DGCNN", "out_channels": 24, "k": 5, "channels": [8, 16]},
}


def make_encoder(config: dict[str, Any]) -> Any:
    """Returns an encoder in evaluation mode with weights and statistics unlike the initial ones."""
    encoder = ENCODERS.build(config).eval().requires_grad_(False)
    for parameter in encoder.parameters():
        parameter.add_(torch.randn_like(parameter), alpha=0.1)
    for norm in encoder.modules():
        if isinstance(norm, torch.nn.BatchNorm1d):
            norm.get_buffer("running_mean").normal_(std=0.1)
            norm.get_buffer("running_var").uniform_(0.5, 2)
    return encoder


def assert_close(found: Tensor, expected: Tensor) -> None:
    """Up to the rounding of the largest value."""
    assert found.shape == expected.shape and found.dtype == expected.dtype
    assert (found - expected).abs().max() < 1e-5 * expected.abs().max().clamp(min=1)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:DGCNN. expected k below")
@pytest.mark.parametrize("name", SMALL)
def test_equals_the_encoder_for_any_sizes(name: str) -> None:
    encoder = make_encoder(SMALL[name])
    model = EncoderModel(encoder, per_point=True)
    file = to_onnx(model, {"key": '"value"'})
    program = OnnxProgram(file.data, model)
    for size, num_points in ((1, 1), (1, 3), (3, 5), (1, 100), (4, 33)):
        points = torch.randn(size, num_points, 3)
        pooled, features = program([points])
        clouds = batch_clouds(points)
        expected, pooled_expected = encoder(clouds.pos, clouds.batch, size)
        assert_close(pooled, pooled_expected)
        assert_close(features.flatten(0, 1), expected)

    proto = onnx.load_from_string(file.data)
    assert [each.name for each in proto.graph.output] == ["embedding", "point_features"]
    shape = proto.graph.input[0].type.tensor_type.shape.dim
    assert [dim.dim_param or dim.dim_value for dim in shape] == ["batch", "points", 3]
    assert b".py" not in file.data  # no paths of this machine
    searches = len(SMALL[name].get("channels", []))
    assert len(onnx.load_from_string(file.with_neighbors).graph.output) == 2 + searches
    assert compare(OnnxProgram(file.with_neighbors, model), model, 2, 40).greatest < 1e-4
