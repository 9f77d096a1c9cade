"""Refusal of options without effect."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from conclu_pyg.errors import ConfigError

NOT_GIVEN = (None, False, "auto")  # values of options that were left out, or change nothing


def refuse_unused(options: argparse.Namespace, names: Sequence[str], reason: str) -> None:
    """Raises an error if options are given that have no effect.

    Args:
        options: the parsed options.
        names: the options that have no effect, such as ``allow_imports``.
        reason: the cause, which ends the sentence.

    Raises:
        ConfigError: one of them is given.
    """
    given = [_spelling(name) for name in names if getattr(options, name) not in NOT_GIVEN]
    if given:
        verb, them = ("has", "it") if len(given) == 1 else ("have", "them")
        raise ConfigError(f"{' and '.join(given)} {verb} no effect: {reason}; leave {them} out.")


def _spelling(name: str) -> str:
    return f"-{name}" if len(name) == 1 else f"--{name.replace('_', '-')}"
