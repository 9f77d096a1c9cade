import os
import pickle
import shutil
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest
import torch
from torch import nn

from conclu_pyg.errors import CheckpointError
from conclu_pyg.runs.checkpoint import Checkpoint, load_weights
from conclu_pyg.runs.folder import LAST


@pytest.fixture
def checkpoint() -> Checkpoint:
    return Checkpoint(
        config={"model": {"name": "ConClu", "weights": [1, 2.5, None, True]}},
        method={"weight": torch.randn(3, 2), "steps": torch.tensor(7)},
        dataset="ModelNet40",
        command="tools/train.py a.yaml",
        seconds=12.5,
        epoch=3,
        batch=4,
        step=100,
        optimizer={"state": {0: {"exp_avg": torch.randn(2)}}, "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.99)}]},
        scheduler={"last_epoch": 3},
        random={"order": torch.Generator().get_state(), "cpu": torch.get_rng_state(), "cuda": []},
        up_axis=1,
        labels={"classes": ["cup"], "parts": ["rim"], "class_parts": [[0]]},
        pretraining={"source": "runs/a", "dataset": "ModelNet40", "up_axis": None, "seconds": 1.5},
    )


def test_every_field_comes_back(checkpoint: Checkpoint, tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "new" / "folder" / "last.pt")
    loaded = Checkpoint.load(tmp_path / "new" / "folder" / "last.pt")
    flat, expected = (torch.utils._pytree.tree_flatten(asdict(item)) for item in (loaded, checkpoint))
    assert flat[1] == expected[1]
    for a, b in zip(flat[0], expected[0], strict=True):
        assert torch.equal(a, b) if isinstance(b, torch.Tensor) else a == b and type(a) is type(b)


def test_a_run_folder_means_its_last_checkpoint(checkpoint: Checkpoint, tmp_path: Path) -> None:
    checkpoint.save(tmp_path / LAST)
    assert Checkpoint.load(str(tmp_path)).step == Checkpoint.load(tmp_path / LAST).step == 100


def test_a_crash_while_writing_leaves_the_former_checkpoint_and_nothing_else(
    checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(content: Any, file: BinaryIO) -> None:
        file.write(b"half of it")
        raise OSError("No space left on device")

    checkpoint.save(tmp_path / "last.pt")
    monkeypatch.setattr(torch, "save", crash)
    with pytest.raises(OSError, match="No space"):
        replace(checkpoint, step=101).save(tmp_path / "last.pt")
    assert Checkpoint.load(tmp_path / "last.pt").step == 100
    assert [path.name for path in tmp_path.iterdir()] == ["last.pt"]


class Code:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("dump", [torch.save, lambda content, path: path.write_bytes(pickle.dumps(content, 4))])
def test_code_in_a_checkpoint_is_refused_and_not_run(
    checkpoint: Checkpoint, tmp_path: Path, dump: Any, recwarn: pytest.WarningsRecorder
) -> None:
    path, target = tmp_path / "evil.pt", tmp_path / "ran"
    dump({**vars(checkpoint), "config": Code(target)}, path)
    with pytest.raises(CheckpointError, match=r"evil\.pt cannot be read as a checkpoint: .* code, which is never run"):
        Checkpoint.load(path)
    assert not target.exists()
    assert not recwarn.list


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_file_that_was_cut_off_is_refused(checkpoint: Checkpoint, tmp_path: Path, share: float) -> None:
    path = tmp_path / "cut.pt"
    checkpoint.save(path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(CheckpointError, match=r"cut\.pt cannot be read as a checkpoint: it is incomplete"):
        Checkpoint.load(path)


def test_whatever_bytes_are_damaged_the_error_is_a_sentence(checkpoint: Checkpoint, tmp_path: Path) -> None:
    path = tmp_path / "damaged.pt"
    checkpoint.save(path)
    content = path.read_bytes()
    start = content.index(b"data.pkl")
    for draw in torch.randint(0, 1500, (150, 3)).tolist():
        damaged = bytearray(content)
        for offset in draw:
            damaged[start + offset] ^= 0x5A
        path.write_bytes(damaged)
        with suppress(CheckpointError):  # and no other error; some bytes do not matter
            Checkpoint.load(path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (torch.zeros(2), "other.pt is no checkpoint of conclu_pyg: it holds a Tensor."),
        ([1, 2], "other.pt is no checkpoint of conclu_pyg: it holds a list."),
        ({"weight": torch.zeros(2)}, "no checkpoint of conclu_pyg: it must hold config, method, .*, found weight."),
        ({}, "found nothing."),
        ({"format": 2, "anew": 1}, "other.pt has checkpoint format 2, this version reads 1; use the version of"),
    ],
)
def test_another_file_of_torch_is_refused(tmp_path: Path, content: Any, sentence: str) -> None:
    torch.save(content, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match=sentence):
        Checkpoint.load(tmp_path / "other.pt")


def test_a_file_that_may_not_be_read_is_named_with_the_reason(
    checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    checkpoint.save(tmp_path / "a.pt")
    monkeypatch.setattr(torch, "load", refuse)
    with pytest.raises(CheckpointError, match=r"a\.pt cannot be read: Permission denied\."):
        Checkpoint.load(tmp_path / "a.pt")


def test_a_part_of_another_type_is_refused(checkpoint: Checkpoint, tmp_path: Path) -> None:
    torch.save({**vars(checkpoint), "method": 5}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=r"a\.pt is damaged: its method must be a mapping, found 5\."):
        Checkpoint.load(tmp_path / "a.pt")


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ({"labels": []}, r"its labels must be a mapping, found \[\]\."),
        ({"pretraining": None}, r"its pretraining must be a mapping, found None\."),
        ({"method": {"weight": 5}}, r"its method must hold tensors by name, found 5 as 'weight'\."),
        ({"method": {5: torch.zeros(1)}}, r"its method must hold tensors by name, found tensor\(\[0\.\]\) as 5\."),
        ({"config": {}}, r"its config must have a model with a name, found None\."),
        ({"config": {"model": {"encoder": 1}}}, r"its config must have a model with a name, found {'encoder': 1}\."),
        ({"up_axis": "z"}, r"its up_axis must be 0, 1 or 2, found 'z'\."),
        ({"up_axis": 3}, r"its up_axis must be 0, 1 or 2, found 3\."),
        (
            {"config": {"model": {"name": "A", "b": [torch.zeros(1)]}}},
            r"its config .* alone, found tensor.* as model.b.0\.",
        ),
        (
            {"config": {"model": {"name": "A"}, "pipeline": "x"}},
            r"the pipeline of its config must be a map.*, found 'x'\.",
        ),
        ({"dataset": torch.zeros(1)}, r"its dataset must be of the type str, found tensor\(\[0\.\]\)\."),
        ({"epoch": "3"}, r"its epoch must be of the type int, found '3'\."),
        ({"pretraining": {"dataset": torch.zeros(1)}}, r"its pretraining must hold plain .* as dataset\."),
        ({"pretraining": {"before": "ModelNet"}}, r"its pretraining must be a mapping, .*, found 'ModelNet'\."),
        ({"pretraining": {"before": {"before": [1]}}}, r"its pretraining must be a mapping, .*, found \[1\]\."),
        (
            {"pretraining": {"epochs": "many"}},
            r"its pretraining must be .* epochs and .* where .*, found {'epochs': 'many'}\.",
        ),
        ({"pretraining": {"terms": "contrast"}}, r"its pretraining must be .*, found {'terms': 'contrast'}\."),
        ({"terms": [1]}, r"its terms must be a list of names, found \[1\]\."),
        ({"num_points": "many"}, r"its num_points must be of the type int, found 'many'\."),
        ({"num_points": -3}, r"its num_points must be a number of at least 0, found -3\."),
        ({"seconds": "x"}, r"its seconds must be a number of at least 0, found 'x'\."),
        ({"seconds": float("nan")}, r"its seconds must be a number of at least 0, found nan\."),
        ({"up_axis": True}, r"its up_axis must be 0, 1 or 2, found True\."),
    ],
)
def test_a_damaged_part_is_named(checkpoint: Checkpoint, tmp_path: Path, parts: dict[str, Any], found: str) -> None:
    torch.save({**vars(checkpoint), **parts}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=rf"a\.pt is damaged: {found}$"):
        Checkpoint.load(tmp_path / "a.pt")


def test_a_file_from_before_labels_and_pretraining_were_kept_is_read_without_them(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    older = {key: value for key, value in vars(checkpoint).items() if key not in ("labels", "pretraining")}
    torch.save(older, tmp_path / "a.pt")
    loaded = Checkpoint.load(tmp_path / "a.pt")
    assert loaded.labels == loaded.pretraining == {} and loaded.step == 100


def test_a_missing_path_and_a_folder_without_a_checkpoint_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"there is no checkpoint or run folder .*nowhere\.$"):
        Checkpoint.load(tmp_path / "nowhere")
    with pytest.raises(CheckpointError, match=r"is a folder without checkpoints/last\.pt; give a run folder"):
        Checkpoint.load(tmp_path)


def test_weights_of_another_network_are_refused_with_the_first_differences() -> None:
    weights = nn.Linear(3, 2).state_dict()
    with pytest.raises(
        CheckpointError, match=r"in a\.pt do not fit Linear: weight has shape \[2, 3\] instead of \[2, 4\]\."
    ):
        load_weights(nn.Linear(4, 2), weights, "a.pt")
    with pytest.raises(CheckpointError, match=r"do not fit Linear: bias is unexpected\."):
        load_weights(nn.Linear(3, 2, bias=False), weights, "a.pt")
    deep = nn.Sequential(*(nn.Linear(2, 2) for _ in range(4)))
    with pytest.raises(CheckpointError, match=r"do not fit Sequential: (\S+ is missing; ){4}and 6 more\."):
        load_weights(deep, weights, "a.pt")


def test_weights_that_fit_are_loaded() -> None:
    source, target = nn.Linear(3, 2), nn.Linear(3, 2)
    load_weights(target, source.state_dict(), "a.pt")
    assert torch.equal(target.weight, source.weight)


def test_the_checkpoint_of_a_run_can_be_read_elsewhere(tiny_run: Path, tmp_path: Path) -> None:
    shutil.copy(tiny_run / LAST, tmp_path / "moved.pt")
    checkpoint = Checkpoint.load(tmp_path / "moved.pt")
    assert (checkpoint.epoch, checkpoint.batch, checkpoint.step, checkpoint.dataset) == (2, 0, 6, "ParametricShapes")
    assert checkpoint.seconds > 0 and checkpoint.command
    assert checkpoint.optimizer["state"] and checkpoint.scheduler["last_epoch"] == 2
    assert checkpoint.random.keys() == {"order", "cpu", "cuda"}
