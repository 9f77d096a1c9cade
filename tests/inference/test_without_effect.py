"""Overrides that change nothing are refused, and no others."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conclu_pyg.errors import ConfigError
from conclu_pyg.inference.options import Options
from conclu_pyg.inference.run_predictor import make_predictor, upward_in_words
from conclu_pyg.inference.without_effect import check_overrides
from conclu_pyg.runs.loaded_run import LoadedRun, load_run

IDLE = ["dataset.num_shapes=3", "dataset.num_test_shapes=20", "dataset.num_points=32", "dataset.num_shapes=4"]
USED = [
    "dataset.transform=[]",
    "dataset.transform[0].name=X",
    "dataset.name=Other",
    "imports=[a.py]",
    "pipeline.device=cpu",
]


@pytest.fixture
def run(tiny_task_runs: dict[str, Path]) -> LoadedRun:
    return load_run(tiny_task_runs["part_segmentation"])


def test_what_changes_nothing_for_files_is_refused(run: LoadedRun) -> None:
    with pytest.raises(
        ConfigError,
        match=r"^dataset.num_shapes and dataset.num_test_shapes and dataset.num_points would change nothing, for no ",
    ):
        check_overrides([*USED, *IDLE], run, Options())
    check_overrides(USED, run, Options())
    check_overrides(IDLE, run, Options(test=1))


def test_what_a_checkpoint_does_not_know_the_data_set_says(run: LoadedRun) -> None:
    def old(**unknown: Any) -> LoadedRun:
        section = run.config["dataset"] | {"num_points": 32}
        config, checkpoint = run.config | {"dataset": section}, replace(run.checkpoint, **unknown)
        return replace(run, config=config, checkpoint=checkpoint, open_dataset=lambda: pytest.fail("it was opened"))

    # The control: what the checkpoint knows is taken from there, and no data set is opened.
    assert make_predictor(old(), Options()).num_points == 64 and upward_in_words(old(), Options())
    assert make_predictor(old(num_points=0), Options()).num_points == 32
    check_overrides(["dataset.num_points=32"], old(num_points=0), Options())
    with pytest.raises(ConfigError, match=r"^dataset.num_points would change nothing"):
        check_overrides(["dataset.num_points=32"], old(num_points=0), Options(num_points=9))
    with pytest.raises(pytest.fail.Exception, match="it was opened"):
        upward_in_words(old(up_axis=None, data_axis=None), Options())
    check_overrides(IDLE, old(up_axis=None, data_axis=None), Options())
