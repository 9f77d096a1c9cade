"""The commands behind records."""

from dataclasses import replace

from conclu_pyg.evaluation.commands import commands
from conclu_pyg.runs.records import Record


def record(train: str, evaluate: str, seconds: float = 60.0, setting: str = "abc") -> Record:
    return Record(
        task="classification",
        dataset="ModelNet40",
        encoder="PointNet",
        method="",
        initialisation="random",
        metric="accuracy",
        value=87.0,
        seed=0,
        epochs=0,
        protocol="",
        command=evaluate,
        seconds=1.0,
        training={"command": train, "seconds": seconds},
        details={"setting": setting},
    )


def test_commands_that_differ_in_their_seed_alone_are_one() -> None:
    found = commands(
        [
            record(f"train a.yaml pipeline.seed={s} x=1 pipeline.run_dir=runs/a_0.1_{s}", f"evaluate runs/a_0.1_{s}", t)
            for s, t in ((0, 60), (1, 120), (12, 180))
        ]
    )
    assert found == [
        "- abc: `train a.yaml pipeline.seed=SEED x=1 pipeline.run_dir=runs/a_0.1_SEED` (1 min, 2 min, 3 min with SEED "
        "0, 1, 12)",
        "- `evaluate runs/a_0.1_SEED` with SEED 0, 1, 12",
    ]


def test_commands_that_differ_in_more_stand_apart() -> None:
    one = record("train a.yaml pipeline.seed=0", "evaluate runs/a --votes 2")
    found = commands([one, record("train b.yaml pipeline.seed=0", "evaluate runs/b"), replace(one, command="evaluate")])
    assert found == [
        "- abc: `train a.yaml pipeline.seed=SEED` (1 min with SEED 0)",
        "- abc: `train b.yaml pipeline.seed=SEED` (1 min with SEED 0)",
        "- `evaluate runs/a --votes 2`",
        "- `evaluate runs/b`",
        "- `evaluate`",
    ]


def test_numbers_that_are_no_seed_are_left_alone() -> None:
    found = commands(
        [record("train a.yaml runs/a_1 pipeline.seed=11 pipeline.lr=11", "evaluate runs/first_try dataset.x=3")]
    )
    assert found == [
        "- abc: `train a.yaml runs/a_1 pipeline.seed=SEED pipeline.lr=11` (1 min with SEED 11)",
        "- `evaluate runs/first_try dataset.x=3`",
    ]
