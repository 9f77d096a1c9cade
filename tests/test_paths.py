"""Paths in errors: a relative one with the working directory, unless there is a similar one."""

from pathlib import Path

import pytest

from conclu_pyg.config import load_config
from conclu_pyg.errors import CheckpointError, ConfigError
from conclu_pyg.paths import with_cwd, with_cwd_or_suggestion
from conclu_pyg.runs.folder import find_checkpoint


@pytest.fixture(autouse=True)
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path.cwd()


def test_a_relative_path_is_shown_with_the_working_folder(working_folder: Path) -> None:
    assert with_cwd(Path("data/x")) == f"data/x (in the working directory {working_folder})"
    assert with_cwd(working_folder / "x") == str(working_folder / "x")


def test_the_closest_path_is_suggested(working_folder: Path) -> None:
    assert "did you mean" not in with_cwd_or_suggestion(Path("runs/nope"), ["runs/first", "runs/int"])
    assert with_cwd_or_suggestion(Path("runs/strat"), ["runs/start"]) == "runs/strat; did you mean 'runs/start'?"
    assert with_cwd_or_suggestion(Path("a"), ["runs/start"]) == f"a (in the working directory {working_folder})."


def test_errors_of_missing_configs_bases_and_runs_name_the_searched_folder(working_folder: Path) -> None:
    where = f"(in the working directory {working_folder})."
    with pytest.raises(ConfigError) as config:
        load_config("nowhere.yaml")
    assert str(config.value) == f"there is no config file nowhere.yaml {where}"
    with pytest.raises(CheckpointError) as run:
        find_checkpoint("runs/nowhere")
    assert str(run.value) == f"there is no checkpoint or run folder runs/nowhere {where}"
    Path("derived.yaml").write_text("_base_: gone.yaml")
    with pytest.raises(ConfigError) as base:
        load_config("derived.yaml")
    assert str(base.value).startswith(f"derived.yaml: there is no '_base_' gone.yaml {where.rstrip('.')}; give a file")
