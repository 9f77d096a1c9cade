"""Selection of the run to resume, and the comparison of its config."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from conclu_pyg.config_files import read_config
from conclu_pyg.errors import ConcluError, ConfigError, Issue
from conclu_pyg.runs.folder import CONFIG_NAME

AUTO = "auto"
# Options of a pipeline that may differ in a resumed run; fewer epochs than are finished are refused.
FREE = (
    *("run_dir", "log_dir", "epochs", "num_workers", "device", "save_minutes", "keep_last", "keep_every"),
    *("on_nan", "max_skipped", "devices", "num_nodes", "strategy", "report", "loggers"),
)


def find_run(config: Mapping[str, Any]) -> Path | None:
    """Return the run folder that ``resume=auto`` means: ``pipeline.run_dir``, or the newest folder in
    ``pipeline.log_dir`` whose config allows to resume it; ``None`` if there is none yet.

    Args:
        config: the resolved config of the training.
    """
    first: Mapping[str, Any] = next(iter(config["stages"].values()), {}) if "stages" in config else {}
    pipeline = {**config.get("pipeline", {}), **first.get("pipeline", {})}
    if pipeline.get("run_dir") is not None:
        folder = Path(pipeline["run_dir"])
        return folder if (folder / CONFIG_NAME).is_file() else None
    parent = Path(pipeline.get("log_dir", "runs"))
    runs = sorted(parent.glob(f"*/{CONFIG_NAME}"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in runs:
        try:
            if not any(differences(read_config(path), config)):
                return path.parent
        except ConcluError:  # the folder of something else
            continue
    return None


def check_config(before: Mapping[str, Any], config: Mapping[str, Any], folder: Path, finished: int = 0) -> None:
    """Refuse to resume a run with another config.

    The options in :data:`FREE` may differ, such as a higher ``pipeline.epochs``.

    Args:
        before: the config of the run.
        config: that of the training which resumes it.
        folder: of the run.
        finished: epochs that are finished (default: 0).

    Raises:
        ConfigError: with all differences.
    """
    issues = [
        Issue(f"{_assigned(path, new)}, and {_shown(old)} in the run", path=path, got=new, expected=_shown(old))
        for path, old, new in differences(before, config)
    ]
    epochs = config.get("pipeline", {}).get("epochs")
    if epochs is not None and epochs < finished:
        message = f"pipeline.epochs is {epochs}, and {finished} are finished in the run"
        issues.append(Issue(message, path="pipeline.epochs", got=epochs, expected=f">= {finished}"))
    if issues:
        listed = "; ".join(issue.message for issue in issues)
        raise ConfigError(
            issues[0]._replace(
                message=f"{folder} cannot be resumed with another config: {listed}. Give the same values, or a new "
                "pipeline.run_dir for a new run."
            )
        )


def differences(before: Any, config: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield the path, the old and the new value of each difference that does not allow to resume a run."""
    if isinstance(before, Mapping) and isinstance(config, Mapping):
        for key in dict.fromkeys((*before, *config)):
            old, new = before.get(key), config.get(key)
            inner = f"{path}.{key}" if path else str(key)
            free = key in FREE and path.rpartition(".")[2] == "pipeline"
            # The checkpoint of an encoder only initialises the weights, which come from that of the run.
            loaded = key == "checkpoint" and None not in (old, new)
            if not free and not loaded:
                yield from differences(old, new, inner)
    elif isinstance(before, list) and isinstance(config, list) and len(before) == len(config):
        for i, (old, new) in enumerate(zip(before, config, strict=True)):
            yield from differences(old, new, f"{path}[{i}]")
    elif before != config:
        yield path, before, config


def _assigned(path: str, value: Any) -> str:
    return f"{path} is not set" if value is None else f"{path}={_shown(value)}"


def _shown(value: Any) -> str:
    return "not set" if value is None else f"{value!r:.80}"
