"""What a run predicts with, as its config says it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from conclu_pyg.inference.options import Options
from conclu_pyg.inference.run_predictor import make_predictor, upward_in_words
from conclu_pyg.runs.loaded_run import LoadedRun, load_run


@pytest.fixture
def parts(tiny_task_runs: dict[str, Path]) -> LoadedRun:
    return load_run(tiny_task_runs["part_segmentation"])


def with_dataset(run: LoadedRun, **changes: Any) -> LoadedRun:
    """The same run with other words in its config; ``None`` leaves one out."""
    section = {key: value for key, value in (run.config["dataset"] | changes).items() if value is not None}
    return replace(run, config=run.config | {"dataset": section})


def test_points_and_transform_are_those_of_the_data_set(parts: LoadedRun) -> None:
    assert make_predictor(parts, Options()).num_points == 64
    assert make_predictor(parts, Options(num_points=7)).num_points == 7
    # What the config asks for may be more than the clouds had.
    assert make_predictor(with_dataset(parts, num_points=2048), Options()).num_points == 64
    old = replace(parts, checkpoint=replace(parts.checkpoint, num_points=0))  # which does not know
    assert make_predictor(with_dataset(old, num_points=None), Options()).num_points == 1024
    other = {"name": "ModelNet", "num_points": None, "num_shapes": None, "num_test_shapes": None}
    assert make_predictor(with_dataset(old, **other), Options()).num_points == 2048
    pos = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32) + 5
    for transform, largest in ((None, 1.0), ([], np.linalg.norm(pos, axis=1).max())):
        predictor = make_predictor(with_dataset(parts, transform=transform), Options())
        prepared = predictor.prepare(Data(pos=torch.from_numpy(pos.copy()))).pos
        assert prepared.norm(dim=1).max().item() == pytest.approx(largest, rel=1e-5)


def test_it_is_said_which_coordinate_points_up_and_when_clouds_are_turned(parts: LoadedRun) -> None:
    turned = replace(parts, checkpoint=replace(parts.checkpoint, up_axis=1, data_axis=2))
    assert upward_in_words(parts, Options()) == "clouds are taken as z up (--up says otherwise)"
    assert upward_in_words(parts, Options(up="x")).startswith(
        "clouds are taken as x up (as --up says), and turned to z"
    )
    assert upward_in_words(turned, Options()).endswith("(--up says otherwise), and turned to y up for the model")
    assert upward_in_words(turned, Options(up="y")) == "clouds are taken as y up (as --up says)"
