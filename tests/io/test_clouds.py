"""Readers of clouds in all formats."""

import os
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest
from fuzzing.samples import write_samples
from helpers import raises

from conclu_pyg.errors import DataError
from conclu_pyg.io import clouds as clouds_module
from conclu_pyg.io.clouds import read_clouds
from conclu_pyg.io.file_cloud import FileCloud
from conclu_pyg.io.formats import CONVERT, SUFFIXES

CLOUD = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)
LINES = ["1 2 3", "4 5 6", "7 8 10"]
PLY_HEADER = "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\n"
PLY_FACE = "element face 1\nproperty list uchar int vertex_indices\n"
NUMBERS = [[1, 2, 3], [4, 5, 6], [7, 8, 10]]


def read_cloud(path: Path, mesh_points: int = 10_000, seed: int = 0) -> np.ndarray:
    """Returns the points of a file's only cloud."""
    (cloud,) = read_clouds(path, mesh_points, seed)
    return cloud.points


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(LINES),
        "x y z\n" + "\n".join(LINES),
        "//X,Y,Z\r\n1,2,3\r\n4, 5, 6\r\n7,8,10\r\n",
        "3\n" + "\n".join(LINES) + "\n",
        "\ufeff# a comment\n\n1;2;3\n4;5;6\n7;8;10\n",
        "1\t2\t3\n4\t5\t6\n\n7\t8\t1e1\n",
    ],
)
@pytest.mark.parametrize("suffix", [".txt", ".csv", ".XYZ", ".pts"])
def test_reads_text(tmp_path: Path, text: str, suffix: str) -> None:
    path = tmp_path / f"scan{suffix}"
    path.write_bytes(text.encode())
    assert read_cloud(path).tolist() == NUMBERS


def test_ignored_columns_are_noted(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x,y,z,name\n1,2,3,a\n4,5,6,b\n")
    (cloud,) = read_clouds(tmp_path / "a.txt")
    assert cloud.points.shape == (2, 3) and cloud.notes == ("column 4 was ignored",)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "is an empty file"),
        ("\n# nothing\n", "no line has numbers"),
        ("1 2 3\n4 5 x\n", "could not convert string 'x'"),
    ],
)
def test_text_without_a_cloud_is_rejected_with_the_reason(tmp_path: Path, text: str, found: str) -> None:
    path = tmp_path / "scan.txt"
    path.write_text(text)
    with raises(DataError, file=path) as caught:
        read_cloud(path)
    assert found in str(caught.value) and str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("hello\nworld\n", {"got": "world"}),
        ("1 2\n3 4\n", {"got": "1 2"}),
        ("x y z\n", {}),
        ("1 2 3\n4 5\n", {}),
        ("\0\x01\x02" * 99, {"got": "\0\x01\x02" * 99}),
        ("a" * 70_000, {}),
        ("1 2 3\n1 2 3\n", {"expected": "points that differ"}),
        ("nan nan nan\n", {"expected": "finite coordinates"}),
    ],
)
def test_text_without_a_cloud_is_rejected(tmp_path: Path, text: str, fields: dict[str, str]) -> None:
    (tmp_path / "scan.txt").write_text(text)
    with raises(DataError, file=tmp_path / "scan.txt", **fields) as caught:
        read_cloud(tmp_path / "scan.txt")
    assert len(str(caught.value)) < 500


def test_points_that_are_not_finite_are_left_out_and_the_kept_rows_are_returned(tmp_path: Path) -> None:
    broken = CLOUD.copy()
    broken[[3, 7], 1] = np.nan, np.inf
    np.save(tmp_path / "a.npy", broken)
    (cloud,) = read_clouds(tmp_path / "a.npy")
    assert cloud.rows is not None and np.array_equal(cloud.rows, np.delete(np.arange(30), [3, 7]))
    assert np.array_equal(cloud.points, CLOUD[cloud.rows]) and "not finite" in cloud.notes[0]


def test_reads_one_array_or_several(tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", np.hstack([CLOUD, CLOUD]))
    (one,) = read_clouds(tmp_path / "one.npy")
    assert np.array_equal(one.points, CLOUD) and one.notes and one.rows is None and one.name == "one"
    np.save(tmp_path / "two.npy", np.stack([CLOUD, 2 * CLOUD]))
    first, second = read_clouds(tmp_path / "two.npy")
    assert (first.name, second.name) == ("two_0000", "two_0001") and np.array_equal(second.points, 2 * CLOUD)
    np.save(tmp_path / "flat.npy", np.ones(9))
    with raises(DataError, file=tmp_path / "flat.npy", got=(np.dtype(float), (9,))):
        read_cloud(tmp_path / "flat.npy")


def test_h5_clouds_have_their_parts(tmp_path: Path) -> None:
    part = np.arange(60).reshape(2, 30) % 4
    broken = np.stack([CLOUD, CLOUD])
    broken[1, 0] = np.nan
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data"], file["pid"] = broken, part
    first, second = read_clouds(tmp_path / "a.h5")
    assert first.labels is not None and np.array_equal(first.labels, part[0])
    assert second.labels is not None and np.array_equal(second.labels, part[1, 1:]) and len(second.points) == 29
    with h5py.File(tmp_path / "one.hdf5", "w") as file:
        file["data"] = CLOUD
    assert np.array_equal(read_cloud(tmp_path / "one.hdf5"), CLOUD)


@pytest.mark.parametrize(
    ("content", "fields", "found"),
    [
        (
            {"points": CLOUD, "pos": CLOUD},
            {"got": ("points", "pos")},
            "got 'points' float32 [30, 3], 'pos' float32 [30, 3]",
        ),
        ({"a": CLOUD[:, :2]}, {"got": ("a",)}, "expected its clouds as the data set 'data', or only one data set"),
        (
            {"data": np.ones(5)},
            {"argument": "data", "got": (np.dtype(float), (5,))},
            "of shape [points, 3] or [clouds, points, 3], got float64 [5]",
        ),
        (
            {"data": CLOUD, "pid": np.zeros(7, int)},
            {"argument": "pid", "got": (np.dtype(int), (7,))},
            "expected an integer in 'pid' for each point of 'data'",
        ),
        ({"data": np.empty((0, 9, 3))}, {}, "holds no clouds"),
        ({"data": h5py.ExternalLink("/etc/passwd", "data")}, {"got": "'data'"}, ""),
    ],
)
def test_other_h5_files_are_rejected(tmp_path: Path, content: dict, fields: dict, found: str) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for key, value in content.items():
            file[key] = value
    with raises(DataError, file=tmp_path / "a.h5", **fields) as caught:
        list(read_clouds(tmp_path / "a.h5"))
    assert found in str(caught.value)


def test_meshes_are_sampled_by_area_and_seed(tmp_path: Path) -> None:
    path = tmp_path / "a.off"
    path.write_text("OFF\n6 2 0\n0 0 0\n1 0 0\n0 1 0\n10 0 0\n13 0 0\n10 1 0\n3 0 1 2\n3 3 4 5\n")
    (cloud,) = read_clouds(path, mesh_points=4000, seed=1)
    assert cloud.points.shape == (4000, 3) and (cloud.points[:, 0] > 5).mean() == pytest.approx(0.75, abs=0.04)
    assert np.array_equal(cloud.points, read_cloud(path, 4000, 1))
    assert not np.array_equal(cloud.points, read_cloud(path, 4000, 2))
    assert "sampled from the surface" in cloud.notes[0]


def test_rejects_unknown_missing_and_large_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, suffix, found in (
        ("a.xyzabc", ".xyzabc", "got .xyzabc; convert the file."),
        ("a", "", "got no suffix; convert the file."),
        ("a.mat", ".mat", "save the one array that holds the points as .npy"),
    ):
        (tmp_path / name).write_text("1 2 3\n")
        with raises(DataError, file=tmp_path / name, got=suffix) as caught:
            read_cloud(tmp_path / name)
        assert found in str(caught.value)
    with raises(DataError, file=tmp_path / "none.npy") as caught:
        read_cloud(tmp_path / "none.npy")
    assert str(caught.value) == f"there is no file {tmp_path / 'none.npy'}; check the path."
    assert not set(CONVERT) & set(SUFFIXES)
    np.save(tmp_path / "large.npy", CLOUD)
    (tmp_path / "large.txt").write_text("1 2 3\n" * 30)
    monkeypatch.setattr(clouds_module, "MAX_POINTS", 29)
    for name in ("large.npy", "large.txt"):
        with raises(DataError, file=tmp_path / name):
            read_cloud(tmp_path / name)
    monkeypatch.setattr(clouds_module, "MAX_BYTES", 100)
    with raises(DataError, file=tmp_path / "large.npy"):
        read_cloud(tmp_path / "large.npy")


def test_reads_real_files(conclu_data: Path) -> None:
    raw = conclu_data / "raw"
    assert len(read_cloud(raw / "odd" / "off_glued_header.off")) == 10_000
    points = next(raw.glob("shapenetcore_partanno_segmentation_benchmark_v0/02691156/points/*.pts"))
    assert len(read_cloud(points)) == sum(1 for _ in points.open())
    ply_points, pcd_points = (read_cloud(raw / "scans" / f"flower_pot.{kind}") for kind in ("ply", "pcd"))
    assert ply_points.shape == (2048, 3) and np.allclose(ply_points, pcd_points, atol=1e-5)


@pytest.mark.parametrize("shape", [(3, 30), (4, 3, 30)])
def test_a_transposed_cloud_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).normal(size=shape)
    np.save(tmp_path / "a.npy", array)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data"] = array
    np.savetxt(tmp_path / "a.txt", array.reshape(-1, 30)[:3])
    for source, got in (("a.npy", shape), ("a.h5: 'data'", shape), ("a.txt", (3, 30))):
        with raises(DataError, file=f"{tmp_path / source}", got=list(got)):
            list(read_clouds(tmp_path / source.partition(":")[0]))


@pytest.mark.parametrize("line", ["-0,57 -0,50 0,25", "x y z\n1,0\t2,0\t3,0e1"])
def test_decimal_commas_are_named_as_the_cause(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.txt").write_text(f"{line}\n" * 2)
    with raises(DataError, file=tmp_path / "a.txt", got=line.splitlines()[-1]) as caught:
        read_cloud(tmp_path / "a.txt")
    assert "numbers with decimal commas); write 0.57 instead of 0,57" in str(caught.value)


def test_removed_points_and_the_offset_are_returned(tmp_path: Path) -> None:
    far = CLOUD.astype(np.float64) + np.array([5e6, 0, -7e5])
    far[4] = np.nan
    np.save(tmp_path / "a.npy", far)
    (cloud,) = read_clouds(tmp_path / "a.npy")
    assert cloud.left_out == 1 and cloud.offset is not None
    assert np.abs(cloud.points + cloud.offset - np.delete(far, 4, axis=0)).max() < 1e-6
    assert cloud.notes[0] == "points that are not finite numbers were removed (1 of 30)"
    assert cloud.notes[1].startswith("far from the origin, moved to the origin (by subtracting 5000000.05")


def test_hints_for_single_files_do_not_mention_a_data_set(tmp_path: Path) -> None:
    np.save(tmp_path / "nan.npy", CLOUD * np.nan)
    (tmp_path / "text.npy").write_text("1 2 3\n")
    np.save(tmp_path / "flat.npy", np.ones(9))
    for name in ("nan.npy", "text.npy", "flat.npy"):
        with raises(DataError, file=tmp_path / name) as caught:
            read_cloud(tmp_path / name)
        assert str(caught.value).endswith("restore the file or leave it out.") and "data set" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".npy", ".h5"])
def test_an_unusable_cloud_is_reported_and_the_others_follow(tmp_path: Path, suffix: str) -> None:
    clouds, path = np.stack([index * CLOUD for index in range(1, 6)]), tmp_path / f"a{suffix}"
    clouds[0], clouds[3] = np.nan, 7
    if suffix == ".npy":
        np.save(path, clouds)
    else:
        with h5py.File(path, "w") as file:
            file["data"] = clouds
    reported: list[DataError] = []
    found = list(read_clouds(path, unusable=reported.append))
    assert [cloud.name for cloud in found] == ["a_0001", "a_0002", "a_0004"]
    assert all(np.array_equal(cloud.points, clouds[int(cloud.name[-4:])]) for cloud in found)
    assert [str(error).partition(": ")[0] for error in reported] == [f"{path}, cloud 0000", f"{path}, cloud 0003"]
    with raises(DataError, file=f"{path}, cloud 0000"):
        next(read_clouds(path))


def test_an_array_of_unusable_clouds_is_reported_once(tmp_path: Path) -> None:
    for array in (np.zeros((9, 30, 2)), np.full((9, 30, 3), "x")):
        np.save(tmp_path / "a.npy", array)
        with raises(DataError, file=tmp_path / "a.npy", got=(array.dtype, array.shape)):
            list(read_clouds(tmp_path / "a.npy", unusable=lambda error: pytest.fail(str(error))))


def test_no_file_influences_another(tmp_path: Path) -> None:
    samples = [path for suffix in SUFFIXES for path in write_samples(tmp_path, suffix)]
    cut = tmp_path / "cut"
    cut.mkdir()
    for path in samples:
        (cut / path.name).write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    alone = {path: list(read_clouds(path, mesh_points=20)) for path in samples}
    order = np.random.default_rng(0).permutation(np.repeat(np.arange(len(samples)), 2))
    for index, before in zip(order[1:], order[:-1], strict=True):
        with suppress(DataError):
            list(read_clouds(cut / samples[before].name, mesh_points=20))
        for cloud, wanted in zip(read_clouds(samples[index], mesh_points=20), alone[samples[index]], strict=True):
            assert np.array_equal(cloud.points, wanted.points) and cloud.notes == wanted.notes
            assert {key: values.tolist() for key, values in cloud.x.items()} == {
                key: values.tolist() for key, values in wanted.x.items()
            }


def test_the_page_of_formats_has_every_suffix() -> None:
    page = (Path(__file__).parents[2] / "docs" / "formats.md").read_text()
    table = page.partition("## Formats")[2].partition("\n## ")[0]
    assert {suffix for suffix in SUFFIXES if f"`{suffix}`" not in table} == set()


@pytest.mark.parametrize(
    ("kind", "scale"), [("u1", 1), ("i2", 1), ("i4", 1), ("f4", 1), ("f4", 1e10), ("f4", 1e-11), ("f8", 1e10)]
)
def test_meshes_are_sampled_by_area_in_any_number_type(kind: str, scale: float, tmp_path: Path) -> None:
    legs = np.array([[0, 0, 0], [200, 0, 0], [0, 200, 0], [0, 0, 100], [20, 0, 100], [0, 20, 100]]) * scale
    names = {"u1": "uchar", "i2": "short", "i4": "int", "f4": "float", "f8": "double"}
    header = "ply\nformat binary_little_endian 1.0\nelement vertex 6\n"
    header += "".join(f"property {names[kind]} {axis}\n" for axis in "xyz")
    header += "element face 2\nproperty list uchar int vertex_indices\nend_header\n"
    faces = b"\3" + np.arange(3, dtype="<i4").tobytes() + b"\3" + np.arange(3, 6, dtype="<i4").tobytes()
    (tmp_path / "a.ply").write_bytes(header.encode() + legs.astype(f"<{kind}").tobytes() + faces)
    (cloud,) = read_clouds(tmp_path / "a.ply", mesh_points=4000)
    z = cloud.points[:, 2] + (0 if cloud.offset is None else cloud.offset[2])
    assert (z > 50 * scale).mean() == pytest.approx(1 / 101, abs=0.008)
    assert cloud.notes == ("4,000 points were sampled from the surface of a mesh",)


def test_arrays_that_are_no_clouds_are_refused_and_unforeseen_errors_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "a.npy", np.array(3.0))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("data", data=h5py.Empty("f4"))
    for name in ("a.npy", "a.h5"):
        with raises(DataError, file=tmp_path / name):
            list(read_clouds(tmp_path / name))

    def broken(path: Path, max_points: int) -> Iterator[FileCloud]:
        yield FileCloud(CLOUD)
        raise IndexError("list index out of range")

    monkeypatch.setattr(clouds_module, "find_reader", lambda suffix: broken)
    with raises(DataError, file=tmp_path / "a.npy") as caught:
        list(read_clouds(tmp_path / "a.npy"))
    assert "cannot be read (IndexError: list index out of range); restore the file or" in str(caught.value)


def test_coordinates_that_are_too_large_are_named_and_counted(tmp_path: Path) -> None:
    points = np.arange(30.0).reshape(10, 3)
    points[2, 0], points[4], points[5, 2] = 1e20, np.nan, -1e300
    np.savetxt(tmp_path / "a.txt", points)
    (cloud,) = read_clouds(tmp_path / "a.txt")
    assert cloud.left_out == 3 and np.array_equal(cloud.points, np.delete(points, [2, 4, 5], axis=0))
    assert cloud.notes == (
        "points that are not finite numbers were removed (1 of 10)",
        "points with a coordinate beyond the limit of 1e+15 were removed (2 of 10)",
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes and links")
def test_other_things_than_files_are_named(tmp_path: Path) -> None:
    for name, target in (("loop.ply", "loop.ply"), ("broken.ply", "none"), ("null.ply", "/dev/null")):
        (tmp_path / name).symlink_to(target)
    os.mkfifo(tmp_path / "pipe.ply")
    with socket.socket(socket.AF_UNIX) as server:
        folder = os.open(tmp_path, os.O_RDONLY)
        server.bind(f"/proc/self/fd/{folder}/socket.ply" if sys.platform == "linux" else str(tmp_path / "socket.ply"))
        os.close(folder)
    (tmp_path / "file.ply").write_text("ply")
    wanted = {
        "loop.ply": f"{tmp_path}/loop.ply cannot be read (Too many levels of symbolic links); check the path.",
        "broken.ply": f"the link {tmp_path}/broken.ply leads to no file; check the path.",
        "null.ply": f"{tmp_path}/null.ply: expected a regular file, got a device; write its content to a file.",
        "pipe.ply": f"{tmp_path}/pipe.ply: expected a regular file, got a pipe; write its content to a file.",
        "socket.ply": f"{tmp_path}/socket.ply: expected a regular file, got a socket; write its content to a file.",
        "file.ply/a.ply": f"there is no file {tmp_path}/file.ply/a.ply; check the path.",
        "a\0.ply": f"there is no file {tmp_path}/a\\x00.ply; check the path.",
    }
    for name, message in wanted.items():
        with raises(DataError, file=f"{tmp_path}/{name}") as caught:
            list(read_clouds(tmp_path / name))
        assert str(caught.value) == message


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("a.ply", "plý\n", "got 'plý'"),
        ("a.ply", "ply\nformat ascii 1.0\nelement vertex ٣\nend_header\n1\n", "got 'element vertex ٣'"),
        ("a.ply", f"{PLY_HEADER}end_header\n1 2 ٣\n4 5 6\n7 8 9\n", "'٣'"),
        ("a.ply", f"{PLY_HEADER}{PLY_FACE}end_header\n1 2 3\n4 5 6\n7 8 9\n٣ 0 1 2\n", "got '٣ 0 1 2'"),
        ("a.pcd", "VERSION .7\nFIELDS x y z\nWIDTH ٣\n", "'DATA'"),
        ("a.pcd", "VERSION .7\nFELDER größe\n", "got 'FELDER größe'"),
        ("a.pcd", "VERSION .7\nFIELDS x y z\nWIDTH ٣\nDATA ascii\n", "whole numbers after WIDTH, got '٣'"),
        ("a.pcd", "VERSION .7\nFIELDS x y z\nWIDTH 1\nDATA ascii\n1 2 ٣\n", "'٣'"),
        ("a.obj", "v 0 0 ٣\n", "'v 0 0 ٣'"),
        ("a.obj", "v 0 0 3\nf ١ ٢ ٣\n", "'f ١ ٢ ٣'"),
        ("a.obj", "größe\n", "'größe'"),
        ("a.off", "OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 ٣\n3 0 1 2\n", "'٣'"),
        ("a.off", "OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n٣ 0 1 2\n", "'٣"),
    ],
)
def test_text_is_quoted_in_its_own_script(name: str, content: str, found: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with raises(DataError, file=tmp_path / name) as caught:
        list(read_clouds(tmp_path / name))
    assert found in str(caught.value)


def test_names_of_attributes_are_those_of_the_file(tmp_path: Path) -> None:
    for encoding, name in (("utf-8", "größe"), ("latin-1", "größe"), ("utf-8", "高さ")):
        header = f"{PLY_HEADER}property float {name}\nend_header\n"
        (tmp_path / "a.ply").write_text(f"{header}1 2 3 7\n4 5 6 8\n7 8 10 9\n", encoding=encoding)
        (cloud,) = read_clouds(tmp_path / "a.ply")
        assert cloud.points.tolist() == NUMBERS and cloud.x[name].tolist() == [7, 8, 9]
        header = header.replace("ascii", "binary_little_endian")
        data = struct.pack("<12f", *(1, 2, 3, 7), *(4, 5, 6, 8), *(7, 8, 10, 9))
        (tmp_path / "a.ply").write_bytes(header.encode(encoding) + data)
        (cloud,) = read_clouds(tmp_path / "a.ply")
        assert cloud.points.tolist() == NUMBERS and cloud.x[name].tolist() == [7, 8, 9]
