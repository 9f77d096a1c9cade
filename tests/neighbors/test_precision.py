"""Full precision of products within a context, and its restoration for nested and overlapping uses."""

from collections.abc import Iterator

import pytest
import torch

from conclu_pyg.neighbors.precision import BACKENDS, full_float32


@pytest.fixture(autouse=True)
def nothing_set() -> Iterator[None]:
    before = torch.get_float32_matmul_precision()

    def clear() -> None:
        torch.backends.fp32_precision = "none"  # type: ignore[attr-defined]
        for backend in BACKENDS:
            backend.fp32_precision = "none"

    clear()
    yield
    clear()
    torch.set_float32_matmul_precision(before)


def precisions() -> list[str]:
    return [backend.fp32_precision for backend in BACKENDS]


@pytest.mark.parametrize(
    ("above", "own", "above_later", "later"),
    [("tf32", "none", "ieee", "ieee"), ("ieee", "tf32", "none", "tf32")],
    ids=["inherited", "its own"],
)
def test_inherited_and_set_precisions_are_restored(above: str, own: str, above_later: str, later: str) -> None:
    torch.backends.fp32_precision = above  # type: ignore[attr-defined]
    for backend in BACKENDS:
        backend.fp32_precision = own
    with full_float32():
        assert precisions() == ["ieee", "ieee"]
    assert precisions() == ["tf32", "tf32"]
    torch.backends.fp32_precision = above_later  # type: ignore[attr-defined]
    assert precisions() == [later, later]


def test_without_a_reduced_precision_nothing_is_set() -> None:
    with full_float32():
        assert precisions() == ["none", "none"]
    torch.backends.fp32_precision = "tf32"  # type: ignore[attr-defined]
    assert precisions() == ["tf32", "tf32"]


def test_uses_that_overlap_end_in_any_order() -> None:
    torch.set_float32_matmul_precision("high")
    before = precisions()
    first, second = full_float32(), full_float32()  # as of two threads
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert "tf32" in before and not set(precisions()) & {"tf32", "bf16"}  # the second one still computes
    second.__exit__(None, None, None)
    assert precisions() == before
