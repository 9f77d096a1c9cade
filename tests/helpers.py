"""Assertions that several tests share."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from conclu_pyg.errors import ConcluError, Issue


@contextmanager
def raises(kind: type[ConcluError], **fields: Any) -> Iterator[pytest.ExceptionInfo[ConcluError]]:
    """Expect an error of this class, of which an issue has all of these fields (see :func:`assert_error`)."""
    with pytest.raises(kind) as error:
        yield error
    assert_error(error, **fields)


def assert_error(error: BaseException | pytest.ExceptionInfo[Any], **fields: Any) -> Issue:
    """Assert that a :class:`~conclu_pyg.errors.ConcluError` has an issue with all of these fields, and return it.

    Args:
        error: the error, or what ``pytest.raises`` gives.
        **fields: fields of :class:`~conclu_pyg.errors.Issue`, such as ``argument="epochs", got=0``. NaN equals NaN, and
            a path its text.
    """
    error = error.value if isinstance(error, pytest.ExceptionInfo) else error
    assert isinstance(error, ConcluError), repr(error)
    assert fields.keys() <= set(Issue._fields), f"an issue has the fields {Issue._fields}"
    for issue in error.issues:
        if all(_equal(getattr(issue, name), value) for name, value in fields.items()):
            return issue
    raise AssertionError(f"no issue has {fields}; there are:\n" + "\n".join(f"  {issue}" for issue in error.issues))


def _equal(found: Any, expected: Any) -> bool:
    expected = str(expected) if isinstance(expected, Path) else expected
    is_nan = expected != expected
    return type(found) is type(expected) and (found == expected or (is_nan and found != found))
