import pytest

from conclu_pyg.runs.model_card import shorten_paths, without_folders


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("/home/ann/data", "data"),
        ("train /a/b.yaml x.y=/c/d/e pipeline.epochs=3", "train b.yaml x.y=e pipeline.epochs=3"),
        ("x='/a/b c'", "x='b c'"),
        ("~/data/scans", "scans"),
        ("C:\\data\\scans", "scans"),
        ("tools/train.py runs/a", "tools/train.py runs/a"),
        ("../data", "../data"),
        ("hf:me/net and https://a.b/c", "hf:me/net and https://a.b/c"),
        ("1/2", "1/2"),
        ("", ""),
    ],
)
def test_folders_of_absolute_paths_are_left_out(text: str, short: str) -> None:
    assert shorten_paths(text) == short


def test_values_in_mappings_and_lists_too() -> None:
    values = {"a": ["/x/y", 3], "b": {"c": ("/p/q", None)}}
    assert without_folders(values) == {"a": ["y", 3], "b": {"c": ("q", None)}}
