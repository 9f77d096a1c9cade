from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from conclu_pyg.runs.records import Record
from conclu_pyg.vis.robustness import plot_robustness


def record(clean: float, trained: bool, changes: int = 4) -> Record:
    details = {
        "measure": "accuracy",
        "clean": clean,
        "changes": [
            {"name": f"change {i}", "unit": "m", "none": 1, "strengths": [2, 5], "values": [clean - 10 * i, 5.0]}
            for i in range(changes)
        ],
    }
    of_all: dict[str, Any] = {
        "task": "svm",
        "dataset": "A",
        "encoder": "E",
        "method": "M",
        "metric": "mean",
        "value": 1,
    }
    return Record(
        **of_all,
        initialisation="A" if trained else "random",
        seed=0,
        epochs=1,
        protocol="",
        command="",
        seconds=0,
        training={"command": "train"} if trained else {},
        details=details,
    )


def test_models_of_labelled_tasks_are_told_from_encoders(drawn: list[Figure], tmp_path: Path) -> None:
    for task, prefix in (("svm", ""), ("classification", "trained on labels, from ")):
        plot_robustness([replace(record(90, trained), task=task) for trained in (True, False)], tmp_path / "a.png")
        names = [text.get_text() for text in drawn[-1].legends[0].get_texts()]
        assert names == [f"{prefix}pre-trained on A", f"{prefix}random weights"]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    figures: list[Figure] = []
    save = Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda self, *a, **k: (figures.append(self), save(self, *a, **k))[1])
    return figures


def test_each_change_has_a_panel_with_a_curve_for_each_encoder(tmp_path: Path, drawn: list[Figure]) -> None:
    plot_robustness([record(60.0, False), record(80.0, True)], tmp_path / "robustness.png")
    assert imread(tmp_path / "robustness.png").std() > 0
    panels = [axis for axis in drawn[0].axes if axis.get_visible()]
    assert [panel.get_title() for panel in panels] == [f"change {i}" for i in range(4)]
    random, trained = panels[1].lines
    assert (random.get_label(), trained.get_label()) == ("random weights", "pre-trained on A")
    assert np.array_equal(trained.get_xydata(), [[1, 80], [2, 70], [5, 5]])
    assert np.array_equal(random.get_xydata(), [[1, 60], [2, 50], [5, 5]])
    assert trained.get_linestyle() != random.get_linestyle()


def test_one_encoder_and_one_change_are_a_picture_too(tmp_path: Path) -> None:
    plot_robustness([record(60.0, True, changes=1)], tmp_path / "robustness.png")
    assert imread(tmp_path / "robustness.png").std() > 0
