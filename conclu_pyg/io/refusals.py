"""Errors about files that cannot be used, in one sentence each: ``PATH: expected ..., got ...; what to do.``"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conclu_pyg.errors import DataError, one_line

# What to do about a file.
RESTORE = "restore the file or leave it out"
UNLIST = "restore the file or remove it from the list"
SUBSAMPLE = "subsample it first"
SIMPLIFY = "simplify it first"

MAX_REASON = 200  # characters of an error of another library
MAX_QUOTED = 40  # characters of a file's content in a message


def refused(path: str | Path, reason: str, hint: str = RESTORE, /, **fields: Any) -> DataError:
    """Returns the error ``PATH: REASON; HINT.``

    Args:
        path: the file, and perhaps the position in it.
        reason: what is wrong.
        hint: what to do.
        **fields: those of :class:`~conclu_pyg.errors.Issue`, such as ``got``; ``file`` is the path by default.
    """
    return DataError(f"{path}: {reason}; {hint}.", **{"file": path, **fields})


def mismatch(path: str | Path, expected: str, got: object, hint: str = RESTORE, /, **fields: Any) -> DataError:
    """Returns the error ``PATH: expected EXPECTED, got GOT; HINT.``

    Args:
        path: the file, and perhaps the position in it.
        expected: a description of the expected content.
        got: the content of the file, a number or a description.
        hint: what to do.
        **fields: as in :func:`refused`; ``got`` is the one above by default.
    """
    text = f"{got:,}" if isinstance(got, int) else str(got)
    return refused(path, f"expected {expected}, got {text}", hint, **{"got": got, **fields})


def unreadable(
    path: str | Path, reason: str | BaseException, hint: str = RESTORE, *, form: str = "", **fields: Any
) -> DataError:
    """Returns the error ``PATH cannot be read as FORM (REASON); HINT.``

    Args:
        path: the file.
        reason: what is wrong, or the error of another library or of the operating system.
        hint: what to do.
        form: the format with its article, such as ``an .npy file`` (default: not mentioned).
        **fields: as in :func:`refused`.
    """
    if isinstance(reason, BaseException):
        reason = (isinstance(reason, OSError) and reason.strerror) or f"{one_line(reason):.{MAX_REASON}}"
    text = f"cannot be read as {form}" if form else "cannot be read"
    return DataError(f"{path} {text} ({reason}); {hint}.", **{"file": path, **fields})


def too_many(
    path: str | Path, number: int | None, maximum: int, things: str = "points", hint: str = SUBSAMPLE
) -> DataError:
    """Returns the error ``PATH has NUMBER THINGS, more than the maximum of MAXIMUM; HINT.``

    Args:
        path: the file, and perhaps the position in it.
        number: how many it has, or ``None`` if they were not counted.
        maximum: how many it may have.
        things: their name in the plural.
        hint: what to do.
    """
    if number is None:
        return DataError(f"{path} has more than the maximum of {maximum:,} {things}; {hint}.", file=path)
    return DataError(
        f"{path} has {number:,} {things}, more than the maximum of {maximum:,}; {hint}.", file=path, got=number
    )


@contextmanager
def os_errors_refused(path: str | Path, hint: str = RESTORE) -> Iterator[None]:
    """Context in which errors of the operating system become those of :func:`unreadable`."""
    try:
        yield
    except OSError as error:
        raise unreadable(path, error, hint) from error


def decode(content: bytes) -> str:
    """Returns text of a file: UTF-8, or Latin-1 if it is none."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def quoted(content: bytes | str) -> str:
    """Returns the beginning of a line of a file in quotes."""
    text = content.decode("utf-8", errors="replace") if isinstance(content, bytes) else content
    return repr(text.strip()[:MAX_QUOTED])
