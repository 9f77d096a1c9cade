"""The OFF reader: accepted variants of the format, and errors."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from file_mutations import read_mutants
from helpers import raises

from conclu_pyg.errors import DataError
from conclu_pyg.io.file_cloud import NO_FACES
from conclu_pyg.io.off import read, read_off

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


ONE_LINE = SQUARE.replace("\n", " ")


@pytest.mark.parametrize(
    "text",
    [
        f"OFF\n4 2 0\n{ONE_LINE}\n{TWO_TRIANGLES}",
        f"OFF 4 2 0\n{ONE_LINE}\n{TWO_TRIANGLES}",
        f"OFF4 2 0\n{ONE_LINE}# all vertices\n{TWO_TRIANGLES}<filter/>",
        f"4 2 0\n{ONE_LINE}\n{TWO_TRIANGLES}",
        f"OFF 4 2 0 {ONE_LINE}\n{TWO_TRIANGLES}",
        f"OFF\n4 2 -1 {ONE_LINE}\n3 0 1 2 1 0 0\n3 0 2 3\n",
        f"OFF\n4 2 0 {ONE_LINE}\n{TWO_TRIANGLES}".replace("\n", "\r\n"),
    ],
)
def test_all_vertices_on_one_line(tmp_path: Path, text: str) -> None:
    vertices, triangles = read_off(write(tmp_path, text))
    assert vertices.tolist() == [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]
    assert triangles.tolist() == [[0, 1, 2], [0, 2, 3]]


def test_a_whole_cloud_on_one_line(tmp_path: Path) -> None:
    (cloud,) = read(write(tmp_path, "OFF 3 0 0 1 2 3 4 5 6 7 8 9.5"), 10)
    assert cloud.points.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9.5]] and cloud.notes == (NO_FACES,)
    with raises(DataError, got=3):
        list(read(tmp_path / "shape_0001.off", 2))


@pytest.mark.parametrize(
    "text",
    [
        f"OFF 4 2 0 {ONE_LINE} 3 0 1 2 3 0 2 3\n",  # by the format, the second face is the colour of the first
        f"OFF 4 1 0 {ONE_LINE} 4 0 1 2 3\n",
        f"OFF\n4 1 0\n{ONE_LINE} 4 0 1 2 3\n",
        f"OFF\n4 2 0\n{ONE_LINE[:-2]}\n{TWO_TRIANGLES}",  # a lost number
        f"OFF\n4 2 0\n{ONE_LINE} 7\n{TWO_TRIANGLES}",
        f"OFF\n4 2 0\n0 0 0 1 0 0\n1 1 0 0 1 0\n{TWO_TRIANGLES}",  # two on each line
        f"OFF 4 2 {ONE_LINE}\n{TWO_TRIANGLES}",  # without the number of edges
        f"OFF 4 2 0 {ONE_LINE[:-2]}x\n{TWO_TRIANGLES}",
        f"NOFF\n4 2 0\n{ONE_LINE}\n{TWO_TRIANGLES}",
        f"COFF 4 2 0\n{ONE_LINE}\n{TWO_TRIANGLES}",
        f"STOFF 4 2 0 {ONE_LINE}\n{TWO_TRIANGLES}",
        "OFF\n2 0 0\n1 2 3 255 0 0\n",  # two points, or the first of two with its colour
        "OFF\n٤ 2 0\n" + SQUARE + TWO_TRIANGLES,
    ],
)
def test_vertices_that_share_lines_in_another_way_are_refused(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    with raises(DataError, file=path) as caught:
        list(read(path, 100))
    assert "\n" not in str(caught.value) and ("٤" in text) == ("'٤ 2 0'" in str(caught.value))


def test_polygons_become_fans_of_triangles(tmp_path: Path) -> None:
    corners = "0 0 0\n2 0 0\n3 1 0\n1 3 0\n0 2 0\n"
    text = f"OFF\n5 2 0\n{corners}5 0 1 2 3 4 0.1 0.2 0.3\n3 4 3 2\n"
    assert read_off(write(tmp_path, text))[1].tolist() == [[0, 1, 2], [0, 2, 3], [0, 3, 4], [4, 3, 2]]


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("", "'' as its first line"),
        (SQUARE, (0, 0)),  # the first point is read as the numbers of vertices and faces
        ("1.5 2 3\n4 5 6\n", "'1.5 2 3' as its first line"),
        ("8OFF\n4 2 0\n", "'8OFF' as its first line"),
        (f"OFF\n4 2 0\n{SQUARE}{TWO_TRIANGLES}3 0 1 3\n", "a line '3 0 1 3' after the last face"),
        (f"OFF\n4 1 0\n{SQUARE}{TWO_TRIANGLES}", "a line '3 0 2 3' after the last face"),
        (f"OFF\n4 0 0\n{SQUARE}0 0 0\n", "a line '0 0 0' after the last face"),
        (f"OFF\n5 1 0\n{SQUARE}{TWO_TRIANGLES}", "expected 3 columns, as in the first row, got 4"),
        (f"OFF\n4 1 0\n{SQUARE}3 0.5 1 2\n", "a corner of a face that is no whole number"),
        ("solid cube\nfacet\n", "'solid cube' as its first line"),
        ("OFF\n-4 2 0\n", "'-4 2 0' after the header"),
        ("OFF\n0 0 0\n", (0, 0)),
        (f"OFF\n4 0 0\n{SQUARE}", 4),
        ("OFF\n999999999999 2 0\n", (999_999_999_999, 2)),
        ("OFF\n4 999999999999 0\n", (4, 999_999_999_999)),
        (f"OFF\n4 3 0\n{SQUARE}{TWO_TRIANGLES}", 2),
        (f"OFF\n4 3 0\n{SQUARE}{TWO_TRIANGLES}3 0 ", "a face line '3 0'"),
        ("OFF\n9 2 0\n" + "0 0 0\n" * 8 + "# and so on, and so on", 8),
        (f"OFF\n3 3 0\n{SQUARE}{TWO_TRIANGLES}", 3),
        (f"OFF\n4 2 0\n{SQUARE}3 0 1 4\n3 0 2 3\n", 4),
        (f"OFF\n4 2 0\n{SQUARE}3 0 1 -1\n3 0 2 3\n", -1),
        (f"OFF\n4 1 0\n{SQUARE}4 0 1 2 9\n", 9),
        (f"OFF\n4 2 0\n{SQUARE}-3 0 1 2\n3 0 2 3\n", "a face line '-3 0 1 2'"),
        (f"OFF\n4 1 0\n{SQUARE}4 0 1 0_2 3\n", "a face line '4 0 1 0_2 3'"),
        (f"OFF\n4 1 0\n{SQUARE}4 0 1 x 3\n", "a face line '4 0 1 x 3'"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, got: Any) -> None:
    path = write(tmp_path, text)
    with raises(DataError, file=path, got=got):
        read_off(path)


@pytest.mark.parametrize(
    "text",
    [
        f"OFF\n4 2 0\n{SQUARE}3 0 1 99999999999999999999\n3 0 2 3\n",
        f"OFF\n4 2 0\n{SQUARE}3 a b c\n3 0 2 3\n",
        "OFF\n4 2 0\n0 0 0\n1 x 0\n1 1 0\n0 1 0\n" + TWO_TRIANGLES,
        "OFF\n4 2 0\n0 0 0\n1 0\n1 1 0\n0 1 0\n" + TWO_TRIANGLES,
    ],
)
def test_other_content_among_the_numbers_is_refused(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    with raises(DataError, file=path) as caught:
        read_off(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: expected 4 vertices and 2 faces, got other content among them (")
    assert "\n" not in message and message.endswith("); restore the file or leave it out.")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "solid cube\n",
            ": expected an OFF mesh, with the word OFF and a line with the numbers of vertices and faces, got 'solid "
            "cube' as its first line; ",
        ),
        ("OFF\n0 0 0\n", ": expected a vertex, or three with faces, got 0 vertices and 0 faces; "),
        ("OFF\n4 9999 0\n", ": expected counts that 13 bytes can hold, got 4 vertices and 9,999 faces; "),
        (f"OFF\n4 3 0\n{SQUARE}{TWO_TRIANGLES}", ": expected 3 faces, got 2 before the end of the file; "),
        (f"OFF\n4 2 0\n{SQUARE}3 0 1 4\n3 0 2 3\n", ": the vertices of its faces must be 0 to 3, got 4; "),
    ],
)
def test_each_refusal_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(DataError) as caught:
        read_off(path)
    assert str(caught.value) == f"{path}{message}restore the file or leave it out."


@pytest.mark.parametrize(
    ("text", "got", "remedy"),
    [
        ("OFF BINARY\n\x00\x01", "got a binary OFF file", "write it as text, for example with MeshLab."),
        ("4OFF\n4 2 0\n", "got vertices with a fourth component (4OFF)", "write three coordinates."),
        ("nOFF 2\n4 2 0\n", "got vertices of '2' dimensions", "write three coordinates."),
    ],
)
def test_other_variants_are_refused_by_name(tmp_path: Path, text: str, got: str, remedy: str) -> None:
    path = write(tmp_path, text)
    with raises(DataError, file=path) as caught:
        read_off(path)
    assert str(caught.value) == f"{path}: expected an OFF mesh as text with three coordinates, {got}; {remedy}"


@pytest.mark.parametrize("first", range(6))
def test_a_concave_polygon_keeps_its_area(tmp_path: Path, first: int) -> None:
    corners = "0 0 0\n2 0 0\n2 1 0\n1 1 0\n1 2 0\n0 2 0\n"
    face = " ".join(str((first + index) % 6) for index in range(6))
    vertices, triangles = read_off(write(tmp_path, f"OFF\n6 1 0\n{corners}6 {face}\n"))
    a, b, c = (vertices[triangles[:, index]] for index in range(3))
    assert np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2 == pytest.approx(3)
    centres = (a + b + c) / 3
    assert not ((centres[:, 0] > 1) & (centres[:, 1] > 1)).any() and len(triangles) == 4


@pytest.mark.parametrize(
    ("header", "line", "x"),
    [
        ("OFF", "{0} {1} 2", {}),
        ("nOFF\n3", "{0} {1} 2", {}),
        ("COFF", "{0} {1} 2 255 {0} 0 255", {"colors": [255, 1, 0, 255]}),
        ("COFF", "{0} {1} 2 1.0 0.5 0.25", {"colors": [1.0, 0.5, 0.25]}),
        ("NOFF", "{0} {1} 2 0 0 1", {"normals": [0, 0, 1]}),
        ("CNOFF", "{0} {1} 2 0 0 1 9 8 7 6", {"normals": [0, 0, 1], "colors": [9, 8, 7, 6]}),
        ("STCNOFF", "{0} {1} 2 0 0 1 9 8 7 6 0.5 0.5", {"normals": [0, 0, 1], "colors": [9, 8, 7, 6]}),
    ],
)
def test_vertices_without_faces_are_a_cloud(tmp_path: Path, header: str, line: str, x: dict[str, list[float]]) -> None:
    lines = "".join(line.format(1 + row, 5 * row) + "\n" for row in range(3))
    (cloud,) = read(write(tmp_path, f"{header}\n3 0 0\n{lines}"), 10)
    assert cloud.points.tolist() == [[1, 0, 2], [2, 5, 2], [3, 10, 2]] and cloud.triangles is None
    assert {key: values[0].tolist() for key, values in cloud.x.items()} == x and cloud.notes == (NO_FACES,)
    with raises(DataError, got=3):
        list(read(write(tmp_path, f"{header}\n3 0 0\n{lines}"), 2))


def test_mutated_files_are_read_or_refused(tmp_path: Path) -> None:
    text = f"OFF\n4 2 0\n{SQUARE}4 0 1 2 3\n3 0 1 2\n"
    assert sum(read_mutants(text.encode(), ".off", 200, tmp_path)) == 200


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
