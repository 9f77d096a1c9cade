"""The commands behind records."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from reports.commands import format_commands

from conclu_pyg.runs.records import Record, Training

Make = Callable[..., Record]


@pytest.fixture
def record(make_record: Make) -> Make:
    def make(train: str, evaluate: str, seconds: float = 60.0) -> Record:
        return make_record(command=evaluate, training=Training(train, seconds), fingerprint="abc")

    return make


def test_commands_that_differ_only_in_their_seed_are_one(record: Make) -> None:
    found = format_commands(
        [
            record(f"train a.yaml pipeline.seed={s} x=1 pipeline.run_dir=runs/a_0.1_{s}", f"evaluate runs/a_0.1_{s}", t)
            for s, t in ((0, 60), (1, 120), (12, 180))
        ]
    )
    assert found == [
        "abc: `train a.yaml pipeline.seed=SEED x=1 pipeline.run_dir=runs/a_0.1_SEED` (1 min, 2 min, 3 min with SEED "
        "0, 1, 12)",
        "`evaluate runs/a_0.1_SEED` with SEED 0, 1, 12",
    ]


def test_commands_that_differ_in_more_are_separate(record: Make) -> None:
    one = record("train a.yaml pipeline.seed=0", "evaluate runs/a --votes 2")
    found = format_commands(
        [one, record("train b.yaml pipeline.seed=0", "evaluate runs/b"), replace(one, command="evaluate")]
    )
    assert found == [
        "abc: `train a.yaml pipeline.seed=SEED` (1 min with SEED 0)",
        "abc: `train b.yaml pipeline.seed=SEED` (1 min with SEED 0)",
        "`evaluate runs/a --votes 2`",
        "`evaluate runs/b`",
        "`evaluate`",
    ]


def test_other_numbers_are_unchanged(record: Make) -> None:
    found = format_commands(
        [record("train a.yaml runs/a_1 pipeline.seed=11 pipeline.lr=11", "evaluate runs/first_try dataset.x=3")]
    )
    assert found == [
        "abc: `train a.yaml runs/a_1 pipeline.seed=SEED pipeline.lr=11` (1 min with SEED 11)",
        "`evaluate runs/first_try dataset.x=3`",
    ]
