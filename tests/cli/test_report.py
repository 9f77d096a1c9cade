"""conclu report."""

import json
from pathlib import Path

import numpy as np
import pytest

from conclu_pyg.cli.main import main
from conclu_pyg.runs.folder import STAGES_NAME

pytestmark = pytest.mark.usefixtures("few_reference_shapes")
RNG = np.random.default_rng(0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a", "b"):
        (tmp_path / "clouds" / name).mkdir(parents=True)
        for number in range(4):
            np.save(tmp_path / "clouds" / name / f"{number}.npy", RNG.normal(size=(50, 3)))
    return tmp_path / "clouds"


def call(*arguments: object) -> int:
    return main(["report", *map(str, arguments)])


def test_a_folder_is_embedded_and_shown(
    folder: Path, tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "a.html"
    assert call(folder, "--encoder", tiny_run, "-o", page, "-k", 2, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["page"], document["clouds"], document["bytes"]) == (str(page), 8, page.stat().st_size)
    assert "Map of the embeddings" in document["sections"] and f"<h1>Report of {folder}</h1>" in page.read_text()


def test_files_that_cannot_be_used_are_named_and_the_others_shown(
    folder: Path, tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a" / "broken.npy").write_bytes(b"nothing")
    page = tmp_path / "a.html"
    assert call(folder, "--encoder", tiny_run, "-o", page, "--json") == 2
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert document["clouds"] == 8 and "broken.npy" in document["refused"][0] and page.exists()
    assert "1 file or cloud could not be used, the first: " in printed.err and "broken.npy" in printed.err


def test_an_index(folder: Path, tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["index", str(folder), "-o", str(tmp_path / "index"), "--encoder", str(tiny_run)]) == 0
    capsys.readouterr()
    assert call(tmp_path / "index", "-o", tmp_path / "a.html", "--clouds", 5) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("left out: duplicates") and f"page: {tmp_path / 'a.html'} (5 clouds" in lines[-1]


def test_a_run(tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "a.html"
    assert call(tiny_run, "dataset.num_test_shapes=20", "-o", page, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["clouds"] == 20 and "Prototypes" in document["sections"]
    assert call(tiny_run, "--split", "train", "--clouds", 9, "-o", page) == 0
    assert "(9 clouds" in capsys.readouterr().out
    assert call(tiny_run, "dataset.num_test_shapes=20", "--duplicates", "--workers", 1, "-o", page, "--json") == 0
    assert "Duplicates" in json.loads(capsys.readouterr().out)["sections"]
    assert call(tiny_run, "-k", 3, "-o", page) == 2
    assert "-k has no effect: the method has prototypes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("run", ["--encoder", "a", "--up", "z"], "--encoder and --up have no effect: a run has its own encoder"),
        ("run", ["--labels", "folders"], "--labels has no effect"),
        ("run", ["--workers", "2"], "--workers has no effect: of a run, only --duplicates"),
        ("index", ["--encoder", "a"], "--encoder has no effect: an index has its embeddings"),
        ("index", ["--up", "z", "--device", "cpu"], "--up and --device have no effect"),
        ("index", ["--split", "test"], "--split has no effect"),
        ("index", ["--allow-imports"], "--allow-imports has no effect"),
        ("clouds", ["--split", "train"], "--split has no effect: only the data set of a run has splits"),
    ],
)
def test_options_without_effect_are_refused(
    source: str,
    options: list[str],
    message: str,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, marker in (("run", STAGES_NAME), ("index", "conclu_index.json")):
        (tmp_path / name).mkdir()
        (tmp_path / name / marker).write_text("{}")
    assert call(tmp_path / source, *options, "-o", tmp_path / "a.html") == 2
    assert message in capsys.readouterr().err


def test_a_number_of_clouds_above_the_limit_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        call("clouds", "--clouds", 20_001)
    assert "must be at most 20,000, got 20001" in capsys.readouterr().err


def test_overrides_are_for_runs(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(folder, "dataset.num_points=5", "-o", tmp_path / "a.html") == 2
    assert "expected a run for the override dataset.num_points=5" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("names", "message"),
    [(["index", "clouds"], "expected one run, one index, or folders"), (["nowhere"], "nowhere")],
)
def test_wrong_sources(
    names: list[str], message: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "conclu_index.json").write_text("{}")
    assert call(*(tmp_path / name for name in names), "-o", tmp_path / "a.html") == 2
    assert message in capsys.readouterr().err and not (tmp_path / "a.html").exists()
