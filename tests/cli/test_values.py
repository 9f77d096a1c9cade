import argparse

import pytest

from conclu_pyg.cli.values import one_of, positive_int


@pytest.mark.parametrize(("text", "value"), [("1", 1), ("20", 20), ("007", 7)])
def test_whole_numbers_are_read(text: str, value: int) -> None:
    assert positive_int(text) == value


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "few", ""])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="must be a whole number >= 1, got"):
        positive_int(text)


def test_a_choice_is_read_or_refused_with_the_most_similar_one() -> None:
    read = one_of(["open3d", "matplotlib"])["type"]
    assert read("open3d") == "open3d"
    with pytest.raises(argparse.ArgumentTypeError, match=r"did you mean 'matplotlib'\?\), choose from open3d"):
        read("matplot")
