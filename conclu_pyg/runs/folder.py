"""The folder of a run: config, metrics, curves, checkpoints, results."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conclu_pyg.config_files import dump_config
from conclu_pyg.errors import CheckpointError, ConfigError
from conclu_pyg.files import atomic_write, remove_abandoned
from conclu_pyg.imports import relative_paths
from conclu_pyg.paths import with_cwd_or_suggestion
from conclu_pyg.runs.hub_files import HUB_FILE, PREFIX, download, parse_reference
from conclu_pyg.runs.shipped_weights import shipped_weights
from conclu_pyg.text import command

CONFIG_NAME = "config.yaml"  # the resolved config of a run
LAST = Path("checkpoints", "last.safetensors")  # within a run folder
BEST = Path("checkpoints", "best.safetensors")  # of the epoch that was best on validation clouds, if there are any
ENCODER_FILE = Path("checkpoints", "encoder.safetensors")  # the encoder alone of the best or else the last of them
CURVES_NAME = "curves.png"
REPORT_NAME = "report.html"
STAGES_NAME = "stages.txt"  # of a run in stages: the names of its stages, which are the folders in it, in order


def make_run_folder(config: Mapping[str, Any], log_dir: str, run_dir: str | None, prefix: str = "") -> Path:
    """Creates the folder of a run and writes the resolved config into it.

    Args:
        config: the resolved config.
        log_dir: the parent of the run folders, which are named ``<prefix>_<time>``.
        run_dir: the run folder itself (default: a new one in ``log_dir``).
        prefix: of the name (default: that of ``config``, see :func:`name_prefix`).

    Raises:
        ConfigError: ``run_dir`` holds files already, or the folder cannot be made.
    """
    try:
        if run_dir is not None:
            folder = Path(run_dir)
            folder.mkdir(parents=True, exist_ok=True)
            check_run_dir(run_dir)
        else:
            stem = f"{prefix or name_prefix(config)}_{time.strftime('%Y%m%d-%H%M%S')}"
            folder = _unused(Path(log_dir), stem)
        write_config(folder, config)
    except OSError as error:
        key = "log_dir" if run_dir is None else "run_dir"
        raise ConfigError(
            f"the run's folder {run_dir or log_dir} cannot be made: {error.strerror or error}; give another by "
            f"pipeline.{key}=...",
            argument=key,
            got=log_dir if run_dir is None else run_dir,
        ) from error
    return folder


def check_run_dir(run_dir: str | None) -> None:
    """Refuses a folder that cannot become that of a new run. Called before the clouds are read, which may take long.

    Args:
        run_dir: the folder, which need not exist (default: one that is made later).

    Raises:
        ConfigError: it holds files already.
    """
    if run_dir is None or not Path(run_dir).is_dir():
        return
    remove_abandoned(Path(run_dir))
    if any(Path(run_dir).iterdir()):
        raise ConfigError(
            f"pipeline.run_dir={run_dir} holds files already, and a run never overwrites another; give a new folder, "
            "or remove that one.",
            argument="run_dir",
            got=run_dir,
        )


def write_config(folder: Path, config: Mapping[str, Any]) -> None:
    """Writes the resolved config of a run into its folder, from which it can be read wherever the folder is."""
    if "imports" in config:
        config = {**config, "imports": relative_paths(config["imports"], folder)}
    with atomic_write(folder / CONFIG_NAME) as file:
        file.write(dump_config(config).encode())


def name_prefix(config: Mapping[str, Any]) -> str:
    """Returns ``<method>_<encoder>_<dataset>`` in lower case, the start of a run folder's name."""
    encoder = (config["model"].get("encoder") or {}).get("name", "")
    return "_".join(part.lower() for part in (config["model"]["name"], encoder, config["dataset"]["name"]) if part)


def find_checkpoint(path: str | Path) -> Path:
    """Returns the checkpoint of ``path``: the file itself, or of a run folder the best on its validation clouds if
    there is one, or else the last, or the encoder of this name that comes with the package, or, for
    ``hf:owner/name@revision``, the file that is downloaded from the Hugging Face Hub.

    Raises:
        CheckpointError: there is none; the message suggests the most similar path.
    """
    if str(path).startswith(PREFIX):
        return download(parse_reference(str(path)))
    path = Path(path)
    if (path / HUB_FILE).is_file() and not (path / LAST).exists():
        return path / HUB_FILE
    if (path / STAGES_NAME).is_file():
        path /= last_stage(path)
    if path.is_dir():
        if not (path / LAST).is_file():
            raise CheckpointError(
                f"{path} is a folder without {LAST}; give a run folder of `{command('train')}`, or a checkpoint file.",
                file=path,
            )
        return path / BEST if (path / BEST).is_file() else path / LAST
    if path.suffix in (".yaml", ".yml") and path.is_file():
        raise CheckpointError(
            f"{path} is a config, not a run; train it with `{command('train')} {path}`, and give its run folder.",
            file=path,
        )
    if path.is_file():
        return path
    shipped = shipped_weights()
    if str(path) in shipped:
        return shipped[str(path)]
    raise CheckpointError(
        f"there is no checkpoint or run folder {with_cwd_or_suggestion(path, [*_known_near(path), *shipped])}",
        file=path,
    )


def last_stage(folder: Path) -> str:
    """Return the name of the last stage that has a checkpoint.

    Raises:
        CheckpointError: the list of stages is damaged, or no stage has a checkpoint.
    """
    names = (folder / STAGES_NAME).read_text(encoding="utf-8").split()
    if not all(re.fullmatch(r"\w[\w-]*", name) for name in names):
        raise CheckpointError(f"{folder / STAGES_NAME} is damaged: it must hold a name of a stage in each line.")
    saved = [name for name in names if (folder / name / LAST).is_file()]
    if not saved:
        raise CheckpointError(f"no stage of {folder} has a checkpoint; train it again.")
    return saved[-1]


def folder_of(checkpoint: Path) -> Path:
    """Returns the run folder of a checkpoint, or the folder of the file if it was moved elsewhere."""
    return checkpoint.parent.parent if checkpoint.parent.name == LAST.parent.name else checkpoint.parent


def _known_near(path: Path) -> list[str]:
    """Returns the checkpoints in the last folder of ``path`` that exists, and run folders up to two levels below."""
    there = next(parent for parent in path.parents if parent.is_dir())
    runs = [found.parents[1] for pattern in ("*", "*/*") for found in there.glob(f"{pattern}/{LAST.as_posix()}")]
    return sorted(map(str, (*runs, *there.glob("*.safetensors"), *there.glob(LAST.as_posix()))))


def _unused(parent: Path, stem: str) -> Path:
    parent.mkdir(parents=True, exist_ok=True)
    for suffix in ("", *(f"-{i}" for i in range(2, 1000))):  # runs that start in the same second
        try:
            (parent / (stem + suffix)).mkdir()
        except FileExistsError:
            continue
        return parent / (stem + suffix)
    raise ConfigError(
        f"{parent} holds 1,000 runs named {stem}; give another folder by pipeline.log_dir=...", file=parent
    )
