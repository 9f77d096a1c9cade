"""The cache: entries are built once, complete or absent."""

import errno
import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest

from conclu_pyg.data.cache import CacheKey, cached_json, get_or_build
from conclu_pyg.errors import ConcluWarning, DataError
from conclu_pyg.files import durable_write


class Source:
    """An input file, and an entry with its text that counts its builds."""

    def __init__(self, folder: Path, *values: Any) -> None:
        self.file = folder / "source.txt"
        if not self.file.exists():
            self.file.write_text("text")
        self.values, self.builds = values, 0

    def build(self, folder: Path) -> None:
        self.builds += 1
        with durable_write(folder / "text.txt") as file:
            file.write(self.file.read_bytes())

    @staticmethod
    def load(entry: Path) -> str | None:
        text = (entry / "text.txt").read_text() if (entry / "text.txt").is_file() else ""
        return text if text.endswith("text") else None

    def key(self, title: str = "Toy train") -> CacheKey:
        return CacheKey(title, self.values, self.file.parent, [self.file])

    def open(self, folder: Path) -> str:
        return get_or_build(self.key(), self.build, self.load, folder / "cache")


def entries(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "cache").iterdir())


def test_builds_once(tmp_path: Path) -> None:
    source = Source(tmp_path)
    assert source.open(tmp_path) == source.open(tmp_path) == "text"
    assert source.builds == 1 and len(entries(tmp_path)) == 1


def test_another_file_or_value_is_another_entry(tmp_path: Path) -> None:
    source = Source(tmp_path, 1)
    source.open(tmp_path)
    os.utime(source.file, ns=(1, 1))
    source.open(tmp_path)
    source.file.write_text("other text")
    source.open(tmp_path)
    Source(tmp_path, 2).open(tmp_path)
    Source(tmp_path, "1").open(tmp_path)
    assert source.builds == 3 and len(entries(tmp_path)) == 5


def test_other_content_of_the_same_size_and_time_is_another_entry(tmp_path: Path) -> None:
    source = Source(tmp_path)
    source.file.write_text("a text")
    source.open(tmp_path)
    status = source.file.stat()
    for text, builds in (("b text", 2), ("a text", 2)):  # the first entry is used again
        source.file.write_text(text)
        os.utime(source.file, ns=(status.st_atime_ns, status.st_mtime_ns))
        source.open(tmp_path)
        assert source.builds == builds and len(entries(tmp_path)) == 2


def test_another_spelling_of_the_folder_is_the_same_entry(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    for folder in (tmp_path, Path(), tmp_path / "other" / ".."):
        Source(folder).open(tmp_path if folder.is_absolute() else folder)
    assert len(entries(tmp_path)) == 1


def test_links_to_the_folder_are_followed(tmp_path: Path) -> None:
    (tmp_path / "real" / "deep").mkdir(parents=True)
    source = Source(tmp_path / "real")
    source.open(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "deep").symlink_to(tmp_path / "real" / "deep")
    for folder in (tmp_path / "link", tmp_path / "link" / "deep" / "..", tmp_path / "deep" / ".."):
        source.file = folder / "source.txt"
        source.open(tmp_path)
    assert source.builds == 1 and len(entries(tmp_path)) == 1


def test_another_link_to_the_same_file_is_another_entry(tmp_path: Path) -> None:
    """The path of a file can determine its class, so a link moved to another class must not find the old entry."""
    source = Source(tmp_path)
    source.open(tmp_path)
    (tmp_path / "link.txt").symlink_to(source.file)
    source.file = tmp_path / "link.txt"
    source.open(tmp_path)
    assert source.builds == 2 and len(entries(tmp_path)) == 2


@pytest.mark.parametrize("interruption", [DataError, KeyboardInterrupt, MemoryError])
def test_an_interrupted_build_leaves_no_files(tmp_path: Path, interruption: type[BaseException]) -> None:
    source = Source(tmp_path)

    def build(folder: Path) -> None:
        source.build(folder)
        raise interruption

    with pytest.raises(interruption):
        get_or_build(source.key(), build, source.load, tmp_path / "cache")
    assert entries(tmp_path) == []


@pytest.mark.parametrize("damage", ["removed", "truncated"])
def test_a_damaged_entry_is_built_again(tmp_path: Path, damage: str) -> None:
    source = Source(tmp_path)
    source.open(tmp_path)
    text = tmp_path / "cache" / entries(tmp_path)[0] / "text.txt"
    if damage == "removed":
        text.unlink()
    else:
        os.truncate(text, 2)
    with pytest.warns(ConcluWarning, match=r"the cache entry .*Toy-train-\w+ is damaged; it is built again"):
        assert source.open(tmp_path) == "text"
    assert source.builds == 2 and len(entries(tmp_path)) == 1


def test_an_entry_that_cannot_be_loaded_after_its_build_is_an_error(tmp_path: Path) -> None:
    source = Source(tmp_path)
    with pytest.raises(DataError, match="vanished or was damaged"):
        get_or_build(source.key(), source.build, lambda entry: None, tmp_path / "cache")


def test_a_dangling_link_is_named(tmp_path: Path) -> None:
    source = Source(tmp_path)
    source.file.unlink()
    with pytest.raises(DataError, match=r"source\.txt cannot be read \(No such file or directory\)"):
        source.open(tmp_path)


def test_the_rest_of_a_killed_build_is_removed_after_a_day(tmp_path: Path) -> None:
    fresh, old = (tmp_path / "cache" / f".unfinished-{name}" for name in ("fresh", "old"))
    for path in (fresh, old):
        path.mkdir(parents=True)
        (path / "text.txt").touch()
    os.utime(old, (0, 0))
    Source(tmp_path).open(tmp_path)
    assert fresh.exists() and not old.exists()


def _open_in_process(folder: Path, barrier: Any, results: Any) -> None:
    source = Source(folder)
    barrier.wait(60)
    results.put(source.open(folder))


def test_processes_that_build_at_once_agree(tmp_path: Path) -> None:
    Source(tmp_path)  # writes the file
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(4), context.Queue()
    processes = [context.Process(target=_open_in_process, args=(tmp_path, barrier, results)) for _ in range(4)]
    for process in processes:
        process.start()
    texts = {results.get(timeout=60) for _ in processes}
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert texts == {"text"} and len(entries(tmp_path)) == 1


def test_a_disk_that_fills_up_is_an_error(tmp_path: Path, monkeypatch: Any) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(DataError, match=r"the disk of the cache folder .* is full; free some space"):
        Source(tmp_path).open(tmp_path)
    assert entries(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file in its place")
    with pytest.raises(
        DataError, match=r"cache cannot be written \(File exists\); set another one by dataset.cache_dir"
    ):
        Source(tmp_path).open(tmp_path)


@pytest.mark.parametrize("title", ["a/b", "../up", "x y\0z", "ü: a"])
def test_a_title_cannot_lead_out_of_the_cache(tmp_path: Path, title: str) -> None:
    assert cached_json(Source(tmp_path).key(title), lambda: 1, tmp_path / "cache") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "source.txt"]
    assert len(list((tmp_path / "cache").glob("*/about.json"))) == 1


class Counter:
    """A function that counts its calls."""

    def __init__(self, value: Any) -> None:
        self.value, self.calls = value, 0

    def __call__(self) -> Any:
        self.calls += 1
        return self.value


@pytest.mark.parametrize("value", [[[1, 2], []], {"a": None}, [], 0, None])
def test_a_json_value_is_computed_once(tmp_path: Path, value: Any) -> None:
    source, compute = Source(tmp_path), Counter(value)
    assert [cached_json(source.key(), compute, tmp_path / "cache") for _ in range(2)] == [value] * 2
    assert compute.calls == 1
    assert cached_json(Source(tmp_path, "other").key(), compute, tmp_path / "cache") == value and compute.calls == 2
    os.utime(source.file, ns=(1, 1))
    assert cached_json(source.key(), compute, tmp_path / "cache") == value and compute.calls == 3


@pytest.mark.parametrize("damage", ["", "[", "[]", "{}", "\xff"])
def test_a_damaged_json_value_is_computed_again(tmp_path: Path, damage: str) -> None:
    source, compute = Source(tmp_path), Counter([1])
    cached_json(source.key(), compute, tmp_path / "cache")
    (about,) = (tmp_path / "cache").glob("*/about.json")
    about.write_bytes(damage.encode("latin-1"))
    with pytest.warns(ConcluWarning, match="is damaged"):
        assert [cached_json(source.key(), compute, tmp_path / "cache") for _ in range(2)] == [[1]] * 2
    assert compute.calls == 2


def test_a_json_value_that_was_changed_is_computed_again(tmp_path: Path) -> None:
    source, compute = Source(tmp_path), Counter([1, 2.5])
    cached_json(source.key(), compute, tmp_path / "cache")
    (about,) = (tmp_path / "cache").glob("*/about.json")
    text = about.read_text()
    assert text.count("2.5") == 1
    about.write_text(text.replace("2.5", "3.5"))
    with pytest.warns(ConcluWarning, match="is damaged"):
        assert cached_json(source.key(), compute, tmp_path / "cache") == [1, 2.5]
