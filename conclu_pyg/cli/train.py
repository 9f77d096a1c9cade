"""Train a model as a config describes it."""

from __future__ import annotations

import argparse
from pathlib import Path

from conclu_pyg.cli.loading_notice import announce_loading
from conclu_pyg.cli.terminal import console
from conclu_pyg.cli.trust import add_allow_imports
from conclu_pyg.config import resolve
from conclu_pyg.config_files import read_config
from conclu_pyg.errors import ConfigError
from conclu_pyg.paths import with_cwd
from conclu_pyg.runs.folder import CONFIG_NAME
from conclu_pyg.shipped_configs import find_config

RESUME = "resume="  # the override that does not belong to the config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "config",
        help="a YAML file, or the name of a config of the package, such as conclu_pointnet; with --resume, the folder "
        "of the run instead",
    )
    parser.add_argument(
        "overrides",
        nargs="*",
        default=[],
        metavar="section.key=value",
        help="changes a value of the config, for example pipeline.epochs=10; dataset=FOLDER trains on the clouds in a "
        "folder, with the names of its folders as classes or without classes; resume=auto is --resume, and resume=RUN "
        "resumes the run in that folder",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="train on from the newest checkpoint of the run: that in the folder, in pipeline.run_dir, or the newest "
        "run of the same config in pipeline.log_dir; a new run if there is none",
    )
    add_allow_imports(parser, "the config of a run folder names (a config file of your own always imports its modules)")


def run(options: argparse.Namespace) -> None:
    path = find_config(options.config)
    overrides, resume = split_resume(options.overrides, options.resume)
    of_run = (path / CONFIG_NAME).is_file()
    if resume is not None and path.suffix not in (".yaml", ".yml") and not of_run:
        raise ConfigError(
            f"there is no run in {with_cwd(path)}: expected {CONFIG_NAME} in that folder; give the folder of a run, or "
            "a config to start one.",
            file=path,
        )
    if of_run:
        if resume != "auto":
            raise ConfigError(f"{path} is the folder of a run; give --resume to train on.")
        path, resume = path / CONFIG_NAME, str(path)
    config = read_config(path)  # fails before PyTorch is imported, which the check takes
    announce_loading()
    config = resolve(config, overrides, str(path), path.parent, allow_imports=options.allow_imports or not of_run)

    from conclu_pyg.overrides import overrides_in_errors
    from conclu_pyg.pipelines.stages import train
    from conclu_pyg.runs.rebuild import refuse_pickles

    if of_run and not options.allow_imports:
        for section in (config, *(config.get("stages") or {}).values()):
            if "name" in section.get("dataset", {}):
                refuse_pickles(section["dataset"])

    with overrides_in_errors(overrides):
        run = train(config, str(path), resume)
    console.print(f"trained: {run}")


def split_resume(overrides: list[str], auto: bool) -> tuple[list[str], str | None]:
    """Returns the overrides of the config, and the run to resume: ``auto``, a folder, or none."""
    given = [word.removeprefix(RESUME) for word in overrides if word.startswith(RESUME)]
    runs = list(dict.fromkeys([*given, *(["auto"] if auto else [])]))
    if len(runs) > 1 or "" in runs:
        raise ConfigError(
            f"expected one run to resume, got {', '.join(map(repr, runs))}; give resume=auto or resume=RUN."
        )
    folder = runs[0] if runs else None
    if folder not in (None, "auto") and not Path(folder, CONFIG_NAME).is_file():
        raise ConfigError(
            f"resume must be auto or the folder of a run, got {folder!r}, which has no {CONFIG_NAME}.",
            argument="resume",
            got=folder,
        )
    return [word for word in overrides if not word.startswith(RESUME)], folder
