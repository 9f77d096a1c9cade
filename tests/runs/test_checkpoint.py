import math
import os
import pickle
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from conclu_pyg.errors import CheckpointError
from conclu_pyg.runs.checkpoint import Checkpoint, load_weights
from conclu_pyg.runs.folder import LAST
from conclu_pyg.runs.provenance import CloudSet, EncoderOrigin, LabelledTraining, Mismatches
from conclu_pyg.runs.tensor_file import write_tensor_file

ORIGIN = asdict(EncoderOrigin("runs/a", "ModelNet40", "ConClu", 7, "train", 1.5, "abc"))


@pytest.fixture
def checkpoint() -> Checkpoint:
    return Checkpoint(
        config={"model": {"name": "ConClu", "weights": [1, 2.5, None, True]}},
        weights={"weight": torch.randn(3, 2), "steps": torch.tensor(7)},
        dataset="ModelNet40",
        command="tools/train.py a.yaml",
        seconds=12.5,
        epoch=3,
        batch=4,
        step=100,
        data_axis=2,
        num_points=64,
        optimizer={"state": {0: {"exp_avg": torch.randn(2)}}, "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.99)}]},
        threads=2,
        history=({"epoch": 1, "loss": math.inf},),
        random={"order": torch.Generator().get_state(), "cpu": torch.get_rng_state(), "cuda": []},
        up_axis=1,
        labels={"classes": ["cup"], "parts": ["rim"], "class_parts": [[0]]},
        pretraining=EncoderOrigin(
            "runs/a", "ModelNet40", "ConClu", 7, "train", 1.5, "abc", mismatches=Mismatches(9, arguments={"k": (4, 5)})
        ),
        trained_on=LabelledTraining(CloudSet("train", 4, 8, fraction=0.5), up_axis_change=("y", "z")),
        chosen_on=CloudSet("train", 4, 8, held_out=0.5),
    )


def test_every_field_comes_back(checkpoint: Checkpoint, tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "new" / "folder" / "last.safetensors")
    loaded = Checkpoint.load(tmp_path / "new" / "folder" / "last.safetensors")
    flat, expected = (torch.utils._pytree.tree_flatten(asdict(item)) for item in (loaded, checkpoint))
    assert flat[1] == expected[1]
    for a, b in zip(flat[0], expected[0], strict=True):
        assert torch.equal(a, b) if isinstance(b, torch.Tensor) else a == b and type(a) is type(b)


def test_a_run_folder_means_its_last_checkpoint(checkpoint: Checkpoint, tmp_path: Path) -> None:
    checkpoint.save(tmp_path / LAST)
    assert Checkpoint.load(str(tmp_path)).step == Checkpoint.load(tmp_path / LAST).step == 100


def test_a_crash_while_writing_leaves_only_the_former_checkpoint(
    checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: Any) -> None:
        raise OSError("No space left on device")

    checkpoint.save(tmp_path / "last.safetensors")
    monkeypatch.setattr(os, "replace", crash)
    with pytest.raises(OSError, match="No space"):
        replace(checkpoint, step=101).save(tmp_path / "last.safetensors")
    assert Checkpoint.load(tmp_path / "last.safetensors").step == 100
    assert [path.name for path in tmp_path.iterdir()] == ["last.safetensors"]


@pytest.mark.parametrize("content", [b"", b"no checkpoint", pickle.dumps(print)])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"other\.safetensors is not a checkpoint .*: it is not a whole"):
        Checkpoint.load(tmp_path / "other.safetensors")


def test_weights_without_a_config_are_refused(tmp_path: Path) -> None:
    save_file(nn.Linear(2, 2).state_dict(), tmp_path / "bare.safetensors")
    with pytest.raises(CheckpointError, match=r"is not a checkpoint of conclu_pyg: it has no metadata 'conclu_pyg'"):
        Checkpoint.load(tmp_path / "bare.safetensors")


def test_another_format_is_refused(tmp_path: Path) -> None:
    write_tensor_file(tmp_path / "a.safetensors", {"format": 1})
    with pytest.raises(CheckpointError, match=r"expected checkpoint format 2, got 1; use the version of conclu_pyg"):
        Checkpoint.load(tmp_path / "a.safetensors")


def test_an_unreadable_file_is_named_with_the_reason(
    checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    checkpoint.save(tmp_path / "a.safetensors")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(CheckpointError, match=r"a\.safetensors cannot be read: Permission denied\."):
        Checkpoint.load(tmp_path / "a.safetensors")


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ({"weights": 5}, r"checkpoint\.weights: expected a mapping, got 5"),
        ({"labels": []}, r"checkpoint\.labels: expected a mapping, got \[\]"),
        ({"weights": {"weight": 5}}, r"checkpoint\.weights\.weight: expected a value of type Tensor, got 5"),
        ({"weights": {5: torch.zeros(1)}}, r"checkpoint\.weights: expected a mapping"),
        ({"config": {}}, r"config\.model: expected a mapping with a name, got None"),
        ({"config": {"model": {"encoder": 1}}}, r"config\.model: expected a mapping with a name, got {'encoder': 1}"),
        ({"config": {"model": {"name": "A"}, "pipeline": "x"}}, r"config\.pipeline: expected a mapping, got 'x'"),
        ({"config": {"model": {"name": "A", "b": [torch.zeros(1)]}}}, r"config: expected .*, got tensor.* model\.b\.0"),
        ({"up_axis": "z"}, r"checkpoint\.up_axis: expected a value of type int, got 'z'"),
        ({"up_axis": 3}, r"up_axis: expected 0, 1 or 2, got 3"),
        ({"dataset": torch.zeros(1)}, r"dataset: expected dicts, lists and scalars, got tensor"),
        ({"epoch": "3"}, r"checkpoint\.epoch: expected a value of type int, got '3'"),
        ({"epoch": True}, r"checkpoint\.epoch: expected a value of type int, got True"),
        ({"history": [{"loss": "low"}]}, r"history\[0\]: expected numbers, got 'low'"),
        ({"loss_names": [1]}, r"checkpoint\.loss_names\[0\]: expected a value of type str, got 1"),
        ({"num_points": 10**9}, r"num_points: expected at most 100,000,000, got 1,000,000,000"),
        ({"part": "head"}, r"checkpoint\.part: expected one of 'model', 'encoder', got 'head'"),
        ({"transform": ["x"]}, r"checkpoint\.transform\[0\]: expected a mapping, got 'x'"),
        (
            {"config": {"model": {"name": "A"}, "pipeline": {"seed": "x"}}},
            r"config\.pipeline\.seed: expected a whole number, got 'x'",
        ),
        ({"num_points": -3}, r"num_points: expected a number >= 0, got -3"),
        ({"seconds": "x"}, r"checkpoint\.seconds: expected a finite number, got 'x'"),
        ({"seconds": float("nan")}, r"checkpoint\.seconds: expected a finite number, got nan"),
        ({"trained_on": "48 clouds"}, r"checkpoint\.trained_on: expected a mapping, got '48 clouds'"),
        ({"chosen_on": {"split": "train"}}, r"checkpoint\.chosen_on: expected the keys of CloudSet, .*"),
        (
            {"pretraining": {**ORIGIN, "before": "ModelNet"}},
            r".*pretraining\.before: expected a mapping, got 'ModelNet'",
        ),
        ({"pretraining": {**ORIGIN, "losses": "contrast"}}, r".*losses: expected a list, got 'contrast'"),
        ({"pretraining": {**ORIGIN, "source": torch.zeros(1)}}, r"pretraining: expected dicts, lists and scalars"),
    ],
)
def test_a_damaged_part_is_named(checkpoint: Checkpoint, tmp_path: Path, parts: dict[str, Any], found: str) -> None:
    replace(checkpoint, **parts).save(tmp_path / "a.safetensors")
    with pytest.raises(CheckpointError, match=rf"a\.safetensors is damaged: {found}"):
        Checkpoint.load(tmp_path / "a.safetensors")


def test_a_missing_part_is_named(checkpoint: Checkpoint, tmp_path: Path) -> None:
    write_tensor_file(tmp_path / "a.safetensors", {"format": 2, "model": {"part": "model", "weights": {}}})
    with pytest.raises(CheckpointError, match=r"a\.safetensors is damaged: it lacks a part \('training_state'\)"):
        Checkpoint.load(tmp_path / "a.safetensors")


def test_a_missing_path_and_a_folder_without_a_checkpoint_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"there is no checkpoint or run folder .*nowhere\.$"):
        Checkpoint.load(tmp_path / "nowhere")
    with pytest.raises(CheckpointError, match=r"is a folder without checkpoints/last\.safetensors; give a run folder"):
        Checkpoint.load(tmp_path)


def test_weights_of_another_network_are_refused_with_the_first_differences() -> None:
    weights = nn.Linear(3, 2).state_dict()
    with pytest.raises(
        CheckpointError, match=r"in a\.safetensors do not fit Linear: weight has shape \[2, 3\] instead of \[2, 4\]\."
    ):
        load_weights(nn.Linear(4, 2), weights, "a.safetensors")
    with pytest.raises(CheckpointError, match=r"do not fit Linear: bias is unexpected\."):
        load_weights(nn.Linear(3, 2, bias=False), weights, "a.safetensors")
    with pytest.raises(CheckpointError, match=r"weight has dtype torch\.int64 instead of torch\.float32\.$"):
        load_weights(nn.Linear(3, 2, bias=False), {"weight": torch.zeros(2, 3).long()}, "a.safetensors")
    deep = nn.Sequential(*(nn.Linear(2, 2) for _ in range(4)))
    with pytest.raises(CheckpointError, match=r"do not fit Sequential: (\S+ is missing; ){4}and 6 more\."):
        load_weights(deep, weights, "a.safetensors")


def test_weights_that_fit_are_loaded() -> None:
    source, target = nn.Linear(3, 2), nn.Linear(3, 2)
    load_weights(target, source.state_dict(), "a.safetensors")
    assert torch.equal(target.weight, source.weight)


def test_the_checkpoint_of_a_run_can_be_read_elsewhere(tiny_run: Path, tmp_path: Path) -> None:
    shutil.copy(tiny_run / LAST, tmp_path / "moved.safetensors")
    checkpoint = Checkpoint.load(tmp_path / "moved.safetensors")
    assert (checkpoint.epoch, checkpoint.batch, checkpoint.step, checkpoint.dataset) == (2, 0, 6, "ParametricShapes")
    assert checkpoint.seconds > 0 and checkpoint.command
    assert checkpoint.optimizer["state"] and [row["epoch"] for row in checkpoint.history] == [1, 2]
    assert checkpoint.random.keys() == {"order", "cpu", "cuda", "processes"}
