"""Selection of the k smallest entries of each row, in any number of stages."""

import numpy as np
import pytest
import torch
from torch import Tensor

from conclu_pyg.neighbors import smallest as module
from conclu_pyg.neighbors.smallest import group_width, smallest

pytestmark = pytest.mark.usefixtures("either_implementation")


def check(values: Tensor, k: int) -> None:
    place = smallest(values, k)
    assert place.dtype == torch.long and place.shape == (len(values), k)
    assert all(len(set(row.tolist())) == k for row in place)
    expected = np.sort(values.numpy(), axis=1)[:, :k]
    assert np.array_equal(np.sort(values.gather(1, place).numpy(), axis=1), expected)


@pytest.mark.parametrize("dtype", [torch.float, torch.double])
@pytest.mark.parametrize("kind", ["normal", "few levels", "equal", "ascending", "descending"])
@pytest.mark.parametrize("num_values", [1, 2, 19, 64, 129, 1000])
@pytest.mark.parametrize("width", [1, 2, 4, 16, None])
def test_the_smallest_of_each_row(
    dtype: torch.dtype, kind: str, num_values: int, width: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {
        "normal": torch.randn(30, num_values),
        "few levels": torch.randint(-3, 3, (30, num_values)).float(),
        "equal": torch.full((30, num_values), -2.0),
        "ascending": torch.arange(num_values).expand(30, -1).float(),
        "descending": -torch.arange(num_values).expand(30, -1).float(),
    }[kind].to(dtype)
    for k in (1, 3, 20, num_values):
        if width is not None and num_values >= width * k:
            monkeypatch.setattr(module, "group_width", lambda num_values, k: width)
        if k <= num_values:
            check(values.contiguous(), k)
        monkeypatch.undo()


@pytest.mark.parametrize("dtype", [torch.float, torch.double])
@pytest.mark.parametrize("num_values", [20, 83])
def test_another_default_device_has_no_effect(dtype: torch.dtype, num_values: int) -> None:
    values = torch.randn(5, num_values, dtype=dtype)
    with torch.device("meta"):
        place = smallest(values, 20)
    assert torch.equal(place, smallest(values, 20))


@pytest.mark.parametrize("dtype", [torch.float, torch.double])
def test_extreme_numbers_are_ordered(dtype: torch.dtype) -> None:
    limits = torch.finfo(dtype)
    special = [-torch.inf, limits.min, -1, -limits.tiny, -limits.smallest_normal / 4, -0.0]
    special += [0.0, limits.smallest_normal / 4, limits.tiny, 1, limits.max, torch.inf]
    values = torch.tensor(special, dtype=dtype).repeat(9)
    values = torch.stack([values[torch.randperm(len(values))] for _ in range(20)])
    for k in (1, 2, 9, 10, 60, 108):
        check(values, k)


def test_of_equal_values_the_first_are_chosen_in_a_single_stage() -> None:
    assert smallest(torch.tensor([[1.0, 0.0, 1.0, 1.0]]), 3).sort().values.tolist() == [[0, 1, 2]]


@pytest.mark.parametrize(
    ("num_values", "k", "width"), [(1, 1, 1), (20, 20, 1), (79, 20, 1), (80, 20, 2), (1024, 20, 4)]
)
def test_the_width_of_the_groups(num_values: int, k: int, width: int) -> None:
    assert group_width(num_values, k) == width


def test_there_are_always_enough_groups() -> None:
    assert all(n // group_width(n, k) >= k for n in range(1, 300) for k in range(1, n + 1))
