"""Names of classes and parts in data sets and checkpoints."""

from typing import Any

import pytest
import torch
from helpers import raises

from conclu_pyg.data.labels import Labels
from conclu_pyg.errors import DataError

PARTS = Labels(("cup", "lamp", "box"), ("rim", "body", "shade", "foot"), ((0, 1), (3, 2), (1,)))


def test_the_lists_of_a_data_set_are_put_in_the_order_of_its_classes() -> None:
    by_name = {"box": [1], "lamp": [3, 2], "cup": [0, 1]}
    assert Labels.of(["cup", "lamp", "box"], ["rim", "body", "shade", "foot"], by_name) == PARTS
    assert Labels.of(["cup", "lamp"]) == Labels(("cup", "lamp"), (), ())


def test_the_table_marks_the_parts_of_each_class() -> None:
    assert PARTS.parts_of_classes().tolist() == [
        [True, True, False, False],
        [False, False, True, True],
        [False, True, False, False],
    ]
    assert PARTS.parts_of_classes().dtype == torch.bool
    assert Labels(("cup", "lamp")).parts_of_classes().shape == (2, 0)


@pytest.mark.parametrize("labels", [PARTS, Labels(("cup",))])
def test_plain_values_give_the_same_labels_again(labels: Labels) -> None:
    assert Labels.from_state(labels.state()) == labels


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (
            {"classes": ()},
            "labels: expected at least one class, got none; check that the folder of the data set exists and holds its "
            "files where the data set looks for them.",
        ),
        ({"classes": ("a", "b", "a")}, "labels: class names must be unique, got 'a' more than once."),
        ({"parts": ("x",)}, "labels: expected a list of parts for each class, got 0 lists for 2 classes."),
        (
            {"parts": ("x",), "class_parts": ((0,),)},
            "labels: expected a list of parts for each class, got 1 lists for 2 classes.",
        ),
        (
            {"parts": ("x",), "class_parts": ((0,), ())},
            "labels: the parts of the class b must be numbers from 0 to 0 (1 part names), got [].",
        ),
        (
            {"parts": ("x",), "class_parts": ((0, 1), (0,))},
            "labels: the parts of the class a must be numbers from 0 to 0 (1 part names), got [0, 1].",
        ),
        (
            {"parts": ("x",), "class_parts": ((0,), (-1,))},
            "labels: the parts of the class b must be numbers from 0 to 0 (1 part names), got [-1].",
        ),
        (
            {"class_parts": ((0,), (0,))},
            "labels: the parts of the class a must be numbers from 0 to -1 (0 part names), got [0].",
        ),
    ],
)
def test_labels_that_do_not_belong_together_are_refused(arguments: dict[str, Any], found: str) -> None:
    with pytest.raises(DataError) as error:
        Labels(**{"classes": ("a", "b"), **arguments})
    assert str(error.value) == found


@pytest.mark.parametrize(("class_parts", "missing"), [(None, "cup"), ({}, "cup"), ({"cup": [0]}, "lamp")])
def test_a_class_without_parts_is_named(class_parts: Any, missing: str) -> None:
    with raises(DataError, argument="category_to_parts", expected=missing) as error:
        Labels.of(["cup", "lamp"], ["rim"], class_parts)
    assert str(error.value) == f"labels: the parts of the class {missing} are missing in category_to_parts."


STATE = PARTS.state()


@pytest.mark.parametrize(
    "state",
    [
        None,
        [],
        {},
        {**STATE, "classes": "abc"},
        {**STATE, "classes": [1, 2, 3]},
        {**STATE, "parts": None},
        {**STATE, "class_parts": None},
        {**STATE, "class_parts": [[0], [1], "2"]},
        {**STATE, "class_parts": [[0], [1], [2.0]]},
        {**STATE, "class_parts": [[0], [1], [True]]},
        {**STATE, "classes": ["a"] * 100_001},
    ],
)
def test_an_invalid_state_is_refused_in_a_short_sentence(state: Any) -> None:
    with raises(DataError, got=state) as error:
        Labels.from_state(state)
    assert str(error.value).startswith("labels: expected a dict with classes, parts and class_parts, got ")
    assert len(str(error.value)) < 160 and "\n" not in str(error.value)


def test_a_state_whose_lists_do_not_belong_together_is_refused() -> None:
    with raises(DataError, argument="class_parts", got=[9]):
        Labels.from_state({**STATE, "class_parts": [[0], [9], [1]]})


def test_a_table_that_is_too_large_is_refused_before_it_is_made() -> None:
    classes, parts = [f"c{i}" for i in range(4000)], [f"p{i}" for i in range(3000)]
    with pytest.raises(DataError, match=r"at most 10,000,000 pairs of a class and a part"):
        Labels.from_state({"classes": classes, "parts": parts, "class_parts": [[0]] * 4000})
