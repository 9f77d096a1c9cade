"""Trainings in two processes: they equal those in one, share the work, and survive the death of a process."""

import copy
import inspect
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import several_processes
import torch
from conftest import TINY
from several_processes import CONFIGS, INTERRUPTED

from conclu_pyg.registry import METHODS, TASKS

pytestmark = pytest.mark.usefixtures("forget_registered")

PROCESSES = 2
SHAPES = 40  # 5 steps an epoch, 10 in all
DGCNN = {"name": "DGCNN", "k": 4, "channels": [8, 8], "out_channels": 16}
NORMLESS = {
    "encoder": {"name": "NormlessEncoder"},
    "projector": {"name": "NormlessHead"},
    "predictor": {"name": "NormlessHead"},
}
CLASS_HEAD = {"name": "ClassificationHead", "dropout": 0.0}
PART_HEAD = {"name": "PartSegmentationHead", "dropout": 0.0}
CASES: dict[str, dict[str, Any]] = {  # sections of the config that differ from the tiny one
    "ConClu": {},
    "DGCNN": {"model": {"encoder": DGCNN}},
    "ragged": {"pipeline": {"batch_size": 9}, "model": {"orthogonality_weight": 0.0}},
    "cluster_only": {"model": {"contrast_weight": 0.0}},
    "queue": {"model": {"queue": 12}},
    "SimSiam": {"model": {"name": "SimSiam"}},
    "BYOL": {"model": {"name": "BYOL"}},
    "OcCo": {"model": {"name": "OcCo"}},
    "Classifier": {"model": {"name": "Classifier", "head": CLASS_HEAD}, "pipeline": {"name": "Finetuning"}},
    "balanced": {
        "model": {"name": "Classifier", "head": CLASS_HEAD},
        "pipeline": {"name": "Finetuning", "batch_size": 9, "class_weights": "balanced"},
    },
    "PartSegmenter": {
        "model": {"name": "PartSegmenter", "head": PART_HEAD},
        "pipeline": {"name": "Finetuning", "batch_size": 7},
    },
    "whole": {"model": NORMLESS},
    "accumulated": {"model": NORMLESS, "pipeline": {"accumulate": 3}},
    "too_small": {"pipeline": {"batch_size": 2, "accumulate": 2}},
}


@pytest.fixture(scope="module")
def configs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    configs = {}
    for name, changes in CASES.items():
        config = copy.deepcopy(TINY)
        for section, values in changes.items():
            config[section] |= values
        kind = config["model"]["name"]
        if kind != "ConClu":
            taken = inspect.signature((METHODS if kind in METHODS else TASKS).get(kind)).parameters
            config["model"] = {key: value for key, value in config["model"].items() if key == "name" or key in taken}
        config["dataset"]["num_shapes"] = SHAPES
        # Not AdamW, which scales the rounding errors of gradients that are 0 up to its learning rate.
        optimizer = {"name": "SGD", "lr": 0.01}
        pipeline = {"batch_size": 8, "optimizer": optimizer, **changes.get("pipeline", {})}
        config["pipeline"] = {"name": "Pretraining", "epochs": 2, "device": "cpu", **pipeline}
        configs[name] = config
    return configs


def torchrun(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={PROCESSES}"]
    own = {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*command, *arguments], cwd=folder, env={**os.environ, **own}, capture_output=True, text=True, timeout=500
    )


@pytest.fixture(scope="module")
def shared(configs: dict[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What each of two processes computed, by case."""
    folder = tmp_path_factory.mktemp("processes")
    torch.save(configs, folder / CONFIGS)
    run = torchrun(several_processes.__file__, str(folder), folder=folder)
    assert run.returncode == 0, run.stderr[-3000:]
    return {
        name: [torch.load(folder / f"{name}_{rank}_of_{PROCESSES}.pt") for rank in range(PROCESSES)] for name in configs
    }


def assert_equal(ours: Any, expected: Any, rtol: float = 1e-6, atol: float = 1e-9) -> None:
    torch.testing.assert_close(ours, expected, rtol=rtol, atol=atol)


@pytest.mark.parametrize("name", [name for name in CASES if name not in ("accumulated", "too_small")])
def test_two_processes_compute_what_one_does_with_the_whole_batch(
    name: str, configs: dict[str, Any], shared: dict[str, list[Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    alone = several_processes.train(configs[name])
    assert not any(isinstance(result, str) for result in shared[name]), shared[name]
    first, second = shared[name]
    assert len(alone["history"]) == 2
    for process in (first, second):
        # running statistics of batch norms among them; the codes of a queue depend on it by rounding
        assert_equal(process["weights"], alone["weights"], atol=1e-8 if name == "queue" else 1e-9)
        for ours, expected in zip(process["history"], alone["history"], strict=True):
            for key in sorted(expected.keys() - {"seconds", "clouds_per_second", "data_wait"}):
                assert ours[key] == pytest.approx(expected[key], rel=1e-6), key
    assert len(first["steps"]) == len(second["steps"]) == len(alone["steps"]) > 0
    for a, b, both in zip(first["steps"], second["steps"], alone["steps"], strict=True):
        assert a.keys() == b.keys() == both.keys()
        if "gradients" in both:
            assert both["gradients"]
            assert_equal(a["gradients"], both["gradients"])
            assert_equal(b["gradients"], both["gradients"])
        if "codes" in both:
            assert len(a["codes"]) + len(b["codes"]) == len(both["codes"])
            assert_equal(torch.cat([a["codes"], b["codes"]]), both["codes"])


def test_parts_of_a_batch_have_the_codes_and_gradients_of_the_whole(
    configs: dict[str, Any], shared: dict[str, list[Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one process and in two, where the parts of 8 clouds are of 3, 3 and 2, and of 2, 1, 1, 2, 1 and 1."""
    monkeypatch.chdir(tmp_path)
    whole, parts = several_processes.train(configs["whole"]), several_processes.train(configs["accumulated"])
    for result in (parts, *shared["accumulated"]):
        assert_equal(result["weights"], whole["weights"])
        for ours, expected in zip(result["history"], whole["history"], strict=True):
            assert ours["loss"] == pytest.approx(expected["loss"], rel=1e-6)
    codes = [step["codes"] for step in whole["steps"] if "codes" in step][:2]  # of both views
    all_codes = [step["codes"] for step in parts["steps"] if "codes" in step]
    of_parts = all_codes[6:12]  # three parts with two views each, after those of the pass without gradients
    for view in range(2):
        assert_equal(torch.cat(of_parts[view::2]), codes[view])


def test_parts_without_a_cloud_of_each_process_are_refused(shared: dict[str, list[Any]]) -> None:
    for message in shared["too_small"]:
        assert "pipeline.accumulate=2 leaves too few clouds for batch norm in a part of the 1 cloud that" in message


def test_a_run_whose_process_is_stopped_or_killed_ends_as_an_unbroken_one(
    configs: dict[str, Any], tmp_path: Path
) -> None:
    """SIGUSR1 to one of two processes stops both after the same step; after SIGKILL torchrun starts both again."""
    torch.save(configs["ConClu"], tmp_path / INTERRUPTED)
    run = torchrun("--max-restarts=1", several_processes.__file__, str(tmp_path), folder=tmp_path)
    assert run.returncode == 0, run.stderr[-3000:]
    for rank in range(PROCESSES):
        unbroken, stopped, killed = (
            torch.load(tmp_path / f"{name}_{rank}.pt") for name in ("SIGURG", "SIGUSR1", "SIGKILL")
        )
        assert unbroken["step"] == stopped["step"] == killed["step"] == 10
        for name, value in unbroken["weights"].items():
            assert torch.equal(stopped["weights"][name], value) and torch.equal(killed["weights"][name], value), name
    assert {path.name for path in tmp_path.glob("*_sent")} == {"SIGURG_sent", "SIGUSR1_sent", "SIGKILL_sent"}
