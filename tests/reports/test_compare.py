"""Comparison of runs."""

import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers import raises

from conclu_pyg.config_files import read_config
from conclu_pyg.errors import CheckpointError, ConcluError, ConfigError
from conclu_pyg.reports import compare_runs
from conclu_pyg.reports.compare import MAX_RUNS
from conclu_pyg.runs.folder import write_config
from conclu_pyg.runs.records import Record, append_records

EVIL = "</script><script>alert(1)</script>"


@pytest.fixture
def runs(tiny_run: Path, tmp_path: Path, make_record: Callable[..., Record]) -> list[Path]:
    """Two runs that differ in three keys, in a metric and in their records."""
    folders = [Path(shutil.copytree(tiny_run, tmp_path / name)) for name in ("a", "b")]
    config = read_config(folders[1] / "config.yaml")
    config["pipeline"] |= {"epochs": 9, "run_dir": "elsewhere"}
    config["pipeline"]["views"][1]["num_points"] = 16
    config["model"]["cluster_weight"] = EVIL
    write_config(folders[1], config)
    (folders[0] / "metrics.csv").write_text("epoch,loss,loss/x\n1,4,1\n2,3,nan\n")
    (folders[1] / "metrics.csv").write_text("epoch,loss,lr\n1,5,0.1\n")
    old, new = make_record(value=80.0), make_record(value=82.0)
    append_records(folders[0] / "results.json", [old, new, make_record(random=True, value=60.0)])
    other = make_record({"num_points": 7}, value=50.0)
    append_records(folders[1] / "results.json", [make_record(value=83.0, epochs=99), other])
    return folders


def test_only_keys_with_different_values_are_listed(runs: list[Path]) -> None:
    comparison = compare_runs(runs)
    assert comparison.differences == {
        "pipeline.views[1].num_points": [32, 16],
        "pipeline.epochs": [2, 9],
        "model.cluster_weight": ["-", EVIL],
    }
    assert comparison.num_equal > 10
    assert compare_runs([runs[0], shutil.copytree(runs[0], runs[0].parent / "c")]).differences == {}


def test_metrics_and_results_are_side_by_side(runs: list[Path]) -> None:
    comparison = compare_runs(runs)
    last = comparison.last_metrics
    assert list(last) == ["epoch", "loss", "loss/x", "lr"] and last["epoch"] == [2, 1] and last["loss"] == [3, 5]
    assert math.isnan(last["loss/x"][0]) and math.isnan(last["loss/x"][1]) and last["lr"][1] == 0.1
    values = [
        (row.way.start, [None if record is None else record.value for record in row.records])
        for row in comparison.results
    ]
    # The latest of several records; another protocol has a row of its own, another epoch of the weights has not.
    assert values == [("trained", [82.0, 83.0]), ("random weights", [60.0, None]), ("trained", [None, 50.0])]


def test_the_page_shows_all_and_escapes_it(runs: list[Path], tmp_path: Path) -> None:
    compare_runs(runs).write(tmp_path / "a.html")
    page = (tmp_path / "a.html").read_text()
    assert EVIL not in page and "&lt;/script&gt;&lt;script&gt;alert(1)" in page
    assert re.findall(r"<h2>(.*?)</h2>", page) == ["Configs", "Curves", "Results"]
    (chart,) = re.findall(r"<figcaption><strong>loss</strong>.*?</svg>", page)
    assert chart.count('class="line c0"') == chart.count('class="line c1"') == 1
    assert "82.0 (80.4 to 83.5)" in page and "<td>-</td>" in page


def test_extreme_metrics_are_drawn(runs: list[Path], tmp_path: Path) -> None:
    (runs[1] / "metrics.csv").write_text("epoch,loss\n1,1e308\n2,-1e308\n")
    compare_runs(runs).write(tmp_path / "a.html")
    assert "1e+308 to -1e+308" in (tmp_path / "a.html").read_text()


def test_runs_without_metrics_and_records(runs: list[Path], tmp_path: Path) -> None:
    for folder in runs:
        (folder / "metrics.csv").unlink()
        (folder / "results.json").unlink()
    comparison = compare_runs(runs)
    comparison.write(tmp_path / "a.html")
    assert comparison.results == [] and comparison.metric_names == []
    assert comparison.as_dict()["last_epoch"] == {"epoch": [None, None]}


def test_what_cannot_be_compared(runs: list[Path], tmp_path: Path) -> None:
    for paths in ([runs[0]], [runs[0]] * (MAX_RUNS + 1)):
        with raises(ConfigError, got=len(paths)):
            compare_runs(paths)
    with pytest.raises(ConfigError, match="expected different runs"):
        compare_runs([runs[0], runs[0]])
    link = tmp_path / "link"
    link.symlink_to(runs[0])
    for same in (f"{runs[0]}/", tmp_path / "b" / ".." / "a", link):
        with raises(ConfigError, got=str(same)):
            compare_runs([runs[0], same])
    with pytest.raises(CheckpointError):
        compare_runs([runs[0], tmp_path / "nowhere"])
    (runs[1] / "metrics.csv").write_text("epoch,loss\nnan,1\n")
    with pytest.raises(ConcluError, match="expected whole epochs"):
        compare_runs(runs)
    (runs[1] / "metrics.csv").unlink()
    (runs[1] / "results.json").write_text("{}")
    with pytest.raises(ConcluError, match="is not a list of records"):
        compare_runs(runs)
