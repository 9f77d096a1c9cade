"""Options that cannot be are refused before anything is done."""

import re
from typing import Any

import pytest

from conclu_pyg.errors import ConfigError
from conclu_pyg.inference.options import Options


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_points": 0}, "--points must be at least 1, found 0."),
        ({"num_points": -4}, "--points must be at least 1, found -4."),
        ({"test": -1}, "--test must be at least 1, or left out for no cloud of the test split; found -1."),
        ({"renderer": "open3d"}, "--renderer open3d draws pictures, and none are wanted; add --png, or leave it out."),
        ({"renderer": "open3d", "html": True}, "--renderer open3d draws pictures"),
        ({"window": "plain", "png": True}, "--window plain opens windows, and none are wanted; add --show, or leave"),
    ],
)
def test_refuses_what_cannot_be(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match="^" + re.escape(message)):
        Options(**options)


@pytest.mark.parametrize("options", [{}, {"renderer": "matplotlib", "show": True}, {"window": "plain", "show": True}])
def test_takes_what_can_be(options: dict[str, Any]) -> None:
    Options(**options)
