"""Errors that a user can fix, with what was wrong as fields: the command line prints them without a traceback."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from conclu_pyg.text import printable


class Issue(NamedTuple):
    """One thing that is wrong.

    Attributes:
        message: the sentence for the user, such as ``PointNet: out_channels must be >= 1, got -1.``
        hint: what is possible instead, such as ``It takes: width: int.`` (default: the message says it).
        argument: the name of the argument, option or key (default: none).
        path: the part of the config, such as ``model.encoder`` (default: the config itself, or unknown).
        got: the value that was refused (default: ``...``, no value).
        expected: what the value must be, such as ``>= 1`` (default: see the message).
        file: the file, folder or URL that is wrong, and the cloud in it where it has several, such as
            ``scans/a.h5, cloud 0003`` (default: none).
    """

    message: str
    hint: str = ""
    argument: str = ""
    path: str = ""
    got: Any = ...
    expected: str = ""
    file: str = ""


def format_issues(issues: Sequence[Issue], source: str = "") -> str:
    """Return the issues as text: one as a sentence, several from one source as a heading with a line for each.

    Of several, each hint is printed once, and only after messages that do not suggest a similar word.

    Args:
        issues: what is wrong.
        source: the config that the issues are about, such as ``configs/a.yaml`` (default: none).
    """
    texts, printed = [], set()
    for issue in issues:
        is_short = len(issues) > 1 and (issue.message.endswith("?") or issue.hint in printed)
        texts.append(printable(issue.message if is_short or not issue.hint else f"{issue.message} {issue.hint}"))
        printed |= set() if is_short else {issue.hint}
    source = printable(source)
    heading = [f"{len(issues)} errors in {source}:"] if source and len(issues) > 1 else []
    places = [_places(issue, "" if heading else source) for issue in issues]
    lines = [": ".join(filter(None, [place, text])) for place, text in zip(places, texts, strict=True)]
    return "\n  ".join([*heading, *lines]) if heading else " ".join(lines)


def _places(issue: Issue, source: str) -> str:
    """``configs/a.yaml, model.encoder``, without the path where the message itself names a key below it."""
    is_named = issue.path and re.search(rf"\b{re.escape(issue.path)}[.=\[]", issue.message)
    return ", ".join(filter(None, [source, "" if is_named else printable(issue.path)]))


class ConcluError(Exception):
    """Base of the errors that name the file or key, the value, what was expected and what to do.

    Args:
        issues: what is wrong, each an :class:`Issue` or its message alone.
        source: the config that all of them are about (default: none).
        file: the :attr:`Issue.file` of issues that are given as messages (default: none).
        **fields: their other fields, such as ``argument="epochs", got=0``.

    Attributes:
        issues: all that is wrong; :attr:`argument`, :attr:`got`, :attr:`expected`, :attr:`hint`, :attr:`path` and
            :attr:`file` are those of the first.
        building: the configs that registries were building from when it was raised, the innermost first.
    """

    def __init__(self, *issues: Issue | str, source: str = "", file: str | Path = "", **fields: Any) -> None:
        self.issues = [
            issue if isinstance(issue, Issue) else Issue(issue, file=str(file), **fields) for issue in issues
        ]
        self.source = source
        self.building: list[Mapping[str, Any]] = []
        super().__init__(format_issues(self.issues, source))

    def locate(self, source: str, path: str) -> None:
        """Add the config and the part of it that the issues are about, where they do not name one."""
        self.describe([issue._replace(path=issue.path or path) for issue in self.issues], self.source or source)

    def describe(self, issues: Sequence[Issue], source: str) -> None:
        """Replace the issues and the config that they are about."""
        self.issues, self.source = list(issues), source
        self.args = (format_issues(issues, source),)

    @property
    def _first(self) -> Issue:
        return self.issues[0] if self.issues else Issue("")

    @property
    def argument(self) -> str:
        return self._first.argument

    @property
    def got(self) -> Any:
        return self._first.got

    @property
    def expected(self) -> str:
        return self._first.expected

    @property
    def hint(self) -> str:
        return self._first.hint

    @property
    def path(self) -> str:
        return self._first.path

    @property
    def file(self) -> str:
        return self._first.file


class ConfigError(ConcluError):
    """A config file, an override or an argument that cannot be used."""


class RegistryError(ConfigError):
    """A name that is not registered, or that is registered twice, or a config that nothing can be built from."""


class ArgumentError(RegistryError):
    """Arguments that a class does not accept: unknown, missing, of another type or out of bounds."""


class DataError(ConcluError):
    """A data set, cloud or mesh that cannot be used."""


class ReaderError(DataError):
    """A file on which its reader, or a library that it uses, failed in an unforeseen way."""


class CheckpointError(ConcluError):
    """A checkpoint or run folder that cannot be used."""


def one_line(error: BaseException) -> str:
    """Return the text of an error of another library on one line without a full stop, to stand within a sentence."""
    return " ".join(str(error).split()).rstrip(".")


class ConcluWarning(UserWarning):
    """A problem that does not stop the work, such as a batch that is too small for the method.

    Args:
        *lines: its sentence, and perhaps further lines.
    """

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(map(printable, lines)))
