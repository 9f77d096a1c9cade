"""Reading in a child process."""

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from helpers import raises

from conclu_pyg.errors import DataError
from conclu_pyg.io import child_process
from conclu_pyg.io.child_process import read_in_child
from conclu_pyg.io.file_cloud import FileCloud

READER = "failing_readers"


def clouds(folder: Path, text: str, name: str = "a.txt") -> Iterator[FileCloud]:
    (folder / name).write_text(text)
    return read_in_child(READER, folder / name, 100)


def pid(cloud: FileCloud) -> int:
    """Returns the process that read a cloud."""
    return int(cloud.points[1, 2])


def test_clouds_arrive_as_they_were_read(tmp_path: Path) -> None:
    first, second, mesh = clouds(tmp_path, "one two mesh")
    assert first.points.dtype == np.dtype(">f8") and second.points[:, :2].tolist() == [[0, 0], [1, 1]]
    assert first.name == "cloud 0" and second.name == "cloud 1" and second.notes == ("two",)
    assert second.x["colors"].tolist() == [[1] * 3] * 2 and second.x["colors"].dtype == np.uint8
    assert second.x["none"].shape == (2, 0) and second.cad == {"solids": 1}
    assert second.labels is not None and second.labels.tolist() == [1, 7]
    assert first.triangles is None and mesh.triangles is not None and mesh.triangles.shape == (0, 3)
    assert list(clouds(tmp_path, "")) == []


def test_a_child_is_kept_for_the_next_file(tmp_path: Path) -> None:
    (first,) = clouds(tmp_path, "one")
    assert pid(first) != os.getpid()
    with raises(DataError, file=tmp_path / "a.txt", argument="points", got=-1) as caught:
        list(clouds(tmp_path, "one refused"))
    assert str(caught.value) == f"{tmp_path / 'a.txt'} is refused."
    left = clouds(tmp_path, "one two")
    next(left)
    left.close()  # before the second cloud is read
    (last,) = clouds(tmp_path, "three")
    assert pid(last) == pid(first)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("status", "the process that read it ended with status 3"),
        ("error", "ZeroDivisionError: a bug of the library"),
        pytest.param(
            "signal",
            "the process that read it ended by signal 15, SIGTERM",
            marks=pytest.mark.skipif(sys.platform == "win32", reason="a process of Windows does not end by a signal"),
        ),
        pytest.param(
            "memory",
            f"it needs more than {(400 << 20) + 64 * len('one memory'):,} bytes of memory",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="the memory is bounded on Linux only"),
        ),
        ("sleep", "it took longer than 1 s"),
    ],
)
def test_a_reader_that_fails_ends_only_its_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str, reason: str
) -> None:
    monkeypatch.setattr(child_process, "SECONDS", 1)
    reader = clouds(tmp_path, f"one {word}")
    process = psutil.Process(pid(next(reader)))
    with raises(DataError, file=tmp_path / "a.txt", got=reason) as caught:
        next(reader)
    assert str(caught.value).startswith(f"{tmp_path / 'a.txt'} cannot be read ({reason}); ")
    assert not process.is_running()  # and is no zombie
    (after,) = clouds(tmp_path, "two")
    assert after.notes == ("two",) and pid(after) != process.pid


def test_two_files_are_read_at_the_same_time(tmp_path: Path) -> None:
    pairs = zip(clouds(tmp_path, "a b", "1.txt"), clouds(tmp_path, "c d", "2.txt"), strict=True)
    assert [(one.notes, two.notes) for one, two in pairs] == [(("a",), ("c",)), (("b",), ("d",))]
    found: dict[int, list[tuple[str, ...]]] = {}
    words = [f"word{index}" for index in range(4)]

    def run(index: int) -> None:
        found[index] = [
            cloud.notes for cloud in clouds(tmp_path, words[index] * 2 + " " + words[index], f"{index}.txt")
        ]

    threads = [threading.Thread(target=run, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found[index] == [(words[index] * 2,), (words[index],)] for index in range(4))


def test_relative_paths_are_those_of_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        Path("a.txt").write_text(f"{name} refused")
        reader = read_in_child(READER, Path("a.txt"), 100)
        assert next(reader).notes == (name,)
        with pytest.raises(DataError, match=r"^a\.txt is refused\.$"):
            next(reader)


class Files(torch.utils.data.Dataset):
    """The processes that read a file, in the workers of a data loader."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __getitem__(self, index: int) -> tuple[int, int]:
        (cloud,) = read_in_child(READER, self.path, 100)
        return os.getpid(), pid(cloud)

    def __len__(self) -> int:
        return 4


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="the platform has no fork")
def test_workers_of_a_data_loader_start_their_own_children(tmp_path: Path) -> None:
    (own,) = clouds(tmp_path, "one")
    loader = torch.utils.data.DataLoader(
        Files(tmp_path / "a.txt"), batch_size=None, num_workers=2, multiprocessing_context="fork"
    )
    found = list(loader)
    workers, children = {worker for worker, _ in found}, {child for _, child in found}
    assert len(workers) == len(children) == 2 and pid(own) not in children
    (after,) = clouds(tmp_path, "two")
    assert pid(after) == pid(own)
    wait_for_the_end_of(children)


SCRIPT = """
import sys
from pathlib import Path
from conclu_pyg.io.child_process import read_in_child

reader = read_in_child("failing_readers", Path(sys.argv[1]), 100)
print(int(next(reader).points[1, 2]))
if sys.argv[2] == "signal":
    import os, signal
    os.kill(os.getpid(), signal.SIGTERM)
"""


@pytest.mark.parametrize("end", ["return", "signal"])
def test_a_script_without_a_guard_prints_nothing_and_leaves_no_child(tmp_path: Path, end: str) -> None:
    (tmp_path / "a.txt").write_text("one two")
    (tmp_path / "script.py").write_text(SCRIPT)
    paths = [str(Path(child_process.__file__).parents[2]), str(Path(__file__).parents[1])]
    done = subprocess.run(
        [sys.executable, str(tmp_path / "script.py"), str(tmp_path / "a.txt"), end],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"},
    )
    assert done.stderr == "" and len(done.stdout.splitlines()) == 1 and (done.returncode == 0) == (end == "return")
    wait_for_the_end_of({int(done.stdout)})


def wait_for_the_end_of(processes: set[int]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            psutil.Process(process).wait(20)
    deadline = time.monotonic() + 20
    while any(psutil.pid_exists(process) for process in processes):
        assert time.monotonic() < deadline
        time.sleep(0.05)
