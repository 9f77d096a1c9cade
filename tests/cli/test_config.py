from pathlib import Path

import pytest

from conclu_pyg.cli.main import main
from conclu_pyg.config import load_config
from conclu_pyg.config_files import read_config


def test_the_resolved_config_is_printed_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["config", "conclu_dgcnn_shapes", "pipeline.epochs=3", "dataset.num_points=64"]) == 0
    (tmp_path / "a.yaml").write_text(capsys.readouterr().out)
    expected = load_config("conclu_dgcnn_shapes", ["pipeline.epochs=3", "dataset.num_points=64"])
    assert read_config(tmp_path / "a.yaml") == expected and expected["pipeline"]["epochs"] == 3


def test_the_file_has_no_base_and_is_not_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base, out = tmp_path / "mine.yaml", tmp_path / "full.yaml"
    base.write_text("_base_: conclu_pointnet\npipeline: {epochs: 2}\n")
    assert main(["config", str(base), "-o", str(out)]) == 0
    assert f"written: {out}" in capsys.readouterr().out and "_base_" not in out.read_text()
    assert load_config(out) == load_config(base)
    with pytest.raises(SystemExit, match="2"):
        main(["config", str(base), "-o", str(out)])
    assert f"{out} exists" in capsys.readouterr().err


def test_a_wrong_value_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "conclu_pointnet", "pipeline.epochs=0"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: override 'pipeline.epochs=0': ")
