from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import pytest

from conclu_pyg.runs.plain_data import from_plain


@dataclass(frozen=True)
class Inner:
    number: int
    share: float = 1.0


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner | None = None
    kind: Literal["", "a"] = ""
    names: tuple[str, ...] = ()
    pair: tuple[int, float] | None = None
    sizes: dict[str, tuple[float, ...]] = field(default_factory=dict)
    anything: Any = None


FULL = Outer("x", Inner(1, 0.5), "a", ("b", "c"), (1, 2.0), {"d": (1.0,)}, [{"e": None}])


def test_plain_values_come_back_as_the_dataclass() -> None:
    assert from_plain(Outer, asdict(FULL)) == FULL
    assert from_plain(Outer, {**asdict(FULL), "names": ["b", "c"], "pair": [1, 2]}) == FULL
    assert from_plain(Outer, {"name": "x"}) == Outer("x")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], r"value: expected a mapping, got \[\]"),
        ({}, r"value: expected the keys of Outer, which name contradicts, got \[\]"),
        ({"name": "x", "other": 1}, r"value: expected the keys of Outer, which other contradicts"),
        ({"name": 1}, r"value\.name: expected a value of type str, got 1"),
        ({"name": "x", "inner": {"number": True}}, r"value\.inner\.number: expected a value of type int, got True"),
        ({"name": "x", "inner": {"number": 1, "share": float("nan")}}, r"share: expected a finite number, got nan"),
        ({"name": "x", "kind": "b"}, r"value\.kind: expected one of '', 'a', got 'b'"),
        ({"name": "x", "names": ["b", 1]}, r"value\.names\[1\]: expected a value of type str, got 1"),
        ({"name": "x", "pair": [1]}, r"value\.pair: expected a list of 2, got \[1\]"),
        ({"name": "x", "sizes": {"d": 1}}, r"value\.sizes\.d: expected a list, got 1"),
        ({"name": "x", "sizes": {1: []}}, r"value\.sizes: expected a mapping"),
    ],
)
def test_other_values_are_refused_with_their_place(value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_plain(Outer, value)
