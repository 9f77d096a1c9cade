"""Errors that a user can mend: the command line prints their one sentence, without a traceback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Fault(NamedTuple):
    """One thing that is wrong with a config.

    Attributes:
        sentence: what was found, and what was expected or is nearest to it.
        choice: all that there is instead, such as ``It takes: width: int.`` (default: the sentence says it).
        argument: the argument of a class that it is about (default: none).
        place: the part of the config, such as ``model.encoder`` (default: the config itself, or not known).
    """

    sentence: str
    choice: str = ""
    argument: str = ""
    place: str = ""


def in_words(faults: Sequence[Fault]) -> list[str]:
    """The text of each fault. Of several, a choice is given once, and only where no word is near the one found."""
    texts, given = [], set()
    for fault in faults:
        short = len(faults) > 1 and (fault.sentence.endswith("?") or fault.choice in given)
        texts.append(fault.sentence if short or not fault.choice else f"{fault.sentence} {fault.choice}")
        given |= set() if short else {fault.choice}
    return texts


class ConcluError(Exception):
    """Base of the errors that say which file or key is wrong, what was found, what was expected and what to do.

    Attributes:
        building: the configs that registries were building from when it was raised, the innermost first.
    """

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self.building: list[Mapping[str, Any]] = []


class RegistryError(ConcluError):
    """A name that is not registered, a name registered twice, or arguments that a class does not take.

    Args:
        faults: what is wrong, each a :class:`Fault` or its sentence alone.
    """

    def __init__(self, *faults: Fault | str) -> None:
        self.faults = [Fault(fault) if isinstance(fault, str) else fault for fault in faults]
        super().__init__(" ".join(in_words(self.faults)))


class ConfigError(ConcluError):
    """A config file or a command-line override that cannot be used."""


class DataError(ConcluError):
    """A data set, cloud or mesh that cannot be used."""


class CheckpointError(ConcluError):
    """A checkpoint or run folder that cannot be used."""


def one_line(error: Exception) -> str:
    """The text of somebody else's error, to stand within a sentence: on one line, without a full stop."""
    return " ".join(str(error).split()).rstrip(".")
