"""conclu compare."""

import json
import shutil
from pathlib import Path

import pytest

from conclu_pyg.cli.main import main


def test_text_page_and_json(tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other"
    shutil.copytree(tiny_run, other)
    config = other / "config.yaml"
    config.write_text(config.read_text().replace("num_prototypes: 8", "num_prototypes: 4"))
    words = ["compare", str(tiny_run), str(other)]
    assert main([*words, "-o", str(tmp_path / "a.html")]) == 0
    text = capsys.readouterr().out
    assert "model.clusterer" in text and "results in percent" not in text and f"page: {tmp_path / 'a.html'}" in text
    assert "num_prototypes" in (tmp_path / "a.html").read_text()
    assert main([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["config"] == {"model.clusterer.num_prototypes": [8, 4]} and document["results"] == []
    assert document["last_epoch"]["epoch"] == [2, 2]


def test_one_run_is_not_compared(tiny_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(tiny_run)]) == 2
    assert "expected 2 to 12 runs to compare, got 1" in capsys.readouterr().err
