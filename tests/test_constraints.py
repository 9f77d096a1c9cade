"""Bounds in type hints: values that satisfy them, and their text."""

import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import pytest
from annotated_types import Ge, Gt, Interval, Le, Len, MinLen

from conclu_pyg.constraints import (
    DropFraction,
    KeepFraction,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    PositiveInts,
    Probability,
    find_violations,
    format_type,
    has_type,
)


@pytest.mark.parametrize(
    ("hint", "text", "within", "beyond"),
    [
        (PositiveInt, "int (>= 1)", [1, 10**9], [0, -1]),
        (NonNegativeInt, "int (>= 0)", [0], [-1]),
        (PositiveFloat, "float (finite and > 0)", [1e-9, 3], [0, -1.0, math.inf]),
        (NonNegativeFloat, "float (finite and >= 0)", [0, 2.5], [-1e-9, math.inf]),
        (Probability, "float (in [0, 1])", [0, 1.0], [-0.1, 1.1]),
        (DropFraction, "float (in [0, 1))", [0, 0.99], [1, -0.1]),
        (KeepFraction, "float (in (0, 1])", [0.01, 1], [0, 1.1]),
        (Annotated[float, Interval(gt=-2, lt=2)], "float (in (-2, 2))", [0], [-2, 2]),
        (Annotated[float, Le(3), Gt(1)], "float (in (1, 3])", [3], [1, 4]),
        (Annotated[float, Le(3)], "float (<= 3)", [3, -math.inf], [4]),
        (PositiveInts, "Sequence[int (>= 1)] (of length >= 1)", [[1], (2, 3)], [[], [0], (1, -1)]),
        (Annotated[list[int], Len(1, 2)], "list[int] (of length >= 1 and of length <= 2)", [[0]], [[], [0, 0, 0]]),
        (Annotated[list[int], Len(2, 2)], "list[int] (of length 2)", [[0, 0]], [[0], [0, 0, 0]]),
        (PositiveInt | None, "int (>= 1) | None", [None, 2], [0]),
        (PositiveInt | str, "int (>= 1) | str", ["a", 2], [0]),
        (list[list[PositiveInt]], "list[list[int (>= 1)]]", [[], [[1]]], [[[1], [0]]]),
        (Literal["a", "b", 2], "'a', 'b' or 2", ["a", 2], []),
        (Literal["a"] | None, "'a' | None", ["a", None], []),
        (dict[str, Any], "mapping", [{"a": -1}], []),
        (list[dict[str, Any]] | None, "list[mapping] | None", [[{"a": -1}], None], []),
    ],
)
def test_a_bound_has_a_text_and_divides_the_values(hint: Any, text: str, within: list[Any], beyond: list[Any]) -> None:
    assert format_type(hint) == text
    assert all(find_violations("x", value, hint) == [] and has_type(value, hint) for value in within)
    for value in beyond:
        assert len(find_violations("x", value, hint)) == 1 and has_type(value, hint), value


@pytest.mark.parametrize("value", ["3", None, [1]])
def test_the_violation_by_a_value_of_another_type_names_the_type(value: Any) -> None:
    (violation,) = find_violations("x", value, PositiveInt)
    assert violation.expected == "int (>= 1)" and violation.got == value


@pytest.mark.parametrize("hint", [PositiveFloat, NonNegativeFloat, Probability, DropFraction, KeepFraction])
def test_nan_satisfies_no_bound(hint: Any) -> None:
    assert find_violations("x", math.nan, hint) and find_violations("x", [math.nan], list[hint])


def test_an_item_is_named_by_its_index() -> None:
    violations = find_violations("sizes", [[1], [2, 0], [-1]], list[Annotated[list[PositiveInt], MinLen(1)]])
    assert [(found.name, found.got, found.expected) for found in violations] == [
        ("sizes[1][1]", 0, ">= 1"),
        ("sizes[2][0]", -1, ">= 1"),
    ]


def test_of_a_union_one_type_is_enough() -> None:
    hint = Annotated[int, Ge(5)] | Annotated[float, Le(1)]
    assert find_violations("x", 0.5, hint) == [] and find_violations("x", 7, hint) == []
    assert [found.got for found in find_violations("x", 3, hint)] == [3]


def test_bounds_of_another_type_are_left_to_the_check_of_types() -> None:
    assert not has_type("3", PositiveInt) and not has_type(True, PositiveInt) and not has_type([1.5], PositiveInts)
    assert find_violations("x", object(), Sequence[PositiveInt]) == []


@pytest.mark.parametrize("value", ["c", 2.0, None, ["a"], True])
def test_a_literal_is_one_of_its_values_and_types(value: Any) -> None:
    (violation,) = find_violations("kind", value, Literal["a", 1, 2])
    assert (violation.name, violation.expected, violation.got) == ("kind", "'a', 1 or 2", value)
