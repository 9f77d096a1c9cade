"""STEP files of solids with known faces, areas and sizes."""

import sys
from pathlib import Path

import numpy as np
import pytest
from file_mutations import read_mutants
from fuzzing.step_files import BOX, StepFile
from helpers import raises

from conclu_pyg.errors import ConcluError, DataError
from conclu_pyg.io.clouds import Cloud, read_clouds
from conclu_pyg.io.step import read

pytest.importorskip("cascadio", reason="needs cascadio, of the extra 'formats'")

UNITS = {"millimetre": 1.0, "metre": 1000.0, "inch": 25.4}  # in millimetres


def read_cloud(path: Path, text: str | bytes, mesh_points: int = 500) -> Cloud:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    (cloud,) = read_clouds(path, mesh_points)
    return cloud


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.step"


@pytest.mark.parametrize("unit", UNITS)
def test_solids_are_meshed_in_millimetres(path: Path, unit: str) -> None:
    file = StepFile(unit)
    file.polyhedron(np.array(BOX) * [2, 3, 4])
    file.polyhedron(np.array(BOX) + np.array([10, 0, 0]))
    cloud = read_cloud(path, file.text())
    assert cloud.sampled and cloud.notes[0] == "coordinates are in millimetres" and len(cloud.notes) == 2
    assert {key: cloud.cad[key] for key in ("solids", "faces", "face_types", "unit")} == {
        "solids": 2,
        "faces": 12,
        "face_types": {"plane": 12},
        "unit": "millimetre",
    }
    assert np.allclose(cloud.cad["size"], np.array([11, 3, 4]) * UNITS[unit], rtol=1e-6)
    points = cloud.points / UNITS[unit]
    small = points[:, 0] > 5
    assert abs(small.mean() - 6 / 58) < 0.05  # by area
    for part, low, high in ((points[small], [10, 0, 0], [11, 1, 1]), (points[~small], [0, 0, 0], [2, 3, 4])):
        on_face = np.isclose(part, low, atol=1e-5) | np.isclose(part, high, atol=1e-5)
        assert (
            on_face.any(axis=1).all() and (part >= np.array(low) - 1e-5).all() and (part <= np.array(high) + 1e-5).all()
        )


def test_curved_faces(path: Path) -> None:
    file = StepFile()
    file.cylinder(5.0, 20.0)
    cloud = read_cloud(path.with_suffix(".STP"), file.text(), 2000)
    assert cloud.cad["solids"] == 1 and cloud.cad["face_types"] == {"cylinder": 1, "plane": 2}
    assert len(cloud.notes) == 2
    distance, height = np.hypot(cloud.points[:, 0], cloud.points[:, 1]), cloud.points[:, 2]
    side = (height > 0.001) & (height < 19.999)
    assert distance.max() < 5.001 and distance[side].min() > 5 * np.cos(0.1) - 0.001
    assert side.mean() == pytest.approx(200 / 250, abs=0.04)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "/* a comment */\n" + text,
        lambda text: text + "\n\n",
        lambda text: "/**/ " * 500 + text + "\n/* a * / b **/" * 200,
        lambda text: text.replace(";\n#", ";#"),
    ],
)
def test_forms_of_files(path: Path, change) -> None:
    file = StepFile()
    file.polyhedron(BOX)
    assert read_cloud(path, change(file.text())).cad["faces"] == 6


def test_a_face_that_cannot_be_meshed_is_noted(path: Path) -> None:
    file = StepFile()
    file.polyhedron(BOX)
    text = file.text()
    start = text.index("PLANE('',")
    cloud = read_cloud(path, f"{text[:start]}PLANE('',$){text[text.index(')', start) + 1 :]}")
    assert "only 5 of 6 faces could be meshed" in cloud.notes and cloud.cad["faces"] == 6


def test_other_files_are_refused(path: Path) -> None:
    file = StepFile()
    file.polyhedron(BOX)
    text = file.text()
    comments = "/**/" * 60  # few, but in 2 ** 59 ways, if comments could contain their end
    for wrong in ("hello\n", text[:-20], text + "more", text[5:], comments + text[5:], text + comments + "more"):
        with raises(DataError, file=path, expected="ISO-10303-21"):
            read_cloud(path, wrong)
    for empty in (StepFile().text(), text.replace("ADVANCED_FACE", "ADVANCED_FICE"), text.replace("DATA;", "DITA;")):
        with raises(DataError, file=path) as caught:
            read_cloud(path, empty)
        assert "finds no surface in it" in str(caught.value)


def test_without_cascadio_the_error_names_the_extra(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cascadio", None)
    with pytest.raises(ConcluError, match=r"cascadio is not installed; run `pip install 'conclu_pyg\[formats\]'`"):
        next(read(path, 100))


def test_mutants_are_read_or_refused(path: Path) -> None:
    file = StepFile()
    file.polyhedron(BOX)
    read_count, refused = read_mutants(file.text().encode(), ".step", 30, path.parent)
    assert read_count + refused == 30
