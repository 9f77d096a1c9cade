"""Tables of numbers in text, against Python's own float and split."""

import io
import math
import re
from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conclu_pyg.io import number_table
from conclu_pyg.io.number_table import TableError, TooManyRows, parse_short, read_table

NUMBERS = st.one_of(
    st.floats(width=64).map(repr),
    st.floats(-1e6, 1e6).map(lambda value: f"{value:.6f}"),
    st.integers(-(10**9), 10**9).map(lambda value: f"{value:+d}"),
    st.sampled_from(["1e5", "-1.5E-3", "+.5", "5.", "0", "-0.0"]),
)
SETTINGS = settings(max_examples=60, deadline=None, derandomize=True)


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, list[list[float]], str | None]:
    """Draws a text, its numbers, and the separator of its columns."""
    delimiter = draw(st.sampled_from([None, ",", ";", "\t"]))
    width = draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(NUMBERS, min_size=width, max_size=width), min_size=1, max_size=12))
    text, end = "", draw(st.sampled_from(["\n", "\r\n", "\r"]))
    for row in rows:
        text += draw(st.sampled_from(["", "", "", "  ", end, f"# a comment{end}"])) if delimiter != "\t" else ""
        gap = delimiter or draw(st.sampled_from([" ", "  ", "\t", " \t"]))
        text += gap.join(row) + draw(st.sampled_from(["", "", " # note"])) + end
    return text.removesuffix(end) if draw(st.booleans()) else text, [[*map(float, row)] for row in rows], delimiter


@SETTINGS
@given(tables())
def test_every_number_of_every_line_is_read_once(drawn: tuple[str, list[list[float]], str | None]) -> None:
    text, wanted, delimiter = drawn
    width = len(wanted[0])
    found = read_table(io.BytesIO(text.encode()), range(width), delimiter=delimiter, max_rows=20, width=width)
    assert np.array_equal(found, np.array(wanted), equal_nan=True)
    last = read_table(io.BytesIO(text.encode()), [width - 1, 0], delimiter=delimiter, max_rows=20)
    assert np.array_equal(last, np.array(wanted)[:, [width - 1, 0]], equal_nan=True)


@SETTINGS
@given(tables(), st.integers(0, 12))
def test_the_file_is_left_behind_the_last_row(drawn: tuple[str, list[list[float]], str | None], rows: int) -> None:
    text, wanted, delimiter = drawn
    rows = min(rows, len(wanted))
    file = io.BytesIO(text.encode())
    width = range(len(wanted[0]))
    first = read_table(file, width, delimiter=delimiter, rows=rows, max_rows=20)
    rest = read_table(file, width, delimiter=delimiter, max_rows=20)
    assert np.array_equal(np.concatenate([first, rest]), np.array(wanted), equal_nan=True) and len(first) == rows


def test_blocks_end_with_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    points = np.random.default_rng(0).normal(size=(500, 3))
    text = "".join(" ".join(map(repr, row)) + "\n" for row in points.tolist()).encode()
    for size in (100, 101, 997, 5000, len(text)):
        monkeypatch.setattr(number_table, "BLOCK", size)
        assert np.array_equal(read_table(io.BytesIO(text), (0, 1, 2), max_rows=500), points)
        file = io.BytesIO(text)
        assert np.array_equal(read_table(file, (0, 1, 2), rows=123, max_rows=500), points[:123])
        assert np.array_equal(read_table(file, (0, 1, 2), max_rows=500), points[123:])


class CountingFile(io.BytesIO):
    """A file that counts the bytes that are read."""

    count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        self.count += len(content)
        return content


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_few_bytes_are_read_for_a_small_table(end: bytes) -> None:
    file = CountingFile((b"1 2 3" + end) * 100_000)
    for _ in range(20):
        assert read_table(file, (0, 1, 2), rows=5, max_rows=5).tolist() == [[1, 2, 3]] * 5
    assert file.tell() == 100 * (5 + len(end)) and file.count < 20 * 10_000


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_rows_that_are_longer_than_expected(end: str) -> None:
    rows = [[float(row), row + 1 / 3] for row in range(40)]
    text = "".join(f"{first!r}{' ' * 10_000}{second!r}{end}" for first, second in rows)
    file = io.BytesIO(text.encode())
    assert read_table(file, (0, 1), rows=15, max_rows=15).tolist() == rows[:15]
    assert read_table(file, (0, 1), rows=25, max_rows=25).tolist() == rows[15:]


def test_values_that_are_not_finite() -> None:
    text = b"nan inf -inf\nNaN Infinity -Infinity\n-nan 1.#INF -1.#IND\n"
    found = read_table(io.BytesIO(text), (0, 1, 2), max_rows=9)
    assert np.isnan(found[:, 0]).all() and found[:2, 1].tolist() == [math.inf] * 2 and found[0, 2] == -math.inf
    assert not np.isfinite(found).any()


@pytest.mark.parametrize(
    ("text", "columns", "width", "found"),
    [
        (b"1 2\n3 x\n", (0, 1), None, "line 2: "),
        (b"# c\n1 2\n\n3\n", (0, 1), None, "line 4: "),
        (b"1 2\r\n3 4\r\n\r\n5 0x1\r\n", (0, 1), None, "line 4: "),
        (b"1,,3\n", (0, 1, 2), None, "line 1: "),
        (b"1 2 3\n4 5\n", (0, 1), 3, "line 2: "),
        (b"1 2 3\n4 5 6 7\n", (0, 1), 3, "line 2: "),
        (b"1 2 3\n4 1_0 6\n", (0, 1), 3, "line 2: "),
        (b"1 2 3\n4 5\x00 6\n", (0, 1), 3, "line 2: "),
    ],
)
def test_the_line_that_is_wrong_is_named(text: bytes, columns: tuple[int, ...], width: int | None, found: str) -> None:
    delimiter = "," if b"," in text else None
    with pytest.raises(TableError) as caught:
        read_table(io.BytesIO(text), columns, delimiter=delimiter, max_rows=9, width=width)
    assert str(caught.value).startswith(found)


def test_more_rows_than_the_maximum_are_refused() -> None:
    text = b"1 2\n" * 10
    assert len(read_table(io.BytesIO(text), (0,), max_rows=10)) == 10
    with pytest.raises(TooManyRows):
        read_table(io.BytesIO(text), (0,), max_rows=9)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_empty_cells_are_missing_values(delimiter: str) -> None:
    text = b'1,2,3\n4,,6\n,,\n,8, \n"",11,""\n\n12,13,14'.replace(b",", delimiter.encode())
    nan = math.nan
    wanted = [[1, 2, 3], [4, nan, 6], [nan, nan, nan], [nan, 8, nan], [nan, 11, nan], [12, 13, 14]]
    found = read_table(io.BytesIO(text), (0, 1, 2), delimiter=delimiter, max_rows=9, width=3, missing=True)
    assert np.array_equal(found, wanted, equal_nan=True)
    for rows in (text.replace(b"\n\n12", b"\n12").split(b"\n")[:-1], [b"1,2,".replace(b",", delimiter.encode())]):
        with pytest.raises(TableError):  # an empty cell that is perhaps cut off, or is not expected
            read_table(io.BytesIO(b"\n".join(rows)), (0, 1, 2), delimiter=delimiter, max_rows=9, missing=len(rows) == 1)


def test_errors_have_the_characters_of_the_file() -> None:
    for text, found in (("1 ٤\n", "'٤'"), ("1 1\n2 größe\n", "'größe'"), ("1 x 世\n", "'x'")):
        with pytest.raises(TableError) as caught:
            read_table(io.BytesIO(text.encode()), (0, 1), max_rows=9)
        assert found in str(caught.value)


@SETTINGS
@given(st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=1, max_size=12), st.sampled_from(["v", "vn"]))
def test_short_blocks_are_read_exactly_or_left_to_others(rows: list[list[str]], word: str) -> None:
    numbers = parse_short("".join(f"{word} {' '.join(row)}\n" for row in rows).encode(), word.encode(), 3)
    if numbers is None:  # a sign +, an upper-case exponent or a number that is not finite
        assert re.search("[+EIna]", "".join(chain.from_iterable(rows)))
    else:
        np.testing.assert_array_equal(numbers, [[*map(float, row)] for row in rows])


OTHER_FORMS = (
    "v 1 2|v 1 2 3 4|v 1  2|v 1 2 |v   |v 1 2 e|v 1 2 3.4.5|v 1 2 3-4|f 1 2 3|v 1 2 3;v 1 2|v\t1 2 3|v 1 2;3|v 1 2 0x1"
)


@pytest.mark.parametrize("lines", OTHER_FORMS.split("|"))
def test_short_blocks_of_other_forms_are_left_to_others(lines: str) -> None:
    text = lines.replace(";", "\n").encode()
    assert parse_short(text + b"\n", b"v", 3) is None
    assert parse_short(b"v 1 2 3\n" + text + b"\n", b"v", 3) is None
    assert parse_short(b"v 1 2 3", b"v", 3) is None


def test_short_blocks_of_integers_that_are_too_large_are_left_to_others() -> None:
    assert parse_short(b"f 1 2 999999999999999999\n", b"f", 3, np.int64) is not None
    assert parse_short(b"f 1 2 1000000000000000000\n", b"f", 3, np.int64) is None
    assert parse_short(b"f 1 2 99999999999999999999\n", b"f", 3, np.int64) is None
    assert parse_short(b"f 1 2 3\n" * 10_000, b"f", 3, np.int64) is None
