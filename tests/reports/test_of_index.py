"""Reports of indices and folders."""

import base64
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from conclu_pyg.errors import DataError
from conclu_pyg.inference.index import Index
from conclu_pyg.inference.index_update import update_index
from conclu_pyg.inference.inputs import find_inputs
from conclu_pyg.reports import clouds as report_clouds
from conclu_pyg.reports import report_index
from conclu_pyg.reports.clouds import clouds_of_index, points_each, spread
from conclu_pyg.reports.duplicates import duplicates_section
from conclu_pyg.reports.of_index import report_files
from conclu_pyg.reports.options import ReportOptions
from conclu_pyg.runs.frozen_encoder import FrozenEncoder, load_encoder

pytestmark = pytest.mark.usefixtures("few_reference_shapes")
SHAPES = {"flat": (1.0, 1.0, 0.05), "tall": (0.2, 0.2, 1.0)}
EACH = 10


@pytest.fixture(scope="module")
def encoder(tiny_run: Path) -> FrozenEncoder:
    return load_encoder(tiny_run)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for name, stretch in SHAPES.items():
        (tmp_path / "clouds" / name).mkdir(parents=True)
        for number in range(EACH):
            np.save(tmp_path / "clouds" / name / f"{number}.npy", rng.uniform(-1, 1, size=(80, 3)) * stretch)
    return tmp_path / "clouds"


@pytest.fixture
def index(folder: Path, encoder: FrozenEncoder) -> Index:
    (folder / "flat" / "broken.npy").write_bytes(b"nothing")
    return update_index(folder.parent / "index", encoder, find_inputs(folder).input_roots, workers=0)[0]


def data_of(page: str) -> dict[str, Any]:
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    return json.loads(text)


def numbers(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<u2")


def test_a_report_has_its_sections_and_every_cloud(index: Index, tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="needs scikit-learn")
    written = report_index(index, tmp_path / "a.html", ReportOptions(k=2, workers=0))
    assert written.sections == (
        *("Encoder and files", "Map of the embeddings", "Clusters", "Retrieval", "Spread of the embeddings"),
        *("Left out of this report", "Skipped clouds"),
    )
    assert written.clouds == 2 * EACH and [each.split(",")[0] for each in written.left_out] == ["duplicates"]
    page = (tmp_path / "a.html").read_text()
    data = data_of(page)
    assert data["clouds"]["names"] == index.names and numbers(data["clouds"]["counts"]).tolist() == [80] * 2 * EACH
    assert "broken.npy" in page and "cluster 0: " in page and "100% " in page
    folder, cluster, unusual = data["map"]["colourings"]
    assert (folder["name"], cluster["name"], unusual["name"]) == ("folder", "cluster", "distance to neighbours")
    assert numbers(folder["values"]).tolist() == [0] * EACH + [1] * EACH and set(folder["names"]) == set(SHAPES)
    near = numbers(data["map"]["near"]["rows"]).reshape(2 * EACH, -1)
    for row, hits in enumerate(near):
        assert [hit.row for hit in index.search(index.x[row : row + 1], 9)[0] if hit.row != row][:8] == hits.tolist()
    assert "The nearest neighbour has the same folder for 100.0% of 20 clouds." in page


def test_many_clouds_are_chosen_evenly(index: Index, tmp_path: Path) -> None:
    report_index(index, tmp_path / "a.html", ReportOptions(k=2, clouds=8, workers=0))
    data = data_of((tmp_path / "a.html").read_text())
    assert data["clouds"]["names"] == [index.names[row] for row in (0, 3, 5, 8, 11, 14, 16, 19)]


def test_only_pictures_of_cards_keep_their_points(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_clouds, "points_each", lambda clouds: 20)
    clouds = clouds_of_index(index, None, 4, workers=0)
    assert [len(points) for points in clouds.pictures([2]).points] == [20, 20, 80, 20]


def test_points_of_pictures_are_bounded() -> None:
    assert [points_each(clouds) for clouds in (1, 1000, 2000, 5000, 10_000, 10**6)] == [512, 512, 500, 200, 100, 96]
    assert spread(5, 10).tolist() == [0, 1, 2, 3, 4] and spread(0, 10).tolist() == [] and len(spread(10**6, 10)) == 10


def test_pictures_show_the_points_of_their_own_cloud(index: Index) -> None:
    clouds = clouds_of_index(index, None, 100, workers=0)
    for (file, _), points in zip(index.sources, clouds.read(512), strict=True):
        expected = np.load(file.path)
        np.testing.assert_allclose(points, expected, atol=1e-6)


def test_files_that_are_gone_have_no_picture(index: Index, folder: Path, tmp_path: Path) -> None:
    (folder / "tall" / "3.npy").unlink()
    written = report_index(index, tmp_path / "a.html", ReportOptions(k=2, workers=0))
    assert written.left_out[-1] == "pictures of 1 of 20 clouds, which can no longer be read."
    counts = numbers(data_of((tmp_path / "a.html").read_text())["clouds"]["counts"])
    assert np.flatnonzero(counts == 0).tolist() == [index.names.index("tall/3.npy")]


def test_duplicates_come_with_their_evidence(folder: Path, encoder: FrozenEncoder, tmp_path: Path) -> None:
    (folder / "tall" / "copy.npy").write_bytes((folder / "flat" / "0.npy").read_bytes())
    written = report_files(
        find_inputs(folder), encoder, tmp_path / "a.html", ReportOptions(k=2, with_duplicates=True, workers=0)
    )
    page = (tmp_path / "a.html").read_text()
    assert "Duplicates" in written.sections and written.left_out == ()
    assert "1 identical" in page and "Their labels differ: flat and tall." in page


def test_few_of_very_many_similar_pairs_are_shown(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = ["identical"] * 2 + ["similar"] * 50
    evidence = [SimpleNamespace(kind=kind, same=kind == "identical", sentence="alike") for kind in kinds]
    pairs = [SimpleNamespace(rows=(0, 1), evidence=each) for each in evidence]
    monkeypatch.setattr("conclu_pyg.reports.duplicates.find_duplicates", lambda index, workers: (pairs, ["a problem"]))
    section = duplicates_section(index, clouds_of_index(index, None, 100, 0), 0)
    assert [getattr(block, "title", "problems") for block in section.blocks] == [*kinds[:22], "problems"]
    assert (
        section.lines[0].startswith("52 pairs: 2 identical, 50 similar.") and "22 of them are shown." in section.lines
    )


def test_a_missing_library_leaves_out_its_section_alone(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.cluster", None)
    written = report_index(index, tmp_path / "a.html", ReportOptions(workers=0))
    assert "Clusters" not in written.sections and "Retrieval" in written.sections
    assert written.left_out[0].startswith("clusters: scikit-learn is not installed; run `pip install")


def test_an_empty_index_is_refused(index: Index, folder: Path, encoder: FrozenEncoder, tmp_path: Path) -> None:
    for path in folder.rglob("*.npy"):
        path.write_bytes(b"nothing")
    with pytest.raises(DataError, match="none that can be used"):
        report_files(find_inputs(folder), encoder, tmp_path / "a.html", ReportOptions(workers=0))
    assert not (tmp_path / "a.html").exists()
