import numpy as np
import pytest
import torch
from helpers import raises
from torch import Tensor, nn

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.encoders.pointnet import PointNet
from conclu_pyg.errors import ConcluError
from conclu_pyg.runs.embedding import embed_split

CPU = torch.device("cpu")


@pytest.fixture
def split() -> PointCloudSplit:
    pos = np.random.default_rng(0).normal(size=(7, 16, 3)).astype(np.float32)
    return PointCloudSplit(pos, np.arange(7), [f"cloud {i}" for i in range(7)], list("abcdefg"))


def test_features_do_not_depend_on_the_batch(split: PointCloudSplit) -> None:
    encoder = PointNet(8, input_transform=False, feature_transform=False)
    x, y = embed_split(encoder, split, CPU, batch_size=3)
    alone = [embed_split(encoder, split.subset(np.array([i])), CPU).x[0] for i in range(7)]
    assert np.allclose(x, alone, atol=1e-6) and x.dtype == np.float32
    assert y.tolist() == list(range(7))


@pytest.mark.parametrize("training", [True, False])
def test_the_encoder_is_left_as_it_was(split: PointCloudSplit, training: bool) -> None:
    encoder = PointNet(8, input_transform=False, feature_transform=False).train(training)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    embed_split(encoder, split, CPU)
    assert encoder.training is training
    assert all(torch.equal(before[name], value) for name, value in encoder.state_dict().items())


class Broken(nn.Module):
    """An encoder that returns NaN for the fifth cloud."""

    out_channels = 2

    def forward(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
        pooled = torch.zeros(batch_size, 2)
        pooled[4 if batch_size == 7 else 0, 1] = float("nan")
        return pos[:, :2], pooled


def test_features_that_are_not_finite_are_refused_with_the_clouds_name(split: PointCloudSplit) -> None:
    with raises(ConcluError, file="cloud 4") as error:
        embed_split(Broken(), split, CPU)
    assert str(error.value) == "the encoder returned features that are not finite, first for the cloud cloud 4."
