"""Detection of values that are not plain, at any depth and in bounded time."""

import json
from typing import Any

import pytest
import torch

from conclu_pyg.runs.validation import find_unsafe_value


@pytest.mark.parametrize(
    "value", [None, 3, {}, [], {"a": [1, 2.5, None, True, {"b": ("x", "y")}]}, {"a": {0: "x", 1: "y"}}, [[[]]]]
)
def test_plain_values_are_accepted_and_can_be_written(value: Any) -> None:
    assert find_unsafe_value(value) == "" and json.dumps(value, sort_keys=True)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (torch.zeros(1), "tensor([0.])"),
        ({"a": [1, {"b": torch.zeros(1)}]}, "tensor([0.]) as a.1.b"),
        ({"a": {1, 2}}, "{1, 2} as a"),
        ({"a": {"b": 1, 2: 3}}, "the keys ['b', 2] as a"),
        ({None: 1}, "the keys [None]"),
        ({"a": torch.float32}, "torch.float32 as a"),
    ],
)
def test_anything_else_is_named_with_its_place(value: Any, found: str) -> None:
    assert find_unsafe_value(value) == found


def test_endless_structures_are_found() -> None:
    circle: list[Any] = []
    circle.append(circle)
    wide: list[Any] = []
    for _ in range(60):  # 2^60 values in a few bytes
        wide = [wide, wide]
    for value in (circle, wide):
        assert find_unsafe_value(value).startswith("lists or mappings nested more than 100 deep, or more than")
