"""Configs of several stages."""

from typing import Any

import pytest
from helpers import raises

from conclu_pyg.config import check, load_config
from conclu_pyg.errors import ConfigError
from conclu_pyg.stage_configs import resolve_checkpoints, split_stages

COMMON: dict[str, Any] = {
    "dataset": {"name": "ParametricShapes", "num_points": 64},
    "model": {"name": "SimSiam", "encoder": {"name": "PointNet", "out_channels": 16}},
    "pipeline": {"name": "Pretraining", "epochs": 3},
}


def staged(**stages: Any) -> dict[str, Any]:
    return {**COMMON, "stages": stages}


def test_a_stage_is_its_own_sections_over_the_common_ones() -> None:
    encoder = {"name": "PointNet", "out_channels": 16, "checkpoint": "first"}
    config = staged(first={"pipeline": {"epochs": 1}}, second={"model": {"name": "ConClu", "encoder": encoder}})
    stages = split_stages(config, "a.yaml")
    assert list(stages) == ["first", "second"]
    assert stages["first"] == {**COMMON, "pipeline": {"name": "Pretraining", "epochs": 1}}
    assert stages["second"] == {**COMMON, "model": {"name": "ConClu", "encoder": encoder}}
    assert config["pipeline"]["epochs"] == 3 and "stages" in config


def test_checkpoints_that_name_a_stage_become_its_folder() -> None:
    config = {
        "model": {"encoder": {"checkpoint": "first"}, "checkpoint": "elsewhere", "parts": [{"checkpoint": "first"}]}
    }
    assert resolve_checkpoints(config, {"first": "runs/x/first"}) == {
        "model": {
            "encoder": {"checkpoint": "runs/x/first"},
            "checkpoint": "elsewhere",
            "parts": [{"checkpoint": "runs/x/first"}],
        }
    }
    assert config["model"]["encoder"]["checkpoint"] == "first"


@pytest.mark.parametrize("needed", ["second", "third"])
def test_a_stage_that_needs_itself_or_a_later_one_is_refused(needed: str) -> None:
    config = staged(first={}, second={"model": {"encoder": {"checkpoint": needed}}}, third={})
    with raises(ConfigError, file="a.yaml", argument="checkpoint", got=needed) as error:
        split_stages(config, "a.yaml")
    assert str(error.value) == f"a.yaml: the stage second needs the checkpoint of {needed}, which is not before it."


@pytest.mark.parametrize("stages", [[], {}, ["first"], 3, None, {"first": 3}])
def test_invalid_stages_are_refused(stages: Any) -> None:
    with raises(ConfigError, file="a.yaml"):
        split_stages({**COMMON, "stages": stages}, "a.yaml")


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".", "a b", "-a"])
def test_an_invalid_stage_name_is_refused(name: str) -> None:
    with raises(ConfigError, file="a.yaml", got=name):
        split_stages(staged(**{name: {}}), "a.yaml")


def test_each_stage_is_checked_as_a_config_of_its_own() -> None:
    check(staged(first={}, second={"model": {"encoder": {"checkpoint": "first"}}}), "a.yaml")
    with raises(ConfigError, argument="epoks"):
        check(staged(first={}, second={"pipeline": {"epoks": 1}}), "a.yaml")


def test_stages_can_be_overridden_and_inherited(configs: Any) -> None:
    configs.write(f"{configs.plain}\nstages: {{first: {{pipeline: {{epochs: 1}}}}}}", "base.yaml")
    path = configs.write("_base_: base.yaml\nstages: {second: {model: {encoder: {checkpoint: first}}}}")
    config = load_config(path, ["stages.first.pipeline.epochs=7"])
    stages = split_stages(config, "a.yaml")
    assert stages["first"]["pipeline"]["epochs"] == 7 and "epochs" not in stages["second"]["pipeline"]
