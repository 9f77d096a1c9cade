"""conclu anomaly."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from conclu_pyg.cli.main import main

RNG = np.random.default_rng(0)

pytestmark = pytest.mark.usefixtures("few_reference_shapes")


@pytest.fixture
def clouds(tmp_path: Path) -> Path:
    """Flat clouds in good/, long ones in long/, balls in ball/."""
    for name, extent, count in (("good", [1, 1, 0.05], 8), ("long", [4, 0.3, 0.3], 3), ("ball", [1, 1, 1], 2)):
        (tmp_path / "clouds" / name).mkdir(parents=True)
        for number in range(count):
            np.save(tmp_path / "clouds" / name / f"{number}.npy", RNG.normal(size=(80, 3)) * extent)
    return tmp_path / "clouds"


def call(*arguments: object) -> int:
    return main(["anomaly", *map(str, arguments)])


def test_scores_in_every_form(tiny_run: Path, clouds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, page, out = tmp_path / "a.csv", tmp_path / "a.html", tmp_path / "out"
    outputs = ("--csv", table, "--html", page, "--out", out)
    assert call(clouds / "good", clouds, "--encoder", tiny_run, "--labels", "folders", *outputs, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["normal"] == 8 and document["errors"] == [] and "8 normal clouds" in document["warnings"][0]
    evaluation = document["evaluation"]
    assert evaluation["normal"] == 8 and evaluation["anomalies"] == {"ball": 2, "long": 3}
    scores = {each["file"]: each["score"] for each in document["clouds"]}
    good = [value for name, value in scores.items() if name.startswith("good/")]
    other = [value for name, value in scores.items() if not name.startswith("good/")]
    pairs = np.mean([[(a > n) + 0.5 * (a == n) for n in good] for a in other])
    assert evaluation["auroc"]["score"] == pytest.approx(pairs, abs=0.02) and pairs > 0.8
    for each in document["clouds"]:  # their scores are rounded
        assert each["score"] >= 1 if each["anomalous"] else each["score"] <= 1
    assert list(scores.values()) == sorted(scores.values(), reverse=True)

    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["file", "score", "global", "local", "anomalous"]
    assert {row["file"]: float(row["score"]) for row in rows} == scores
    assert page.read_text().count("<li") == 13 and len(list(out.glob("*.ply"))) == 13
    assert len((out / "anomalies.csv").read_text().splitlines()) == 14


def test_the_text_tells_the_threshold(tiny_run: Path, clouds: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(clouds / "good", clouds / "long", "--encoder", tiny_run) == 0
    output = capsys.readouterr()
    assert "of 3 clouds with a score above 1, next to 8 normal clouds" in output.out
    assert "95th percentile of the leave-one-out scores" in output.out and "AUROC" not in output.out
    labels = clouds.parent / "labels.csv"
    labels.write_text("file,class\ngood/0.npy,normal\ngood/1.npy,normal\nlong/0.npy,bent\n")
    assert call(clouds / "good", clouds, "--encoder", tiny_run, "--labels", labels) == 0
    printed = capsys.readouterr().out
    assert "of 1 anomaly and 2 normal clouds" in printed and "bent: AUROC" in printed


def test_refusals(tiny_run: Path, clouds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    encoder = ("--encoder", tiny_run)
    calls = [
        (tmp_path / "empty", clouds, *encoder),
        (tmp_path / "missing", clouds, *encoder),
        (clouds / "good" / "0.npy", clouds, *encoder),
        (clouds / "good", clouds, "--encoder", "conclu_pointnet_shape"),
        (clouds / "good", clouds / "long", *encoder, "--labels", "folders"),
        (clouds / "good", clouds, *encoder, "--out", clouds / "out"),
    ]
    for arguments in calls:
        assert call(*arguments) == 2
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(errors) == len(calls) and not (clouds / "out").exists()
    assert "at least 2 different normal clouds, got 1" in errors[2] and "conclu_pointnet_shapes" in errors[3]


def test_files_that_cannot_be_used(
    tiny_run: Path, clouds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (clouds / "good" / "bad.ply").write_text("ply\n")
    (clouds / "long" / "bad.ply").write_text("ply\n")
    assert call(clouds / "good", clouds / "long", "--encoder", tiny_run, "--json", "--csv", tmp_path / "a.csv") == 2
    output = capsys.readouterr()
    document = json.loads(output.out)
    assert len(document["errors"]) == 2 and len(document["clouds"]) == 3
    assert output.err.strip().splitlines()[-1] == "error: 2 files or clouds could not be used."
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 4
    for path in (clouds / "long").glob("*.npy"):
        path.unlink()
    assert call(clouds / "good", clouds / "long", "--encoder", tiny_run) == 2
    assert "none of the new clouds" in capsys.readouterr().err
