from pathlib import Path

import pytest
import torch

from conclu_pyg import load_encoder
from conclu_pyg.cli.main import main


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


def test_the_files_are_written_without_an_upload(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "net"
    assert main(["push", str(tiny_run), "--licence", "mit", "--out", str(out)]) == 0
    assert f"written: {out}" in capsys.readouterr().out
    clouds = torch.randn(2, 30, 3)
    assert torch.equal(load_encoder(out).embed(clouds), load_encoder(tiny_run).embed(clouds))
    assert main(["push", str(tiny_run), "--licence", "mit", "--out", str(out)]) == 2
    assert "exists already; give a new or empty folder" in capsys.readouterr().err


def test_a_shipped_encoder_can_be_pushed_too(tmp_path: Path) -> None:
    assert main(["push", "conclu_pointnet_shapes", "me/net", "--licence", "mit", "--out", str(tmp_path / "net")]) == 2
    assert 'load_encoder("hf:me/net")' in (tmp_path / "net" / "README.md").read_text()


def test_without_a_place_or_a_connection_the_error_says_what_to_do(
    tiny_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["push", str(tiny_run), "--licence", "mit"]) == 2
    assert "expected owner/name to upload to, or --out FOLDER" in capsys.readouterr().err
    assert main(["push", str(tiny_run), "me/net", "--licence", "mit"]) == 2
    assert capsys.readouterr().err.startswith("error: me/net cannot be uploaded to (")
