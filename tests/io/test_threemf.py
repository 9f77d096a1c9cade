"""3MF files, written part by part and by trimesh."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from file_mutations import read_mutants
from helpers import raises
from hypothesis import given, settings
from hypothesis import strategies as st

from conclu_pyg.errors import DataError
from conclu_pyg.io import threemf
from conclu_pyg.io.clouds import read_clouds
from conclu_pyg.io.file_cloud import NO_FACES, FileCloud
from conclu_pyg.io.threemf_model import CORE, PRODUCTION

POINTS = np.random.default_rng(0).uniform(-1, 1, (6, 3))
TRIANGLES = np.array([[0, 1, 2], [3, 4, 5]])
RELS = (
    '<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
    'relationships"><Relationship Type="http://schemas.openxmlformats.org/x/thumbnail" Target="/a.png" Id="r0"/>'
    '<Relationship Target="{}" Id="r1" Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/>'
    "</Relationships>"
)
MILLIMETERS = "coordinates are in the unit millimeter"


def mesh(key: Any = 1, points: Any = POINTS, triangles: Any = TRIANGLES) -> str:
    vertices = "".join(f'<vertex x="{x!r}" y="{y!r}" z="{z!r}"/>\n' for x, y, z in np.asarray(points).tolist())
    faces = "".join(f'<triangle v1="{a}" v2="{b}" v3="{c}" pid="9"/>' for a, b, c in triangles)
    inner = f"<vertices>{vertices}</vertices><triangles>{faces}</triangles>"
    return f'<object id="{key}" type="model"><mesh>{inner}</mesh></object>'


def assembly(key: Any, *components: str) -> str:
    return f'<object id="{key}"><components>{"".join(components)}</components></object>'


def component(key: Any, transform: Any = None, path: str = "", element: str = "component") -> str:
    place = "" if transform is None else f' transform="{" ".join(map(repr, np.ravel(transform).tolist()))}"'
    return f'<{element} objectid="{key}"{place}{f" p:path={path!r}" if path else ""}/>'


def item(key: Any, transform: Any = None, path: str = "") -> str:
    return component(key, transform, path, "item")


def model(objects: str, build: str = "", attributes: str = "", before: str = "") -> str:
    spaces = f'xmlns="{CORE}" xmlns:p="{PRODUCTION}" xmlns:b="http://schemas.microsoft.com/beamlattice"'
    return (
        f'<?xml version="1.0" encoding="utf-8"?>{before}<model {spaces} {attributes}><metadata name="a">b</metadata>'
        f"<resources>{objects}</resources><build>{build}</build></model>"
    )


def write(path: Path, text: str, target: str = "/3D/3dmodel.model", **others: str) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_rels/.rels", RELS.format(target))
        archive.writestr(target.lstrip("/"), text)
        for name, content in others.items():
            archive.writestr(f"3D/{name}.model", content)


def read(path: Path, text: str, **others: str) -> FileCloud:
    write(path, text, **others)
    (cloud,) = threemf.read(path, 100)
    return cloud


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.3mf"


def test_a_mesh(path: Path) -> None:
    cloud = read(path, model(mesh(), item(1)))
    assert np.array_equal(cloud.points, POINTS) and np.array_equal(cloud.triangles, TRIANGLES)
    assert cloud.notes == (MILLIMETERS,)
    write(path, model(mesh(), item(1)), "/Other/it.model")
    (cloud,) = threemf.read(path, 100)
    assert np.array_equal(cloud.points, POINTS)
    prefixed = model(mesh(), item(1)).replace("xmlns=", "xmlns:c=").replace("<", "<c:").replace("<c:/", "</c:")
    prefixed = prefixed.replace("<c:?", "<?").replace("<c:!", "<!")
    assert np.array_equal(read(path, prefixed).points, POINTS)


@pytest.mark.parametrize("unit", ["micron", "inch", "meter"])
def test_the_unit_is_noted(path: Path, unit: str) -> None:
    cloud = read(path, model(mesh(), item(1), f'unit="{unit}"'))
    assert np.array_equal(cloud.points, POINTS) and cloud.notes == (f"coordinates are in the unit {unit}",)


def test_transforms_of_items_and_components(path: Path) -> None:
    turn = np.array([[0, 1, 0], [-1, 0, 0], [0, 0, 1], [5, 6, 7]])
    scale = np.array([[2, 0, 0], [0, 3, 0], [0, 0, -1], [100_000, 0, 0]])
    objects = mesh(1) + assembly(2, component(1, turn), component(1)) + assembly(3, component(2, scale)) + mesh(4)
    cloud = read(path, model(objects, item(3, turn) + item(1)))
    turned, scaled = lambda p: p @ turn[:3] + turn[3], lambda p: p @ scale[:3] + scale[3]
    expected = [turned(scaled(turned(POINTS))), turned(scaled(POINTS)), POINTS]
    assert np.abs(cloud.points - np.concatenate(expected)).max() < 1e-9
    assert np.array_equal(cloud.triangles, np.concatenate([TRIANGLES, TRIANGLES + 6, TRIANGLES + 12]))


def test_objects_in_other_files_of_the_package(path: Path) -> None:
    """As Bambu Studio and OrcaSlicer write them."""
    move = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 2, 3]])
    objects = assembly(8, component(1, path="/3D/part.model"), component(2, move, path="/3D/part.model"))
    main = model(objects, item(8) + item(2, path="/3D/part.model"), 'requiredextensions="p"')
    cloud = read(path, main, part=model(mesh(1) + mesh(2, 2 * POINTS)))
    assert np.allclose(cloud.points, np.concatenate([POINTS, 2 * POINTS + [1, 2, 3], 2 * POINTS]))


def test_a_file_that_builds_nothing(path: Path) -> None:
    cloud = read(path, model(mesh(1) + assembly(2, component(1)) + mesh(3)))
    assert len(cloud.points) == 12 and cloud.notes[1] == "all objects were read, as the file builds none"
    cloud = read(path, model(mesh(1, triangles=[]), item(1)))
    assert cloud.notes == (NO_FACES, MILLIMETERS) and np.array_equal(cloud.points, POINTS)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (model(mesh(triangles=[[0, 1, 6]]), item(1)), "the vertices of its faces must be 0 to 5, got 6"),
        (model(mesh(triangles=[[0, 1, -1]]), item(1)), "the vertices of its faces must be 0 to 5, got -1"),
        (model(mesh(triangles=[[0, 1, 10**30]]), item(1)), "expected integers as v1, v2 and v3"),
        (model(mesh().replace('v2="1"', 'v2="0_1"'), item(1)), "expected integers as v1, v2 and v3"),
        (model(mesh().replace(' z="', ' w="', 1), item(1)), "expected numbers as x, y and z of a vertex"),
        (model(mesh().replace('x="', 'x="a', 1), item(1)), "expected numbers as x, y and z of a vertex"),
        (model(mesh(1) + mesh(1), item(1)), "two objects have the id '1'"),
        (model(mesh(1), item(2)), "there is no object '2' in"),
        (model(assembly(1, component(2)) + assembly(2, component(1)), item(1)), "contains itself"),
        (model(mesh(1), item(1, [1, 2])), "expected 12 numbers as a transform"),
        (model(mesh(1), item(1, [np.nan] * 12)), "expected 12 numbers as a transform"),
        (model(mesh(1), item(1), 'requiredextensions="p b"'), "it needs the extension 'http://schemas.microsoft.com/b"),
        (model(mesh(1), item(1), 'unit="mile"'), "expected a unit of micron"),
        (model(mesh(1), item(1), before="<!DOCTYPE a>"), "has a document type"),
        (model(mesh(1), item(1), before='<!DOCTYPE a [<!ENTITY b "c">]>'), "has a document type"),
        (model(mesh(1), item(1))[:-9], "its XML is not well-formed"),
        (model(mesh(1), item(1)).replace("utf-8", "utf-99"), "its XML is not well-formed: unknown encoding: utf-99"),
        (model("", ""), "expected an object with vertices, got none"),
        (model(mesh(1), item(1, path="/3D/none.model")), "expected one file '3D/none.model' in it, got 0"),
    ],
)
def test_inconsistent_files_are_refused(path: Path, text: str, reason: str) -> None:
    with raises(DataError, file=path) as caught:
        read(path, text)
    assert reason in str(caught.value) and str(caught.value).endswith("; restore the file or leave it out.")


@pytest.mark.parametrize(
    ("text", "things"),
    [
        (model(mesh(points=np.zeros((101, 3))), item(1)), "vertices"),
        (model(mesh(1), item(1) * 17), "vertices"),
        (model(mesh(triangles=[[0, 1, 2]] * 101), item(1)), "triangles"),
        (model(mesh(1, triangles=[[0, 1, 2]] * 11) + assembly(2, *[component(1)] * 5), item(2) * 2), "triangles"),
    ],
)
def test_files_that_are_too_large_have_to_be_simplified(path: Path, text: str, things: str) -> None:
    with raises(DataError, file=path) as caught:
        read(path, text)
    assert str(caught.value).endswith(f"more than the maximum of 100 {things}; simplify it first.")


def test_components_that_multiply_are_refused_soon(path: Path) -> None:
    levels = [assembly(i, *[component(i - 1)] * 10) for i in range(2, 12)]
    with raises(DataError, file=path) as caught:
        read(path, model('<object id="1"/>' + "".join(levels), item(11)))
    assert "too many objects" in str(caught.value)


def test_packages_are_checked(path: Path) -> None:
    write(path, model(mesh() + " " * (1 << 25), item(1)))
    with raises(DataError, file=path) as caught:
        list(threemf.read(path, 100))
    assert "more than XML can" in str(caught.value)
    path.write_bytes(b"hello")
    with raises(DataError, file=path, got="it cannot be read as a 3MF file (File is not a zip file)"):
        list(threemf.read(path, 100))
    for content in ({"a": "b"}, {"_rels/.rels": "<a/>"}, {"_rels/.rels": "<a>"}, {"_rels/.rels": RELS.format("b")}):
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in content.items():
                archive.writestr(name, text)
        with raises(DataError, file=path):
            list(threemf.read(path, 100))


def test_files_of_trimesh(path: Path) -> None:
    scene = trimesh.Scene()
    for index in range(3):
        transform = trimesh.transformations.rotation_matrix(index, [1, 2, 3], [index, 0, 1])
        scene.add_geometry(trimesh.creation.icosphere(1), node_name=f"n{index}", transform=transform)
    path.write_bytes(scene.export(file_type="3mf"))
    (cloud,) = threemf.read(path, 1000)
    expected = scene.to_mesh()
    assert cloud.triangles is not None and cloud.points.shape == expected.vertices.shape
    found, wanted = cloud.points[cloud.triangles].reshape(-1, 9), expected.triangles.reshape(-1, 9)
    assert np.abs(np.sort(found, axis=0) - np.sort(wanted, axis=0)).max() < 1e-6
    (sampled,) = read_clouds(path, 50)
    assert len(sampled.points) == 50 and sampled.sampled


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.data())
def test_any_objects_in_any_order(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("3mf") / "a.3mf"
    objects, made, expected = [], [], []
    for index in range(data.draw(st.integers(1, 5))):
        if made and data.draw(st.booleans()):
            places = data.draw(st.lists(st.tuples(st.sampled_from(range(len(made))), st.integers(-9, 9)), max_size=3))
            moves = [np.array([*np.eye(3), [move, 0, 2 * move]]) for _, move in places]
            objects.append(assembly(index, *(component(key, m) for (key, _), m in zip(places, moves, strict=True))))
            made.append([p + m[3] for (key, _), m in zip(places, moves, strict=True) for p in made[key]])
        else:
            points = np.random.default_rng(data.draw(st.integers(0, 99))).normal(size=(3, 3))
            objects.append(mesh(index, points, [[0, 1, 2]]))
            made.append([points])
    build = data.draw(st.lists(st.sampled_from(range(len(made))), min_size=1, max_size=4))
    expected = [points for key in build for points in made[key]]
    text = model("".join(objects), "".join(item(key) for key in build))
    if not expected or sum(map(len, expected)) > 100:
        with raises(DataError, file=path):
            read(path, text)
    else:
        assert np.allclose(read(path, text).points, np.concatenate(expected), atol=1e-12)


def test_mutants_are_read_or_refused(path: Path) -> None:
    write(path, model(mesh(1) + assembly(2, component(1)), item(2)))
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(path.with_name("stored.3mf"), "w") as stored:
        for name in archive.namelist():
            stored.writestr(name, archive.read(name))
    for source in (path, path.with_name("stored.3mf")):
        _, refused = read_mutants(source.read_bytes(), ".3mf", 100, path.parent)
        assert refused > 50  # each member has a checksum
