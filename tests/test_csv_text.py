import csv

from conclu_pyg.csv_text import csv_line


def test_a_line_is_read_back_and_ends_in_a_line_feed() -> None:
    cells = ["a,b", 'say "c"', "d\ne", 1.5, None]
    line = csv_line(cells)
    assert next(csv.reader([line])) == ["a,b", 'say "c"', "d\ne", "1.5", ""]
    assert line.endswith("1.5,\n") and "\r" not in line
