from pathlib import Path

import pytest
from matplotlib.image import imread

from benchmarks.plots import plot_report, ratio_bars, scaling_lines
from benchmarks.report import Line, Report, Row

ROWS = [
    Row("step", "DGCNN", 1.0, 6.0, 6.0, 2.0, 30.0),
    Row("step", "PointNet", 1.0, 3.0, 3.0, 0.0, 30.0),
    Row("neighbors", "dense", 1.0, 0.5, 0.5),
    Row("views", "both", 1.0, 100.0, 100.0),
    Row("scaling", "N = 3", 1.0),
]
LINES = [
    Line("scaling", "DGCNN", "N", [512, 1024], [1.0, 2.0], [5.0, 10.0], 1.0, 1.0),
    Line("scaling", "PointNet", "N", [512, 1024], [1.0, 2.0], [5.0, 0.0], 1.0, None),
    Line("scaling", "DGCNN", "k", [5], [1.0], [5.0], None, None),
]


def test_ratios_and_scaling_are_plotted(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    files = plot_report(Report({}, rows=ROWS, lines=LINES), tmp_path)
    assert files == [tmp_path / "ratios.png", tmp_path / "scaling.png"]
    assert all(imread(file).std() > 0 for file in files)
    assert not recwarn.list


def test_without_data_there_is_no_plot(tmp_path: Path) -> None:
    assert plot_report(Report({}, rows=ROWS[3:]), tmp_path) == []
    assert not list(tmp_path.iterdir())


def test_bars_are_the_ratios_of_time_and_memory() -> None:
    step, neighbors = ratio_bars(ROWS[:3]).axes
    widths = [[bar.get_width() for bar in container] for container in step.containers]
    assert widths[0] == [6.0, 3.0] and widths[1][0] == 15.0 and widths[1][1] != widths[1][1]
    assert [bar.get_width() for bar in neighbors.containers[0]] == [0.5]
    assert step.get_xscale() == "log"


def test_lines_have_their_exponents_and_logarithmic_axes() -> None:
    figure = scaling_lines(LINES)
    points, neighbors, memory, _ = figure.axes
    assert [axis.get_xlabel() for axis in figure.axes] == ["N", "k", "N", "k"]
    assert all((axis.get_xscale(), axis.get_yscale()) == ("log", "log") for axis in figure.axes)
    assert [list(line.get_ydata()) for line in points.lines] == [[1.0, 2.0], [1.0, 2.0]]
    assert list(memory.lines[0].get_ydata()) == [5.0, 10.0]
    assert [text.get_text() for text in points.get_legend().get_texts()] == ["DGCNN  ~ N^1.00", "PointNet  ~ N^1.00"]
    assert [text.get_text() for text in neighbors.get_legend().get_texts()] == ["DGCNN"]
