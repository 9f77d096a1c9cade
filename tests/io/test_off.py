"""The OFF reader: accepted variants of the format, and errors."""

from pathlib import Path

import numpy as np
import pytest
from helpers import raises

from conclu_pyg.errors import DataError
from conclu_pyg.io.off import read_off

SQUARE = "0 0 0\n1 0 0\n1 1 0\n0 1 0\n"
TWO_TRIANGLES = "3 0 1 2\n3 0 2 3\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "shape_0001.off"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "text",
    [
        f"OFF\n4 2 0\n{SQUARE}{TWO_TRIANGLES}",
        f"OFF4 2 0\n{SQUARE}{TWO_TRIANGLES}",
        f"OFF 4 2 0\n{SQUARE}{TWO_TRIANGLES}",
        f"OFF\n4 2\n{SQUARE}{TWO_TRIANGLES}",
        f"4 2 0\n{SQUARE}{TWO_TRIANGLES}",
        f"\xef\xbb\xbfOFF\n4 2 0\n{SQUARE}{TWO_TRIANGLES}",
        f"# a comment\nOFF # another\n\n4 2 0\n# more\n{SQUARE}\n{TWO_TRIANGLES}",
        f"OFF\n4 2 0\n{SQUARE}{TWO_TRIANGLES}".replace("\n", "\r\n"),
        f"OFF\n4 2 0\n{SQUARE}{TWO_TRIANGLES}<filter>\n <Param/>\n</filter>\n",
        f"OFF\n4 2 0\n{SQUARE}3 0 1 2 255 0 0\n3 0 2 3 0.5 0.5 0.5 1.0\n",
        "COFF\n4 2 0\n0 0 0 9 9 9 9\n1 0 0 9 9 9 9\n1 1 0 9 9 9 9\n0 1 0 9 9 9 9\n" + TWO_TRIANGLES,
        f"OFF\n4 1 0\n{SQUARE}4 0 1 2 3\n",
        f"OFF\n4 4 0\n{SQUARE}2 0 1\n3 0 1 2\n1 3\n3 0 2 3\n",
        f"OFF\n4 2 0\n{SQUARE}{TWO_TRIANGLES}".rstrip("\n"),
    ],
)
def test_reads_variants_of_one_square(tmp_path: Path, text: str) -> None:
    path = tmp_path / "square.off"
    path.write_bytes(text.encode("latin-1"))
    vertices, triangles = read_off(path)
    assert vertices.dtype == np.float64 and triangles.dtype == np.int64
    assert vertices.tolist() == [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]
    assert triangles.tolist() == [[0, 1, 2], [0, 2, 3]]


def test_polygons_become_fans_of_triangles(tmp_path: Path) -> None:
    text = "OFF\n5 2 0\n" + "0 0 0\n" * 5 + "5 0 1 2 3 4 0.1 0.2 0.3\n3 4 3 2\n"
    assert read_off(write(tmp_path, text))[1].tolist() == [[0, 1, 2], [0, 2, 3], [0, 3, 4], [4, 3, 2]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "got '' as its first line"),
        (SQUARE, "got '0 0 0' as its first line|so no surface"),
        ("1.5 2 3\n4 5 6\n", "got '1.5 2 3' as its first line"),
        ("OFF BINARY\n\x00\x01", "got 'BINARY' after the header"),
        ("4OFF\n4 2 0\n", "got '4OFF' as its first line"),
        ("solid cube\nfacet\n", "got 'solid cube'"),
        ("OFF\n-4 2 0\n", "got '-4 2 0' after the header"),
        ("OFF\n0 0 0\n", "0 vertices and 0 faces, so no surface"),
        (f"OFF\n4 0 0\n{SQUARE}", "4 vertices and 0 faces, so no surface"),
        ("OFF\n999999999999 2 0\n", "more than .. bytes can hold"),
        ("OFF\n4 999999999999 0\n", "more than .. bytes can hold"),
        (f"OFF\n4 3 0\n{SQUARE}{TWO_TRIANGLES}", "expected 3 faces, got 2 before the end"),
        (f"OFF\n4 3 0\n{SQUARE}{TWO_TRIANGLES}3 0 ", "a face line '3 0'"),
        ("OFF\n9 2 0\n" + "0 0 0\n" * 8 + "# and so on, and so on", "expected 9 vertices, got 8 before the end"),
        (f"OFF\n3 3 0\n{SQUARE}{TWO_TRIANGLES}", "must be 0 to 2, got 3"),
        (f"OFF\n4 2 0\n{SQUARE}3 0 1 4\n3 0 2 3\n", "must be 0 to 3, got 4"),
        (f"OFF\n4 2 0\n{SQUARE}3 0 1 -1\n3 0 2 3\n", "must be 0 to 3, got -1"),
        (f"OFF\n4 1 0\n{SQUARE}4 0 1 2 9\n", "got 9"),
        (f"OFF\n4 2 0\n{SQUARE}3 0 1 99999999999999999999\n3 0 2 3\n", "got other content among them"),
        (f"OFF\n4 2 0\n{SQUARE}-3 0 1 2\n3 0 2 3\n", "a face line '-3 0 1 2'"),
        (f"OFF\n4 2 0\n{SQUARE}3 a b c\n3 0 2 3\n", "got other content among them"),
        ("OFF\n4 2 0\n0 0 0\n1 x 0\n1 1 0\n0 1 0\n" + TWO_TRIANGLES, "got other content among them"),
        ("OFF\n4 2 0\n0 0 0\n1 0\n1 1 0\n0 1 0\n" + TWO_TRIANGLES, "got other content among them"),
    ],
)
def test_refuses_in_one_sentence(tmp_path: Path, text: str, found: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(DataError, match=found) as caught:
        read_off(path)
    message = str(caught.value)
    assert str(path) in message and message.endswith(".") and "\n" not in message and ";" in message


def test_refuses_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.off cannot be read \(No such file"):
        read_off(tmp_path / "none.off")


def test_reads_real_odd_files(conclu_data: Path) -> None:
    odd = conclu_data / "raw" / "odd"
    glued = read_off(odd / "off_glued_header.off")
    official = read_off(conclu_data / "raw" / "modelnet_off" / "bathtub" / "train" / "bathtub_0001.off")
    assert all(np.array_equal(*pair) for pair in zip(glued, official, strict=True))
    vertices, triangles = read_off(odd / "off_with_xml_tail.off")
    assert vertices.shape == (10283, 3) and triangles.shape == (20562, 3) and triangles.max() == 10282
    with raises(DataError, file=odd / "off_without_header.off"):
        read_off(odd / "off_without_header.off")
