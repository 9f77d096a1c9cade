"""What is left of paths and commands in a published checkpoint."""

import pytest

from conclu_pyg.runs.public import public_command, public_text, public_values


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("/home/ann/data", "data"),
        ("/home/ann/my data/", "my data"),
        ("~/data/scans", "scans"),
        ("~ann/scans", "scans"),
        ("~ann", "..."),
        ("C:\\Users\\ann\\scans", "scans"),
        ("C:/Users/ann/my scans", "my scans"),
        ("\\\\server\\ann\\scans", "scans"),
        ("//server/ann/scans", "scans"),
        ("file:///home/ann/scans", "scans"),
        ("sqlite:////home/ann/a.db", "..."),
        ("key:/home/ann/scans", "..."),
        ("[/home/ann/a, b]", "..."),
        ("https://ann:word@host/x", "..."),
        ("/", "..."),
        ("runs/a", "runs/a"),
        ("../data", "../data"),
        ("hf:me/net and https://a.b/c", "hf:me/net and https://a.b/c"),
        ("1/2", "1/2"),
        ("", ""),
    ],
)
def test_a_path_becomes_its_name_and_other_text_stays(text: str, public: str) -> None:
    assert public_text(text) == public


def test_keys_lists_and_tuples_too() -> None:
    values = {"/home/ann/a": ["/x/y", 3], "b": {"c": ("/p/q", None)}}
    assert public_values(values) == {"a": ["y", 3], "b": {"c": ("q", None)}}


@pytest.mark.parametrize(
    ("command", "public"),
    [
        ("train /a/b.yaml x.y=/c/d/e pipeline.epochs=3", "train b.yaml x.y=e pipeline.epochs=3"),
        ("train 'x=/home/ann lee/b c'", "train 'x=b c'"),
        ("train C:\\Users\\ann\\a.yaml", "train a.yaml"),
        ("train a pipeline.loggers='[{uri: ann:word}]' pipeline.run_dir=ann", "train a"),
        ("conclu embed -o/home/ann/a", "conclu embed ..."),
        ("tools/train.py runs/a", "tools/train.py runs/a"),
        ("train 'x", ""),
        ("", ""),
    ],
)
def test_words_of_a_command(command: str, public: str) -> None:
    assert public_command(command) == public
