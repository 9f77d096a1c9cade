import re
import time
from pathlib import Path
from typing import Any

import pytest
from helpers import raises

from conclu_pyg.config import load_config
from conclu_pyg.errors import CheckpointError, ConfigError
from conclu_pyg.runs.folder import BEST, LAST, find_checkpoint, folder_of, make_run_folder


def test_a_folder_is_named_after_the_run_and_holds_its_config(tmp_path: Path, tiny_config: dict[str, Any]) -> None:
    folder = make_run_folder(tiny_config, str(tmp_path / "deep" / "runs"), None)
    assert folder.parent == tmp_path / "deep" / "runs"
    assert folder.name.startswith("conclu_pointnet_parametricshapes_2")
    assert load_config(folder / "config.yaml") == tiny_config


def test_runs_of_the_same_second_have_folders_of_their_own(
    tmp_path: Path, tiny_config: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "strftime", lambda _: "20260101-000000")
    stem = "conclu_pointnet_parametricshapes_20260101-000000"
    names = [make_run_folder(tiny_config, str(tmp_path), None).name for _ in range(3)]
    assert names == [stem, f"{stem}-2", f"{stem}-3"]


@pytest.mark.parametrize("exists", [False, True])
def test_a_given_folder_is_used_if_it_is_new_or_empty(
    tmp_path: Path, tiny_config: dict[str, Any], exists: bool
) -> None:
    if exists:
        (tmp_path / "mine").mkdir()
    assert make_run_folder(tiny_config, "unused", str(tmp_path / "mine")) == tmp_path / "mine"
    with raises(ConfigError, argument="run_dir", got=tmp_path / "mine") as error:
        make_run_folder(tiny_config, "unused", str(tmp_path / "mine"))
    assert "mine holds files already, and a run never overwrites another; give a new folder" in str(error.value)


@pytest.mark.parametrize("key", ["log_dir", "run_dir"])
def test_a_folder_that_cannot_be_made_is_refused_with_the_key_to_change(
    tmp_path: Path, tiny_config: dict[str, Any], key: str
) -> None:
    (tmp_path / "file").touch()
    folders = {"log_dir": "unused", "run_dir": None, key: str(tmp_path / "file" / "below")}
    with raises(ConfigError, argument=key, got=tmp_path / "file" / "below") as error:
        make_run_folder(tiny_config, **folders)  # type: ignore[arg-type]
    message = (
        rf"the run's folder .*file.* cannot be made: (File exists|Not a directory); give another by pipeline.{key}="
    )
    assert re.match(message, str(error.value))


def test_a_method_without_a_named_encoder_has_a_folder_too(tmp_path: Path, tiny_config: dict[str, Any]) -> None:
    tiny_config["model"] = {"name": "Mine", "encoder": None}
    assert make_run_folder(tiny_config, str(tmp_path), None).name.startswith("mine_parametricshapes_")


def make_run(folder: Path) -> Path:
    (folder / LAST).parent.mkdir(parents=True)
    (folder / LAST).touch()
    return folder


def test_a_run_folder_means_its_last_checkpoint_and_a_checkpoint_itself(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    assert find_checkpoint(run) == find_checkpoint(str(run / LAST)) == run / LAST


def test_a_checkpoint_belongs_to_its_run_or_where_it_was_moved_to_its_folder(tmp_path: Path) -> None:
    assert folder_of(tmp_path / LAST) == folder_of(tmp_path / "my_encoder.safetensors") == tmp_path


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("runs/strat", "runs/start"),
        ("run/start", "runs/start"),
        ("start", "runs/start"),
        ("runs/start/checkpoints/lst.safetensors", "runs/start/checkpoints/last.safetensors"),
        ("runs/start/chekpoints/last.safetensors", "runs/start/checkpoints/last.safetensors"),
        ("runs/deep/othr", "runs/deep/other"),
    ],
)
def test_a_misspelt_run_or_checkpoint_gets_the_nearest(
    tmp_path: Path, typed: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make_run(Path("runs/start"))
    make_run(Path("runs/deep/other"))
    for place in (Path(), tmp_path):
        with pytest.raises(CheckpointError) as error:
            find_checkpoint(place / typed)
        assert (
            str(error.value) == f"there is no checkpoint or run folder {place / typed}; did you mean '{place / meant}'?"
        )


def test_only_runs_are_suggested(tmp_path: Path) -> None:
    (tmp_path / "strat").mkdir()
    with raises(CheckpointError, file=tmp_path / "start"):
        find_checkpoint(tmp_path / "start")


def test_a_run_folder_means_its_best_checkpoint_where_it_has_one(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    assert find_checkpoint(run) == run / LAST
    (run / BEST).touch()
    assert find_checkpoint(run) == run / BEST and find_checkpoint(run / LAST) == run / LAST
    assert folder_of(run / BEST) == run
    (run / LAST).unlink()
    with raises(CheckpointError, file=run):
        find_checkpoint(run)
