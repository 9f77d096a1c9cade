"""CSV tables."""

import csv
from pathlib import Path

from conclu_pyg.inference.table import TableFile, write_table

ROWS = [["a,b", 1.5, None], ["=1+1", "x\ny", True]]
EXPECTED = [["name", "value", "note"], ["a,b", "1.5", ""], ["'=1+1", "x\\ny", "True"]]


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_cells_are_printable_and_never_formulas(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", ["name", "value", "note"], ROWS)
    assert rows_of(tmp_path / "a.csv") == EXPECTED


def test_each_row_is_in_the_file_as_soon_as_it_is_added(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("earlier")
    table = TableFile(tmp_path / "a.csv", ["name", "value", "note"])
    for count, row in enumerate(ROWS, start=1):
        assert rows_of(tmp_path / "a.csv") == EXPECTED[:count]
        table.add(row)
    assert rows_of(tmp_path / "a.csv") == EXPECTED
    table.close()
    write_table(tmp_path / "b.csv", ["name", "value", "note"], ROWS)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
