"""The list of the categories."""

from collections.abc import Callable
from pathlib import Path

import pytest

from conclu_pyg.datasets.formats.parts import read_categories


def test_names_and_ids_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "categories.txt"
    path.write_text("Table\t04379243\n\nNight stand   3\r\nMug 0\n")
    assert list(read_categories(path).items()) == [("Table", "04379243"), ("Night stand", "3"), ("Mug", "0")]


@pytest.mark.parametrize("line", ["Table", "Mug\t04379243", "Table\t1", "Mug\t../up", "Mug\t/etc"])
def test_malformed_lines(tmp_path: Path, refusal: Callable[..., str], line: str) -> None:
    path = tmp_path / "categories.txt"
    path.write_text(f"Table\t04379243\n{line}\n")
    assert (
        f"{path}: expected a unique category and a unique id on each line, such as 'Airplane 02691156', got {line!r}"
        in refusal(read_categories, path)
    )


def test_a_missing_file(tmp_path: Path, refusal: Callable[..., str]) -> None:
    assert "should list the categories, each with its id" in refusal(read_categories, tmp_path / "none.txt")
