"""The option up_axis."""

import pytest
import torch

from conclu_pyg.transforms.up_axis import UpAxis, axis_number, horizontal_axes


@pytest.mark.parametrize(("axis", "number"), [("x", 0), ("y", 1), ("z", 2), (0, 0), (1, 1), (2, 2)])
def test_letters_and_numbers_name_the_same_axes(axis: UpAxis, number: int) -> None:
    assert axis_number(axis) == number
    u, v = torch.eye(3)[list(horizontal_axes(number))]
    assert torch.equal(torch.linalg.cross(u, v), torch.eye(3)[number])
