"""Errors about files that cannot be used."""

from pathlib import Path

import pytest
from helpers import raises

from conclu_pyg.errors import DataError
from conclu_pyg.io.refusals import (
    SUBSAMPLE,
    decode,
    mismatch,
    os_errors_refused,
    quoted,
    refused,
    too_many,
    unreadable,
)


@pytest.mark.parametrize(
    ("error", "sentence", "got"),
    [
        (refused("a.ply", "it has no points"), "a.ply: it has no points; restore the file or leave it out.", ...),
        (
            mismatch("a.ply", "a triangle", 4000),
            "a.ply: expected a triangle, got 4,000; restore the file or leave it out.",
            4000,
        ),
        (mismatch("a.ply", "2 bytes", "3", "cut it", got=3), "a.ply: expected 2 bytes, got 3; cut it.", 3),
        (
            unreadable("a.npy", ValueError("two\nlines.\n"), form="an .npy file"),
            "a.npy cannot be read as an .npy file (two lines); restore the file or leave it out.",
            ...,
        ),
        (
            unreadable("a.las", "it is short", SUBSAMPLE, got=7),
            "a.las cannot be read (it is short); subsample it first.",
            7,
        ),
        (
            too_many("a.off", 2000, 1000, "vertices"),
            "a.off has 2,000 vertices, more than the maximum of 1,000; subsample it first.",
            2000,
        ),
        (
            too_many("a.txt", None, 1000),
            "a.txt has more than the maximum of 1,000 points; subsample it first.",
            ...,
        ),
    ],
)
def test_each_error_is_one_sentence_with_its_fields(error: DataError, sentence: str, got: object) -> None:
    assert str(error) == sentence and error.got == got and error.file == sentence.split(" ")[0].rstrip(":")


def test_the_place_in_a_file_is_not_the_file() -> None:
    error = refused("a.h5: 'data'", "it has no points", file="a.h5", argument="data")
    assert str(error).startswith("a.h5: 'data': it has") and (error.file, error.argument) == ("a.h5", "data")


def test_errors_of_the_operating_system_are_about_the_file(tmp_path: Path) -> None:
    with raises(DataError, file=tmp_path) as caught, os_errors_refused(tmp_path):
        tmp_path.read_bytes()
    assert str(caught.value) == f"{tmp_path} cannot be read (Is a directory); restore the file or leave it out."
    with pytest.raises(ValueError, match="other"), os_errors_refused(tmp_path):
        raise ValueError("other")


@pytest.mark.parametrize(
    ("content", "text"),
    [("größe".encode(), "größe"), ("größe".encode("latin-1"), "größe"), ("٣".encode(), "٣"), (b"a\xff", "aÿ")],
)
def test_text_of_files_is_decoded(content: bytes, text: str) -> None:
    assert decode(content) == text


def test_quotes_are_short_and_on_one_line() -> None:
    assert quoted(" ١٢\n".encode()) == "'١٢'" and quoted("a\nb") == r"'a\nb'"
    assert quoted(b"\xff" * 99) == repr("\ufffd" * 40)
