from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from conclu_pyg.runs.provenance import EncoderOrigin
from conclu_pyg.runs.records import Record
from conclu_pyg.vis.robustness import plot_robustness

MakeRecord = Callable[..., Record]


@pytest.fixture
def make(make_record: MakeRecord) -> MakeRecord:
    def make(clean: float, trained: bool, number: int = 4, **fields: Any) -> Record:
        corruptions = [
            {"name": f"kind {i}", "unit": "m", "identity": 1, "severities": [2, 5], "values": [clean - 10 * i, 5.0]}
            for i in range(number)
        ]
        details = {"measure": "accuracy", "clean": clean, "corruptions": corruptions}
        return make_record(random=not trained, details=details, **fields)

    return make


def test_supervised_models_have_other_labels_than_encoders(
    make: MakeRecord, drawn: list[Figure], tmp_path: Path
) -> None:
    origin = EncoderOrigin("a.pt", "ModelNet40", "ConClu", 1, "train", 1.0, "abc")
    for model, prefix in (("", ""), ("Classifier", "trained with labels, from ")):
        before = origin if model else None
        records = [
            make(90, True, protocol={"model": model}, pretraining=before),
            make(90, False, protocol={"model": model}),
        ]
        plot_robustness(records, tmp_path / "a.png")
        names = [text.get_text() for text in drawn[-1].legends[0].get_texts()]
        assert names == [f"{prefix}pre-trained on ModelNet40", f"{prefix}random weights"]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    figures: list[Figure] = []
    save = Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda self, *a, **k: (figures.append(self), save(self, *a, **k))[1])
    return figures


def test_each_corruption_has_a_panel_with_a_curve_for_each_encoder(
    make: MakeRecord, tmp_path: Path, drawn: list[Figure]
) -> None:
    plot_robustness([make(60.0, False), make(80.0, True)], tmp_path / "robustness.png")
    assert imread(tmp_path / "robustness.png").std() > 0
    panels = [axis for axis in drawn[0].axes if axis.get_visible()]
    assert [panel.get_title() for panel in panels] == [f"kind {i}" for i in range(4)]
    random, trained = panels[1].lines
    assert (random.get_label(), trained.get_label()) == ("random weights", "pre-trained on ModelNet40")
    assert np.array_equal(trained.get_xydata(), [[1, 80], [2, 70], [5, 5]])
    assert np.array_equal(random.get_xydata(), [[1, 60], [2, 50], [5, 5]])
    assert trained.get_linestyle() != random.get_linestyle()


def test_one_encoder_and_one_corruption_are_a_picture_too(make: MakeRecord, tmp_path: Path) -> None:
    plot_robustness([make(60.0, True, 1)], tmp_path / "robustness.png")
    assert imread(tmp_path / "robustness.png").std() > 0
