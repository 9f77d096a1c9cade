import itertools
from typing import Any

import pytest

from conclu_pyg.cli.main import main


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the evaluation was called with."""
    calls: list[Any] = []
    monkeypatch.setattr(
        "conclu_pyg.evaluation.evaluate.evaluate_run",
        lambda path, overrides, **options: calls.append((path, list(overrides), options)),
    )
    return calls


def test_a_run_alone_is_measured_on_the_test_split(calls: list[Any]) -> None:
    assert main(["evaluate", "runs/a"]) == 0
    assert calls == [("runs/a", [], {"with_random": False, "on": "test"})]


ORDERS = [
    [word for group in order for word in group]
    for order in itertools.permutations([["dataset.a=1"], ["--with-random"], ["--on", "validation"], ["dataset.b=-2"]])
]


@pytest.mark.parametrize("words", ORDERS, ids=" ".join)
def test_options_and_overrides_may_stand_in_any_order(calls: list[Any], words: list[str]) -> None:
    for position in range(len(words) + 1):
        if position and words[position - 1] == "--on":
            continue
        if any(word.startswith("dataset") for word in words[:position]):
            break  # the run comes before the overrides
        assert main(["evaluate", *words[:position], "runs/a", *words[position:]]) == 0
    for path, overrides, options in calls:
        assert (path, sorted(overrides)) == ("runs/a", ["dataset.a=1", "dataset.b=-2"])
        assert options == {"with_random": True, "on": "validation"}


def test_a_missing_run_is_one_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "nowhere"]) == 2
    assert capsys.readouterr() == ("", "error: there is no checkpoint or run folder nowhere.\n")
