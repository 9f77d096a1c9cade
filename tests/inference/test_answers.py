"""The names of clouds as predictions bear them."""

import pytest

from conclu_pyg.inference.answers import short_name


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("sink/sink_0141", "sink_0141"), ("test/sink/sink_0141", "sink_0141"), ("chair/0001", "chair/0001"),
        ("sink_0141", "sink_0141"), ("/x", "/x"), ("a/b/c", "a/b/c"), ("", ""),
    ],
)  # fmt: skip
def test_a_class_is_not_said_twice(name: str, short: str) -> None:
    assert short_name(name) == short
