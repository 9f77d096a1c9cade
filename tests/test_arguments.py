"""Arguments of classes and of their base classes: names, types and bounds."""

from collections.abc import Sequence
from typing import Any

import pytest
from helpers import assert_error, raises
from torch import nn

from conclu_pyg import CLUSTERERS, HEADS, PIPELINES, TRANSFORMS, Registry
from conclu_pyg.arguments import check_arguments, describe, parameters_of, resolved_arguments, validated
from conclu_pyg.constraints import DropFraction, KeepFraction, PositiveInt
from conclu_pyg.encoders.pointnet import PointNet
from conclu_pyg.errors import ArgumentError


class Net:
    def __init__(self, width: int, lr: float = 0.1, deep: bool = False) -> None:
        pass


class Deeper(Net):
    def __init__(self, depth: int = 2, lr: float = 0.2, **options: Any) -> None:
        super().__init__(lr=lr, **options)
        self.options = options


class Bare(Deeper):
    pass


class Deepest(Bare):
    def __init__(self, *, fold: bool = False, **options: Any) -> None:
        super().__init__(**options)


class Anything(nn.Module):
    def __init__(self, width: int = 1, **others: int) -> None:
        super().__init__()


def test_resolved_arguments_are_those_of_the_config_over_the_defaults() -> None:
    assert resolved_arguments(Net, {"width": 3, "deep": True}) == {"width": 3, "lr": 0.1, "deep": True}
    assert resolved_arguments(Net, {}) == {"lr": 0.1, "deep": False}


def test_each_argument_of_the_wrong_type_or_name_is_an_issue() -> None:
    with pytest.raises(ArgumentError) as error:
        check_arguments(Net, {"lr": "a", "deep": 1, "widht": 2})
    assert [issue.argument for issue in error.value.issues] == ["widht", "lr", "deep"]
    assert_error(error, argument="lr", got="a", expected="float")
    assert_error(error, argument="deep", got=1, expected="bool")


def test_a_missing_argument_is_an_issue_unless_one_is_misspelt() -> None:
    check_arguments(Net, {})
    check_arguments(Net, {}, defaults=["width"])
    with pytest.raises(ArgumentError, match=r"^Net needs the argument 'width'\. It takes"):
        check_arguments(Net, {}, defaults=[])
    with pytest.raises(ArgumentError, match=r"takes no argument 'widht'; did you mean 'width'\? It takes: [^?]*$"):
        check_arguments(Net, {"widht": 3}, defaults=[])


@pytest.mark.parametrize(
    ("cls", "names"),
    [
        (Net, ["width", "lr", "deep"]),
        (Deeper, ["depth", "lr", "width", "deep"]),
        (Bare, ["depth", "lr", "width", "deep"]),
        (Deepest, ["fold", "depth", "lr", "width", "deep"]),
        (Anything, ["width"]),
    ],
)
def test_options_are_those_of_the_base_that_they_are_passed_on_to(cls: type, names: list[str]) -> None:
    assert list(parameters_of(cls)) == names


def test_a_class_s_own_default_comes_before_that_of_its_base() -> None:
    assert resolved_arguments(Deepest, {"fold": True}) == {"fold": True, "depth": 2, "lr": 0.2, "deep": False}


def test_options_reach_the_base_and_are_checked_as_its_own_arguments_are() -> None:
    nets = Registry("NETS")
    nets.register_module()(Deepest)
    assert nets.build({"name": "Deepest", "deep": True}, width=3).options == {"width": 3, "deep": True}
    takes = "fold: bool = False, depth: int = 2, lr: float = 0.2, width: int, deep: bool = False."
    for arguments, sentence in (
        ({"width": 1, "deap": True}, f" takes no argument 'deap'; did you mean 'deep'? It takes: {takes}"),
        ({"width": 1, "deep": 1}, ": deep must be bool, got 1 (int)."),
        ({"lr": 1}, f" needs the argument 'width'. It takes: {takes}"),
    ):
        with pytest.raises(ArgumentError) as error:
            nets.build({"name": "Deepest", **arguments})
        assert str(error.value) == f"Deepest{sentence}"


def test_arguments_for_open_constructors_are_accepted() -> None:
    check_arguments(Anything, {"width": 1, "depth": "any"}, defaults=[])
    with pytest.raises(ArgumentError) as error:
        check_arguments(Anything, {"width": "a"}, defaults=[])
    assert_error(error, argument="width", got="a")


@pytest.mark.parametrize("name", list(PIPELINES))
def test_every_pipeline_takes_the_options_of_all(name: str) -> None:
    takes = parameters_of(PIPELINES.get(name))
    assert {
        "epochs",
        "batch_size",
        "seed",
        "device",
        "precision",
        "num_workers",
        "log_dir",
        "run_dir",
        "keep_every",
    } <= {key for key, parameter in takes.items() if parameter.default is not parameter.empty}
    with raises(ArgumentError, argument="runs_dir", got="a"):
        check_arguments(PIPELINES.get(name), {"runs_dir": "a"})
    with pytest.raises(ArgumentError) as error:
        check_arguments(PIPELINES.get(name), {"device": "gpu"})
    assert_error(error, argument="device", got="gpu")


# Bounds


class Base:
    @validated
    def __init__(self, channels: Sequence[PositiveInt] = (8,), dropout: DropFraction = 0.5) -> None:
        self.channels, self.dropout = channels, dropout


class Derived(Base):
    @validated
    def __init__(self, k: PositiveInt = 20, share: KeepFraction | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.k = k


OUT_OF_BOUNDS = {"k": 0, "share": 0.0, "channels": [4, 0, -1], "dropout": 1.0}


def test_arguments_within_their_bounds_are_accepted() -> None:
    check_arguments(Derived, {"k": 1, "share": 1, "channels": [1], "dropout": 0})
    assert Derived(1, 1.0, channels=[1], dropout=0).channels == [1] and Derived().k == 20


def test_all_arguments_out_of_bounds_are_refused_at_once_before_anything_is_built() -> None:
    with pytest.raises(ArgumentError) as error:
        check_arguments(Derived, OUT_OF_BOUNDS)
    assert str(error.value) == (
        "Derived: k must be >= 1, got 0. Derived: share must be in (0, 1], got 0.0. "
        "Derived: channels[1] must be >= 1, got 0. Derived: channels[2] must be >= 1, got -1. "
        "Derived: dropout must be in [0, 1), got 1.0."
    )
    assert_error(error, argument="channels", got=-1, expected=">= 1")


def test_a_constructor_refuses_the_same_at_once_by_position_and_by_keyword() -> None:
    with pytest.raises(ArgumentError) as error:
        Base([0], dropout=float("nan"))
    assert_error(error, argument="channels", got=0)
    assert_error(error, argument="dropout", got=float("nan"), expected="in [0, 1)")
    with pytest.raises(ArgumentError, match=r"^Derived: channels"):  # in the name of the class that is built
        Derived(channels=[0])


@pytest.mark.parametrize("value", ["1", None, [1], float("nan")])
def test_a_constructor_refuses_values_that_have_no_order_with_a_bound(value: Any) -> None:
    with pytest.raises(ArgumentError) as error:
        Derived(dropout=value)
    assert_error(error, argument="dropout", got=value)


def test_arguments_that_do_not_bind_raise_a_type_error_as_usual() -> None:
    with pytest.raises(TypeError, match=r"unexpected"):
        Base(width=3)  # type: ignore[call-arg]


def test_a_validated_constructor_keeps_its_signature() -> None:
    assert list(parameters_of(Derived)) == ["k", "share", "channels", "dropout"]
    assert Base.__init__.__name__ == "__init__"


def test_the_description_has_type_bounds_and_default() -> None:
    assert describe(Derived) == {
        "k": "k: int (>= 1) = 20",
        "share": "share: float (in (0, 1]) | None = None",
        "channels": "channels: Sequence[int (>= 1)] = (8,)",
        "dropout": "dropout: float (in [0, 1)) = 0.5",
    }


@pytest.mark.parametrize("registry", [CLUSTERERS, HEADS, TRANSFORMS], ids=lambda registry: registry.name)
def test_every_number_of_these_parts_has_a_bound(registry: Registry) -> None:
    for name in registry:
        unbounded = [text for text in describe(registry.get(name)).values() if ": int" in text or ": float" in text]
        assert all("(" in text for text in unbounded), name


def test_a_wrong_keyword_of_a_constructor_names_the_class() -> None:
    arguments: dict[str, Any] = {"out_chanels": 3}
    with pytest.raises(TypeError, match=r"PointNet\.__init__\(\) got an unexpected keyword argument 'out_chanels'"):
        PointNet(**arguments)


def test_a_value_of_another_type_is_refused_with_the_type() -> None:
    arguments: dict[str, Any] = {"out_channels": "64"}
    with raises(ArgumentError, argument="out_channels", got="64", expected="int (>= 1)"):
        PointNet(**arguments)
