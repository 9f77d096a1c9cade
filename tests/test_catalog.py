import pytest
from torch import nn

import conclu_pyg
from conclu_pyg import ENCODERS, METHODS, list_names
from conclu_pyg.catalog import describe_names, kinds, registries
from conclu_pyg.errors import ArgumentError
from conclu_pyg.runs.shipped_weights import shipped_weights
from conclu_pyg.shipped_configs import shipped_configs


def test_each_kind_has_the_names_of_its_source() -> None:
    assert list_names("weights") == sorted(shipped_weights()) and list_names("configs") == sorted(shipped_configs())
    for kind, registry in registries().items():
        assert list_names(kind) == list(registry)
    exported = {
        name.lower() for name in conclu_pyg.__all__ if isinstance(getattr(conclu_pyg, name), conclu_pyg.Registry)
    }
    assert set(kinds()) == {"weights", "configs"} | exported


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("?o*", ["ConClu", "ContrastNet", "FoldingNet", "PointMAE", "Rotation3D"]),
        ("*3d", ["Jigsaw3D", "Rotation3D"]),
        ("?YOL", ["BYOL"]),
        ("con", []),
    ],
)
def test_a_pattern_matches_whole_names_in_either_case(pattern: str, names: list[str]) -> None:
    assert [name for name in list_names("methods", pattern) if METHODS.get(name).__module__[:11] == "conclu_pyg."] == (
        names
    )


def test_an_unknown_kind_is_an_error_that_lists_the_kinds() -> None:
    with pytest.raises(ArgumentError, match=r"no kind 'encoder'; did you mean 'encoders'\?; expected one of: weights"):
        list_names("encoder")


def test_a_name_is_described_by_the_first_sentence_without_markup(forget_registered: None) -> None:
    @ENCODERS.register_module()
    class Mine(nn.Module):
        """A net by `Doe <https://example.org>`_ with :class:`~a.b.Layer` and ``k``, e.g. 3. Slow.

        More."""

    @ENCODERS.register_module()
    class Bare:
        pass

    assert describe_names("encoders", "mine") == {"Mine": "A net by Doe with Layer and k, e.g. 3"}
    assert describe_names("encoders", "bare") == {"Bare": ""}


def test_a_config_is_described_by_its_first_comment() -> None:
    (line,) = describe_names("configs", "conclu_pointnet").values()
    assert line == "Runs anywhere, at once: the built-in data set, a few minutes on two CPU cores"
