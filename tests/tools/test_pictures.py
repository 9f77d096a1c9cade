"""Pictures of what a decoder makes of test clouds."""

import sys
from pathlib import Path

import pictures
import pytest

from conclu_pyg.config import load_config
from conclu_pyg.pipelines.stages import train
from conclu_pyg.runs.loaded_run import load_run

SMALL = [
    *("dataset.num_shapes=20", "dataset.num_test_shapes=20", "dataset.num_points=64", "model.num_points=32"),
    *("model.encoder.out_channels=8", "model.decoder={name: MLPDecoder, num_points: 16, hidden_channels: [8]}"),
    *("pipeline.epochs=1", "pipeline.batch_size=10", "pipeline.device=cpu", "pipeline.loggers=[csv]"),
    "pipeline.report=false",
]


def test_a_row_has_the_input_the_output_and_the_truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = train(load_config("occo_pointnet", [*SMALL, f"pipeline.run_dir={tmp_path / 'run'}"]), "occo_pointnet")
    rows = pictures.pictures(load_run(folder), 2)
    assert [[len(points) for points in row] for row in rows] == [[32, 16, 64]] * 2
    path = tmp_path / "picture.png"
    monkeypatch.setattr(sys, "argv", ["pictures.py", str(folder), "-o", str(path), "-n", "2"])
    pictures.main()
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_run_without_a_decoder_is_refused(tiny_run: Path) -> None:
    with pytest.raises(SystemExit, match="one decoder, got ConClu"):
        pictures.pictures(load_run(tiny_run), 1)
