"""Download of the archives, from a server on this machine."""

import hashlib
import http.server
import logging
import stat
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from helpers import raises

from conclu_pyg.datasets import download
from conclu_pyg.datasets.download import ARCHIVES, Archive, download_modelnet, unpack_meshes
from conclu_pyg.datasets.modelnet import ModelNet
from conclu_pyg.errors import DataError

MESH = "OFF\n4 4 0\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n3 0 1 2\n3 0 1 3\n3 0 2 3\n3 1 2 3\n"
MEMBERS = {
    "ModelNet40/": "",
    "ModelNet40/chair/train/chair_0001.off": MESH,
    "ModelNet40/chair/test/chair_0002.off": MESH,
    "ModelNet40/desk/train/desk_0001.off": MESH,
    "ModelNet40/README.txt": "no mesh",
    "__MACOSX/ModelNet40/chair/train/._chair_0001.off": "left by a Mac",
}


def pack(path: Path, members: dict[str, str] = MEMBERS) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, text in members.items():
            zipped.writestr(name, text)
    return path


class Handler(http.server.SimpleHTTPRequestHandler):
    broken = False

    def do_GET(self) -> None:
        if self.path.endswith("?redirect"):
            self.send_response(302)
            self.send_header("Location", self.path.removesuffix("?redirect"))
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *args: Any) -> None:
        """Keeps the test's output clean."""

    def send_header(self, key: str, value: str) -> None:
        longer = self.broken and key == "Content-Length"
        super().send_header(key, str(int(value) + 100) if longer else value)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that a local server serves as the source of the archives."""
    folder = tmp_path / "served"
    folder.mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder)) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{httpd.server_port}"
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        monkeypatch.setattr(download, "SCHEME", "http://127.0.0.1")
        monkeypatch.setattr(download, "ARCHIVES", {n: Archive(f"{url}/ModelNet{n}.zip") for n in (10, 40)})
        yield folder
        httpd.shutdown()


def test_fetches_unpacks_and_reads(server: Path, tmp_path: Path) -> None:
    pack(server / "ModelNet40.zip")
    folder = tmp_path / "data" / "modelnet40"
    arguments: dict[str, Any] = {"cache_dir": str(tmp_path / "cache"), "transform": [], "num_points": 64}
    dataset = ModelNet(str(folder), download=True, **arguments)
    assert dataset.get_split("train").pos.shape == (2, 64, 3) and dataset.label_to_names == {0: "chair", 1: "desk"}
    assert [path.name for path in folder.parent.iterdir()] == ["modelnet40"]
    found = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert found == ["chair/test/chair_0002.off", "chair/train/chair_0001.off", "desk/train/desk_0001.off"]
    (server / "ModelNet40.zip").unlink()
    ModelNet(str(folder), download=True, **arguments)  # is there already, so nothing is fetched


def test_the_archive_is_chosen_by_variant_or_name(server: Path, tmp_path: Path) -> None:
    pack(server / "ModelNet10.zip")
    (tmp_path / "modelnet10").mkdir()
    ModelNet(str(tmp_path / "modelnet10"), download=True, transform=[])
    with pytest.raises(DataError, match=r"ModelNet40\.zip cannot be downloaded \(404 Client Error: File not found"):
        ModelNet(str(tmp_path / "modelnet40"), download=True, transform=[])
    with raises(DataError, argument="variant", got=10):  # the small archive of the server has fewer than 10 classes
        ModelNet(str(tmp_path / "other"), download=True, variant=10, transform=[])


def test_without_a_connection_the_error_explains_manual_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(download, "SCHEME", "http://127.0.0.1")
    monkeypatch.setattr(download, "ARCHIVES", {40: Archive("http://127.0.0.1:9/ModelNet40.zip")})
    folder = tmp_path / "modelnet40"
    with pytest.raises(DataError) as caught:
        download_modelnet(40, folder)
    message = str(caught.value)
    assert message.startswith("http://127.0.0.1:9/ModelNet40.zip cannot be downloaded (")
    assert "Connection refused" in message
    assert f"{folder}/ModelNet40/chair/train/chair_0001.off" in message and "modelnet40_ply_hdf5_2048" in message
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_download_leaves_no_files(server: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack(server / "ModelNet40.zip")
    monkeypatch.setattr(Handler, "broken", True)
    with pytest.raises(DataError, match=r"cannot be downloaded \(.*IncompleteRead"):
        download_modelnet(40, tmp_path / "data" / "modelnet40")
    assert list((tmp_path / "data").iterdir()) == []


def test_a_download_without_end_is_cut_short(server: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack(server / "ModelNet40.zip")
    monkeypatch.setattr(download, "MAX_ARCHIVE_BYTES", 100)
    monkeypatch.setattr(download, "BLOCK", 100)
    with pytest.raises(DataError, match=r"cannot be downloaded \(more than 100 bytes\)"):
        download_modelnet(40, tmp_path / "modelnet40")


def test_existing_files_are_never_replaced(server: Path, tmp_path: Path) -> None:
    pack(server / "ModelNet40.zip")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    with raises(DataError, file=tmp_path / "mine"):
        ModelNet(str(tmp_path / "mine"), download=True, transform=[])
    with pytest.raises(DataError, match=r"cannot be stored as .*mine: Directory not empty"):
        download_modelnet(40, tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "years of work"


def test_a_checksum_or_size_that_differs_is_an_error(
    server: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    content = pack(server / "ModelNet40.zip").read_bytes()
    url, right = download.ARCHIVES[40].url, hashlib.sha256(content).hexdigest()
    for archive, message in {
        Archive(url, sha256="0" * 64): r"cannot be downloaded \(SHA256 hash of downloaded file .* does not match",
        Archive(url, size=len(content) + 1): rf"expected {len(content) + 1:,} bytes, got {len(content):,}; try again",
    }.items():
        monkeypatch.setattr(download, "ARCHIVES", {40: archive})
        with pytest.raises(DataError, match=message):
            download_modelnet(40, tmp_path / "data" / "modelnet40")
        assert list((tmp_path / "data").iterdir()) == []
    with caplog.at_level(logging.INFO, "conclu_pyg"):
        monkeypatch.setattr(download, "ARCHIVES", {40: Archive(url, size=len(content))})
        download_modelnet(40, tmp_path / "data" / "unverified")
        assert f"could not be verified; SHA-256: {right}" in caplog.text
        caplog.clear()
        monkeypatch.setattr(download, "ARCHIVES", {40: Archive(url, right, len(content))})
        download_modelnet(40, tmp_path / "data" / "verified")
        assert not caplog.records


def test_plain_http_is_rejected(server: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(archive.url.startswith("https://") for archive in ARCHIVES.values())
    monkeypatch.setattr(download, "SCHEME", "https://")
    with pytest.raises(DataError, match="expected an https address"):
        download_modelnet(40, tmp_path / "modelnet40")
    monkeypatch.setattr(download, "SCHEME", download.ARCHIVES[40].url + "?")  # the address that redirects, alone
    pack(server / "ModelNet40.zip")
    monkeypatch.setattr(download, "ARCHIVES", {40: Archive(download.ARCHIVES[40].url + "?redirect")})
    with pytest.raises(DataError, match=r"redirected to .*ModelNet40.zip, which is not https"):
        download_modelnet(40, tmp_path / "modelnet40")


@pytest.mark.parametrize(
    "name", ["../chair/train/chair_0001.off", "/chair/train/a.off", "a\\..\\chair/train/a.off", "C:/chair/train/a.off"]
)
def test_an_archive_cannot_write_elsewhere(tmp_path: Path, name: str) -> None:
    archive = pack(tmp_path / "a.zip", MEMBERS | {name: MESH})
    with raises(DataError, file="a.zip") as error:
        unpack_meshes(archive, tmp_path / "to" / "here", "a.zip")
    assert str(error.value) == f"a.zip contains {name!r}, a path outside of its folder; do not trust it."
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_links_are_passed_over(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.zip")
    with zipfile.ZipFile(archive, "a") as zipped:
        link = zipfile.ZipInfo("ModelNet40/chair/train/chair_0009.off")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        zipped.writestr(link, "/etc/passwd")
    unpack_meshes(archive, tmp_path / "out", "a.zip")
    assert not (tmp_path / "out" / "chair" / "train" / "chair_0009.off").exists()


@pytest.mark.parametrize(("bound", "value"), [("MAX_MESH_BYTES", 20), ("MAX_TOTAL_BYTES", 100), ("MAX_MEMBERS", 2)])
def test_an_archive_cannot_fill_the_disk(tmp_path: Path, monkeypatch: Any, bound: str, value: int) -> None:
    monkeypatch.setattr(download, bound, value)
    with pytest.raises(DataError, match=r"would unpack to 3 meshes of .* bytes, too much for ModelNet"):
        unpack_meshes(pack(tmp_path / "a.zip"), tmp_path / "out", "a.zip")


def test_damaged_archives_are_refused(tmp_path: Path) -> None:
    whole = pack(tmp_path / "a.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(whole[:-60])
    with pytest.raises(DataError, match=r"a.zip is not a complete ZIP archive of meshes \(.*\); download it again"):
        unpack_meshes(tmp_path / "a.zip", tmp_path / "out", "a.zip")
    start = whole.index(b"chair_0001.off") + 16
    (tmp_path / "a.zip").write_bytes(whole[:start] + b"\xff" * 9 + whole[start + 9 :])
    with raises(DataError, file="a.zip"):
        unpack_meshes(tmp_path / "a.zip", tmp_path / "out", "a.zip")
    with raises(DataError, file="b.zip"):
        unpack_meshes(pack(tmp_path / "b.zip", {"cat.png": ""}), tmp_path / "out", "b.zip")
