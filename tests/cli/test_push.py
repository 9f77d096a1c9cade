import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import HfApi
from huggingface_hub.hf_api import RepoUrl

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


def test_a_shipped_encoder_can_be_pushed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def upload_folder(self: HfApi, **options: Any) -> str:
        shutil.copytree(options["folder_path"], tmp_path / "uploaded")
        return f"https://huggingface.co/{options['repo_id']}/commit/1"

    monkeypatch.setattr(HfApi, "create_repo", lambda self, repo_id, **options: RepoUrl(f"https://hf.co/{repo_id}"))
    monkeypatch.setattr(HfApi, "upload_folder", upload_folder)
    assert main(["push", "conclu_pointnet_shapes", "me/net", "--licence", "mit", "--out", str(tmp_path / "net")]) == 0
    assert "uploaded: https://huggingface.co/me/net/commit/1" in capsys.readouterr().out
    for folder in ("net", "uploaded"):
        assert 'load_encoder("hf:me/net")' in (tmp_path / folder / "README.md").read_text()


def test_a_hub_that_cannot_be_reached_is_an_error(tiny_run: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    environment = {**os.environ, "HF_ENDPOINT": f"http://127.0.0.1:{port}", "HF_TOKEN": "none", "HF_HUB_OFFLINE": "0"}
    command = [sys.executable, "-m", "conclu_pyg", "push", str(tiny_run), "me/net", "--licence", "mit"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "me/net cannot be uploaded to (ConnectError: " in done.stderr


def test_without_a_place_or_a_connection_the_error_says_what_to_do(
    tiny_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["push", str(tiny_run), "--licence", "mit"]) == 2
    assert "expected owner/name to upload to, or --out FOLDER" in capsys.readouterr().err
    assert main(["push", str(tiny_run), "me/net", "--licence", "mit"]) == 2
    assert capsys.readouterr().err.startswith("error: me/net cannot be uploaded to (")
