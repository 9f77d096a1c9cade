"""The dense entry: its contract, and what is reported of encoders that violate it."""

from typing import Any

import pytest
import torch
from helpers import raises
from torch import Tensor, nn

from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.encoders.dense import dense_features, dense_layer_features, has_dense_entry
from conclu_pyg.encoders.dgcnn import DGCNN
from conclu_pyg.errors import ConfigError
from conclu_pyg.nn import EdgeConv


class Plain(nn.Module):
    """An encoder without ``layers``."""

    out_channels = 4

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 4)

    def dense(self, pos: Tensor) -> Any:
        x = self.layer(pos)
        return x, x.amax(dim=1)


class WithLayers(Plain):
    layer_channels = (4,)

    def layers(self, pos: Tensor, batch: Tensor, batch_size: int) -> Any: ...


def test_the_layers_of_an_encoder_without_any_are_its_features() -> None:
    encoder, pos = Plain().eval(), torch.randn(2, 5, 3)
    (layer,), pooled = dense_layer_features(encoder, pos)
    assert torch.equal(layer, encoder.layer(pos)) and torch.equal(pooled, layer.amax(dim=1))


def test_layers_need_their_dense_entry() -> None:
    assert has_dense_entry(Plain()) and not has_dense_entry(WithLayers())
    with raises(ConfigError, argument="encoder", got="WithLayers") as error:
        dense_features(WithLayers().eval(), torch.randn(2, 5, 3))
    assert "dense(pos) and dense_layers(pos)" in str(error.value)


def test_training_mode_and_other_outputs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder, pos = Plain(), torch.randn(2, 5, 3)
    with pytest.raises(ConfigError, match="expected evaluation mode"):
        dense_features(encoder.train(), pos)
    x = torch.zeros(2, 5, 4)
    for wrong in (x, (x, x), (x[..., :3], x[:, 0]), (None, x[:, 0]), (x, x[:, 0], x)):
        monkeypatch.setattr(Plain, "dense", lambda self, pos, wrong=wrong: wrong)
        with pytest.raises(ConfigError, match=r"Plain.dense: expected .*, got "):
            dense_features(encoder.eval(), pos)


def test_a_replaced_norm_is_called() -> None:
    """A norm whose statistics cannot be folded into the weights, as of an adapter or a synchronised norm."""

    class Doubled(nn.BatchNorm1d):
        def forward(self, x: Tensor) -> Tensor:
            return 2 * super().forward(x)

    encoder = DGCNN(8, k=3, channels=(4,)).double().eval()
    conv = encoder.convs[0]
    assert isinstance(conv, EdgeConv)
    conv.norm = Doubled(4).double().eval()
    pos = torch.randn(2, 9, 3, dtype=torch.double)
    clouds = batch_clouds(pos)
    torch.testing.assert_close(dense_features(encoder, pos)[1], encoder(clouds.pos, clouds.batch, 2)[1])
