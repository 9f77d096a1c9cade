"""Atomic writes and inter-process locks."""

import errno
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from conclu_pyg.errors import ConcluError
from conclu_pyg.files import (
    atomic_write,
    durable_write,
    locked,
    new_folder,
    remove_abandoned,
    replace_by_copy,
    replacement,
)


def test_the_new_content_replaces_the_old_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with atomic_write(path) as file:
        file.write(b"new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["file"]


def test_a_file_that_another_function_writes_replaces_the_old_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with replacement(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"] and path.read_text() == "new"


def test_a_new_folder_appears_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "parent" / "folder"
    with new_folder(path) as temporary:
        (temporary / "file").write_text("new")
        assert not path.exists()
    assert os.listdir(path.parent) == ["folder"] and (path / "file").read_text() == "new"
    with pytest.raises(FileNotFoundError), new_folder(tmp_path / "other") as temporary:
        (temporary / "missing" / "file").write_text("new")
    assert os.listdir(tmp_path) == ["parent"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_only_the_old_content(tmp_path: Path, error: type[BaseException]) -> None:
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


def test_permissions_follow_the_umask(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "file"):
        pass
    (tmp_path / "plain").touch()
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_durable_file_is_synced_before_the_block_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
    with durable_write(tmp_path / "file") as file:
        file.write(b"content")
    assert synced == [7] and (tmp_path / "file").read_bytes() == b"content"


COUNT = """
import sys, time
from pathlib import Path
from typing import Any
from conclu_pyg.files import locked
path = Path(sys.argv[1])
while not path.with_name("go").exists():
    time.sleep(0.01)
for _ in range(20):
    with locked(path):
        number = int(path.read_text())
        time.sleep(0.001)
        path.write_text(str(number + 1))
"""

HOLD = """
import sys, time
from pathlib import Path
from typing import Any
from conclu_pyg.files import locked
with locked(Path(sys.argv[1])):
    print("locked", flush=True)
    time.sleep(60)
"""


def start(script: str, path: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    return subprocess.Popen(
        [sys.executable, "-c", script, str(path)], env=environment, stdout=subprocess.PIPE, text=True
    )


def test_processes_do_not_overwrite_each_other(tmp_path: Path) -> None:
    path = tmp_path / "count"
    path.write_text("0")
    processes = [start(COUNT, path) for _ in range(3)]
    (tmp_path / "go").touch()
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert path.read_text() == "60"


def test_the_lock_of_a_killed_process_does_not_stay(tmp_path: Path) -> None:
    process = start(HOLD, tmp_path / "file")
    assert process.stdout is not None and process.stdout.readline() == "locked\n"
    with pytest.raises(ConcluError), locked(tmp_path / "file", timeout=0.1):
        pass
    process.kill()
    process.wait(60)
    process.stdout.close()
    with locked(tmp_path / "file", timeout=5):
        pass


def test_an_abandoned_lock_file_does_not_lock(tmp_path: Path) -> None:
    (tmp_path / ".file.lock").touch()
    with locked(tmp_path / "file", timeout=1):
        pass


def test_waiting_for_a_lock_ends_after_the_timeout(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with FileLock(tmp_path / ".file.lock"):
        began = time.monotonic()
        with pytest.raises(ConcluError, match=r"file has been locked by another process for 0\.1 s, .* start again\."):
            locked(path, timeout=0.1).__enter__()
        assert 0.1 <= time.monotonic() - began < 10
    with locked(path, timeout=0.1):
        pass


def test_an_error_releases_the_lock(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "file"):
        _ = 1 / 0
    with locked(tmp_path / "file", timeout=0.1):
        pass


@pytest.mark.skipif(os.name != "posix", reason="folders without write permission are a matter of posix systems")
def test_a_folder_that_cannot_be_written_is_an_error_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> int:  # as the folder's permissions do, but for root too
        raise PermissionError

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(PermissionError), locked(tmp_path / "file"):
        pass


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP])
@pytest.mark.filterwarnings("ignore:flock not supported")
def test_a_file_system_without_locks_is_written_all_the_same(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl", reason="this system has no locks of its own")
    monkeypatch.setattr(fcntl, "flock", raising(number))
    with locked(tmp_path / "file"):
        with pytest.raises(ConcluError), locked(tmp_path / "file", timeout=0.1):
            pass
        (tmp_path / "file").touch()
    with locked(tmp_path / "file", timeout=0.1):
        pass


@pytest.mark.parametrize("number", [errno.EIO, errno.EBADF, errno.EINVAL])
def test_another_error_of_the_lock_is_raised(tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    fcntl = pytest.importorskip("fcntl", reason="this system has no locks of its own")
    monkeypatch.setattr(fcntl, "flock", raising(number))
    with pytest.raises(OSError, match=os.strerror(number)), locked(tmp_path / "file"):
        pass


def raising(number: int) -> Callable[..., None]:
    """Returns a function that fails like a system call with that number."""

    def fail(*arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def test_temporary_files_of_ended_processes_are_removed_and_others_kept(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    with atomic_write(tmp_path / "a.txt"):
        (own,) = tmp_path.iterdir()
        ended = own.with_name(own.name.replace(str(os.getpid()), str(process.pid)))
        elsewhere = ended.with_name(ended.name.replace("@", "@other"))
        abandoned = ended.with_name(ended.name.replace("a.txt", "folder"))
        abandoned.mkdir()
        (abandoned / "file").touch()
        others = [tmp_path / ".b.tmp", tmp_path / "c.tmp", elsewhere]
        for path in (ended, *others):
            path.touch()
        remove_abandoned(tmp_path)
        assert set(tmp_path.iterdir()) == {own, *others}


def test_a_copy_replaces_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_text("new")
    (tmp_path / "b").write_text("old")
    replace_by_copy(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_text() == "new" and os.path.samefile(tmp_path / "a", tmp_path / "b")
    replace_by_copy(tmp_path / "a", tmp_path / "b")  # links to one file already

    def refuse(*_: Any) -> None:
        raise OSError("no hard links")

    monkeypatch.setattr(os, "link", refuse)
    replace_by_copy(tmp_path / "a", tmp_path / "c")
    assert (tmp_path / "c").read_text() == "new" and not os.path.samefile(tmp_path / "a", tmp_path / "c")
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b", "c"}
