from conclu_pyg.text import pluralize


def test_nouns_are_singular_for_one_only() -> None:
    counts = [pluralize(number, "file") for number in (0, 1, 2, 1000)]
    assert counts == ["0 files", "1 file", "2 files", "1,000 files"]
    assert pluralize(2, "batch", "batches") == "2 batches"
