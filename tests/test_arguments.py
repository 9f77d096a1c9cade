"""What a class takes; that configs are checked against it, tests/test_registry.py and tests/test_config.py say."""

from typing import Any

import pytest
from torch import nn

from conclu_pyg import PIPELINES, Registry
from conclu_pyg.arguments import check_arguments, parameters_of, settings_of
from conclu_pyg.errors import RegistryError


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


def test_the_settings_of_a_class_are_its_arguments_over_its_defaults() -> None:
    assert settings_of(Net, {"width": 3, "deep": True}) == {"width": 3, "lr": 0.1, "deep": True}
    assert settings_of(Net, {}) == {"lr": 0.1, "deep": False}


def test_a_fault_says_which_argument_has_the_wrong_type() -> None:
    with pytest.raises(RegistryError) as error:
        check_arguments(Net, {"lr": "a", "deep": 1, "widht": 2})
    assert [fault.argument for fault in error.value.faults] == ["", "lr", "deep"]


def test_an_argument_that_is_missing_is_told_where_no_other_may_be_meant_and_what_is_offered_is_known() -> None:
    check_arguments(Net, {})
    check_arguments(Net, {}, offers=["width"])
    with pytest.raises(RegistryError, match=r"needs the argument 'width', which is not given\. It takes"):
        check_arguments(Net, {}, offers=[])
    with pytest.raises(RegistryError, match=r"takes no argument 'widht'; did you mean 'width'\? It takes: [^?]*$"):
        check_arguments(Net, {"widht": 3}, offers=[])


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
    assert settings_of(Deepest, {"fold": True}) == {"fold": True, "depth": 2, "lr": 0.2, "deep": False}


def test_options_reach_the_base_and_are_checked_as_its_own_arguments_are() -> None:
    nets = Registry("NETS")
    nets.register_module()(Deepest)
    assert nets.build({"name": "Deepest", "deep": True}, width=3).options == {"width": 3, "deep": True}
    takes = "fold: bool = False, depth: int = 2, lr: float = 0.2, width: int, deep: bool = False."
    for arguments, sentence in (
        ({"width": 1, "deap": True}, f"takes no argument 'deap'; did you mean 'deep'? It takes: {takes}"),
        ({"width": 1, "deep": 1}, "takes deep: bool = False, found 1 (int)."),
        ({"lr": 1}, f"needs the argument 'width', which is not given. It takes: {takes}"),
    ):
        with pytest.raises(RegistryError) as error:
            nets.build({"name": "Deepest", **arguments})
        assert str(error.value) == f"Deepest {sentence}"


def test_what_no_base_lists_is_not_refused() -> None:
    check_arguments(Anything, {"width": 1, "depth": "any"}, offers=[])
    with pytest.raises(RegistryError, match="takes width: int = 1, found 'a'"):
        check_arguments(Anything, {"width": "a"}, offers=[])


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
    with pytest.raises(RegistryError, match=f"{name} takes no argument 'runs_dir'; did you mean 'run_dir'"):
        check_arguments(PIPELINES.get(name), {"runs_dir": "a"})
    with pytest.raises(RegistryError, match=f"{name} takes device: Literal.*, found 'gpu'"):
        check_arguments(PIPELINES.get(name), {"device": "gpu"})
