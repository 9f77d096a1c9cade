"""Terminal output and files of ``conclu evaluate``."""

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.image import imread

from conclu_pyg.cli.main import main
from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.datasets.parametric_shapes import ParametricShapes
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.folder import LAST
from conclu_pyg.runs.records import Record, read_records
from conclu_pyg.runs.render import render_protocol

TASKS = ("classification", "part_segmentation")


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_run, tmp_path / "run"))


@pytest.fixture
def no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disables the picture of the clusters, the slowest part."""
    monkeypatch.setattr("conclu_pyg.vis.gallery.plot_clusters", lambda *_: None)


def evaluate(run: Path, *words: str) -> list[Record]:
    """Runs the command and returns the records it appended."""
    results = run / "results.json"
    before = len(read_records(results)) if results.exists() else 0
    assert main(["evaluate", str(run), *words]) == 0
    return read_records(results)[before:]


def test_both_encoders_are_shown_with_their_classes_protocols_and_files(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    random, trained = evaluate(run, "--with-random")
    out = capsys.readouterr().out
    assert f"linear SVM on ParametricShapes, PointNet, random weights: {random.value:.1f} %" in out
    assert f"PointNet, pre-trained on ParametricShapes: {trained.value:.1f} %" in out
    unwrapped = out.replace("\n", " ")
    for words in (*random.details["per_class"], "random", "pre-trained", "all clouds"):
        assert words in out
    for record in (random, trained):
        assert f"protocol: {render_protocol(record.protocol)}" in unwrapped
    assert re.search(r"^prototypes: \d of 8 have clouds, of 40 clouds$", out, re.MULTILINE)
    for name in ("curves.png", "clusters.png", "results.json", LAST):
        assert str(run / name) in out
    assert imread(run / "clusters.png").std() > 0


@pytest.mark.usefixtures("no_picture")
def test_a_class_without_test_clouds_is_a_dash(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    get_split = ParametricShapes.get_split

    def without_lamps(self: ParametricShapes, name: str, up_axis: int | None = None) -> PointCloudSplit:
        whole = get_split(self, name, up_axis=up_axis)
        return whole if name == "train" else whole.subset(np.flatnonzero(whole.y != whole.classes.index("lamp")))

    monkeypatch.setattr(ParametricShapes, "get_split", without_lamps)
    evaluate(run)
    (row,) = (line for line in capsys.readouterr().out.splitlines() if "lamp" in line)
    assert row.replace("│", " ").split() == ["lamp", "-"]


@pytest.mark.usefixtures("forget_registered", "no_picture")
def test_a_probe_of_the_users_file_is_named_and_its_notes_are_shown(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "from conclu_pyg import PROBES\n"
        "from conclu_pyg.evaluation.probe import Probe, Result\n\n\n"
        '@PROBES.register_module("mine")\n'
        "class Mine(Probe):\n"
        '    title = "my probe"\n\n'
        "    def measure(self, run, splits):\n"
        '        return [Result("share", 12.0, {"notes": ["mind the step."]})]\n'
    )
    records = evaluate(run, "--probe", "mine", f"imports=[{file}]", "--with-random")
    assert [(record.task, record.value) for record in records] == [("mine", 12.0)] * 2
    out = capsys.readouterr().out
    assert out.count("my probe, share, on ParametricShapes") == 2 and "all clouds" not in out
    assert all(f"note on the {kind} encoder: mind the step." in out for kind in ("random", "pre-trained"))


def test_an_unknown_probe_is_one_line(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(run), "--probe", "few_shot"]) == 2
    assert "error: PROBES has no 'few_shot'; did you mean 'few-shot'?" in capsys.readouterr().err


def test_the_picture_shows_the_clouds_upright_as_they_were_turned(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace(Checkpoint.load(run), up_axis=1).save(run / LAST)
    drawn: list[Any] = []
    monkeypatch.setattr("conclu_pyg.vis.gallery.plot_clusters", lambda *given: drawn.append(given))
    evaluate(run)
    ((split, log_gamma, up_axis, path),) = drawn
    upright = ParametricShapes(num_shapes=48, num_test_shapes=40, num_points=64).get_split("test")
    assert up_axis == 1 and torch.equal(split[0].pos[:, 1], upright[0].pos[:, 2])
    assert log_gamma.shape == (40, 8) and path == run / "clusters.png"


def test_each_data_set_and_split_has_a_picture_of_its_own(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conclu_pyg.vis.gallery.plot_clusters", lambda *given: given[-1].touch())
    evaluate(run)
    evaluate(run, "dataset.num_shapes=48")  # as it is
    assert [path.name for path in run.glob("*clusters*")] == ["clusters.png"]
    evaluate(run, "dataset.num_points=32")
    evaluate(run, "dataset.num_points=40", "pipeline.device=cpu")
    evaluate(run, "dataset.num_shapes=120", "--on", "validation")
    names = sorted(path.name for path in run.glob("*clusters*"))
    assert len(names) == 4 and names[0] == "clusters.png"
    assert all(name.startswith("clusters_ParametricShapes_") for name in names[1:])
    assert [name.endswith("_validation.png") for name in names].count(True) == 1


@pytest.mark.usefixtures("no_picture")
def test_each_probe_is_shown_in_turn_with_a_table(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [word for name in ("knn", "svm", "linear") for word in ("--probe", name)]
    evaluate(run, "dataset.num_shapes=120", *names, "--label-per-class", "3")
    out, titles = capsys.readouterr().out, ("nearest neighbors", "linear SVM", "logistic regression")
    order = [out.index(f"{title} (3 per class) on") for title in titles]
    assert order == sorted(order) and out.count("all clouds") == 3


@pytest.mark.usefixtures("no_picture")
def test_few_shot_shows_a_line_with_the_spread_for_each_task(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluate(run, "dataset.num_shapes=400", "dataset.num_test_shapes=400", "--probe", "few-shot")
    pattern = r"^few-shot SVM, accuracy (\d+-way \d+-shot), on ParametricShapes, .*: [\d.]+ ± [\d.]+ %$"
    found = re.findall(pattern, capsys.readouterr().out, re.MULTILINE)
    assert found == ["5-way 10-shot", "5-way 20-shot", "10-way 10-shot", "10-way 20-shot"]


@pytest.mark.usefixtures("no_picture")
def test_robustness_gives_a_table_and_a_picture_of_both_encoders(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr("conclu_pyg.vis.robustness.plot_robustness", lambda *given: drawn.append(given))
    records = evaluate(run, "--probe", "knn", "--robustness", "--with-random")
    assert drawn == [(records[2:], run / "robustness.png")]
    lines = [line.replace("│", " ").split() for line in capsys.readouterr().out.splitlines()]
    random, trained = (record.details for record in records[2:])
    assert ["clean", f"{random['clean']:.1f}", f"{trained['clean']:.1f}"] in lines
    for one, other in zip(random["corruptions"], trained["corruptions"], strict=True):
        for severity, *values in zip(one["severities"], one["values"], other["values"], strict=True):
            assert any(line[-3:] == [f"{severity:g}", *(f"{value:.1f}" for value in values)] for line in lines)


@pytest.fixture(params=TASKS)
def task_run(request: pytest.FixtureRequest, tiny_task_runs: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_task_runs[request.param], tmp_path / request.param))


def test_a_supervised_run_is_shown_with_its_confusion_and_corruptions(
    task_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluate(task_run, "--robustness", "--votes", "2")
    out, parts = capsys.readouterr().out, task_run.name == "part_segmentation"
    assert "PointNet, random weights: accuracy" in out and f"{task_run.name.replace('_', ' ')}, 2 votes on" in out
    assert bool(re.search(r"│ 2 +│$", out, re.MULTILINE)) == parts  # shapes are counted
    assert "trained" in out and ("mIoU may rise" in out) == parts and "rotation about any axis" in out
    for name in ("confusion.png", "robustness.png"):
        assert (task_run / name).stat().st_size > 1000 and str(task_run / name) in out


def test_records_are_kept_if_a_plot_fails(task_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("conclu_pyg.vis.confusion.plot_confusion", interrupt)
    assert main(["evaluate", str(task_run)]) == 130
    assert read_records(task_run / "results.json")
