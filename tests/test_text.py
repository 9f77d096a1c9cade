import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conclu_pyg.errors import ConcluError, ConcluWarning, Issue
from conclu_pyg.text import format_duration, from_cell, pluralize, printable, to_cell


def test_nouns_are_singular_for_one_only() -> None:
    counts = [pluralize(number, "file") for number in (0, 1, 2, 1000)]
    assert counts == ["0 files", "1 file", "2 files", "1,000 files"]
    assert pluralize(2, "batch", "batches") == "2 batches"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (89.4, "89 s"),
        (90, "2 min"),
        (3600, "60 min"),
        (5500, "1 h 32 min"),
        (7170, "2 h 0 min"),
        (47 * 3600, "47 h 0 min"),
        (100 * 3600, "4 d 4 h"),
    ],
)
def test_durations_are_shown_in_the_two_units_that_matter(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (b"caf\xe9.ply", r"caf\xe9.ply"),
        ("café.ply".encode(), "café.ply"),
        (b"a\x1b[2J\x07.ply", r"a\x1b[2J\x07.ply"),
        (b"a\nerror: b\r\t", r"a\nerror: b\r\t"),
        ("a\x9b31m\u202eylp.\u2028".encode(), r"a\x9b31m\u202eylp.\u2028"),
        (b"a\\n[red]", r"a\n[red]"),
    ],
)
def test_names_of_files_are_printable(name: bytes, text: str) -> None:
    path = Path(os.fsdecode(name))
    assert printable(path) == text and printable(text) == text
    assert str(ConcluError(f"{path} is missing.", file=path)) == f"{text} is missing."
    assert str(ConcluError(Issue("is missing.", hint=f"Did you mean {path}?"), source=str(path))).count(text) == 2
    assert str(ConcluWarning(f"no {path}", "a line")) == f"no {text}\na line"
    assert ConcluError("a", file=path).file == str(path)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.text(st.characters(), max_size=20))
def test_printable_texts_stay_on_one_line_and_are_utf8(text: str) -> None:
    shown = printable(text)
    assert len(shown.splitlines()) <= 1 and shown.encode().decode() == shown and printable(shown) == shown
    assert not any(unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in shown)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-chair", "'-chair"),
        ("@sum", "'@sum"),
        ("\t=1", r"\t=1"),
        ("a=1", "a=1"),
        ("-0.5", "-0.5"),
        ("-5e6 0.5 +7", "-5e6 0.5 +7"),
        (-3, -3),
        (None, None),
        ("", ""),
    ],
)
def test_cells_are_no_formulas(value: object, cell: object) -> None:
    assert to_cell(value) == cell
    if isinstance(value, str):
        assert from_cell(str(cell)) == printable(value)
