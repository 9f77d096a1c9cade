"""The names of clouds and parts as predictions bear them."""

import numpy as np
import pytest

from conclu_pyg.data.labels import Labels
from conclu_pyg.inference.answers import shares_in_words, short_name


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("sink/sink_0141", "sink_0141"), ("test/sink/sink_0141", "sink_0141"), ("chair/0001", "chair/0001"),
        ("sink_0141", "sink_0141"), ("/x", "/x"), ("a/b/c", "a/b/c"), ("", ""),
    ],
)  # fmt: skip
def test_a_class_is_not_said_twice(name: str, short: str) -> None:
    assert short_name(name) == short


def test_parts_are_named_by_their_own_names_and_numbers_as_what_they_are() -> None:
    known = Labels(("chair", "Table"), ("chair/leg", "chair/seat", "Table/0", "Table/47"), ((0, 1), (2, 3)))
    assert shares_in_words(known, 0, np.array([0] * 3 + [1] * 997)) == "leg < 1 %, seat 100 %"
    assert shares_in_words(known, 1, np.array([3, 3, 2, 3])) == "part 0 25 %, part 47 75 %"
