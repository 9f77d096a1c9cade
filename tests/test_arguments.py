"""What a class takes; that configs are checked against it, tests/test_registry.py and tests/test_config.py say."""

import pytest

from conclu_pyg.arguments import check_arguments, settings_of
from conclu_pyg.errors import RegistryError


class Net:
    def __init__(self, width: int, lr: float = 0.1, deep: bool = False) -> None:
        pass


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
