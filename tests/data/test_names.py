"""Names in two arrays, compared with a list of strings."""

import pickle
from typing import Any

import numpy as np
import pytest

from conclu_pyg.data.names import Names, join_names

NAMES = ["chair/1", "", "stół/ü", "椅子", "bad\udce9name", "chair/1", "a\0b\n"]


@pytest.mark.parametrize("names", [NAMES, [], [""], ["one"]])
def test_names_equal_the_list(names: list[str]) -> None:
    compact = Names.of(names)
    assert compact == names and list(compact) == names and len(compact) == len(names) and compact == Names.of(names)
    assert Names.of(compact) is compact and Names.of(iter(names)) == names
    assert pickle.loads(pickle.dumps(compact)) == names
    others: list[object] = [[*names, "x"], "text", None]
    assert not any(compact == other for other in others)
    with pytest.raises(TypeError, match="unhashable"):  # as a list
        hash(compact)


def test_other_names_differ() -> None:
    assert Names.of(["a", "b"]) != ["a", "c"] and Names.of(["ab", "c"]) != ["a", "bc"]


@pytest.mark.parametrize("index", [0, 3, -1, np.int64(4)])
def test_one_name_is_a_string(index: Any) -> None:
    assert Names.of(NAMES)[index] == NAMES[index]


@pytest.mark.parametrize("index", [7, -8])
def test_an_index_beyond_the_names_is_an_error(index: int) -> None:
    with pytest.raises(IndexError):
        Names.of(NAMES)[index]


@pytest.mark.parametrize("index", [slice(1, 4), slice(None, None, -1), np.array([5, 0, 0]), np.arange(7) % 2 == 0])
def test_several_names_are_names_again(index: Any) -> None:
    found = Names.of(NAMES)[index]
    assert isinstance(found, Names) and list(found) == np.array(NAMES, dtype=object)[index].tolist()
    assert list(found[::-1]) == list(found)[::-1] and Names.of(found) is found


def test_the_text_and_the_ends_restore_the_names() -> None:
    text, ends = join_names(NAMES)
    assert Names.joined(text, ends) == NAMES and text.dtype == np.uint8 and ends.dtype == np.int64


def test_a_sequence_has_the_methods_of_one() -> None:
    compact = Names.of(NAMES)
    assert "椅子" in compact and "x" not in compact and compact.count("chair/1") == 2 and compact.index("") == 1
    assert repr(compact) == "Names(7: chair/1, , stół/ü, …)" and repr(Names.of(["a"])) == "Names(1: a)"


def test_many_names_are_no_python_objects() -> None:
    """Two arrays, whose content is shared between processes, instead of an object of 60 bytes for each name."""
    names = Names.of(f"{index:09d}" for index in range(10_000))
    assert len(pickle.dumps(names, protocol=5)) < 10_000 * (9 + 2 * 8) + 1000
