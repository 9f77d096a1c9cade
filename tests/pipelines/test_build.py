from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import assert_error, of_method
from torch import nn

from conclu_pyg import ENCODERS, METHODS, PointNet, load_encoder
from conclu_pyg.datasets.parametric_shapes import ParametricShapes
from conclu_pyg.errors import ConfigError, RegistryError
from conclu_pyg.methods.base import Method
from conclu_pyg.pipelines.build import build_pipeline


def initial(config: dict[str, Any], seed: int) -> torch.Tensor:
    weight: torch.Tensor = build_pipeline(
        {**config, "pipeline": {**config["pipeline"], "seed": seed}}
    ).model.state_dict()["encoder.last.linear.weight"]
    return weight


def test_the_seed_rules_the_initial_weights(tiny_config: dict[str, Any]) -> None:
    assert torch.equal(initial(tiny_config, 3), initial(tiny_config, 3))
    assert not torch.equal(initial(tiny_config, 3), initial(tiny_config, 4))


def test_a_wrong_model_is_refused_before_clouds_are_read(
    tiny_config: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ParametricShapes, "_load_split", lambda *_: pytest.fail("clouds were made"))
    tiny_config["model"]["encoder"]["widths"] = 3
    with pytest.raises(RegistryError, match="PointNet takes no argument 'widths'"):
        build_pipeline(tiny_config)


def test_a_seed_that_no_generator_takes_is_refused(tiny_config: dict[str, Any]) -> None:
    tiny_config["pipeline"]["seed"] = 2**64
    with pytest.raises(ConfigError) as error:
        build_pipeline(tiny_config)
    assert_error(error, argument="seed", got=2**64)


@pytest.mark.parametrize("name", sorted({*METHODS} - {"LatentGAN", "PointMAE"}))  # which need other weights
def test_a_method_begins_with_the_weights_of_a_checkpoint_in_all_its_encoders(
    name: str, tiny_config: dict[str, Any], tiny_run: Path
) -> None:
    config = of_method(tiny_config, name)
    config["model"]["encoder"]["checkpoint"] = str(tiny_run)
    model = build_pipeline(config).model
    trained = load_encoder(tiny_run).encoder.state_dict()
    copies = [part for part in model.modules() if isinstance(part, PointNet)]
    assert copies
    for copy in copies:
        assert all(torch.equal(value, trained[key]) for key, value in copy.state_dict().items())


def test_the_weights_of_a_checkpoint_change_no_draw_of_other_weights(
    tiny_config: dict[str, Any], tiny_run: Path
) -> None:
    plain = build_pipeline(tiny_config).model.predictor.state_dict()
    tiny_config["model"]["encoder"]["checkpoint"] = str(tiny_run)
    loaded = build_pipeline(tiny_config).model.predictor.state_dict()
    assert all(torch.equal(value, plain[key]) for key, value in loaded.items())


@pytest.mark.parametrize(("precision", "clip", "fused"), [("32-true", 1.0, True), ("16-mixed", 1.0, False)])
def test_adamw_is_not_fused_where_gradients_are_unscaled_before_they_are_clipped(
    precision: str, clip: float, fused: bool, tiny_config: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    monkeypatch.setattr("conclu_pyg.pipelines.launch.Fabric", lambda **_: None)
    tiny_config["pipeline"] |= {"device": "cuda", "precision": precision, "clip_grad_norm": clip}
    assert build_pipeline(tiny_config).optimizer.defaults["fused"] is fused


@pytest.mark.usefixtures("forget_registered")
def test_an_encoder_checkpoint_needs_no_declared_components(tiny_config: dict[str, Any], tiny_run: Path) -> None:
    @METHODS.register_module()
    class Undeclared(nn.Module):
        def __init__(self, encoder: Any) -> None:
            super().__init__()
            self.encoder = ENCODERS.build(encoder)

    encoder = {**tiny_config["model"]["encoder"], "checkpoint": str(tiny_run)}
    model = build_pipeline({**tiny_config, "model": {"name": "Undeclared", "encoder": encoder}}).model
    loaded = model.encoder.last.linear.weight
    assert torch.equal(loaded, load_encoder(tiny_run).encoder.last.linear.weight)


def test_a_model_whose_state_a_checkpoint_cannot_hold_is_refused(tiny_config: dict[str, Any]) -> None:
    class Counting(Method):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = ENCODERS.build(tiny_config["model"]["encoder"])

        def get_extra_state(self) -> dict[str, int]:
            return {"epochs": 3}

    pipeline = build_pipeline(tiny_config)
    with pytest.raises(ConfigError, match=r"Counting: _extra_state of the state_dict must be a tensor.*buffer"):
        type(pipeline)(Counting(), pipeline.dataset, tiny_config, epochs=1, batch_size=2, device="cpu")
