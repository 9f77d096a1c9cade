"""Faults of the machine during a training."""

import errno
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import assert_error
from torch_geometric.data import Batch

from conclu_pyg.errors import ConcluError
from conclu_pyg.pipelines.build import build_pipeline
from conclu_pyg.pipelines.faults import explain_faults
from conclu_pyg.pipelines.training_clouds import UnlabelledClouds
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.folder import LAST


@pytest.fixture
def config(tiny_config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    return tiny_config


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_one_sentence_and_leaves_the_last_checkpoint(config: dict[str, Any], small_disk: Path) -> None:
    config["pipeline"] |= {"run_dir": str(small_disk / "run"), "epochs": 100, "keep_every": 1}
    with pytest.raises(ConcluError, match=r"disk is full; a checkpoint needs .* MiB, .* MiB are free") as error:
        build_pipeline(config).run_train()
    folder = small_disk / "run"
    assert str(folder / LAST) in str(error.value) and "--resume" in str(error.value)
    done = Checkpoint.load(folder).epoch
    assert 1 <= done < 100 and not list(folder.rglob(".*.tmp"))
    for path in (folder / LAST).parent.glob("epoch_*"):
        path.unlink()
    config["pipeline"] |= {"epochs": done + 1, "keep_every": 0, "keep_last": 1}
    build_pipeline(config).run_train(resume=folder)
    assert Checkpoint.load(folder).epoch == done + 1


def test_a_folder_that_vanishes_is_one_sentence(config: dict[str, Any], tmp_path: Path) -> None:
    config["pipeline"] |= {"run_dir": str(tmp_path / "run")}
    pipeline = build_pipeline(config)
    pipeline.measure_epoch = lambda: shutil.rmtree(tmp_path / "run") or {}
    pipeline.is_best = lambda metrics: (tmp_path / "run").write_text("") or False  # so that it is not made again
    with pytest.raises(ConcluError, match="was removed or its disk is gone"):
        pipeline.run_train()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_errors_of_the_system_name_the_file_and_what_is_saved(number: int, tmp_path: Path) -> None:
    with pytest.raises(ConcluError, match="nothing was saved before it") as error, explain_faults(tmp_path):
        raise OSError(number, os.strerror(number), str(tmp_path / "file"))
    assert_error(error, file=str(tmp_path / "file"))


@pytest.mark.parametrize("error", [MemoryError(), torch.OutOfMemoryError("CUDA out of memory. Tried ...")])
def test_too_little_memory_is_one_sentence(error: Exception, tmp_path: Path) -> None:
    with pytest.raises(ConcluError, match=r"out of memory .*pipeline\.batch_size"), explain_faults(tmp_path):
        raise error


def test_an_allocation_that_fails_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConcluError, match="out of memory"), explain_faults(tmp_path):
        torch.empty(1 << 60, dtype=torch.uint8)


def test_a_worker_that_is_killed_is_one_sentence_with_its_clouds(config: dict[str, Any], tmp_path: Path) -> None:
    config["pipeline"] |= {"run_dir": str(tmp_path / "run"), "epochs": 100, "num_workers": 1}
    pipeline = build_pipeline(config)
    training_data = pipeline.training_data

    class Killer(UnlabelledClouds):
        def __getitems__(self, indices: Sequence[int] | torch.Tensor) -> Batch:
            if (tmp_path / "run" / LAST).exists():
                os.kill(os.getpid(), signal.SIGKILL)
            return super().__getitems__(indices)

    def with_a_killer(split: Any) -> Any:
        training_data(split)
        return Killer(split)

    pipeline.training_data = with_a_killer
    with pytest.raises(ConcluError, match=r"signal 'Killed' while it read the clouds .* --resume`\.$"):
        pipeline.run_train()
    assert Checkpoint.load(tmp_path / "run").epoch >= 1


def test_other_errors_are_unchanged(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="shapes"), explain_faults(tmp_path):
        raise RuntimeError("shapes differ")
