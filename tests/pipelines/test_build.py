from typing import Any

import pytest
import torch
from helpers import assert_error

from conclu_pyg.datasets.parametric_shapes import ParametricShapes
from conclu_pyg.errors import ConfigError, RegistryError
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
