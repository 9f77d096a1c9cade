"""Checkpoints and results for publication: without paths, addresses and accounts of the machine of the training."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from typing import Any

from conclu_pyg.config_files import SECTIONS
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.provenance import EncoderOrigin
from conclu_pyg.runs.records import Record

PRIVATE = ("run_dir", "log_dir", "loggers")  # of the section `pipeline`; loggers have addresses of servers
HIDDEN = "..."
# The beginning of a path that is not relative, at the start of a text or after a delimiter; or an account in a URL.
PATH = re.compile(
    r"(?:^|(?<=[\s'\"`=:,;@(\[{<>|]))(?:file:|~[\w.-]*(?:[\\/]|$)|[A-Za-z]:[\\/]|\\|/(?!/))|(?:^|(?<=\s))//"
    r"|:///|\w://[^/\s]*@",
    re.IGNORECASE,
)


def public_checkpoint(checkpoint: Checkpoint) -> Checkpoint:
    """Return a checkpoint with the known sections of its config alone, without run folder and loggers, and with the
    last part of each path."""
    config: dict[str, Any] = {
        key: public_values(value) for key, value in checkpoint.config.items() if key in ("imports", *SECTIONS)
    }
    pipeline = {key: value for key, value in (config.get("pipeline") or {}).items() if key not in PRIVATE}
    origin = checkpoint.pretraining
    return replace(
        checkpoint,
        config={**config, "pipeline": pipeline},
        command=public_command(checkpoint.command),
        transform=public_values(checkpoint.transform),
        pretraining=None if origin is None else _public_origin(origin),
    )


def public_record(record: Record) -> Record:
    """Return a result with commands, paths and details as those of :func:`public_checkpoint`."""
    origin, training = record.pretraining, record.training
    return replace(
        record,
        command=public_command(record.command),
        details=public_values(record.details),
        pretraining=None if origin is None else _public_origin(origin),
        training=None if training is None else replace(training, command=public_command(training.command)),
    )


def _public_origin(origin: EncoderOrigin) -> EncoderOrigin:
    before = None if origin.before is None else _public_origin(origin.before)
    return replace(origin, source=public_text(origin.source), command=public_command(origin.command), before=before)


def public_values(values: Any) -> Any:
    """Return plain values with :func:`public_text` in place of each text, keys included."""
    if isinstance(values, dict):
        return {public_values(key): public_values(value) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return type(values)(map(public_values, values))
    return public_text(values) if isinstance(values, str) else values


def public_text(text: str) -> str:
    """Return the last part of a path that is not relative, ``...`` for a text that holds one, and any other text as it
    is."""
    found = PATH.search(text)
    if found is None:
        return text
    name = re.split(r"[\\/]+", text.rstrip("\\/"))[-1]
    return name if found.start() == 0 and name and PATH.search(name) is None and ":" not in name else HIDDEN


def public_command(command: str) -> str:
    """Return a command line with :func:`public_text` in place of each word and of each value of ``key=value``, without
    run folder and loggers; empty if its quotes do not match."""
    words = shlex.shlex(command, posix=True)
    words.whitespace_split, words.commenters, words.escape = True, "", ""  # a path of Windows has backslashes
    try:
        return shlex.join(shown for word in words if (shown := _public_word(word)))
    except ValueError:
        return ""


def _public_word(word: str) -> str:
    key, sign, value = word.partition("=")
    if sign and re.fullmatch(r"[\w.\[\]-]+", key):
        return "" if re.match(rf"pipeline\.({'|'.join(PRIVATE)})\b", key) else f"{key}={public_text(value)}"
    if word.startswith("-") and re.search(r"[\\/]", word):  # -o/home/me/file
        return HIDDEN
    return public_text(word)
