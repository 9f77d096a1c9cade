"""conclu check."""

import json
from pathlib import Path

import numpy as np
import pytest

from conclu_pyg.cli.main import main

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def few_reference_clouds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conclu_pyg.inference.reference_clouds.COUNT", 20)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "clouds"
    folder.mkdir()
    for index in range(6):
        np.save(folder / f"{index}.npy", RNG.normal(size=(80, 3)))
    (folder / "notes.doc").write_text("")
    return folder


def call(*arguments: object) -> int:
    return main(["check", *map(str, arguments)])


def test_text(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "copy.npy").write_bytes((folder / "0.npy").read_bytes())
    assert call(folder, "--no-encoder") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"Check of {folder}: 7 files (7 .npy), 7 clouds"
    assert lines[1] == "warning: copies: 1 exact copy of another file, in 1 group: 0.npy = copy.npy"
    assert ".doc" in lines[2] and [line.partition(":")[0] for line in lines[3:]] == [
        *("points", "size", "density", "up axis")
    ]


def test_json_table_and_page(folder: Path, tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(folder / "flat.npy", RNG.normal(size=(80, 3)) * [1, 1, 0])
    table, page = tmp_path / "a.csv", tmp_path / "a.html"
    assert call(folder, "--encoder", tiny_run, "--json", "--csv", table, "--html", page) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["files"], document["clouds"], document["refused"]) == (7, 7, [])
    kinds = {each["kind"]: each for each in document["findings"]}
    assert kinds["flat"] == {
        "kind": "flat",
        "warning": True,
        "clouds": ["flat.npy"],
        "count": 1,
        "text": "1 cloud is flat (the smallest principal extent is below a thousandth of the largest)",
    }
    assert kinds["training data"]["compared"] == 7 and {"orientation", "coverage"} <= set(kinds)
    assert len(table.read_text().splitlines()) == 8 and "flat.npy" in page.read_text()


def test_refused_files_end_in_status_2(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for index in range(12):
        (folder / f"bad_{index:02d}.ply").write_text("ply\n")
    assert call(folder, "--no-encoder") == 2
    output = capsys.readouterr()
    assert output.err == "error: 12 files or clouds cannot be used.\n"
    assert output.out.count("warning: refused: ") == 11 and "2 more" in output.out
    assert call(folder, "--no-encoder", "--json") == 2
    assert len(json.loads(capsys.readouterr().out)["refused"]) == 12


def test_refusals(folder: Path, tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(tmp_path / "missing", "--no-encoder") == 2
    assert call(folder, "--encoder", tiny_run, "--no-encoder") == 2
    assert call(folder, "--encoder", "conclu_pointnet_shape") == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 3 and all(line.startswith("error: ") for line in errors)
