"""Files of part labels."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import raises

from conclu_pyg.errors import DataError
from conclu_pyg.io import clouds as clouds_module
from conclu_pyg.io import point_labels
from conclu_pyg.io.point_labels import read_labels


@pytest.mark.parametrize(
    "labels",
    [np.array([3, 4, 3]), np.array([[3], [4], [3]], dtype=np.uint8), np.array([3.0, 4.0, 3.0], dtype=np.float32)],
    ids=["whole", "column", "whole floats"],
)
def test_an_array_has_one_label_for_each_point(labels: np.ndarray, tmp_path: Path) -> None:
    for name in ("x.npy", "X.NPY"):
        with (tmp_path / name).open("wb") as file:
            np.save(file, labels)
        assert read_labels(tmp_path / name).tolist() == [3, 4, 3]


@pytest.mark.parametrize("text", ["3\n4\n3\n", "# parts\n3\n\n  4 # seat\n3", "3.0\r\n4.0\r\n3.0\r\n"])
def test_text_has_one_label_on_each_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.seg").write_text(text, newline="")
    assert read_labels(tmp_path / "x.seg").tolist() == [3, 4, 3]


@pytest.mark.parametrize(
    ("array", "found"),
    [
        (np.zeros(0), "no labels"),
        (np.zeros((0, 1), dtype=int), "no labels"),
        (np.array(3), "an array of shape []"),
        (np.zeros((300, 4), dtype=int), "an array of shape [300, 4]"),
        (np.zeros((1, 300), dtype=int), "an array of shape [1, 300]"),
        (np.zeros((300, 0), dtype=int), "an array of shape [300, 0]"),
        (np.zeros((300, 1, 1), dtype=int), "an array of shape [300, 1, 1]"),
        (np.array(["seat", "leg"]), "an array of <U4"),
        (np.array([True, False]), "an array of bool"),
        (np.array([3 + 0j]), "an array of complex128"),
        (np.array([(3, 4)], dtype="i4,i4"), "an array of [('f0', '<i4'), ('f1', '<i4')]"),
        (np.array([3, 3.5]), "the label 3.5"),
        (np.array([3, np.nan]), "the label nan"),
        (np.array([3, np.inf]), "the label inf"),
    ],
)
def test_an_array_of_anything_else_is_refused(array: Any, found: str, tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, array)
    with pytest.raises(DataError) as refusal:
        read_labels(path)
    message = str(refusal.value)
    assert message.startswith(
        f"{path}: expected one integer for each point, got {found}; write one label for each point"
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "no labels"),
        ("# nothing\n\n", "no labels"),
        ("0 0 0 3\n" * 300, "a table of shape [300, 4]"),
        ("3\n4\n3 4 3 # a slip\n", "a table of 1 to 3 columns"),
        ("3\n3.5\n", "the label 3.5"),
        ("3\nnan\n", "the label nan"),
    ],
)
def test_text_of_anything_else_is_refused(text: str, found: str, tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text(text)
    with pytest.raises(DataError) as refusal:
        read_labels(path)
    message = str(refusal.value)
    assert message.startswith(
        f"{path}: expected one integer for each point, got {found}; write one label for each point"
    )


@pytest.mark.parametrize("content", [b"seat\nleg\n", b"3,4\n", b"\0\xff\0\1", b"\xef\xbb\xbfpart\n3\n"])
@pytest.mark.parametrize("name", ["x.txt", "x.seg", "x.npy"])
def test_files_without_numbers_are_refused_in_one_sentence(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with raises(DataError, file=tmp_path / name) as refusal:
        read_labels(tmp_path / name)
    assert "\n" not in str(refusal.value) and "; restore " in str(refusal.value)


@pytest.mark.parametrize("name", ["x.npy", "x.seg"])
def test_too_many_labels_are_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / name
    if name == "x.npy":
        np.save(path, np.full(100, 3))
    else:
        path.write_text("3\n" * 100)
    monkeypatch.setattr(point_labels, "MAX_POINTS", 100)
    assert len(read_labels(path)) == 100
    monkeypatch.setattr(point_labels, "MAX_POINTS", 99)
    with raises(DataError, file=path, got=100) as refusal:
        read_labels(path)
    hint = "subsample the cloud and its labels in the same way."
    assert str(refusal.value) == f"{path} has 100 labels, more than the maximum of 99; {hint}"
    monkeypatch.setattr(clouds_module, "MAX_BYTES", 100)
    size = path.stat().st_size
    with raises(DataError, file=path, got=size) as refusal:
        read_labels(path)
    assert str(refusal.value) == f"{path} has {size} bytes, more than the maximum of 100; subsample it first."


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.timeout(60)
def test_a_pipe_is_refused_and_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.seg")
    with raises(DataError, file=tmp_path / "x.seg", expected="", got="a pipe"):
        read_labels(tmp_path / "x.seg")
