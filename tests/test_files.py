import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conclu_pyg import files
from conclu_pyg.errors import ConcluError
from conclu_pyg.files import atomic_write


def test_the_new_content_takes_the_place_of_the_old_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with atomic_write(path) as file:
        file.write(b"new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_the_old_content_and_nothing_else(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def write() -> None:
        with atomic_write(path) as file:
            file.write(b"half of the n")
            raise error

    with pytest.raises(error):
        write()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_others_may_read_it_as_the_umask_says(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "file"):
        pass
    (tmp_path / "plain").touch()
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "plain").stat().st_mode


COUNT = """
import sys, time
from pathlib import Path
from conclu_pyg import files
if sys.argv[2] == "without":
    files.fcntl = None
path = Path(sys.argv[1])
while not path.with_name("go").exists():
    pass
for _ in range(20):
    with files.locked(path):
        number = int(path.read_text())
        time.sleep(0.001)
        path.write_text(str(number + 1))
"""


@pytest.fixture(params=["with", "without"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A system that has locks of its own, and one that has not."""
    if request.param == "without":
        monkeypatch.setattr(files, "fcntl", None)
    elif files.fcntl is None:
        pytest.skip("this system has no locks of its own")
    return str(request.param)


def test_no_process_undoes_what_another_wrote(tmp_path: Path, system: str) -> None:
    path = tmp_path / "count"
    path.write_text("0")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", COUNT, str(path), system]
    processes = [subprocess.Popen(command, env=environment) for _ in range(3)]
    (tmp_path / "go").touch()
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert path.read_text() == "60"
    assert sorted(os.listdir(tmp_path)) == ["count", "go"]


def test_the_lock_of_a_process_that_was_killed_does_not_stay(tmp_path: Path, system: str) -> None:
    lock = tmp_path / ".file.lock"
    lock.touch()
    os.utime(lock, (0, 0))
    with files.locked(tmp_path / "file", patience=1):
        assert lock.exists()
    assert not lock.exists()


def test_a_lock_that_is_held_is_waited_for_no_longer_than_patience(tmp_path: Path, system: str) -> None:
    path = tmp_path / "file"
    with files.locked(path):
        with pytest.raises(ConcluError, match=r"file has been in use by another process for 0\.1 s, .* start again\."):
            files.locked(path, patience=0.1).__enter__()
        assert (tmp_path / ".file.lock").exists()
    with files.locked(path, patience=0.1):
        pass


def test_an_error_frees_the_lock(tmp_path: Path, system: str) -> None:
    with pytest.raises(ZeroDivisionError), files.locked(tmp_path / "file"):
        _ = 1 / 0
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="elsewhere that may be another process that removes the lock")
def test_a_folder_that_cannot_be_written_is_an_error_at_once(
    tmp_path: Path, system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> int:  # as the folder's permissions do, but to root too
        raise PermissionError

    monkeypatch.setattr(files.os, "open", refuse)
    with pytest.raises(PermissionError), files.locked(tmp_path / "file"):
        pass


@pytest.mark.skipif(files.fcntl is None, reason="this system has no locks of its own")
@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_written_all_the_same(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files.fcntl, "flock", raising(number))
    with files.locked(tmp_path / "file"):
        (tmp_path / "file").touch()
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.skipif(files.fcntl is None, reason="this system has no locks of its own")
@pytest.mark.parametrize("number", [errno.EIO, errno.EBADF, errno.EINVAL])
def test_another_error_of_the_lock_is_raised_and_leaves_no_file_open(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []
    open_file = os.open

    def remember(*arguments: Any) -> int:
        opened.append(open_file(*arguments))
        return opened[-1]

    monkeypatch.setattr(files.os, "open", remember)
    monkeypatch.setattr(files.fcntl, "flock", raising(number))
    with pytest.raises(OSError, match=os.strerror(number)), files.locked(tmp_path / "file"):
        pass
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened[0])


def raising(number: int) -> Callable[..., None]:
    """What stands for a system call that fails with that number."""

    def fail(*arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail
