"""Registries: registration, building and errors."""

import importlib.metadata
import re
import sys
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest
from helpers import assert_error, raises
from torch import nn

from conclu_pyg import CLUSTERERS, DATASETS, DECODERS, ENCODERS, HEADS, METHODS, PIPELINES, TRANSFORMS, Registry
from conclu_pyg import registry as registry_module
from conclu_pyg.arguments import parameters_of
from conclu_pyg.errors import ArgumentError, DataError, RegistryError
from conclu_pyg.registry import components_of


class Net:
    def __init__(self, width: int, lr: float = 0.1, deep: bool = False, kind: Literal["a", 2] = "a") -> None:
        self.width, self.lr, self.deep, self.kind = width, lr, deep, kind


@pytest.fixture
def nets() -> Registry:
    registry = Registry("NETS")
    registry.register_module()(Net)
    return registry


def message(error: pytest.ExceptionInfo[RegistryError]) -> str:
    """Returns the text of the error after a check that it is one line with a full stop."""
    text = str(error.value)
    assert "\n" not in text and text.endswith(".")
    return text


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package with a built-in class ``Known`` that is not imported yet."""
    name = f"home_{re.sub('[^a-z]', '', tmp_path.name.lower())}"
    package = tmp_path / name
    package.mkdir()
    (package / "__init__.py").write_text("from conclu_pyg import Registry\nNETS = Registry('NETS', __name__)\n")
    (package / "known.py").write_text(f"from {name} import NETS\n@NETS.register_module()\nclass Known: pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return name


# Registration


def test_the_decorator_returns_the_class(nets: Registry) -> None:
    class Other:
        pass

    assert nets.register_module()(Other) is Other
    assert nets.register_module(name="Another")(Other) is Other
    assert nets.get("Other") is nets.get("Another") is Other
    assert list(nets) == ["Another", "Net", "Other"] and len(nets) == 3 and "Other" in nets and "other" not in nets


def test_a_function_can_be_registered(nets: Registry) -> None:
    @nets.register_module()
    def small(width: int = 2) -> Net:
        return Net(width)

    assert nets.build({"name": "small", "width": 3}).width == 3


def test_a_second_class_of_the_same_name_is_refused(nets: Registry) -> None:
    with pytest.raises(RegistryError) as error:
        nets.register_module(name="Net")(nn.Linear)
    assert f"NETS already has 'Net', which is {__name__}.Net" in message(error)
    assert "torch.nn.modules.linear.Linear by another name, or with force=True" in message(error)
    assert nets.get("Net") is Net


def test_force_replaces_a_class(nets: Registry) -> None:
    nets.register_module(name="Net", force=True)(nn.Linear)
    assert nets.get("Net") is nn.Linear


def test_the_name_of_a_built_in_that_is_not_imported_yet_is_refused(home: str) -> None:
    nets = __import__(home).NETS
    with raises(RegistryError, argument="name", got="Known") as error:
        nets.register_module(name="Known")(Net)
    assert f"already has 'Known', which is {home}.known.Known" in message(error)
    assert nets.get("Known").__module__ == f"{home}.known"


def test_force_replaces_a_built_in_that_was_not_imported_yet(home: str) -> None:
    nets = __import__(home).NETS
    nets.register_module(name="Known", force=True)(Net)
    assert nets.get("Known") is Net


def test_a_module_whose_name_only_begins_like_the_home_is_no_built_in(home: str) -> None:
    nets = __import__(home).NETS
    stranger = type("Known", (), {"__module__": f"{home}_of_somebody_else"})
    with raises(RegistryError, argument="name", got="Known"):
        nets.register_module()(stranger)


def test_built_in_modules_that_fail_are_tried_again(home: str) -> None:
    package = __import__(home)
    broken = Path(package.__file__ or "").parent / "broken.py"
    broken.write_text("raise OSError('no library')")
    for _ in range(2):
        with pytest.raises(OSError, match="no library"):
            package.NETS.get("Known")
    broken.write_text("# repaired")
    assert package.NETS.get("Known").__name__ == "Known"


def test_the_decorator_without_parentheses_is_refused_with_a_hint(nets: Registry) -> None:
    with pytest.raises(RegistryError, match=r"as @NETS\.register_module\(\)\.") as error:
        nets.register_module(Net)  # type: ignore[arg-type]
    assert "got <class" in message(error)


# Names


@pytest.mark.parametrize("name", ["Nett", "net", "NEt"])
def test_an_unknown_name_lists_the_known_ones_and_the_closest(nets: Registry, name: str) -> None:
    with pytest.raises(RegistryError) as error:
        nets.get(name)
    assert message(error) == f"NETS has no {name!r}; did you mean 'Net'? It has: Net."


@pytest.mark.parametrize("name", ["Xylophone", "", 3, [1]])
def test_a_name_without_a_close_match_gets_the_list_only(nets: Registry, name: Any) -> None:
    with pytest.raises(RegistryError) as error:
        nets.get(name)
    assert message(error) == f"NETS has no {name!r}. It has: Net."


def test_an_empty_registry_is_reported_as_empty() -> None:
    with pytest.raises(RegistryError, match="It has: nothing yet"):
        Registry("NETS").get("Net")


def test_the_repr_is_a_table(nets: Registry) -> None:
    nets.register_module(name="Linear")(nn.Linear)
    assert repr(nets).splitlines() == [
        "Registry NETS, 2 entries:",
        "  Linear                   torch.nn.modules.linear.Linear",
        f"  Net                      {__name__}.Net",
    ]


@pytest.mark.parametrize(
    ("registry", "name"),
    [
        (ENCODERS, "PointNet"),
        (METHODS, "ConClu"),
        (CLUSTERERS, "SinkhornClusterer"),
        (HEADS, "ProjectionHead"),
        (TRANSFORMS, "GaussianJitter"),
        (DATASETS, "ModelNet"),
        (PIPELINES, "Pretraining"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_the_registries_contain_the_built_in_classes(registry: Registry, name: str) -> None:
    assert name in registry and name in repr(registry) and registry.get(name).__name__ == name


def test_a_registry_without_entries_is_empty() -> None:
    empty = Registry("NETS")
    assert list(empty) == [] and len(empty) == 0 and "Net" not in empty and repr(empty) == "Registry NETS, 0 entries:"


# Building


def test_a_config_is_built_and_not_changed(nets: Registry) -> None:
    config = {"name": "Net", "width": 3, "lr": 1}
    net = nets.build(config)
    assert isinstance(net, Net) and (net.width, net.lr) == (3, 1)
    assert config == {"name": "Net", "width": 3, "lr": 1}


def test_built_objects_pass_through(nets: Registry) -> None:
    net = Net(1)
    assert nets.build(net) is net


@pytest.mark.parametrize("config", ["Net", 3, None, True, ["Net"]])
def test_a_plain_value_is_no_built_object(nets: Registry, config: Any) -> None:
    with pytest.raises(RegistryError) as error:
        nets.build(config)
    assert_error(error, got=config)
    remedy = "; write {'name': 'Net'}" if config == "Net" else ""
    assert message(error) == f"NETS builds from a mapping with a 'name', got {config!r}{remedy}."


def test_a_misspelt_name_alone_is_corrected_in_the_remedy(nets: Registry) -> None:
    with pytest.raises(RegistryError, match=r"got 'Nett'; write \{'name': 'Net'\}\."):
        nets.build("Nett")


def test_a_class_is_no_built_object(nets: Registry) -> None:
    with pytest.raises(RegistryError) as error:
        nets.build(Registry)
    assert_error(error, got=Registry)
    assert message(error).endswith("got the class Registry; give Registry(...).")


def test_a_config_without_a_name_gets_the_list_of_names(nets: Registry) -> None:
    with pytest.raises(RegistryError) as error:
        nets.build({"width": 3})
    assert message(error) == "a config for NETS needs 'name', got the keys ['width']; NETS has: Net."


def test_defaults_are_passed_where_the_class_has_them_and_the_config_does_not(nets: Registry) -> None:
    net = nets.build({"name": "Net", "lr": 0.5}, width=7, lr=0.1, unheard_of=1)
    assert (net.width, net.lr) == (7, 0.5)


def test_the_context_may_be_repeated_and_not_contradicted(nets: Registry) -> None:
    assert nets.build({"name": "Net"}, {"width": 7, "unheard_of": 1}).width == 7
    assert nets.build({"name": "Net", "width": 7}, {"width": 7}).width == 7
    with pytest.raises(RegistryError) as error:
        nets.build({"name": "Net", "width": 8}, {"width": 7})
    assert message(error) == "Net: width is set to 7 by the program, got 8; leave it out of the config."
    assert_error(error, argument="width", got=8)


def test_a_default_that_is_an_object_cannot_be_replaced_by_a_config() -> None:
    wraps = Registry("WRAPS")

    @wraps.register_module()
    class Wrap:
        def __init__(self, net: Net, depth: int = 1) -> None:
            self.net = net

    net = Net(1)
    assert wraps.build({"name": "Wrap"}, net=net).net is net
    with pytest.raises(RegistryError) as error:
        wraps.build({"name": "Wrap", "net": "Net"}, net=net)
    assert message(error) == "Wrap: 'net' is set by the program and cannot appear in the config."
    with pytest.raises(RegistryError) as error:
        wraps.build({"name": "Wrap", "dept": 2}, net=net)
    assert message(error) == "Wrap takes no argument 'dept'; did you mean 'depth'? It takes: depth: int = 1."


def test_an_unknown_argument_lists_the_known_ones(nets: Registry) -> None:
    with pytest.raises(RegistryError) as error:
        nets.build({"name": "Net", "width": 3, "widht": 3})
    assert message(error) == (
        "Net takes no argument 'widht'; did you mean 'width'? It takes: "
        "width: int, lr: float = 0.1, deep: bool = False, kind: 'a' or 2 = 'a'."
    )


def test_all_issues_are_reported_at_once_and_the_parameters_only_where_no_word_is_similar(nets: Registry) -> None:
    with pytest.raises(RegistryError) as error:
        nets.build({"name": "Net", "widht": 3, "depe": 1, "lr": "fast"})
    assert message(error) == (
        "Net takes no argument 'widht'; did you mean 'width'? Net takes no argument 'depe'; did you mean 'deep'? "
        "Net: lr must be float, got 'fast' (str)."
    )
    with pytest.raises(RegistryError) as error:
        nets.build({"name": "Net", "width": 3, "qqq": 3, "xxx": 1})
    text = message(error)
    assert text.startswith("Net takes no argument 'qqq'. It takes: width: int, ")
    assert text.endswith(" Net takes no argument 'xxx'.")


def test_an_alias_is_shown_as_its_values() -> None:
    with pytest.raises(RegistryError) as error:
        METHODS.build({"name": "ConClu", "encoder": None, "orthogonality_reduction": "max"})
    assert_error(error, argument="orthogonality_reduction", got="max", expected="'sum' or 'mean'")
    with pytest.raises(RegistryError) as error:
        METHODS.build({"name": "ConClu", "reduction": "max"})
    assert "Reduction =" not in message(error) and "codes: 'swapped' or 'same_view' = 'swapped'" in message(error)


def test_a_class_without_arguments_refuses_all() -> None:
    nets = Registry("NETS")
    nets.register_module(name="Plain")(type("Plain", (), {}))
    with raises(RegistryError, argument="width", got=3) as error:
        nets.build({"name": "Plain", "width": 3})
    assert message(error) == "Plain takes no argument 'width'. It takes: no arguments."


def test_a_missing_argument_is_named(nets: Registry) -> None:
    with pytest.raises(RegistryError) as error:
        nets.build({"name": "Net"})
    assert message(error).startswith("Net needs the argument 'width'. It takes: width: int, ")


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("width", 2.5, "int"),
        ("width", "3", "int"),
        ("width", True, "int"),
        ("width", None, "int"),
        ("lr", "1e-4", "float"),
        ("lr", [0.1], "float"),
        ("deep", 1, "bool"),
        ("kind", "b", "'a' or 2"),
        ("kind", ["a"], "'a' or 2"),
        ("kind", 2.0, "'a' or 2"),
    ],
)
def test_a_value_of_another_type_is_refused(nets: Registry, key: str, value: Any, expected: str) -> None:
    with pytest.raises(ArgumentError) as error:
        nets.build({"name": "Net", "width": 1, key: value})
    assert_error(error, argument=key, got=value, expected=expected)
    assert message(error) == f"Net: {key} must be {expected}, got {value!r} ({type(value).__name__})."


def takes_containers(
    steps: list[dict[str, Any]] | None = None, sizes: Sequence[int] = (), table: Mapping[str, int] | None = None
) -> tuple[Any, ...]:
    return steps, sizes, table


@pytest.mark.parametrize(
    "arguments",
    [
        {"steps": 3},
        {"steps": "GaussianJitter"},
        {"steps": {"name": "GaussianJitter"}},
        {"steps": ["GaussianJitter"]},
        {"steps": [None]},
        {"sizes": [1, "2"]},
        {"sizes": 1},
        {"table": [1]},
        {"table": "a"},
    ],
)
def test_lists_and_mappings_are_checked_too(arguments: dict[str, Any]) -> None:
    things = Registry("THINGS")
    things.register_module()(takes_containers)
    with pytest.raises(ArgumentError) as error:
        things.build({"name": "takes_containers", **arguments})
    ((argument, value),) = arguments.items()
    assert_error(error, argument=argument, got=value)


@pytest.mark.parametrize(
    "arguments", [{}, {"steps": None}, {"steps": [{"name": "a"}, Net(1)]}, {"sizes": [1, 2]}, {"table": {"a": 1}}]
)
def test_lists_and_mappings_that_fit_are_passed_on(arguments: dict[str, Any]) -> None:
    things = Registry("THINGS")
    things.register_module()(takes_containers)
    assert things.build({"name": "takes_containers", **arguments}) == takes_containers(**arguments)


def test_a_class_that_takes_any_argument_gets_any() -> None:
    things = Registry("THINGS")

    @things.register_module()
    class Open:
        def __init__(self, width: int = 1, **others: int) -> None:
            self.others = others

    assert things.build({"name": "Open", "depth": 3, "others": 4}).others == {"depth": 3, "others": 4}
    with pytest.raises(ArgumentError) as error:
        things.build({"name": "Open", "width": "a"})
    assert_error(error, argument="width", got="a")


def test_an_error_holds_the_configs_from_the_innermost_outwards() -> None:
    things = Registry("THINGS")

    @things.register_module()
    class Wrap:
        def __init__(self, inner: Any = None) -> None:
            if inner is not None:
                things.build(inner)
            raise DataError("no.")

    config = {"name": "Wrap", "inner": {"name": "Wrap"}}
    with pytest.raises(DataError) as error:
        things.build(config)
    assert [id(built) for built in error.value.building] == [id(config["inner"]), id(config)]


def test_annotations_for_type_checkers_only_are_ignored() -> None:
    def typed(width: "Unheard" = 1, depth: "nn.Unheard" = 2) -> Any:  # type: ignore # noqa: F821
        return width, depth

    things = Registry("THINGS")
    things.register_module()(typed)
    assert things.build({"name": "typed", "width": "anything"}) == ("anything", 2)


# Options of a registry


@pytest.fixture
def optional() -> Registry:
    """A registry with the option ``tag``."""
    nets = Registry("NETS", options={"tag": "tag it afterwards"})
    nets.register_module()(Net)
    return nets


def test_an_option_is_parsed_and_is_no_argument(optional: Registry) -> None:
    spec = optional.parse({"name": "Net", "width": 3, "tag": "blue"})
    assert (spec.cls, spec.arguments, spec.options) == (Net, {"width": 3}, {"tag": "blue"})
    assert optional.options_of(Net) == ["tag"]


def test_an_option_is_for_the_program_and_never_ignored_by_build(optional: Registry) -> None:
    with pytest.raises(ArgumentError) as error:
        optional.build({"name": "Net", "width": 3, "tag": "blue"})
    assert_error(error, argument="tag", got="blue")
    assert message(error) == "Net: 'tag' is for build_pipeline, not for NETS.build; tag it afterwards."


@pytest.mark.parametrize("config", [{}, {"tag": None}])
def test_an_option_that_is_null_or_missing_does_nothing(optional: Registry, config: dict[str, Any]) -> None:
    assert optional.build({"name": "Net", "width": 3, **config}).width == 3


@pytest.mark.parametrize("value", [3, True, ["blue"], {"name": "blue"}])
def test_an_option_that_is_no_string_is_refused(optional: Registry, value: Any) -> None:
    with pytest.raises(ArgumentError) as error:
        optional.build({"name": "Net", "width": 3, "tag": value})
    assert_error(error, argument="tag", got=value, expected="str")


def test_a_misspelt_option_gets_a_suggestion(optional: Registry) -> None:
    with pytest.raises(ArgumentError) as error:
        optional.build({"name": "Net", "width": 3, "tga": "blue"})
    text = message(error)
    assert text.startswith("Net takes no argument 'tga'; did you mean 'tag'? ") and text.endswith(", tag: str = None.")


def test_a_class_with_a_parameter_of_that_name_gets_the_value_itself(optional: Registry) -> None:
    @optional.register_module()
    class Own:
        def __init__(self, tag: int = 1) -> None:
            self.tag = tag

    assert optional.build({"name": "Own", "tag": 5}).tag == 5 and optional.options_of(Own) == []


@pytest.mark.parametrize("name", list(ENCODERS))
def test_every_encoder_config_may_have_a_checkpoint(name: str) -> None:
    assert ENCODERS.options_of(ENCODERS.get(name)) == ["checkpoint"]
    ENCODERS.build({"name": name, "checkpoint": None})
    with raises(ArgumentError, argument="chekpoint", got="run"):
        ENCODERS.build({"name": name, "chekpoint": "run"})
    with raises(ArgumentError, argument="checkpoint", got="no/run") as error:
        ENCODERS.build({"name": name, "checkpoint": "no/run"})
    assert "use load_encoder" in str(error.value)


@pytest.mark.parametrize("name", list(DECODERS))
def test_every_decoder_config_may_have_a_checkpoint(name: str) -> None:
    assert DECODERS.options_of(DECODERS.get(name)) == ["checkpoint"]
    with raises(ArgumentError, argument="checkpoint", got="no/run") as error:
        DECODERS.build({"name": name, "checkpoint": "no/run"}, {"in_channels": 8})
    assert "use load_run" in str(error.value)


# Parts


def test_the_parts_of_a_class_are_its_own_and_those_of_its_bases() -> None:
    class Base:
        components = {"views": TRANSFORMS, "head": HEADS}  # noqa: RUF012

    class Derived(Base):
        components = {"head": CLUSTERERS}  # noqa: RUF012

    class Bare(Base):
        pass

    assert components_of(Derived) == {"views": TRANSFORMS, "head": CLUSTERERS}
    assert components_of(Bare) == {"views": TRANSFORMS, "head": HEADS}
    assert components_of(Net) == components_of(lambda: None) == {}


@pytest.mark.parametrize("registry", [METHODS, DATASETS, PIPELINES], ids=lambda registry: registry.name)
def test_every_part_is_an_argument_of_its_class(registry: Registry) -> None:
    for name in registry:
        cls = registry.get(name)
        assert components_of(cls).keys() <= parameters_of(cls).keys(), name


# Plug-ins


class FakeEntryPoint:
    """Adds the entry points of an installed package."""

    name, value = "my_nets", "my_package.nets"
    dist = types.SimpleNamespace(name="my-package")

    def __init__(self, load: Any) -> None:
        self.load = load


@pytest.fixture
def plug_in(monkeypatch: pytest.MonkeyPatch) -> Any:
    def plug_in(load: Any) -> FakeEntryPoint:
        entry_point = FakeEntryPoint(load)
        found = {"conclu_pyg.plugins": [entry_point]}
        monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: found.get(group, []))
        monkeypatch.setattr(registry_module, "_plugins_loaded", False)
        return entry_point

    return plug_in


def test_plug_ins_register_when_a_registry_is_first_looked_into(plug_in: Any) -> None:
    nets, loads = Registry("NETS"), []

    def load() -> None:
        loads.append(1)
        nets.register_module()(Net)
        assert "Net" in nets

    plug_in(load)
    assert not loads
    assert list(nets) == ["Net"] and nets.get("Net") is Net and loads == [1]


def test_a_plug_in_that_cannot_be_imported_names_itself(plug_in: Any) -> None:
    def load() -> None:
        raise ImportError("No module named 'my_package'")

    plug_in(load)
    for _ in range(2):  # not once and then silently without it
        with pytest.raises(RegistryError) as error:
            list(Registry("NETS"))
        assert message(error) == (
            "the plug-in 'my_nets' of my-package (my_package.nets) cannot be imported: No module named 'my_package'; "
            "fix or uninstall that package."
        )


def test_a_plug_in_with_a_registered_name_is_named(plug_in: Any) -> None:
    entry_point = plug_in(lambda: ENCODERS.register_module(name="PointNet")(Net))
    entry_point.dist = None
    with pytest.raises(RegistryError, match=r"the plug-in 'my_nets' of an unknown package .* already has 'PointNet'"):
        ENCODERS.get("PointNet")


def test_built_ins_are_imported_on_first_use(home: str) -> None:
    nets = __import__(home).NETS
    assert f"{home}.known" not in sys.modules
    assert "Known" in nets and f"{home}.known" in sys.modules
