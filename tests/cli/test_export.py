"""conclu export."""

import json
from pathlib import Path

import numpy as np
import pytest

from conclu_pyg import load_encoder
from conclu_pyg.cli.main import main
from conclu_pyg.onnx import OnnxModel, embed


def call(*arguments: object) -> int:
    return main(["export", *map(str, arguments)])


def test_writes_an_onnx_file_and_its_comparison(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.onnx"
    assert call(tiny_run, "-o", out, "--licence", "CC BY 4.0", "--json") == 0
    output = capsys.readouterr()
    document = json.loads(output.out)
    assert (document["out"], document["format"], document["bytes"]) == (str(out), "onnx", out.stat().st_size)
    assert [(each["clouds"], each["points"]) for each in document["differences"]] == [(2, 256), (1, 1024), (3, 777)]
    assert all(0 < each["greatest"] < 1e-4 and each["swapped"] == 0 for each in document["differences"])
    speed = document["throughput"]
    assert (speed["clouds"], speed["points"]) == (8, 64) and min(speed["program"], speed["package"]) > 0
    assert not output.err
    assert OnnxModel(out).metadata.card["licence"] == "CC BY 4.0"
    points = np.random.default_rng(0).normal(size=(70, 3))
    np.testing.assert_allclose(embed(out, points), load_encoder(tiny_run).embed(points), atol=1e-4)


def test_chooses_the_format_by_the_suffix(tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(tiny_run, "-o", tmp_path / "a.safetensors") == 0
    fingerprint = load_encoder(tiny_run).fingerprint
    assert load_encoder(tmp_path / "a.safetensors").fingerprint == fingerprint
    printed = capsys.readouterr().out
    assert f"fingerprint {fingerprint}" in printed and "--licence" not in printed
    assert call(tmp_path / "a.safetensors", "-o", tmp_path / "b.pt2", "--no-timing") == 0
    printed = capsys.readouterr().out
    assert "torch)" in printed and printed.count("compared with PyTorch on ") == 3 and "throughput" not in printed
    assert "licence of the weights: unknown" in printed
    assert call(tiny_run, "-o", tmp_path / "c.bin", "--format", "safetensors") == 0


def test_refusals(tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(tiny_run, "-o", tmp_path / "a.tflite") == 2
    assert call("conclu_pointnet_shape", "-o", tmp_path / "a.onnx") == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 2 and all(line.startswith("error: ") for line in errors)
    assert "the suffix .onnx, .safetensors, .pt2" in errors[0] and "conclu_pointnet_shapes" in errors[1]
    options = ("--per-point", "--licence", "mit", "--no-timing")
    assert call(tiny_run, "-o", tmp_path / "a.safetensors", *options) == 2
    assert "--per-point, --licence, --no-timing has no effect on safetensors" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        call(tiny_run, "-o", tmp_path / "missing" / "a.onnx")
    assert not list(tmp_path.iterdir())


def test_a_missing_package_is_named(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("conclu_pyg.export.onnx_file.is_installed", lambda package: package != "onnxscript")
    assert call(tiny_run, "-o", tmp_path / "a.onnx") == 2
    assert "onnxscript is not installed; run `pip install 'conclu_pyg[onnx]'`" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
