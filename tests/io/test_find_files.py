"""Files of clouds in folders; tests/inference/test_inputs.py has those that are skipped."""

from pathlib import Path

import pytest

from conclu_pyg.io.find_files import find_files, missing_path


def test_files_are_in_the_order_of_their_folders(tmp_path: Path) -> None:
    names = ["B.npy", "a b/2.ply", "a/1.PLY", "a/c/0.txt", "a/c.xyz", "a-b/3.ply", "z.npy"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    paths = [path for path in sorted(tmp_path.rglob("*")) if path.is_file()]
    found = find_files(tmp_path)
    assert [tmp_path / name for name in found.names] == paths and found.skipped == ""


def test_links_to_files_are_followed_and_links_to_folders_are_not(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "1.npy").touch()
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "link.npy").symlink_to(tmp_path / "real" / "1.npy")
    (tmp_path / "scans" / "folder").symlink_to(tmp_path / "real")
    (tmp_path / "scans" / "folder.npy").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "scans")
    for name in ("scans", "linked"):
        assert find_files(tmp_path / name) == (["link.npy"], "1 linked folder")


def test_a_link_in_a_circle_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "1.npy").touch()
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    assert find_files(tmp_path) == (["1.npy"], "1 broken link")


def test_a_folder_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        find_files(tmp_path / "nowhere")


def test_a_missing_path_gets_a_suggestion(tmp_path: Path) -> None:
    (tmp_path / "armchair.ply").touch()
    assert missing_path(tmp_path / "armchiar.ply").endswith("armchiar.ply; did you mean 'armchair.ply'?")
    assert "(the shell did not expand this pattern)" in missing_path(tmp_path / "*.npy")
