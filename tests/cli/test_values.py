import argparse
from pathlib import Path

import pytest

from conclu_pyg.cli.values import one_of, output_file, positive_int


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


def test_output_files_are_checked(tmp_path: Path) -> None:
    assert output_file(str(tmp_path / "a.csv")) == tmp_path / "a.csv"
    for text, words in ((tmp_path / "missing/a.csv", "there is no folder"), (tmp_path, "expected a file")):
        with pytest.raises(argparse.ArgumentTypeError, match=words):
            output_file(str(text))


def test_clouds_are_not_overwritten(tmp_path: Path) -> None:
    for name in ("part.off", "scan.PLY", "model.step"):
        assert output_file(str(tmp_path / name)) == tmp_path / name
        (tmp_path / name).touch()
        with pytest.raises(argparse.ArgumentTypeError, match="exists, and may hold clouds"):
            output_file(str(tmp_path / name))
    for name in ("pairs.csv", "embeddings.npz", "page.html"):
        (tmp_path / name).touch()
        assert output_file(str(tmp_path / name)) == tmp_path / name
