"""What is found out by reading a whole data set, and kept. The entries of splits are tested in test_cache.py."""

import os
from pathlib import Path
from typing import Any

import pytest

from conclu_pyg.data.cache_store import cached_finding
from conclu_pyg.errors import DataError


class Finder:
    """Counts how often it is asked."""

    def __init__(self, folder: Path, finding: Any) -> None:
        self.folder, self.finding, self.asked = folder, finding, 0
        self.file = folder / "labels.txt"
        if not self.file.exists():
            self.file.write_text("labels")

    def find(self) -> Any:
        self.asked += 1
        return self.finding

    def cached(self, *identity: str) -> Any:
        cache = self.folder / "cache"
        return cached_finding("Toy parts", identity or ("toy",), self.folder, [self.file], self.find, cache)


@pytest.mark.parametrize("finding", [[[1, 2], []], {"a": None}, [], 0, None])
def test_is_found_once(tmp_path: Path, finding: Any) -> None:
    finder = Finder(tmp_path, finding)
    assert finder.cached() == finder.cached() == finding and finder.asked == 1
    assert finder.cached("other") == finding and finder.asked == 2
    os.utime(finder.file, ns=(1, 1))
    assert finder.cached() == finding and finder.asked == 3


@pytest.mark.parametrize("damage", ["", "[", "[]", "{}", "\xff"])
def test_a_damaged_entry_is_found_anew(tmp_path: Path, damage: str) -> None:
    finder = Finder(tmp_path, [1])
    finder.cached()
    (about,) = (tmp_path / "cache").glob("*/about.json")
    about.write_bytes(damage.encode("latin-1"))
    assert finder.cached() == [1] and finder.asked == 2
    assert finder.cached() == [1] and finder.asked == 2


def test_a_refusal_leaves_nothing(tmp_path: Path) -> None:
    def refuse() -> None:
        raise DataError("it cannot be found out.")

    with pytest.raises(DataError, match="cannot be found out"):
        cached_finding("Toy parts", ("toy",), tmp_path, [], refuse, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("title", ["a/b", "../up", "x y\0z", "ü: a"])
def test_a_title_does_not_lead_out_of_the_cache(tmp_path: Path, title: str) -> None:
    cached_finding(title, ("toy",), tmp_path, [], lambda: 1, tmp_path / "cache")
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
    assert len(list((tmp_path / "cache").glob("*/about.json"))) == 1
