import pytest

from conclu_pyg.nearest import nearest, nearest_of


@pytest.mark.parametrize(
    ("word", "found"), [("dgcn", "DGCNN"), ("POINTNET", "PointNet"), ("Pointet", "PointNet"), ("xyz", None), ("", None)]
)
def test_the_nearest_word_is_found_whatever_its_case(word: str, found: str | None) -> None:
    assert nearest_of(word, ["DGCNN", "PointNet"]) == found
    assert nearest(word, ["DGCNN", "PointNet"]) == (f"; did you mean {found!r}?" if found else ".")


def test_of_nothing_nothing_is_near() -> None:
    assert nearest_of("word", []) is None
