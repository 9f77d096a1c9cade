import pytest

from conclu_pyg.text import format_duration, pluralize


def test_nouns_are_singular_for_one_only() -> None:
    counts = [pluralize(number, "file") for number in (0, 1, 2, 1000)]
    assert counts == ["0 files", "1 file", "2 files", "1,000 files"]
    assert pluralize(2, "batch", "batches") == "2 batches"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (89.4, "89 s"),
        (90, "2 min"),
        (3600, "60 min"),
        (5500, "1 h 32 min"),
        (7170, "2 h 0 min"),
        (47 * 3600, "47 h 0 min"),
        (100 * 3600, "4 d 4 h"),
    ],
)
def test_durations_are_shown_in_the_two_units_that_matter(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
