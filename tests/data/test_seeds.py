"""The random numbers of one shape."""

from conclu_pyg.data.seeds import shape_rng


def draw(seed: int, name: str) -> int:
    return int(shape_rng(seed, name).integers(1 << 30))


def test_seed_and_name_decide() -> None:
    assert draw(0, "chair/chair_0001") == draw(0, "chair/chair_0001")
    assert len({draw(0, "chair/chair_0001"), draw(1, "chair/chair_0001"), draw(0, "chair/chair_0002")}) == 3
    assert draw(0, "stuhl/st\u00fchle") != draw(0, "caf\udce9")  # a file name that is not UTF-8


def test_does_not_change_between_versions() -> None:
    assert draw(0, "chair/chair_0001") == 1070606486
