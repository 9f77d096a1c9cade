"""Samples of the content of files."""

import os
from pathlib import Path
from typing import Any

import pytest

from conclu_pyg.data import file_sample
from conclu_pyg.data.file_sample import hash_sample


def write(folder: Path, count: int, size: int) -> list[str]:
    paths = []
    for index in range(count):
        path = folder / f"{index:04d}"
        path.write_bytes(bytes([index % 251]) * size)
        paths.append(str(path))
    return paths


def flip(path: str, place: int) -> None:
    content = bytearray(Path(path).read_bytes())
    content[place] ^= 1
    Path(path).write_bytes(content)


@pytest.mark.parametrize(("count", "size"), [(1, 100_000), (5, 9000), (256, 8192), (600, 20), (3, 0), (0, 0)])
def test_the_hash_of_the_same_files_is_the_same(tmp_path: Path, count: int, size: int) -> None:
    paths = write(tmp_path, count, size)
    found = hash_sample(paths)
    for path in paths:
        os.utime(path, (1, 1))
    assert hash_sample(paths) == found
    assert count < 2 or hash_sample(paths[::-1]) != found or not size


@pytest.mark.parametrize("place", [0, 1, 4095, 4096, 8191])
@pytest.mark.parametrize("file", [0, 100, 255])
def test_any_change_of_few_small_files_is_noticed(tmp_path: Path, file: int, place: int) -> None:
    paths = write(tmp_path, 256, 8192)
    found = hash_sample(paths)
    flip(paths[file], place)
    assert hash_sample(paths) != found
    flip(paths[file], place)
    assert hash_sample(paths) == found


@pytest.mark.parametrize("place", [0, -1])
@pytest.mark.parametrize("file", [0, 999])
def test_the_ends_of_the_first_and_last_of_many_files_are_read(tmp_path: Path, file: int, place: int) -> None:
    paths = write(tmp_path, 1000, 9000)
    found = hash_sample(paths)
    flip(paths[file], place)
    assert hash_sample(paths) != found


def test_a_large_file_is_read_at_many_places(tmp_path: Path) -> None:
    (path,) = write(tmp_path, 1, 16 << 20)
    found = hash_sample([path])
    content = Path(path).read_bytes()
    for start in range(0, len(content), 1 << 20):  # a changed megabyte
        Path(path).write_bytes(content[:start] + bytes([7]) * (1 << 20) + content[start + (1 << 20) :])
        assert hash_sample([path]) != found


def test_few_of_many_files_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []

    def record(path: str, *arguments: Any, **options: Any) -> Any:
        opened.append(path)
        return open(path, *arguments, **options)

    monkeypatch.setattr(file_sample, "open", record, raising=False)
    paths = write(tmp_path, 1000, 100)
    hash_sample(paths)
    assert len(set(opened)) == len(opened) == file_sample.MAX_FILES and {paths[0], paths[-1]} <= set(opened)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        hash_sample([str(tmp_path / "absent")])
