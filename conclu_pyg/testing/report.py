"""Execution of a suite of checks, and one report of all failures."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor


def run_checks(subject: str, checks: Mapping[str, Callable[[], None]]) -> None:
    """Run all checks of a suite.

    Args:
        subject: name of the tested class.
        checks: functions that raise an exception on failure, by the name of the property they check.

    Raises:
        AssertionError: lists the failed checks; its cause is an ``ExceptionGroup`` of their exceptions.
    """
    failures: dict[str, Exception] = {}
    for name, check in checks.items():
        try:
            check()
        except Exception as error:  # any exception of the tested class is a result
            failures[name] = error
    if failures:
        lines = [f"  {name}: {_message(error)}" for name, error in failures.items()]
        summary = f"{subject} fails {len(failures)} of {len(checks)} checks"
        raise AssertionError("\n".join([f"{summary}:", *lines])) from ExceptionGroup(summary, list(failures.values()))


def _message(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, AssertionError) and text else f"{type(error).__name__}: {text}"


def expect(condition: object, message: str) -> None:
    """Raise an AssertionError with the message unless the condition holds, also under ``python -O``."""
    if not condition:
        raise AssertionError(message)


def expect_close(actual: Tensor, expected: Tensor, message: str) -> None:
    """Raise an AssertionError unless two tensors are equal up to rounding in their dtype.

    Shapes:
        - **actual**, **expected:** any, the same
    """
    expect(
        actual.shape == expected.shape, f"{message}: expected shape {list(expected.shape)}, got {list(actual.shape)}"
    )
    rtol, atol = (1e-5, 1e-8) if actual.dtype == torch.double else (1e-2, 1e-4)
    if not torch.allclose(actual, expected, rtol=rtol, atol=atol):
        raise AssertionError(
            f"{message}: the largest difference is {float((actual - expected).detach().abs().max()):.2g}"
        )


def expect_error(error: type[Exception], call: Callable[[], object], case: str) -> None:
    """Raise an AssertionError unless the call raises the given error."""
    try:
        call()
    except error:
        return
    except Exception as other:
        raise AssertionError(f"{case}: expected {error.__name__}, got {_message(other)}") from other
    raise AssertionError(f"{case}: expected {error.__name__}, got no error")
