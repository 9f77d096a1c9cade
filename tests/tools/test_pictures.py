"""Pictures of what methods make of test clouds."""

import copy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pictures
import pytest
import torch
from helpers import of_method

from conclu_pyg.methods.base import as_method
from conclu_pyg.nn.distances import distances
from conclu_pyg.pipelines.build import build_pipeline
from conclu_pyg.pipelines.views import compose_views
from conclu_pyg.registry import DATASETS, METHODS
from conclu_pyg.runs.loaded_run import load_run


def columns(config: dict[str, Any], name: str) -> dict[str, list[torch.Tensor]]:
    """Return the columns of two test clouds by an untrained method, which encodes 32 points."""
    model = of_method(copy.deepcopy(config), name)["model"]
    method: Any = as_method(METHODS.build(model)).eval()
    clouds = DATASETS.build(config["dataset"]).get_split("test").__getitems__([0, 1])
    views = compose_views(method.views, None, up_axis=2)
    torch.manual_seed(0)
    with torch.no_grad():
        return pictures.columns(method, {key: view(clouds.clone()) for key, view in views.items()}, clouds)


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("OcCo", {"input": 32, "output": 32, "truth": 64}),
        ("FoldingNet", {"input": 32, "output": 32}),
        ("MRTNet", {"input": 32, "output": 32}),
        ("LatentGAN", {"input": 32, "decoded": 32, "generated": 32}),
        ("MAPVAE", {"front": 16, "predicted back": 16, "back": 16, "decoded": 32, "truth": 32}),
        ("PointMAE", {"visible": 32, "predicted": 32, "both": 64, "truth": 32}),
    ],
)
def test_each_method_has_its_columns(name: str, sizes: dict[str, int], tiny_config: dict[str, Any]) -> None:
    found = columns(tiny_config, name)
    assert {title: [len(cloud) for cloud in column] for title, column in found.items()} == {
        title: [size, size] for title, size in sizes.items()
    }


def test_the_halves_of_a_cloud_are_those_of_one_angle(tiny_config: dict[str, Any]) -> None:
    found = columns(tiny_config, "MAPVAE")
    for front, back, whole in zip(found["front"], found["back"], found["truth"], strict=True):
        assert sorted(torch.cat([front, back]).tolist()) == sorted(whole.tolist())


def test_visible_patches_are_where_they_are_in_the_cloud(tiny_config: dict[str, Any]) -> None:
    found = columns(tiny_config, "PointMAE")
    for visible, whole in zip(found["visible"], found["truth"], strict=True):
        assert distances(visible[None], whole[None]).amin(dim=2).max() < 1e-6


def test_a_run_is_drawn(tiny_config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = of_method(tiny_config, "FoldingNet")
    config["pipeline"] |= {"epochs": 1, "run_dir": str(tmp_path / "run")}
    folder, path = build_pipeline(config).run_train(), tmp_path / "picture.png"
    monkeypatch.setattr(sys, "argv", ["pictures.py", str(folder), "-o", str(path), "-n", "2"])
    pictures.main()
    assert path.read_bytes().startswith(b"\x89PNG")
    first = pictures.pictures(load_run(folder), 2)
    assert all(
        np.array_equal(a, b)
        for a, b in zip(first["input"], pictures.pictures(load_run(folder), 2)["input"], strict=True)
    )


def test_a_run_of_a_method_that_makes_no_clouds_is_refused(tiny_run: Path) -> None:
    with pytest.raises(SystemExit, match="makes clouds, got ConClu"):
        pictures.pictures(load_run(tiny_run), 1)
