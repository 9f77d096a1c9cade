"""The text and the fields of errors."""

import pickle
from pathlib import Path
from typing import Any

import pytest
from helpers import assert_error, raises

from conclu_pyg.errors import ArgumentError, ConcluError, ConfigError, DataError, Issue, RegistryError, format_issues

NEAR, FAR = Issue("no 'a'; did you mean 'b'?", "It has: b."), Issue("no 'x'.", "It has: b.")


def test_one_issue_has_its_hint() -> None:
    assert format_issues([NEAR]) == "no 'a'; did you mean 'b'? It has: b."
    assert format_issues([FAR]) == "no 'x'. It has: b."
    assert format_issues([Issue("wrong.")]) == "wrong."
    assert format_issues([]) == ""


def test_a_hint_of_several_issues_is_printed_once_and_only_where_no_word_is_suggested() -> None:
    assert format_issues([NEAR, FAR, FAR, NEAR]) == f"{NEAR.message} no 'x'. It has: b. no 'x'. {NEAR.message}"
    assert format_issues([FAR, Issue("no 'y'.", "It takes: c.")]) == "no 'x'. It has: b. no 'y'. It takes: c."


def test_the_source_and_the_path_begin_the_sentence() -> None:
    issue = Issue("PointNet: k must be >= 1, got 0.", path="model.encoder")
    assert format_issues([issue]) == "model.encoder: PointNet: k must be >= 1, got 0."
    assert format_issues([issue], "a.yaml") == "a.yaml, model.encoder: PointNet: k must be >= 1, got 0."
    assert format_issues([Issue("no.")], "a.yaml") == "a.yaml: no."
    assert format_issues([Issue("model.x is 1.", path="model")], "a.yaml") == "a.yaml: model.x is 1."


def test_several_issues_of_a_source_are_a_heading_and_a_line_each() -> None:
    issues = [Issue("no."), Issue("wrong.", path="model.encoder")]
    assert format_issues(issues, "configs/a.yaml") == "2 errors in configs/a.yaml:\n  no.\n  model.encoder: wrong."


def test_an_error_has_the_fields_of_its_first_issue() -> None:
    error = ConfigError(Issue("no.", "do.", "epochs", "pipeline", 0, ">= 1"), "wrong.")
    assert (error.argument, error.got, error.expected, error.hint, error.path) == (
        "epochs",
        0,
        ">= 1",
        "do.",
        "pipeline",
    )
    assert error.issues[1] == Issue("wrong.") and error.issues[1].got is ...
    assert ConcluError().argument == "" and str(ConcluError()) == ""


def test_an_error_passes_its_fields_to_the_issue() -> None:
    error = DataError("a.h5: no.", file=Path("a.h5"), argument="label", got=7)
    assert error.issues == [Issue("a.h5: no.", argument="label", got=7, file="a.h5")]
    assert (str(error), error.file) == ("a.h5: no.", "a.h5")
    with raises(DataError, file=Path("a.h5"), got=7):
        raise error
    with pytest.raises(TypeError):
        DataError("no.", gott=7)


def test_locating_keeps_known_places() -> None:
    error = ConfigError(Issue("no.", path="model.head"), Issue("wrong."))
    error.locate("a.yaml", "model")
    error.locate("b.yaml", "pipeline")
    assert str(error) == "2 errors in a.yaml:\n  model.head: no.\n  model: wrong."


@pytest.mark.parametrize("cls", [ConcluError, ConfigError, RegistryError, ArgumentError, DataError])
def test_errors_survive_pickling_as_between_worker_processes(cls: Any) -> None:
    error = pickle.loads(pickle.dumps(cls(Issue("no.", argument="k", got=0), "wrong.")))
    assert type(error) is cls and str(error) == "no. wrong."
    assert_error(error, argument="k", got=0)


def test_an_assertion_finds_an_issue_by_its_fields_and_types() -> None:
    error = ConfigError(Issue("a.", argument="a", got=float("nan")), Issue("b.", argument="b", got=1))
    assert assert_error(error, argument="b", got=1) is error.issues[1]
    assert_error(error, got=float("nan"))
    for fields in ({"argument": "c"}, {"argument": "a", "got": 1}, {"argument": "b", "got": True}, {"arg": "b"}):
        with pytest.raises(AssertionError):
            assert_error(error, **fields)
    with pytest.raises(AssertionError):
        assert_error(ValueError("b"), argument="b")
