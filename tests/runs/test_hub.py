"""Encoders for the hub, by its mixin, in local folders."""

import copy
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from huggingface_hub import HfApi, ModelCard, ModelHubMixin
from huggingface_hub.hf_api import RepoUrl

from conclu_pyg import ENCODERS, load_encoder
from conclu_pyg.config import load_config
from conclu_pyg.errors import CheckpointError
from conclu_pyg.imports import WithheldImportsError
from conclu_pyg.pipelines.build import build_pipeline
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.folder import ENCODER_FILE
from conclu_pyg.runs.hub import HubEncoder
from conclu_pyg.runs.hub_files import HUB_FILE
from conclu_pyg.runs.records import RESULTS_NAME, Record, append_records

CLOUDS = torch.randn(3, 40, 3, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path, make_record: Callable[..., Record]) -> Path:
    """A run with a result, whose data set has a hostile name."""
    folder = Path(shutil.copytree(tiny_run, tmp_path / "run"))
    append_records(folder / RESULTS_NAME, [make_record(dataset="<script>alert(1)</script>|x")])
    return folder


def test_a_folder_gives_the_encoder_back(run: Path, tmp_path: Path) -> None:
    saved = HubEncoder.from_run(run, licence="mit")
    assert isinstance(saved, ModelHubMixin)
    saved.save_pretrained(tmp_path / "net")
    assert {path.name for path in (tmp_path / "net").iterdir()} == {HUB_FILE, RESULTS_NAME, "config.json", "README.md"}
    expected = load_encoder(run)
    for loaded in (HubEncoder.from_pretrained(tmp_path / "net"), load_encoder(tmp_path / "net")):
        assert torch.equal(loaded.embed(CLOUDS), expected.embed(CLOUDS)) and not loaded.training
        assert not any(parameter.requires_grad for parameter in loaded.parameters())
    about = json.loads((tmp_path / "net" / "config.json").read_text())
    assert about["out_channels"] == 32 and about["fingerprint"] == saved.fingerprint and "path" not in about


def test_the_card_has_data_method_protocol_results_limits_and_licence(run: Path, tmp_path: Path) -> None:
    HubEncoder.from_run(run, licence="cc-by-4.0").save_pretrained(
        tmp_path / "net", model_card_kwargs={"repository": "me/net"}
    )
    card = ModelCard.load(tmp_path / "net" / "README.md")
    assert card.data.license == "cc-by-4.0" and card.data.library_name == "conclu_pyg"
    text = card.text
    assert 'load_encoder("hf:me/net")' in text and "PointNet" in text and "ConClu" in text
    assert "ParametricShapes, 64 points a cloud, z up" in text and "2 epochs of 2" in text
    assert "accuracy 87.0 %" in text and "C selected there by 3-fold cross-validation" in text
    assert "## Limits" in text and "`cc-by-4.0`" in text
    assert "<script>" not in text and "&lt;script&gt;alert(1)&lt;/script&gt;\\|x" in text


def test_paths_of_the_machine_are_not_published(run: Path, tmp_path: Path, make_record: Callable[..., Record]) -> None:
    checkpoint = Checkpoint.load(run / ENCODER_FILE)
    config = copy.deepcopy(checkpoint.config)
    config["pipeline"]["run_dir"] = "/home/ann/secret/run"
    config["pipeline"]["loggers"] = [{"name": "mlflow", "tracking_uri": "https://ann:secret@host/home"}]
    config["model"]["encoder"]["checkpoint"] = "/home/ann/secret/before"
    (tmp_path / "mine").mkdir()
    command = (
        "conclu train '/home/ann/my secret/a.yaml' dataset.dataset_path=/home/ann/secret/data pipeline.epochs=2 "
        "pipeline.run_dir=secret"
    )
    replace(checkpoint, config=config, command=command).save(tmp_path / "mine" / "mine.safetensors")
    record = make_record(command="conclu evaluate '/home/ann/my secret/run'", details={"notes": ["/home/secret/scans"]})
    append_records(tmp_path / "mine" / RESULTS_NAME, [record])
    hub = HubEncoder.from_run(tmp_path / "mine" / "mine.safetensors", licence="mit")
    hub.save_pretrained(tmp_path / "net")
    for path in (tmp_path / "net").iterdir():
        assert b"secret" not in path.read_bytes() and b"/home" not in path.read_bytes(), path
    assert hub.checkpoint.command == "conclu train a.yaml dataset.dataset_path=data pipeline.epochs=2"
    assert hub.checkpoint.config["model"]["encoder"]["checkpoint"] == "before"
    assert torch.equal(load_encoder(tmp_path / "net").embed(CLOUDS), load_encoder(run).embed(CLOUDS))


def test_a_push_uploads_the_folder_with_its_card(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []

    def create_repo(self: HfApi, repo_id: str, **options: Any) -> RepoUrl:
        calls.append(("create", repo_id, options["private"]))
        return RepoUrl(f"https://huggingface.co/{repo_id}")

    def upload_folder(self: HfApi, **options: Any) -> str:
        shutil.copytree(options["folder_path"], tmp_path / "uploaded")
        return f"https://huggingface.co/{options['repo_id']}/commit/1"

    monkeypatch.setattr(HfApi, "create_repo", create_repo)
    monkeypatch.setattr(HfApi, "upload_folder", upload_folder)
    address = HubEncoder.from_run(run, licence="mit").push_to_hub("me/net", private=True)
    assert address == "https://huggingface.co/me/net/commit/1" and calls == [("create", "me/net", True)]
    assert 'load_encoder("hf:me/net")' in (tmp_path / "uploaded" / "README.md").read_text()
    assert torch.equal(load_encoder(tmp_path / "uploaded").embed(CLOUDS), load_encoder(run).embed(CLOUDS))


CODE = """
from pathlib import Path
from torch import nn
from conclu_pyg import ENCODERS
Path(__file__).with_name("ran").touch()

@ENCODERS.register_module()
class Planted(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.out_channels = 4
        self.last = nn.Linear(3, 4)

    def forward(self, pos, batch, batch_size):
        x = self.last(pos)
        return x, x.new_zeros(batch_size, 4).index_add(0, batch, x)
"""


def test_weights_from_elsewhere_run_no_code(
    tmp_path: Path, tiny_config: dict[str, Any], forget_registered: None
) -> None:
    """Neither by the imports of the checkpoint, nor by a config.json that claims the caller's consent."""
    net = tmp_path / "net"
    net.mkdir()
    (net / "planted.py").write_text(CODE)
    tiny_config["model"]["encoder"] = {"name": "Planted"}
    tiny_config["pipeline"] |= {"run_dir": str(tmp_path / "run"), "epochs": 1}
    (tmp_path / "a.yaml").write_text(yaml.safe_dump({"imports": ["net/planted.py"], **tiny_config}))
    run = build_pipeline(load_config(tmp_path / "a.yaml")).run_train()
    checkpoint = Checkpoint.load(run / ENCODER_FILE)
    replace(checkpoint, config={**checkpoint.config, "imports": [str(net / "planted.py")]}).save(net / HUB_FILE)
    consent = {"allow_imports": True, "encoder": "x", "checkpoint": {"config": {}}, "run": "/etc/passwd"}
    (net / "config.json").write_text(json.dumps(consent))
    del ENCODERS._classes["Planted"]
    for name in [name for name in sys.modules if name.startswith("conclu_pyg_user_")]:
        del sys.modules[name]
    (net / "ran").unlink()
    for load in (HubEncoder.from_pretrained, load_encoder):
        with pytest.raises(WithheldImportsError):
            load(net)
    assert not (net / "ran").exists()
    assert HubEncoder.from_pretrained(net, allow_imports=True).embed(CLOUDS).shape == (3, 4)
    assert (net / "ran").exists()


def test_what_is_no_encoder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "config.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"there is no checkpoint|cannot be read"):
        HubEncoder.from_pretrained(tmp_path / "net")
    (tmp_path / "net" / HUB_FILE).write_bytes(b"no tensors")
    with pytest.raises(CheckpointError, match="is not a checkpoint of conclu_pyg"):
        HubEncoder.from_pretrained(tmp_path / "net")


@pytest.mark.parametrize("text", [b"{", b"[1]", b"[" * 100_000, b"\xff", b'{"encoder": 1}'])
def test_config_json_is_not_read(text: bytes, run: Path, tmp_path: Path) -> None:
    HubEncoder.from_run(run, licence="mit").save_pretrained(tmp_path / "net")
    (tmp_path / "net" / "config.json").write_bytes(text)
    assert HubEncoder.from_pretrained(tmp_path / "net").fingerprint == load_encoder(run).fingerprint


def test_an_encoder_of_a_folder_keeps_its_licence_and_results(run: Path, tmp_path: Path) -> None:
    HubEncoder.from_run(run, licence="cc-by-nc-4.0").save_pretrained(tmp_path / "net")
    HubEncoder.from_pretrained(tmp_path / "net").save_pretrained(tmp_path / "again")
    card = ModelCard.load(tmp_path / "again" / "README.md")
    assert card.data.license == "cc-by-nc-4.0"
    assert "accuracy 87.0 %" in card.text and "C selected there by 3-fold cross-validation" in card.text
    HubEncoder.from_pretrained(tmp_path / "net", licence="mit").save_pretrained(tmp_path / "other")
    assert ModelCard.load(tmp_path / "other" / "README.md").data.license == "mit"


@pytest.mark.parametrize(
    "text", [None, "no header", "---\n- 1\n---\n", "---\nlicense: [\n---\n", "---\nlicense: [mit]\n---\n"]
)
def test_without_a_licence_nothing_is_written(text: str | None, run: Path, tmp_path: Path) -> None:
    if text is not None:
        (run / "README.md").write_text(text)
    encoder = HubEncoder.from_run(run)
    for write in (lambda: encoder.save_pretrained(tmp_path / "copy"), lambda: encoder.push_to_hub("me/net")):
        with pytest.raises(CheckpointError, match="expected the licence of the weights"):
            write()
