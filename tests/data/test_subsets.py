"""Random subsets of a split: counts per class, seeds and nesting."""

from itertools import pairwise

import numpy as np
import pytest
from helpers import raises

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.data.subsets import draw_fraction, draw_per_class, hold_out
from conclu_pyg.errors import ConfigError, DataError

COUNTS = [40, 7, 0, 21]


def make_split(counts: list[int], seed: int = 0) -> PointCloudSplit:
    """Makes a split with these numbers of clouds per class, in random order; coordinates are the cloud's index."""
    y = np.random.default_rng(seed).permutation(np.arange(len(counts)).repeat(counts))
    pos = np.arange(len(y), dtype=np.float32)[:, None, None] * np.ones((1, 4, 3), np.float32)
    part = np.arange(len(y))[:, None].repeat(4, axis=1)
    return PointCloudSplit(pos, y, [f"cloud {i}" for i in range(len(y))], list("abcdefgh"[: len(counts)]), part=part)


def numbers(split: PointCloudSplit) -> list[int]:
    """Returns the indices of the clouds after a check of their labels and names."""
    found = np.asarray(split.pos)[:, 0, 0].astype(int).tolist()
    assert split.part is not None and np.asarray(split.part)[:, 0].tolist() == found
    assert split.names == [f"cloud {i}" for i in found]
    return found


def counts_of(split: PointCloudSplit) -> list[int]:
    return [int((split.y == label).sum()) for label in range(len(split.classes))]


@pytest.mark.parametrize("per_class", [1, 2, 7])
def test_so_many_of_each_class_are_drawn(per_class: int) -> None:
    split = make_split([40, 7, 21])
    drawn = draw_per_class(split, per_class, seed=3)
    assert counts_of(drawn) == [per_class] * 3 and numbers(drawn) == sorted(set(numbers(drawn)))
    assert drawn.y.tolist() == split.y[numbers(drawn)].tolist() and drawn.classes == split.classes


@pytest.mark.parametrize(
    ("fraction", "counts"),
    [(1.0, COUNTS), (0.5, [20, 4, 0, 10]), (0.1, [4, 1, 0, 2]), (0.01, [1, 1, 0, 1]), (1e-9, [1, 1, 0, 1])],
)
def test_a_fraction_of_each_class_is_drawn_and_one_at_least(fraction: float, counts: list[int]) -> None:
    drawn = draw_fraction(make_split(COUNTS), fraction, seed=0)
    assert counts_of(drawn) == counts
    assert numbers(drawn) == sorted(set(numbers(drawn)))


def test_one_seed_draws_the_same_and_another_others() -> None:
    split = make_split([40, 7, 21])
    for draw in (lambda seed: draw_per_class(split, 3, seed), lambda seed: draw_fraction(split, 0.2, seed)):
        assert numbers(draw(1)) == numbers(draw(1)) != numbers(draw(2))
    assert (
        numbers(hold_out(split, 0.2, 1)[1])
        == numbers(hold_out(split, 0.2, 1)[1])
        != numbers(hold_out(split, 0.2, 2)[1])
    )


def test_more_labels_include_fewer() -> None:
    split = make_split([40, 9, 21])
    chains = [
        [draw_per_class(split, count, seed=5) for count in range(1, 10)],
        [draw_fraction(split, fraction, seed=5) for fraction in np.linspace(0.01, 1, 25)],
    ]
    for chain in chains:
        for fewer, more in pairwise(chain):
            assert set(numbers(fewer)) <= set(numbers(more))


def test_every_cloud_has_the_same_chance() -> None:
    split = make_split([4, 12])
    times = np.bincount([i for seed in range(600) for i in numbers(draw_per_class(split, 3, seed))], minlength=16)
    expected = np.where(split.y == 0, 600 * 3 / 4, 600 * 3 / 12)
    assert (np.abs(times - expected) < 4.5 * np.sqrt(expected * (1 - expected / 600))).all()


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_held_out_clouds_are_a_share_of_each_class_and_are_not_trained_on(share: float) -> None:
    split = make_split(COUNTS)
    seen, held_out = hold_out(split, share, seed=0)
    assert sorted(numbers(seen) + numbers(held_out)) == list(range(len(split)))
    for found, count in zip(counts_of(held_out), COUNTS, strict=True):
        assert abs(found - share * count) < 1 or found == 1


def test_a_class_with_too_few_clouds_is_named() -> None:
    with pytest.raises(DataError) as error:
        draw_per_class(make_split([40, 7, 21]), 8, seed=0)
    assert str(error.value) == "cannot draw 8 labels of each class: b has 7 training clouds; draw fewer."
    with raises(DataError, argument="per_class", got=1):
        draw_per_class(make_split(COUNTS), 1, seed=0)


@pytest.mark.parametrize("fraction", [0.0, -0.1, 1.01, float("nan")])
def test_a_fraction_out_of_its_range_is_refused(fraction: float) -> None:
    with raises(ConfigError, argument="fraction", got=fraction):
        draw_fraction(make_split(COUNTS), fraction, seed=0)


def test_a_validation_part_that_cannot_have_each_class_is_refused_in_a_sentence() -> None:
    with pytest.raises(DataError) as error:
        hold_out(make_split([5, 1, 5]), 0.5, seed=0, hint="give it another")
    assert str(error.value) == (
        "cannot hold out validation clouds from the 11 training clouds: the class b has only one; give it another."
    )


@pytest.mark.parametrize(("share", "counts"), [(0.01, [1, 1, 1, 0]), (0.2, [12, 1, 1, 0]), (0.95, [57, 1, 2, 0])])
def test_each_class_has_held_out_and_remaining_clouds(share: float, counts: list[int]) -> None:
    seen, held_out = hold_out(make_split([60, 2, 3, 0]), share, seed=0)
    assert counts_of(held_out) == counts and counts_of(seen) == [60 - counts[0], 2 - counts[1], 3 - counts[2], 0]
