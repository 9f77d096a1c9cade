"""Readers of text: columns of a table, and clouds with or without a header."""

import csv
import re
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import raises
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conclu_pyg.errors import DataError
from conclu_pyg.io.clouds import read_clouds
from conclu_pyg.io.file_cloud import FileCloud
from conclu_pyg.io.text import read, read_columns, read_text_cloud
from conclu_pyg.io.text_header import read_further_header

EXPECTED = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


@pytest.mark.parametrize("text", ["1,2,3,0,0,1\n4,5,6,0,0,1\n", "1,2,3\r\n4,5,6", "# xyz\n1, 2, 3\n\n4,5,6,7,8,9,10\n"])
def test_reads_the_first_three_columns(tmp_path: Path, text: str) -> None:
    path = tmp_path / "chair_0001.txt"
    path.write_bytes(text.encode())
    points = read_text_cloud(path)
    assert points.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_an_empty_file_is_a_cloud_without_points(tmp_path: Path) -> None:
    path = tmp_path / "chair_0001.txt"
    path.touch()
    assert len(read_text_cloud(path)) == 0


@pytest.mark.parametrize("text", ["1,2\n", "1 2 3\n", "1,2,x\n", "1,2,3\n4,5\n", "\x00\x01\x02"])
def test_rejects_in_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "chair_0001.txt"
    path.write_text(text)
    with raises(DataError, file=path, expected="three comma-separated coordinates first on each line"):
        read_text_cloud(path)


@pytest.mark.parametrize("text", ["1 2 3 4\n5 6 7 8\n", "1\t2  3\t4\r\n\n5 6 7 8 9"])
def test_reads_some_columns_between_white_space(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.pts"
    path.write_text(text)
    assert read_columns(path, (0, 3), "four numbers").tolist() == [[1, 4], [5, 8]]
    assert read_columns(path, (1,), "four numbers").tolist() == [[2], [6]]
    with raises(DataError, file=path):
        read_columns(path, (5,), "six numbers")
    path.write_text("")
    assert read_columns(path, (0, 3), "four numbers").shape == (0, 2)


def test_rejects_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        read_text_cloud(tmp_path / "none.txt")


def test_reads_a_real_cloud(conclu_data: Path) -> None:
    points = read_text_cloud(conclu_data / "raw/modelnet40_normal_resampled/chair/chair_0391.txt")
    assert points.shape == (10000, 3) and np.allclose(points[0], [-0.0842, -0.5803, -0.07181])


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read_one(path: Path, content: str | bytes) -> FileCloud:
    (cloud,) = read(write(path, content), 100)
    return cloud


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("id,x,y,z\n7,1,2,3\n8,4,5,6\n", "2, 3, 4"),
        ('"ID";"Z";"Y";"X"\n7;3;2;1\n8;6;5;4\n', "4, 3, 2"),
        ("# label x y z\nchair 1 2 3\nchair 4 5 6\n", "2, 3, 4"),
        ("# a scan\n//R X Y Z\n\n9 1 2 3\n9 4 5 6\n", "2, 3, 4"),
        ("y\tx\tz\n2\t1\t3\n5\t4\t6\n", "2, 1, 3"),
        ("time,x [m],y [m],z [m]\n0,1,2,3\n1,4,5,6\n", "2, 3, 4"),
        ("time,X(m),Y(m),Z(m)\n0,1,2,3\n1,4,5,6\n", "2, 3, 4"),
        ("X_m,Y_m,Z_m\n1,2,3\n4,5,6\n", "1, 2, 3"),
        ("point;Northing;Easting;Elevation;code\n1;2;1;3;tree\n2;5;4;6;wall\n", "3, 2, 4"),
        ("x,y,height\n1,2,3\n4,5,6\n", "1, 2, 3"),
        ('"RTData","Points:0","Points:1","Points:2"\n9,1,2,3\n9,4,5,6\n', "2, 3, 4"),
        ("i,coord_x,coord_y,coord_z\n9,1,2,3\n9,4,5,6\n", "2, 3, 4"),
        ("POINT_X\tPOINT_Y\tPOINT_Z\n1\t2\t3\n4\t5\t6\n", "1, 2, 3"),
        (",x,y,z\n0,1,2,3\n1,4,5,6\n", "2, 3, 4"),
        (",0,1,2\n0,1.,2.,3.\n1,4.,5.,6.\n", "2 to 4"),
        ('"","V1","V2","V3"\n"1",1,2,3\n"2",4,5,6\n', "2 to 4"),
        ("time,x,y,z\n2026-11-28 10:00,1,2,3\n2026-11-28 10:01,4,5,6\n", "2, 3, 4"),
        ("a\tx\ty\tz\n\t1\t2\t3\n\t4\t5\t6\n", "2, 3, 4"),
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".txt"])
def test_named_columns_are_found(text: str, columns: str, suffix: str, tmp_path: Path) -> None:
    cloud = read_one(tmp_path / f"a{suffix}", text)
    assert cloud.points.tolist() == EXPECTED
    assert any(
        f"from columns {columns} by the names" in note or f"columns {columns} were" in note for note in cloud.notes
    )


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("x y z\n1 2 3\n4 5 6\n", ()),
        ("# id x y z\n1 2 3\n4 5 6\n", ()),  # names of other columns than there are
        ("2\n1 2 3\n4 5 6\n", ()),
        ("//X Y Z\n2\n1 2 3\n4 5 6", ()),
        ("my scan\n1 2 3\n4 5 6\n", ("the line 'my scan' was skipped",)),
        ("sep=;\nx;y;z\n1;2;3\n4;5;6\n", ()),
        ("1,2,3,\r\n4,5,6,\r\n", ()),
        ("x,y,z\r1,2,3\r4,5,6\r", ()),
        ("\n\n  1 2 3  \n\t4  5\t6\n\n", ()),
        ('"1","2","3"\n"4","5","6"\n', ()),
        ("\ufeffx,y,z\n1,2,3\n4,5,6", ()),
        ("0,1e1;2;3\n4,0;5,0;60,0e-1\n", ()),
        ("1 2 3 9\n4 5 6 9\n", ("columns 1 to 3 were read as x, y and z", "column 4 was ignored")),
        ("1 2 3 # a\n4 5 6 # b\n", ()),
    ],
)
def test_the_first_three_columns_are_read(text: str, notes: tuple[str, ...], tmp_path: Path) -> None:
    cloud = read_one(tmp_path / "a.txt", text)
    assert (cloud.points.tolist(), cloud.notes) == (EXPECTED, notes)


def test_named_attributes_are_kept(tmp_path: Path) -> None:
    names = "//X,Y,Z,R,G,B,Scalar field #2,Nx,Ny,Nz,Intensity,Classification"
    cloud = read_one(tmp_path / "a.asc", f"{names}\n1,2,3,255,0,7,0.5,0,0,1,9,2\n4,5,6,1,2,3,0.1,1,0,0,8,6\n")
    assert cloud.points.tolist() == EXPECTED and cloud.notes == ()
    assert cloud.x["colors"].dtype == np.uint8 and cloud.x["colors"].tolist() == [[255, 0, 7], [1, 2, 3]]
    assert cloud.x["normals"].tolist() == [[0, 0, 1], [1, 0, 0]] and cloud.x["intensity"].tolist() == [9, 8]
    assert cloud.x["Scalar field #2"].tolist() == [0.5, 0.1]
    assert cloud.labels is not None and cloud.labels.dtype == np.int64 and cloud.labels.tolist() == [2, 6]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.xyzn", "1 2 3 0 0 1\n4 5 6 1 0 0\n", {"normals": [[0, 0, 1], [1, 0, 0]]}),
        ("a.xyzrgb", "1 2 3 0 0.5 1\n4 5 6 1 0 0\n", {"colors": [[0, 0.5, 1], [1, 0, 0]]}),
        ("a.pts", "2\n1 2 3 -90\n4 5 6 7\n", {"intensity": [-90, 7]}),
        ("a.pts", "1 2 3 -9 255 0 0\n4 5 6 7 0 1 2\n", {"intensity": [-9, 7], "colors": [[255, 0, 0], [0, 1, 2]]}),
    ],
)
def test_columns_without_names_follow_the_suffix(tmp_path: Path, name: str, text: str, expected: object) -> None:
    cloud = read_one(tmp_path / name, text)
    assert {key: values.tolist() for key, values in cloud.x.items()} == expected
    assert cloud.points.tolist() == EXPECTED and cloud.notes == ()


def test_a_column_that_is_not_all_numbers_is_ignored(tmp_path: Path) -> None:
    cloud = read_one(tmp_path / "a.csv", "x,y,z,height\n1,2,3,7\n4,5,6,high\n")
    assert cloud.points.tolist() == EXPECTED and not cloud.x and cloud.notes == ("column 4 was ignored",)


def test_an_attribute_without_a_value_at_some_points_is_kept(tmp_path: Path) -> None:
    content = "x,y,z,r,g,b,note,label\n1,2,3,255,0,7,1,4\n4,5,6,1,2,3,,5\n"
    cloud = read_one(tmp_path / "a.csv", content)
    assert cloud.points.tolist() == EXPECTED and cloud.notes == ("column 7 has no value at 1 point",)
    assert cloud.x["colors"].tolist() == [[255, 0, 7], [1, 2, 3]]
    assert cloud.x["note"][0] == 1 and np.isnan(cloud.x["note"][1])
    assert cloud.labels is not None and cloud.labels.tolist() == [4, 5]


@pytest.mark.parametrize("cell", ["?", "unknown"])
def test_only_columns_that_are_not_all_numbers_are_ignored(tmp_path: Path, cell: str) -> None:
    content = f"x,y,z,r,g,b,note,label\n1,2,3,255,0,7,1,4\n4,5,6,1,2,3,{cell},5\n"
    cloud = read_one(tmp_path / "a.csv", content)
    assert cloud.points.tolist() == EXPECTED and cloud.notes == ("column 7 was ignored",)
    assert cloud.x["colors"].tolist() == [[255, 0, 7], [1, 2, 3]] and list(cloud.x) == ["colors"]
    assert cloud.labels is not None and cloud.labels.tolist() == [4, 5]


def test_ignored_columns_do_not_move_the_next_cloud(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pts", "2\n1 2 3 1\n4 5 6 a\n2\n1 2 3 8\n4 5 6 9\n")
    first, second = read(path, 100)
    assert first.points.tolist() == second.points.tolist() == EXPECTED
    assert not first.x and second.x["intensity"].tolist() == [8, 9]


def test_columns_with_the_same_name_are_both_kept(tmp_path: Path) -> None:
    cloud = read_one(tmp_path / "a.csv", "x,y,z,a,a,label,label\n1,2,3,7,8,0,1\n4,5,6,9,10,2,3\n")
    assert {name: values.tolist() for name, values in cloud.x.items()} == {
        "a": [7, 9],
        "a_": [8, 10],
        "label_": [1, 3],
    }
    assert cloud.labels is not None and cloud.labels.tolist() == [0, 2] and cloud.notes == ()


@pytest.mark.parametrize(("value", "is_noted"), [(2**53 - 1, False), (2**53 + 1, True), (-(2**53) - 1, True)])
def test_integers_that_were_rounded_are_noted(tmp_path: Path, value: int, is_noted: bool) -> None:
    cloud = read_one(tmp_path / "a.csv", f"x,y,z,time\n1,2,3,{value}\n4,5,6,1e300\n")
    assert (int(cloud.x["time"][0]) != value) == is_noted
    assert cloud.notes == ("values of 'time' of 2**53 or more were rounded to float64",) * is_noted


def test_clouds_with_a_count_each(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pts", "2\n1 2 3\n4 5 6\n1\n7 8 9\n\n")
    assert [cloud.points.tolist() for cloud in read(path, 100)] == [EXPECTED, [[7, 8, 9]]]
    write(path, "2\n1 2 3\n4 5 6\n2\n7 8 9\n7 8 x\n")
    with pytest.raises(DataError, match="line 6: "):
        list(read(path, 100))
    with pytest.raises(DataError, match="line 11: "):
        list(read(write(path, "# a\n1\n1 2 3\n\n1\n4 5 6\n\n2\n\n7 8 9\n7 8 x\n"), 100))


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("size", [1, 490, 505, 512, 5000])
def test_headers_of_any_length_between_clouds(tmp_path: Path, size: int, end: str) -> None:
    header = f"# {'a' * size}{end}"
    content = f"{header}2{end}1 2 3{end}4 5 6{end}{header}1{end}0,5;0,25;8{end}{header}1{end}7 8 9{end}"
    clouds = [cloud.points.tolist() for cloud in read(write(tmp_path / "a.pts", content), 100)]
    assert clouds == [EXPECTED, [[0.5, 0.25, 8]], [[7, 8, 9]]]


def test_few_bytes_are_read_for_a_further_header() -> None:
    file = BytesIO(b"1\n1 2 3\n" * 10_000)
    read_further_header(file)
    assert file.tell() < 4096


@pytest.mark.parametrize(
    "content",
    [
        "my scan\nx y z\n1 2 3\n",
        "id x y z\na 1 2 3\nb one 2 3\n",
        "3\n1 2 3\n4 5 6\n",  # fewer and more points than are promised
        "1\n1 2 3\n4 5 6\n",
        "0\n1 2 3\n4 5 6\n",
        "99999999999999999999\n1 2 3\n4 5 6\n",
        "1 2 3\n4 5 6 7\n",  # another number of columns, as where the end of a line was lost
        "1 2 3\n4 5 6 7 8 9\n",
        "1 2 3 # a\n4 5 6 7 # b\n",
        "1,2,3\n4,5\n",
        "1,2,3\n4,,6\n",
        "1\t\t3\t4\n5\t\t7\t8\n",
        "0,57 1,2 3,4\n0,57 1,2 3,4\n",  # decimal commas
        "0,5;1.5;2\n1;2;3\n",
        "0,1,2\n1.5,2.5,3.5\n",  # a point, or pandas' numbers of columns
        "z x\n1 2 3\n4 5 6\n",
        "x y z\n7 1 2 3\n8 4 5 6\n",
        "lat,lon,alt\n1,2,3\n4,5,6\n",
        "time,x,y\n1,2,3\n4,5,6\n",
        "u,v,w,t\n1,2,3,4\n5,6,7,8\n",
        "x,y,z,x\n1,2,3,4\n5,6,7,8\n",
        "x [m],y [m],z [mm]\n1,2,3\n5,6,7\n",
        "# id x y z time\n0 1 2 3\n1 4 5 6\n",
        "1.5.2 2 3\n4 5 6\n7 8 9\n",  # no names, but a damaged point
        "1.5.2,2,3\n4,5,6\n7,8,9\n",
        "0x1 2 3\n4 5 6\n",
        "1.0D+00 2.0D+00 3.0D+00\n4 5 6\n",
        "x,y,z\n1,2,3\nx,y,z\n4,5,6\n",  # two files one after the other
        "x,y,z\n1,NA,3\n4,5,6\n",
        '"1,234.5","2","3"\n"1","2","3"\n',
        "".join(f"{row} {row / 2} 2 3\n" for row in range(20)),  # the first column counts
        "ncols 4\nnrows 6\n1 2 3 4\n",
        "2\nwater\nC 1 2 3\nH 2 3 4\n",
        "x,y,z\n1,2,3\n4,5,6\n".encode("utf-16"),
        "x,y,z\n1,2,3\n4,5,6\n".encode("utf-16-le"),
        "1 2 3\n" * 101,
        "101\n" + "1 2 3\n" * 101,
    ],
)
def test_rejects_a_cloud_in_one_sentence(tmp_path: Path, content: str | bytes) -> None:
    path = write(tmp_path / "a.txt", content)
    with raises(DataError, file=path) as error:
        list(read(path, 100))
    assert re.fullmatch(r"[^\n]+: [^\n]+\.", f"a: {error.value}") and str(error.value).startswith(str(path))


def test_numbers_are_read_exactly(tmp_path: Path) -> None:
    points = np.random.default_rng(0).normal(size=(50, 3)) * 10.0 ** np.arange(-150, 150, 6)[:, None]
    np.savetxt(tmp_path / "a.xyz", points, fmt="%.17g")
    (cloud,) = read(tmp_path / "a.xyz", 100)
    assert np.array_equal(cloud.points, points)
    pd.DataFrame(points, columns=["x", "y", "z"]).to_csv(tmp_path / "a.csv")
    (cloud,) = read(tmp_path / "a.csv", 100)
    assert np.array_equal(cloud.points, points)


def test_runtime_names_of_not_a_number_are_not_comments(tmp_path: Path) -> None:
    cloud = read_one(tmp_path / "a.xyz", "1 2 -1.#IND\n1.#QNAN00 2 3\n4 5 6\n-nan(ind) nan inf\n")
    assert np.isfinite(cloud.points).all(axis=1).tolist() == [False, False, True, False]


ROWS = st.lists(st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 3), min_size=1, max_size=20)
NAMES = st.permutations(["x", "y", "z", "time", "label"])


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS, NAMES, st.sampled_from([",", ";", "\t", " ", "  "]), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_any_order_of_columns_and_separators(
    tmp_path: Path, rows: list[tuple[float, ...]], names: list[str], separator: str, end: str, last: bool
) -> None:
    table = {
        "time": [0.5] * len(rows),
        "label": [*range(len(rows))],
        **dict(zip("xyz", zip(*rows, strict=True), strict=True)),
    }
    lines = [names, *([repr(table[name][row]) for name in names] for row in range(len(rows)))]
    text = end.join(separator.join(line) for line in lines) + end * last
    cloud = read_one(tmp_path / "a.txt", text)
    assert np.array_equal(cloud.points, rows) and cloud.labels is not None
    assert cloud.labels.tolist() == table["label"] and cloud.x["time"].tolist() == table["time"]


@pytest.mark.parametrize("first", [",,", "NA,NA,NA", "null,null,null"])
def test_a_first_row_of_missing_values_is_not_taken_for_names(first: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{first}\n1,2,3\n4,5,6\n7,8,10\n")
    with raises(DataError, file=path) as caught:
        list(read(path, 100))
    assert "as the names of the columns" in str(caught.value)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("gaps", [[0], [2, 3], [4]], ids=["first", "middle", "last"])
def test_missing_coordinates_of_pandas_are_points_without_coordinates(
    separator: str, quoting: int, gaps: list[int], tmp_path: Path
) -> None:
    table = pd.DataFrame(np.arange(15.0).reshape(5, 3) ** 2, columns=["x", "y", "z"])
    table["label"], table["height"], table["empty"] = [4, 3, 2, 1, 0], np.arange(5) / 2, np.nan
    table.loc[gaps] = np.nan
    table.to_csv(tmp_path / "a.csv", sep=separator, quoting=quoting)
    (cloud,) = read(tmp_path / "a.csv", 100)
    wanted = pd.read_csv(tmp_path / "a.csv", sep=separator, index_col=0)
    assert np.array_equal(cloud.points, wanted[["x", "y", "z"]], equal_nan=True)
    kept = [row for row in range(5) if row not in gaps]
    assert cloud.labels is not None and cloud.labels[kept].tolist() == wanted["label"][kept].tolist()
    assert list(cloud.x) == ["height"] and cloud.x["height"][kept].tolist() == wanted["height"][kept].tolist()
    assert "columns 1, 7 were ignored" in cloud.notes and not any("no value" in note for note in cloud.notes)
    (cleaned,) = read_clouds(tmp_path / "a.csv")
    assert cleaned.rows is not None and cleaned.rows.tolist() == kept and cleaned.left_out == len(gaps)
    assert np.array_equal(cleaned.points, wanted.loc[kept, ["x", "y", "z"]].astype(np.float32))
    assert cleaned.labels is not None and cleaned.labels.tolist() == wanted["label"][kept].tolist()
    assert cleaned.notes[-1] == f"points that are not finite numbers were removed ({len(gaps)} of 5)"


def test_one_missing_coordinate_leaves_out_its_point_alone(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "x,y,z,height\n1,2,3,7\n1,2,,3\n4,5,6,\n,5,6,8\n")
    (cloud,) = read_clouds(tmp_path / "a.csv")
    assert cloud.points.tolist() == EXPECTED and cloud.rows is not None and cloud.rows.tolist() == [0, 2]
    assert cloud.x["height"][0] == 7 and np.isnan(cloud.x["height"][1])
    assert cloud.notes == (
        "column 4 has no value at 1 point",
        "points that are not finite numbers were removed (2 of 4)",
    )


def test_a_large_table_with_missing_values_is_that_of_pandas(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(100_000, 4)), columns=["x", "y", "z", "height"])
    table[rng.random(table.shape) < 1e-3] = np.nan
    table.to_csv(tmp_path / "a.csv", index=False)
    (cloud,) = read(tmp_path / "a.csv", 200_000)
    assert np.array_equal(cloud.points, table[["x", "y", "z"]], equal_nan=True)
    kept = ~np.isnan(cloud.points).any(axis=1)
    assert np.array_equal(cloud.x["height"][kept], table["height"][kept], equal_nan=True)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("1,2,,3\n4,5,,6\n", "(got '1,2,,3')"),  # a doubled separator, or a missing z
        ("1,2,3\n4,,6\n", "line 2: could not convert string '' to float64"),
        ("x,y,z\n1,2,3\n4,5,", "line 3: could not convert string ''"),  # perhaps cut off
        ("x,y,z\n1,2,3\n4,5\n", "line 3: expected 3 columns, as in the first row, got 2"),
        ("x y z\n1 2 3\n4  6\n", "line 3: expected 3 columns, as in the first row, got 2"),
        ("x,y,z\n1,2,3\n4,-,6\n", "line 3: could not convert string '-'"),
    ],
)
def test_empty_cells_that_would_be_a_guess_are_refused(content: str, found: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", content)
    with raises(DataError, file=path) as caught:
        list(read(path, 100))
    assert found in str(caught.value)


def test_points_without_any_coordinates_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "x,y,z\n,,\n,,\n")
    with raises(DataError, file=tmp_path / "a.csv", expected="finite coordinates"):
        list(read_clouds(tmp_path / "a.csv"))


@pytest.mark.parametrize(
    "content", ["1 2 3\n٤ 5 6\n", "x,y,z\n1,2,3\n٤,5,6\n", "٤ ٥ ٦\n1 2 3\n", "٢\n1 2 3\n4 5 6\n", "1 2 3\n٤,٥ 5 6\n"]
)
def test_digits_of_other_scripts_are_refused_as_they_are_written(content: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", content)
    if content.startswith("٢"):  # a line of text that is skipped, not a number of points
        assert read_one(path, content).notes == ("the line '٢' was skipped",)
        return
    with raises(DataError, file=path) as caught:
        list(read(path, 100))
    assert "'٤" in str(caught.value)
