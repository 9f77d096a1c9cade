"""Spelling suggestions."""

import pytest

from conclu_pyg.suggestions import closest_match, suggest


@pytest.mark.parametrize(
    ("word", "found"), [("dgcn", "DGCNN"), ("POINTNET", "PointNet"), ("Pointet", "PointNet"), ("xyz", None), ("", None)]
)
def test_the_closest_word_is_found_in_any_case(word: str, found: str | None) -> None:
    assert closest_match(word, ["DGCNN", "PointNet"]) == found
    assert suggest(word, ["DGCNN", "PointNet"]) == (f"; did you mean {found!r}?" if found else ".")


def test_without_candidates_there_is_no_match() -> None:
    assert closest_match("word", []) is None
