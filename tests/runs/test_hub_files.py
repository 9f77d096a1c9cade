"""Files of encoders on the hub: references, and downloads from a hub of this test."""

import itertools
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from conclu_pyg import load_encoder
from conclu_pyg.errors import CheckpointError
from conclu_pyg.runs import hub_files
from conclu_pyg.runs.folder import ENCODER_FILE, find_checkpoint
from conclu_pyg.runs.hub_files import HUB_FILE, HubReference, parse_reference

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LOAD = """
import json, sys
from conclu_pyg import load_encoder
from conclu_pyg.errors import ConcluError
for name in sys.argv[1:]:
    try:
        encoder = load_encoder(name)
        print(json.dumps([encoder.fingerprint, encoder.source]))
    except ConcluError as error:
        print(json.dumps([type(error).__name__, str(error)]))
"""


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("hf:me/my-net", HubReference("me/my-net")),
        ("hf:me/my_net.1@v1.0", HubReference("me/my_net.1", "v1.0")),
        ("hf:me/net@refs/pr/3", HubReference("me/net", "refs/pr/3")),
    ],
)
def test_references_are_read(text: str, reference: HubReference) -> None:
    assert parse_reference(text) == reference


@pytest.mark.parametrize("text", ["hf:", "hf:net", "hf:a/b/c", "hf:a/b@", "hf:../x y", "hf:a/b?x=1", "hf:a/b\n"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(CheckpointError, match="expected hf:owner/name or hf:owner/name@revision, got 'hf:"):
        find_checkpoint(text)


@pytest.fixture
def hub(tiny_run: Path) -> Iterator[str]:
    """The address of a hub on this machine: me/net has an encoder, me/other a file of another program, me/large a file
    that says that it is larger than a checkpoint may be, me/broken half of an encoder, me/dropped an encoder that the
    server stops to send, and me/moving one that is of another commit after each answer."""
    whole = (tiny_run / ENCODER_FILE).read_bytes()
    header = json.dumps({"__metadata__": {"format": "pt"}}).encode()
    files = {
        "me/net": whole,
        "me/other": len(header).to_bytes(8, "little") + header,
        "me/large": whole,
        "me/broken": whole[: len(whole) // 2],
        "me/dropped": whole,
        "me/moving": whole,
    }

    answers = itertools.count()

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(with_body=False)

        def do_GET(self) -> None:
            self.answer(with_body=True)

        def answer(self, with_body: bool) -> None:
            repository, _, rest = self.path[1:].partition("/resolve/")
            revision, _, name = rest.partition("/")
            if repository not in files or name != HUB_FILE or revision not in ("main", "v1", COMMIT):
                code = "RepoNotFound" if repository not in files else "RevisionNotFound"
                self.send_response(404)
                self.send_header("X-Error-Code", code)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            body = files[repository]
            self.send_response(200)
            moved = repository == "me/moving" and next(answers) > 0
            self.send_header("X-Repo-Commit", COMMIT[::-1] if moved else COMMIT)
            self.send_header("ETag", f'"{repository.replace("/", "-")}"')
            self.send_header("Content-Length", str(10**12 if repository == "me/large" else len(body)))
            self.end_headers()
            if with_body:
                self.wfile.write(body[:100] if repository == "me/dropped" else body)
                self.close_connection = True

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def load(home: Path, endpoint: str, *names: str, **settings: str) -> list[list[str]]:
    environment = {**os.environ, "HF_ENDPOINT": endpoint, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", **settings}
    command = [sys.executable, "-c", LOAD, *names]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_an_encoder_of_the_hub_is_that_of_its_run_and_stays_in_the_cache(
    hub: str, tiny_run: Path, tmp_path: Path
) -> None:
    names = ["hf:me/net", "hf:me/net@v1", "hf:me/gone", "hf:me/net@v2", "hf:me/other", "hf:me/large", "hf:me/broken"]
    net, tagged, gone, revision, other, large, broken = load(tmp_path, hub, *names)
    fingerprint = load_encoder(tiny_run / ENCODER_FILE).fingerprint
    assert net == [fingerprint, "hf:me/net"] and tagged == [fingerprint, "hf:me/net@v1"]
    assert gone[0] == "CheckpointError" and gone[1].startswith("hf:me/gone: its model.safetensors cannot be fetched (")
    assert revision[1].startswith("hf:me/net@v2: its model.safetensors cannot be fetched (RevisionNotFoundError")
    assert "is not a checkpoint of conclu_pyg: it has no metadata" in other[1]
    assert "has 1,000,000,000,000 bytes, more than" in large[1]
    assert "is not a checkpoint of conclu_pyg: it is not a whole safetensors file" in broken[1]
    assert not list(tmp_path.rglob("me-large"))  # nothing of it was downloaded

    net, gone = load(tmp_path, hub, "hf:me/net", "hf:me/gone", HF_HUB_OFFLINE="1")
    assert net == [fingerprint, "hf:me/net"]
    assert gone[1].startswith("hf:me/gone: its model.safetensors cannot be fetched (LocalEntryNotFoundError: ")
    assert gone[1].endswith(
        "check the name and the connection, run `hf auth login` for a private repository, or give the folder of a copy."
    )


def test_a_dropped_connection_or_a_new_commit_is_an_error_with_a_remedy(hub: str, tmp_path: Path) -> None:
    dropped, moving = load(tmp_path, hub, "hf:me/dropped", "hf:me/moving")
    assert dropped[0] == "CheckpointError"
    assert dropped[1].startswith("hf:me/dropped: its model.safetensors cannot be fetched (")
    assert moving == ["CheckpointError", "hf:me/moving: it changed during the download; load it again."]


def test_without_the_package_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(CheckpointError, match=r"hf:me/net: huggingface_hub is not installed; run `pip install 'conclu"):
        hub_files.download(HubReference("me/net"))


def test_a_folder_of_the_hub_is_a_checkpoint_and_a_run_stays_a_run(tiny_run: Path, tmp_path: Path) -> None:
    shutil.copy(tiny_run / ENCODER_FILE, tmp_path / HUB_FILE)
    assert find_checkpoint(tmp_path) == tmp_path / HUB_FILE
    run = Path(shutil.copytree(tiny_run, tmp_path / "run"))
    shutil.copy(tiny_run / ENCODER_FILE, run / HUB_FILE)
    assert find_checkpoint(run).parent.name == "checkpoints"
