"""LAS and LAZ files, written by laspy and from their bytes."""

import struct
from itertools import product
from pathlib import Path

import laspy
import lazrs
import numpy as np
import pytest
from file_mutations import read_with_changed_bytes
from helpers import raises

from conclu_pyg.errors import DataError
from conclu_pyg.io.clouds import read_clouds
from conclu_pyg.io.file_cloud import FileCloud
from conclu_pyg.io.las import read

SCALES, OFFSETS = [0.001, 0.01, 1e-7], [155_000.0, 463_000.5, -3.0]
VERSIONS = {"1.2": range(4), "1.3": range(6), "1.4": range(11)}
EACH = [(version, kind) for version, kinds in VERSIONS.items() for kind in kinds]


def write(path: Path, version: str, kind: int, n: int = 30, extra: bool = False) -> laspy.LasData:
    """Writes a file by laspy and returns what laspy reads from it."""
    rng = np.random.default_rng(0)
    header = laspy.LasHeader(point_format=kind, version=version)
    header.scales, header.offsets = SCALES, OFFSETS
    if extra:
        height = laspy.ExtraBytesParams("height above", np.float64)
        scaled = laspy.ExtraBytesParams("scaled", np.int32, scales=np.array([0.01]), offsets=np.array([5.0]))
        header.add_extra_dims([height, scaled, laspy.ExtraBytesParams("three", "3u1")])
    las = laspy.LasData(header)
    las.X, las.Y, las.Z = rng.integers(-(2**31), 2**31, (3, n))
    las.intensity, las.classification = rng.integers(0, 2**16, n), rng.integers(0, 20, n)
    las.return_number = np.full(n, 1, np.uint8)
    if "red" in las.point_format.dimension_names:
        las.red, las.green, las.blue = rng.integers(0, 2**16, (3, n))
    if extra:
        las["height above"], las["scaled"], las["three"] = rng.normal(size=n), rng.normal(size=n), np.full((n, 3), 7)
    las.write(path)
    return laspy.read(path)


def read_one(path: Path) -> FileCloud:
    (cloud,) = read(path, 1_000_000)
    return cloud


@pytest.mark.parametrize(("version", "kind"), EACH)
@pytest.mark.parametrize("suffix", [".las", ".laz"])
def test_reads_what_laspy_reads(tmp_path: Path, version: str, kind: int, suffix: str) -> None:
    expected = write(tmp_path / f"a{suffix}", version, kind)
    cloud = read_one(tmp_path / f"a{suffix}")
    assert np.array_equal(cloud.points, expected.xyz) and cloud.points.dtype == np.float64
    assert cloud.labels is not None and np.array_equal(cloud.labels, np.asarray(expected.classification))
    assert cloud.x["intensity"].dtype == np.uint16 and np.array_equal(cloud.x["intensity"], expected.intensity)
    has_colors = "red" in expected.point_format.dimension_names
    assert ("colors" in cloud.x) == has_colors and cloud.notes == ()
    if has_colors:
        assert cloud.x["colors"].dtype == np.uint16
        assert np.array_equal(cloud.x["colors"], np.stack([expected.red, expected.green, expected.blue], axis=1))


@pytest.mark.parametrize("suffix", [".las", ".laz"])
def test_extra_dimensions_are_attributes(tmp_path: Path, suffix: str) -> None:
    expected = write(tmp_path / f"a{suffix}", "1.4", 6, extra=True)
    x = read_one(tmp_path / f"a{suffix}").x
    assert np.array_equal(x["height above"], expected["height above"]) and x["three"].tolist() == [[7, 7, 7]] * 30
    assert np.array_equal(x["scaled"], np.asarray(expected["scaled"])) and np.abs(x["scaled"]).max() > 0.5


def las_bytes(points: np.ndarray, gap: bytes = b"", count: int | None = None) -> bytes:
    """Returns a file of version 1.2 and format 0 with integer coordinates, without laspy."""
    low, high = points.min(axis=0), points.max(axis=0)
    bounds = [value * 0.5 + 10 for pair in zip(high, low, strict=True) for value in pair]
    count = len(points) if count is None else count
    numbers = (1, 2, b"", b"", 1, 2026, 227, 227 + len(gap), 0, 0, 20, count, count, 0, 0, 0, 0)
    head = struct.pack("<4sHH16sBB32s32sHHHIIBHI5I", b"LASF", 0, 0, b"", *numbers)
    head += struct.pack("<12d", 0.5, 0.5, 0.5, 10, 10, 10, *bounds)
    rows = (
        struct.pack("<3iHBBbBH", *map(int, row), 900 + i, 0b001001, i % 32, -5, 0, 7) for i, row in enumerate(points)
    )
    return head + gap + b"".join(rows)


@pytest.mark.parametrize("gap", [b"", b"\xdd\xcc", b"\0" * 100])
def test_reads_bytes_that_were_written_without_a_library(tmp_path: Path, gap: bytes) -> None:
    points = np.random.default_rng(0).integers(-(2**31), 2**31, (40, 3))
    (tmp_path / "a.LAS").write_bytes(las_bytes(points, gap))
    cloud = read_one(tmp_path / "a.LAS")
    assert np.array_equal(cloud.points, points * 0.5 + 10) and cloud.notes == ()
    assert cloud.labels is not None and cloud.labels.tolist() == [i % 32 for i in range(40)]
    assert cloud.x["intensity"].tolist() == list(range(900, 940)) and cloud.x["return_number"].tolist() == [1] * 40
    assert cloud.x["scan_angle_rank"].tolist() == [-5] * 40 and cloud.x["point_source_id"].tolist() == [7] * 40


@pytest.mark.parametrize(
    ("suffix", "each"), [*product([".las", ".laz"], [("1.2", 1), ("1.3", 3), ("1.4", 0), ("1.4", 7)])]
)
@pytest.mark.parametrize("difference", [-20, -1, 1, 2, 10**9])
def test_counts_that_differ_are_rejected(tmp_path: Path, suffix: str, each: tuple[str, int], difference: int) -> None:
    path = tmp_path / f"a{suffix}"
    write(path, *each)
    content = bytearray(path.read_bytes())
    if each[0] == "1.4":
        struct.pack_into("<Q", content, 247, 30 + difference)
    if struct.unpack_from("<I", content, 107)[0]:
        struct.pack_into("<I", content, 107, 30 + difference)
    path.write_bytes(content)
    with raises(DataError, file=path):
        read_one(path)


@pytest.mark.parametrize(("version", "kind"), [("1.2", 1), ("1.4", 3), ("1.4", 6)])
@pytest.mark.parametrize("suffix", [".las", ".laz"])
def test_returns_that_headers_do_not_count(tmp_path: Path, suffix: str, version: str, kind: int) -> None:
    path = tmp_path / f"a{suffix}"
    las = write(path, version, kind)
    las.return_number = np.arange(30, dtype=np.uint8) % 8  # headers count 1 to 5, or to 15
    las.write(path)
    cloud = read_one(path)
    assert np.array_equal(cloud.points, las.xyz)
    assert np.array_equal(cloud.x["return_number"], np.arange(30) % 8)


def test_counts_by_return_that_are_not_those_of_the_points_are_rejected(tmp_path: Path) -> None:
    """Chunks of the older formats do not say how many points they have."""
    path = tmp_path / "a.laz"
    write(path, "1.2", 1)
    content = bytearray(path.read_bytes())
    for count, reads in [(30, True), (0, True), (29, False), (31, False)]:
        struct.pack_into("<I", content, 111, count)
        path.write_bytes(content)
        if reads:
            assert len(read_one(path).points) == 30
        else:
            with raises(DataError, file=path):
                read_one(path)


@pytest.mark.parametrize(("suffix", "kind"), [*product([".las", ".laz"], [1, 6])])
@pytest.mark.parametrize("end", [-4, -25, 400, 300, 100, 4])
def test_files_that_end_before_are_rejected(tmp_path: Path, suffix: str, kind: int, end: int) -> None:
    path = tmp_path / f"a{suffix}"
    write(path, "1.4", kind)
    path.write_bytes(path.read_bytes()[:end])
    with raises(DataError, file=path):
        read_one(path)


def test_more_bytes_than_points_are_rejected(tmp_path: Path) -> None:
    (tmp_path / "a.las").write_bytes(las_bytes(np.arange(30).reshape(10, 3)) + b"\0" * 7)
    with raises(DataError, file=tmp_path / "a.las"):
        read_one(tmp_path / "a.las")


@pytest.mark.parametrize(
    ("position", "content"),
    [
        (0, b"LASG"),
        (24, b"\x02"),
        (25, b"\x05"),
        (94, b"\x10\0"),  # the size of the header
        (96, b"\xff\xff\xff\x7f"),  # the position of the points
        (100, b"\xff\xff\xff\x7f"),  # records of variable length
        (104, b"\x0b"),  # the format of the points
        (105, b"\x13\0"),  # the length of a point
        (131, struct.pack("<d", 0)),  # a scale
        (139, struct.pack("<d", np.inf)),
        (155, struct.pack("<d", np.nan)),  # an offset
    ],
)
def test_wrong_headers_are_rejected(tmp_path: Path, position: int, content: bytes) -> None:
    valid = bytearray(las_bytes(np.arange(30).reshape(10, 3)))
    valid[position : position + len(content)] = content
    (tmp_path / "a.las").write_bytes(valid)
    with raises(DataError, file=tmp_path / "a.las") as error:
        read_one(tmp_path / "a.las")
    assert str(error.value).endswith(".") and "\n" not in str(error.value)


def test_points_outside_the_bounds_are_noted(tmp_path: Path) -> None:
    valid = bytearray(las_bytes(np.arange(30).reshape(10, 3)))
    struct.pack_into("<d", valid, 179, 11.0)
    (tmp_path / "a.las").write_bytes(valid)
    assert read_one(tmp_path / "a.las").notes == ("some points are outside the bounds in the header",)


def test_records_behind_the_points_are_no_points(tmp_path: Path) -> None:
    las = write(tmp_path / "a.las", "1.4", 6)
    las.evlrs = laspy.vlrs.vlrlist.VLRList([laspy.VLR("me", 7, "a record", b"\1" * 100)])
    las.write(tmp_path / "b.las")
    las.write(tmp_path / "b.laz")
    for suffix in (".las", ".laz"):
        assert np.array_equal(read_one(tmp_path / f"b{suffix}").points, las.xyz)


@pytest.mark.parametrize(("kind", "known"), [(1, 28), (3, 34), (6, 30), (7, 36)])
@pytest.mark.parametrize("at_end", [False, True])
def test_chunks_of_different_sizes(tmp_path: Path, kind: int, known: int, at_end: bool) -> None:
    expected = write(tmp_path / "a.las", "1.4", kind, extra=True)
    content = (tmp_path / "a.las").read_bytes()
    (start, records), record = struct.unpack_from("<II", content, 96), struct.unpack_from("<H", content, 105)[0]
    rule = lazrs.LazVlr.new_for_compression(kind, record - known, True)
    data = bytes(rule.record_data())
    entry = struct.pack("<2x16sHH32x", b"laszip encoded", 22204, len(data)) + data
    head = bytearray(content[:start] + entry)
    struct.pack_into("<IIB", head, 96, len(head), records + 1, kind | 0x80)
    (tmp_path / "a.laz").write_bytes(head)
    with (tmp_path / "a.laz").open("r+b") as file:
        file.seek(len(head))
        writer = lazrs.LasZipCompressor(file, rule)
        rows = np.frombuffer(content, np.uint8, 30 * record, start).reshape(30, record)
        for first, last in ((0, 7), (7, 8), (8, 30)):
            writer.compress_many(rows[first:last].ravel())
            if last < 30:
                writer.finish_current_chunk()
        writer.done()
    compressed = bytearray((tmp_path / "a.laz").read_bytes())
    if at_end:  # as written by a program that cannot go back in its output
        compressed += compressed[len(head) : len(head) + 8]
        struct.pack_into("<q", compressed, len(head), -1)
    (tmp_path / "a.laz").write_bytes(compressed)
    cloud = read_one(tmp_path / "a.laz")
    assert np.array_equal(cloud.points, expected.xyz) and np.array_equal(cloud.x["scaled"], expected["scaled"])
    struct.pack_into("<Q", compressed, 247, 31)
    (tmp_path / "a.laz").write_bytes(compressed)
    with raises(DataError, file=tmp_path / "a.laz"):
        read_one(tmp_path / "a.laz")


@pytest.mark.parametrize(
    ("name", "found"),
    [(b"f\xe9o", "féo"), (b"", "extra_0"), (b"X", "X"), (b"intensity", "intensity_"), (b"=\x1b", "=\x1b")],
)
def test_any_names_of_extra_dimensions(tmp_path: Path, name: bytes, found: str) -> None:
    expected = write(tmp_path / "a.las", "1.4", 6, extra=True)
    content = (tmp_path / "a.las").read_bytes()
    (tmp_path / "a.las").write_bytes(content.replace(b"height above", name.ljust(12, b"\0")))
    x = read_one(tmp_path / "a.las").x
    assert np.array_equal(x[found], expected["height above"]) and np.array_equal(x["intensity"], expected.intensity)


def test_records_that_a_cloud_does_not_need_may_have_any_content(tmp_path: Path) -> None:
    las = write(tmp_path / "a.las", "1.2", 1)
    las.vlrs.append(laspy.VLR("Someone", 34735, "a description", b"\xff" * 7))
    las.vlrs.append(laspy.VLR("LASF_Projection", 34735, "keys", b"\xff" * 7))
    las.write(tmp_path / "a.las")
    content = (tmp_path / "a.las").read_bytes().replace(b"Someone", b"S\xf6m\xffone").replace(b"laspy", b"l\xe4spy")
    (tmp_path / "a.las").write_bytes(content.replace(b"a description", b"\xfe description"))
    assert len(read_one(tmp_path / "a.las").points) == 30


def test_chunks_of_compressed_points(tmp_path: Path) -> None:
    for kind in (0, 6):
        expected = write(tmp_path / "a.laz", "1.4", kind, n=110_000)
        assert np.array_equal(read_one(tmp_path / "a.laz").points, expected.xyz)


def test_a_national_grid_keeps_its_coordinates(tmp_path: Path) -> None:
    header = laspy.LasHeader(point_format=3, version="1.2")
    header.scales, header.offsets = [0.001] * 3, [0, 0, 0]
    las = laspy.LasData(header)
    las.xyz = np.random.default_rng(0).uniform(0, 100, (500, 3)) + np.array([155_000, 463_000, 0])
    las.write(tmp_path / "a.las")
    (cloud,) = read_clouds(tmp_path / "a.las")
    assert cloud.offset is not None and np.abs(cloud.points + cloud.offset - las.xyz).max() < 1e-4


def test_a_real_scan(conclu_data: Path) -> None:
    path = conclu_data / "raw/scans/rack_3.las"
    assert np.array_equal(read_one(path).points, laspy.read(path).xyz)


@pytest.mark.parametrize(("suffix", "kind"), [*product([".las", ".laz"], [1, 7])])
def test_mutated_files_are_read_or_rejected(tmp_path: Path, suffix: str, kind: int) -> None:
    path = tmp_path / f"a{suffix}"
    write(path, "1.4", kind)
    found, refused = read_with_changed_bytes(path, 50, read, lambda cloud: len(cloud.points) == 30)
    assert found > 5 and refused > 0
