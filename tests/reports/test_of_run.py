"""Reports of runs."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conclu_pyg.evaluation.evaluate import evaluate_run
from conclu_pyg.reports import report_run
from conclu_pyg.reports.clouds import clouds_of_split
from conclu_pyg.reports.duplicates import split_duplicates_section
from conclu_pyg.reports.options import ReportOptions
from conclu_pyg.reports.results import interval, results_section
from conclu_pyg.runs.loaded_run import load_run
from conclu_pyg.runs.protocol import Episodes
from conclu_pyg.runs.records import Record

pytest.importorskip("sklearn", reason="needs scikit-learn")


def data_of(page: str) -> dict[str, Any]:
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    return json.loads(text)


def test_a_pretraining_shows_its_curves_health_results_and_prototypes(tiny_run: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_run, tmp_path / "run")
    evaluate_run(str(folder), probes=["svm"])
    written = report_run(load_run(folder), tmp_path / "a.html")
    assert written.sections == (
        *("Configuration and provenance", "Curves", "Collapse", "Results", "Map of the embeddings", "Prototypes"),
        *("Retrieval", "Spread of the embeddings"),
    )
    assert written.clouds == 40 and written.left_out == ()
    page = (tmp_path / "a.html").read_text()
    assert "num_prototypes: 8" in page and "prototypes have clouds here, of 40 clouds" in page
    assert "<figcaption><strong>loss: contrast</strong>" in page and page.count('class="bound"') == 6
    assert "protocol 1: weights after epoch 2 of 2; linear SVM" in page
    data = data_of(page)
    assert [each["name"] for each in data["map"]["colourings"]] == ["class", "prototype", "distance to neighbours"]
    assert len(data["clouds"]["names"]) == 40 and "parts" not in data


def test_a_segmenter_shows_truth_prediction_and_error(tiny_task_runs: dict[str, Path], tmp_path: Path) -> None:
    written = report_run(load_run(tiny_task_runs["part_segmentation"]), tmp_path / "a.html", ReportOptions(clouds=20))
    assert {"Clusters", "Confusion", "Parts: truth, prediction and error"} <= set(written.sections)
    assert written.left_out[0].startswith("results: the run was not evaluated yet; `conclu evaluate")
    page = (tmp_path / "a.html").read_text()
    parts = data_of(page)["parts"]
    assert len(parts["labels"]) == 12 and {len(panels) for panels in parts["labels"]} == {3}
    assert "20 clouds of 40 of the test split: accuracy" in page and page.count("<figcaption>error: ") == 12


def test_duplicates_of_a_split_come_with_their_evidence(tiny_run: Path, tmp_path: Path) -> None:
    run = load_run(tiny_run)
    clouds = clouds_of_split(run, run.split("test"), 4)
    rng = np.random.default_rng(0)
    points = [rng.normal(size=(300, 3)) * [1, 2, 4], rng.uniform(size=(300, 3)) * [2, 5, 9]]
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    points += [points[0], points[1] @ turn.T + 5]
    names = ["<script>a", "b", "c", "d"]
    given = replace(clouds, names=names, labels=["x", "y", "y", "y"], read=lambda count: iter(points))
    section = split_duplicates_section(given, workers=0)
    found = {(block.title, tuple(card.title for card in block.cards)) for block in section.blocks}
    assert found == {("identical", ("<script>a", "c")), ("rotated", ("b", "d"))}
    (identical,) = [block for block in section.blocks if block.title == "identical"]
    assert identical.lines[-1] == "Their labels differ: x and y."
    assert section.lines == [
        "2 pairs: 1 identical, 1 rotated. Nothing was deleted. Distances are in diagonals of the bounding box of the "
        "first shape.",
        "The clouds are compared as training sees them.",
    ]


def test_a_classifier_shows_its_confusion(tiny_task_runs: dict[str, Path], tmp_path: Path) -> None:
    run = load_run(tiny_task_runs["classification"])
    written = report_run(run, tmp_path / "a.html", ReportOptions(k=3), split_name="train")
    page = (tmp_path / "a.html").read_text()
    assert "Confusion" in written.sections and "parts" not in data_of(page)
    assert "48 clouds of the train split: accuracy" in page and "this is no estimate of its accuracy" in page


def test_what_is_damaged_or_absent_is_left_out_with_its_reason(tiny_run: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_run, tmp_path / "run")
    (folder / "metrics.csv").write_text("epoch,loss\n1,</script>\n")
    (folder / "results.json").write_text("[")
    run = load_run(folder)
    written = report_run(run, tmp_path / "a.html", split_name="nowhere")
    assert written.sections == ("Configuration and provenance", "Left out of this report")
    curves, results, clouds = written.left_out
    assert curves.endswith("metrics.csv is no table of numbers (ValueError); restore it.")
    assert "is not a list of records" in results and "nowhere" in clouds and written.clouds == 0
    (folder / "metrics.csv").write_bytes(b"step\n1\n")
    assert "expected a column epoch" in report_run(run, tmp_path / "a.html", split_name="nowhere").left_out[0]


@pytest.mark.parametrize("epoch", ["", "nan", "inf", "-inf", "-1", "1e300", "1.5"])
def test_an_epoch_that_is_none_leaves_out_the_curves(tiny_run: Path, tmp_path: Path, epoch: str) -> None:
    folder = shutil.copytree(tiny_run, tmp_path / "run")
    (folder / "metrics.csv").write_text(f"epoch,loss\n1,2\n{epoch},3\n")
    written = report_run(load_run(folder), tmp_path / "a.html", split_name="nowhere")
    assert "Curves" not in written.sections and "expected whole epochs" in written.left_out[0]


def test_extreme_metrics_are_drawn(tiny_run: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_run, tmp_path / "run")
    (folder / "metrics.csv").write_text("epoch,step,loss,feature_std\n1,1,1e308,-1.7e308\n2,2,-1e308,1.7e308\n")
    written = report_run(load_run(folder), tmp_path / "a.html", split_name="nowhere")
    assert {"Curves", "Collapse"} <= set(written.sections)
    assert "1e+308 to -1e+308" in (tmp_path / "a.html").read_text()


def test_names_of_metrics_and_records_are_hostile(
    tiny_run: Path, tmp_path: Path, make_record: Callable[..., Record]
) -> None:
    from conclu_pyg.runs.records import append_records

    folder = shutil.copytree(tiny_run, tmp_path / "run")
    evil = "</script><script>alert(1)</script>"
    (folder / "metrics.csv").write_text(f'epoch,"{evil}"\n1,2\n2,3\n')
    append_records(folder / "results.json", [make_record(task=evil, dataset=evil, details={"notes": [evil]})])
    report_run(load_run(folder), tmp_path / "a.html")
    page = (tmp_path / "a.html").read_text()
    assert evil not in page and page.count("&lt;/script&gt;&lt;script&gt;alert(1)") >= 4


def test_intervals(make_record: Callable[..., Record]) -> None:
    assert interval(make_record(value=87.0)) == "85.6 to 88.3"  # Wilson, 2,147 of 2,468
    assert interval(make_record(value=70.0, details={"deviation": 2.25})) == "± 2.2"
    assert interval(make_record(metric="mAP")) == interval(make_record(task="part_segmentation")) == ""
    assert interval(make_record({"corruptions": {"jitter": (0.1,)}})) == ""
    assert interval(make_record({"episodes": Episodes(5, 1, 10, 3)})) == ""


def test_records_of_one_protocol_share_its_sentence(make_record: Callable[..., Record]) -> None:
    table, listing = results_section([make_record(), make_record(seed=1), make_record({"num_points": 7})]).blocks
    assert [row[-1] for row in table.cells] == [1, 1, 2] and len(listing.entries) == 2


def test_pictures_are_the_clouds_of_the_split(tiny_run: Path) -> None:
    from conclu_pyg.reports.clouds import clouds_of_split

    run = load_run(tiny_run)
    split = run.split("test")
    clouds = clouds_of_split(run, split, 7)
    assert clouds.rows.tolist() == [0, 6, 13, 20, 26, 32, 39] and clouds.total == 40
    for row, points in zip(clouds.rows, clouds.read(512), strict=True):
        np.testing.assert_array_equal(points, split[int(row)].pos.numpy())
    np.testing.assert_allclose(np.linalg.norm(clouds.unit, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(clouds.x, run.embed(split).x[clouds.rows], atol=1e-5)
