"""PCD files: every encoding, type, order of fields and count, against pypcd4 and our own bytes."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from file_mutations import read_mutants
from helpers import raises
from hypothesis import given, settings
from hypothesis import strategies as st
from pypcd4.pypcd4 import Encoding, PointCloud

from conclu_pyg.errors import DataError
from conclu_pyg.io.file_cloud import FileCloud
from conclu_pyg.io.pcd import POSE, read
from conclu_pyg.io.pcd_header import TYPES

POINTS = np.random.default_rng(0).uniform(-5, 5, (30, 3))
MAX_POINTS = 1000
ENCODINGS = [Encoding.ASCII, Encoding.BINARY, Encoding.BINARY_COMPRESSED]
LINES = "1 2 3\n4 5 6\n7 8 9\n"


def header(
    fields: str = "x y z",
    size: str = "4 4 4",
    kind: str = "F F F",
    count: str | None = "1 1 1",
    points: int | None = 3,
    width: int | None = 3,
    height: int | None = 1,
    data: str = "ascii",
) -> str:
    lines = {"VERSION": "0.7", "FIELDS": fields, "SIZE": size, "TYPE": kind, "COUNT": count, "WIDTH": width}
    lines |= {"HEIGHT": height, "VIEWPOINT": "0 0 0 1 0 0 0", "POINTS": points, "DATA": data}
    return "".join(f"{key} {value}\n" for key, value in lines.items() if value is not None)


def read_pcd(folder: Path, content: bytes | str) -> FileCloud:
    path = folder / "a.pcd"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (cloud,) = read(path, MAX_POINTS)
    return cloud


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int16, np.uint8])
def test_files_of_pypcd4_are_read(encoding: Encoding, kind: type, tmp_path: Path) -> None:
    points = np.abs(20 * POINTS).astype(kind)
    label = np.arange(30, dtype=np.uint32)
    cloud = PointCloud.from_points([*points.T, label], ("x", "y", "z", "label"), (kind, kind, kind, np.uint32))
    cloud.save(tmp_path / "a.pcd", encoding=encoding)
    (found,) = read(tmp_path / "a.pcd", MAX_POINTS)
    assert np.allclose(found.points, points, atol=1e-6)
    assert found.labels is not None and found.labels.tolist() == list(range(30)) and found.notes == ()
    if encoding is not Encoding.ASCII:
        assert np.array_equal(found.points, points) and found.points.dtype == kind


def values_of(kind: str) -> st.SearchStrategy[Any]:
    dtype = np.dtype(f"<{kind.lower()}")
    if dtype.kind == "f":
        return st.floats(-1e6, 1e6, width=32).map(dtype.type)
    return st.integers(int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)).map(dtype.type)


@st.composite
def files(draw: st.DrawFn) -> tuple[list[tuple[str, str, np.ndarray]], str, str]:
    """Draws fields (name, kind, values [n, count]) in any order, with padding, an encoding and line ends."""
    number, fields = draw(st.integers(1, 12)), []
    for name in draw(st.permutations(["x", "y", "z", "intensity", "descriptor", "_", "_"])):
        kind = draw(st.sampled_from(sorted(TYPES)))
        size = number * (1 if name in "xyz" else draw(st.integers(1, 4)))
        values = np.array(draw(st.lists(values_of(kind), min_size=size, max_size=size)), f"<{kind.lower()}")
        fields.append((name, kind, values.reshape(number, -1)))
    return fields, draw(st.sampled_from(["ascii", "binary"])), draw(st.sampled_from(["\n", "\r\n"]))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(files())
def test_any_order_type_and_count_of_fields(tmp_path_factory: pytest.TempPathFactory, drawn: Any) -> None:
    fields, encoding, end = drawn
    columns = [values for _, _, values in fields]
    number = len(columns[0])
    text = header(
        " ".join(name for name, _, _ in fields),
        " ".join(kind[1] for _, kind, _ in fields),
        " ".join(kind[0] for _, kind, _ in fields),
        " ".join(str(column.shape[1]) for column in columns),
        number,
        number,
        data=encoding,
    ).replace("\n", end)
    if encoding == "binary":
        body = b"".join(column[row].tobytes() for row in range(number) for column in columns)
    else:
        lines = [" ".join(repr(each.item()) for column in columns for each in column[row]) for row in range(number)]
        body = end.join(lines).encode()
    cloud = read_pcd(tmp_path_factory.mktemp("pcd"), text.encode() + body)
    by_name = {name: values.astype(np.float64) for name, _, values in fields}
    wanted = np.concatenate([by_name[axis] for axis in "xyz"], axis=1)
    assert np.allclose(cloud.points.astype(np.float64), wanted, rtol=1e-15, atol=0)
    assert set(cloud.x) == {"intensity", "descriptor"}
    for name, found in cloud.x.items():
        assert np.allclose(found.reshape(number, -1).astype(np.float64), by_name[name], rtol=1e-15, atol=0)


def test_mixed_types_of_coordinates_keep_their_digits(tmp_path: Path) -> None:
    body = b"".join(struct.pack("<ddf", *row) for row in POINTS)
    cloud = read_pcd(tmp_path, header(size="8 8 4", points=30, width=30, data="binary").encode() + body)
    assert np.array_equal(cloud.points[:, :2], POINTS[:, :2]) and cloud.points.dtype == np.float64


@pytest.mark.parametrize("name", ["rgb", "rgba"])
@pytest.mark.parametrize("kind", ["F", "U", "I"])
@pytest.mark.parametrize("encoding", ["ascii", "binary"])
def test_packed_colors(name: str, kind: str, encoding: str, tmp_path: Path) -> None:
    colors = np.array([[255, 128, 0, 0], [1, 2, 3, 64], [9, 8, 7, 127 if kind == "F" else 255]], np.uint8)
    packed = np.array([(int(a) << 24) | (int(r) << 16) | (int(g) << 8) | int(b) for r, g, b, a in colors], np.uint32)
    typed = packed.view({"F": np.float32, "U": np.uint32, "I": np.int32}[kind])
    text = header(f"x y z {name}", "4 4 4 4", f"F F F {kind}", "1 1 1 1", data=encoding)
    if encoding == "binary":
        content = text.encode() + b"".join(struct.pack("<3f", i, 2, 3) + typed[i].tobytes() for i in range(3))
    else:
        content = (text + "".join(f"{i} 2 3 {typed[i]!s}\n" for i in range(3))).encode()
    found = read_pcd(tmp_path, content).x["colors"]
    assert found.dtype == np.uint8 and np.array_equal(found, colors if name == "rgba" else colors[:, :3])


def test_named_attributes(tmp_path: Path) -> None:
    names = "normal_x x normal_y y normal_z z label curvature"
    rows = "0 1 0 2 1 3 7 0.5\n1 4 0 5 0 6 8 0.25\n"
    cloud = read_pcd(tmp_path, header(names, "4 " * 8, "F " * 8, None, 2, 2) + rows)
    assert cloud.points.tolist() == [[1, 2, 3], [4, 5, 6]] and cloud.x["curvature"].tolist() == [0.5, 0.25]
    assert cloud.x["normals"].tolist() == [[0, 0, 1], [1, 0, 0]]
    assert cloud.labels is not None and cloud.labels.tolist() == [7, 8]


@pytest.mark.parametrize(
    "text",
    [
        header(),
        "# a comment\n\n" + header().replace("FIELDS", "# another\nFIELDS"),
        header(count=None),
        header().replace("VERSION 0.7\n", ""),
        header(points=None),
        header(width=None, height=None),
        header(width=1, height=3),
        header().replace("FIELDS", "COLUMNS"),
        header().replace("\n", "\r\n"),
        header().lower(),
        header(points=None, height=None),
    ],
)
def test_headers_that_people_have(text: str, tmp_path: Path) -> None:
    assert read_pcd(tmp_path, text + LINES).points.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]


def test_a_viewpoint_is_noted_and_points_that_are_not_finite_stay_in_their_rows(tmp_path: Path) -> None:
    text = header(width=1, height=3).replace("0 0 0 1 0 0 0", "0 0 2 1 0 0 0")
    cloud = read_pcd(tmp_path, text + "1 2 3\nnan nan nan\n7 8 9\n")
    assert cloud.notes == (POSE,) and np.isnan(cloud.points[1]).all() and cloud.points[2].tolist() == [7, 8, 9]


BINARY = struct.pack("<9f", *range(9))


@pytest.mark.parametrize(
    ("content", "fields", "found"),
    [
        ("hello\n", {"got": "'hello'"}, "expected lines that begin with one of VERSION"),
        ("# x\n" * 20000, {}, "expected a line 'DATA', the end of the header, got none"),
        (header() + "1 2 3\n", {"got": "1", "expected": "3 points"}, "got 1;"),
        (header() + LINES + "1 2 3\n", {"got": "more"}, "got more;"),
        (header() + "1 2 3\n4 5\n7 8 9\n", {}, "expected 3 numbers on each line"),
        (header() + "1 2 3\n4 5 6 7\n7 8 9\n", {}, "expected 3 numbers on each line"),
        (header() + "1 2 3\n4 x 6\n7 8 9\n", {}, "line 12: "),
        (header(data="binary").encode() + BINARY[:-1], {"got": 35}, "expected 36 bytes of data for 3 points, got 35"),
        (header(data="binary").encode() + BINARY + b"\0", {"got": 37}, "got 37;"),
        (header(points=4), {"argument": "POINTS", "got": "4"}, "WIDTH times HEIGHT, 3, got 4"),
        (header(points=10**12, width=10**12), {"got": 10**12}, "more than the maximum of 1,000"),
        (header(fields="x y"), {"argument": "SIZE"}, "a value of SIZE for each of the 2 fields, got 3"),
        (header(fields="x y y"), {"argument": "FIELDS"}, "one field 'y' of one value, got 2 such fields"),
        (header(count="1 1 2"), {"argument": "FIELDS"}, "one field 'z' of one value, got one of 2 values"),
        (header(count="1 1 0"), {"argument": "COUNT"}, "values of COUNT from 1"),
        (header(size="4 4 3"), {"argument": "TYPE"}, "got 'F3'"),
        (header(data="zip"), {"argument": "DATA"}, "got 'zip'"),
        (header(points=None, width=None, height=None), {"argument": "POINTS"}, "got neither"),
        (header().replace("WIDTH 3", "WIDTH -3"), {"argument": "WIDTH"}, "whole numbers after WIDTH, got '-3'"),
        (header() + header(), {}, "expected 3 numbers on each line"),
        (header().replace("POINTS", "WIDTH"), {"got": "two"}, "expected one line 'WIDTH', got two"),
        (header(data="binary_compressed").encode() + b"\1\2", {"got": 0}, "bytes of data for 3 points"),
        (
            header(data="binary_compressed").encode() + struct.pack("<2I", 4, 36) + b"abcde",
            {"got": 5},
            "expected 4 bytes of data for 3 points, got 5",
        ),
        (
            header(data="binary_compressed").encode() + struct.pack("<2I", 5, 37) + b"abcde",
            {"got": 37},
            "expected 36 bytes for 3 points, got 37, compressed to 5",
        ),
        (
            header(data="binary_compressed", points=900, width=900).encode() + struct.pack("<2I", 5, 10800) + b"abcde",
            {"got": 10800},
            "compressed to 5",
        ),
    ],
)
def test_files_that_contradict_themselves_are_refused(
    content: bytes | str, fields: dict[str, Any], found: str, tmp_path: Path
) -> None:
    with raises(DataError, file=tmp_path / "a.pcd", **fields) as caught:
        read_pcd(tmp_path, content)
    assert found in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(("kind", "value"), [("U 1", "300"), ("U 2", "-3"), ("I 4", "0.5")])
def test_integers_of_text_are_of_their_type(kind: str, value: str, tmp_path: Path) -> None:
    types = header("x y z label", f"4 4 4 {kind[-1]}", f"F F F {kind[0]}", None)
    assert read_pcd(tmp_path, types + "1 2 3 4\n4 5 6 5\n7 8 9 6\n").labels is not None
    with raises(DataError, file=tmp_path / "a.pcd", argument="label"):
        read_pcd(tmp_path, types + f"1 2 3 4\n4 5 6 {value}\n7 8 9 6\n")


def test_rounded_integers_and_repeated_fields_are_noted(tmp_path: Path) -> None:
    text = header("x y z t a a", "4 4 4 8 4 4", "F F F U F F", None) + "".join(
        f"{row} 2 3 1732790000123456789 {row} 9\n" for row in range(3)
    )
    cloud = read_pcd(tmp_path, text)
    assert (
        cloud.x["a"].tolist() == [0, 1, 2]
        and cloud.x["t"].dtype == np.float64
        and cloud.notes
        == (
            "whole numbers of 't' above 2^53 were rounded to doubles",
            "of the fields 'a' only the first was read",
        )
    )


@pytest.mark.parametrize("end", ["\r", "\r\n"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_other_line_ends_of_the_header(encoding: Encoding, end: str, tmp_path: Path) -> None:
    PointCloud.from_xyz_points(POINTS.astype(np.float32)).save(tmp_path / "b.pcd", encoding=encoding)
    head, mark, data = (tmp_path / "b.pcd").read_bytes().partition(f"DATA {encoding.value}\n".encode())
    content = (head + mark).replace(b"\n", end.encode())
    content += data.replace(b"\n", end.encode()) if encoding is Encoding.ASCII else data
    assert b"\n" not in content[: len(head)] or end == "\r\n"
    assert np.allclose(read_pcd(tmp_path, content).points, POINTS, atol=1e-4)
    with raises(DataError, file=tmp_path / "a.pcd"):
        read_pcd(tmp_path, content[: content.rstrip().rindex(b"\r")] if encoding is Encoding.ASCII else content[:-1])


def test_data_that_begin_like_a_line_end_are_not_cut(tmp_path: Path) -> None:
    first = struct.unpack("<f", b"\n\r\n\x41")[0]
    data = struct.pack("<9f", first, *range(8))
    text = header(data="binary").replace("\n", "\r").encode()
    assert read_pcd(tmp_path, text + data).points.ravel().tolist() == [first, *range(8)]
    with raises(DataError, file=tmp_path / "a.pcd", got=37):
        read_pcd(tmp_path, text + b"\n" + data)


def test_the_line_of_an_error_counts_carriage_returns(tmp_path: Path) -> None:
    text = (header() + "1 2 3\n4 5 6\n7 8 x\n").replace("\n", "\r")
    with raises(DataError, file=tmp_path / "a.pcd") as caught:
        read_pcd(tmp_path, text)
    assert f"line {header().count(chr(10)) + 3}: " in str(caught.value)


def test_coordinates_and_colours_in_capitals(tmp_path: Path) -> None:
    text = header("Z X I Y RGB", "4 4 4 4 4", "F F F F U", None) + "3 1 9 2 16711935\n6 4 8 5 255\n9 7 7 8 0\n"
    cloud = read_pcd(tmp_path, text)
    assert cloud.points.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]] and cloud.x["I"].tolist() == [9, 8, 7]
    assert cloud.x["colors"].tolist() == [[255, 0, 255], [0, 0, 255], [0, 0, 0]]


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ("X y z", "one field 'x' of one value, got 0 such fields among 'X y z'"),
        ("X Y z", "got 0 such fields"),
        ("X Y Y", "got 0 such fields"),
        ("X Y Z Z", "one field 'z' of one value, got 2 such fields"),
    ],
)
def test_coordinates_in_some_capitals_are_refused(fields: str, found: str, tmp_path: Path) -> None:
    number = len(fields.split())
    types = header(fields, "4 " * number, "F " * number, None)
    with raises(DataError, file=tmp_path / "a.pcd", argument="FIELDS") as caught:
        read_pcd(tmp_path, types + 3 * ("1 " * number + "\n"))
    assert found in str(caught.value)


def test_fields_in_capitals_next_to_coordinates_are_attributes(tmp_path: Path) -> None:
    text = header("x y z X", "4 4 4 4", "F F F F", None) + "1 2 3 9\n4 5 6 8\n7 8 9 7\n"
    cloud = read_pcd(tmp_path, text)
    assert cloud.points.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]] and cloud.x["X"].tolist() == [9, 8, 7]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_mutated_files_are_read_or_refused(encoding: Encoding, tmp_path: Path) -> None:
    PointCloud.from_xyz_points(POINTS.astype(np.float32)).save(tmp_path / "a.pcd", encoding=encoding)
    loaded, refused = read_mutants((tmp_path / "a.pcd").read_bytes(), ".pcd", 200, tmp_path)
    assert loaded + refused == 200 and loaded > 10 and refused > 10


def test_the_real_file(conclu_data: Path) -> None:
    (cloud,) = read(conclu_data / "raw" / "scans" / "flower_pot.pcd", 10_000)
    wanted = np.loadtxt(conclu_data / "raw" / "scans" / "flower_pot.pcd", skiprows=11)
    assert np.array_equal(cloud.points, wanted) and wanted.shape == (2048, 3)
