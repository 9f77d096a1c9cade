"""Transforms of each view."""

from typing import Any

import pytest
from helpers import raises

from conclu_pyg.errors import ConfigError, RegistryError
from conclu_pyg.methods.base import SHARED
from conclu_pyg.pipelines.views import PAPER_VIEWS, compose_views

CROP = [{"name": "RandomHalfSpaceCrop", "keep": 0.5}]
YAW = [{"name": "RandomYawRotate"}]
DECLARED = {"a": SHARED, "b": SHARED, "partial": CROP}


def described(config: Any, declared: Any = None) -> dict[str, str]:
    views = compose_views(DECLARED if declared is None else declared, config, up_axis=1)
    return {name: str(transform.transforms) for name, transform in views.items()}


def names(steps: list[dict[str, Any]]) -> list[str]:
    return [step["name"] for step in steps]


def test_by_default_shared_views_are_the_papers_and_others_the_methods() -> None:
    views = compose_views(DECLARED, None, up_axis=2)
    assert list(views) == ["a", "b", "partial"]
    for name in "ab":
        assert [type(step).__name__ for step in views[name].transforms] == names(PAPER_VIEWS)
    assert described(None)["partial"] == "[RandomHalfSpaceCrop(keep=0.5)]"


def test_a_list_makes_every_shared_view_and_no_other() -> None:
    made = described(YAW)
    assert made["a"] == made["b"] == "[RandomYawRotate(degrees=5.0, up_axis='y')]"
    assert made["partial"] == "[RandomHalfSpaceCrop(keep=0.5)]"
    assert described([])["a"] == "[]"


def test_a_mapping_replaces_views_by_name() -> None:
    made = described({"b": YAW, "partial": []})
    assert made == {**described(None), "b": described(YAW)["b"], "partial": "[]"}


def test_a_view_that_the_method_does_not_have_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"no use for 'c': expected views among a, b, partial"):
        described({"c": YAW})


def test_a_list_for_a_method_without_shared_views_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"must be a mapping .* got a list: .*\(partial\)"):
        described(YAW, {"partial": CROP})


def test_a_wrong_step_is_refused() -> None:
    with raises(RegistryError, argument="name", got="RandomHalfSpaceCrup"):
        described({"a": [{"name": "RandomHalfSpaceCrup"}]})
