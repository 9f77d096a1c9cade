"""Assertions and configs that several tests share."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from conclu_pyg.errors import ConcluError, Issue
from conclu_pyg.methods.base import as_method
from conclu_pyg.registry import METHODS

SMALL = {"num_points": 32, "decoder": {"name": "MLPDecoder", "num_points": 32, "hidden_channels": [32]}}

PATCH_ENCODER = {"name": "PointTransformer", "out_channels": 32, "depth": 1, "num_patches": 8, "patch_size": 8}


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


def of_method(config: dict[str, Any], name: str) -> dict[str, Any]:
    """Change a config to another method, which gets those parts of the model that it takes, and few points. Without a
    shared view, ``pipeline.views`` is emptied."""
    taken = inspect.signature(METHODS.get(name)).parameters
    parts: dict[str, Any] = {**config["model"], **SMALL}
    if name == "MAPVAE":  # sets the number of points of its decoders itself
        parts["decoder"] = {key: value for key, value in parts["decoder"].items() if key != "num_points"}
    if name == "PointMAE":  # masks the patches of its encoder
        parts["encoder"] = dict(PATCH_ENCODER)
    config["model"] = {"name": name, **{key: part for key, part in parts.items() if key in taken}}
    if all(steps is not None for steps in as_method(METHODS.build(config["model"])).views.values()):
        config["pipeline"]["views"] = None
    return config
