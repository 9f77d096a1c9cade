"""Fingerprints of trainings."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from conclu_pyg.runs.fingerprint import config_fingerprint


def change(config: dict[str, Any], section: str, **values: Any) -> dict[str, Any]:
    changed = copy.deepcopy(config)
    changed[section] |= values
    return changed


@pytest.mark.parametrize(
    ("same", "make"),
    [
        (True, lambda c: change(c, "pipeline", seed=7, run_dir="x", device="cuda")),
        (True, lambda c: change(c, "pipeline", loggers=["csv", {"name": "mlflow", "tracking_uri": "x"}])),
        (True, lambda c: change(c, "dataset", dataset_path="elsewhere")),
        (False, lambda c: change(c, "pipeline", epochs=9)),
        (False, lambda c: change(c, "dataset", num_points=9)),
        (False, lambda c: change(c, "model", codes="same_view")),
    ],
)
def test_a_seed_or_a_place_makes_no_other_setting(
    same: bool, make: Callable[[dict[str, Any]], dict[str, Any]], tiny_config: dict[str, Any]
) -> None:
    assert (config_fingerprint(make(tiny_config), "A") == config_fingerprint(tiny_config, "A")) is same
    assert config_fingerprint(tiny_config, "B") != config_fingerprint(tiny_config, "A")


def test_a_start_from_a_run_counts_by_its_setting_and_not_by_its_place(tiny_config: dict[str, Any]) -> None:
    first, second = copy.deepcopy(tiny_config), copy.deepcopy(tiny_config)
    first["model"]["encoder"]["checkpoint"], second["model"]["encoder"]["checkpoint"] = "runs/a", "/home/x/runs/b"
    assert (
        config_fingerprint(first, "A", "123abc")
        == config_fingerprint(second, "A", "123abc")
        != config_fingerprint(first, "A", "456def")
    )
    assert config_fingerprint(first, "A", "123abc") != config_fingerprint(tiny_config, "A")
