"""Configs: bases, overrides, imports, and the sentence for each thing that a user can get wrong."""

import copy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from conclu_pyg import DATASETS, ENCODERS, HEADS, METHODS
from conclu_pyg.config import MAX_BYTES, dump_config, import_modules, load_config, resolve
from conclu_pyg.errors import ConfigError, RegistryError
from conclu_pyg.transforms import compose

CONFIGS = Path(__file__).resolve().parents[1] / "configs"

PLAIN = """
dataset: {name: ModelNet, dataset_path: somewhere}
model:
  name: ConClu
  encoder: {name: PointNet, out_channels: 64}
pipeline:
  name: Pretraining
  lr: 0.01
  views:
    - {name: RandomHalfSpaceCrop, keep: 0.85}
    - {name: RandomJitter, sigma: 0.02}
"""

NET = """
from torch import nn
from conclu_pyg import ENCODERS

@ENCODERS.register_module()
class {name}(nn.Module):
    def __init__(self, out_channels: int = 8) -> None:
        super().__init__()
        self.out_channels = out_channels
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file below ``tmp_path``: a config that is complete, if not told otherwise."""

    def write(text: str = PLAIN, name: str = "config.yaml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


@pytest.fixture(autouse=True)
def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers among the encoders is forgotten after it."""
    list(ENCODERS)
    monkeypatch.setattr(ENCODERS, "_classes", dict(ENCODERS._classes))


def refusal(path: Path | str, *overrides: str) -> str:
    """The error's text, which must be one line that ends as a sentence does."""
    with pytest.raises(ConfigError) as error:
        load_config(path, overrides)
    text = str(error.value)
    assert "\n" not in text and text.endswith((".", "?")) and not text.endswith("..")
    return text


# Files and their bases


def test_a_file_is_read_as_it_is(write: Write) -> None:
    assert load_config(write()) == {
        "dataset": {"name": "ModelNet", "dataset_path": "somewhere"},
        "model": {"name": "ConClu", "encoder": {"name": "PointNet", "out_channels": 64}},
        "pipeline": {
            "name": "Pretraining",
            "lr": 0.01,
            "views": [{"name": "RandomHalfSpaceCrop", "keep": 0.85}, {"name": "RandomJitter", "sigma": 0.02}],
        },
    }


def test_a_file_lies_over_its_base_which_is_relative_to_it(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    base = write(name="bases/base.yaml")
    path = write("_base_: ../bases/base.yaml\npipeline: {lr: 1e-4, views: [{name: RandomShift}]}", "mine/config.yaml")
    monkeypatch.chdir("/")
    config = load_config(path)
    assert config["pipeline"] == {"name": "Pretraining", "lr": 1e-4, "views": [{"name": "RandomShift"}]}
    assert config["model"] == load_config(base)["model"] and "_base_" not in config


def test_later_bases_lie_over_earlier_ones(write: Write) -> None:
    write(name="a.yaml")
    write("pipeline: {lr: 0.5, epochs: 3}", "b.yaml")
    config = load_config(write("_base_: [a.yaml, b.yaml]\npipeline: {epochs: 4}"))
    assert config["pipeline"]["lr"] == 0.5 and config["pipeline"]["epochs"] == 4 and "views" in config["pipeline"]


def test_bases_have_bases_and_may_share_one(write: Write) -> None:
    write(name="root.yaml")
    write("_base_: root.yaml\npipeline: {lr: 0.5}", "a.yaml")
    write("_base_: a.yaml\npipeline: {epochs: 3}", "b.yaml")
    assert load_config(write("_base_: b.yaml"))["pipeline"]["lr"] == 0.5
    write("_base_: root.yaml\nmodel: {codes: same_view}", "c.yaml")
    assert load_config(write("_base_: [b.yaml, c.yaml]"))["model"]["codes"] == "same_view"


def test_null_over_a_mapping_is_null_and_a_mapping_over_null_is_it(write: Write) -> None:
    write(name="a.yaml")
    write("_base_: a.yaml\nmodel: {projector: null, encoder: null}", "b.yaml")
    assert load_config(write("_base_: b.yaml"))["model"]["encoder"] is None
    config = load_config(write("_base_: b.yaml\nmodel: {encoder: {name: PointNet}}"))
    assert config["model"]["encoder"] == {"name": "PointNet"}


@pytest.mark.parametrize("bases", ["config.yaml", "[other.yaml]", "./config.yaml"])
def test_a_base_that_leads_back_is_refused(write: Write, bases: str) -> None:
    write("_base_: config.yaml", "other.yaml")
    text = refusal(write(f"_base_: {bases}"))
    assert "'_base_' leads back to itself" in text and text.count("config.yaml") >= 2


def test_a_missing_base_is_named(write: Write, tmp_path: Path) -> None:
    text = refusal(write("_base_: nowhere.yaml"))
    assert text == f"{tmp_path / 'config.yaml'}: its '_base_' {tmp_path / 'nowhere.yaml'} does not exist."


@pytest.mark.parametrize("base", ["3", "[3]", "{a: b}", "[[a.yaml]]", "true"])
def test_a_base_that_is_no_file_name_is_refused(write: Write, base: str) -> None:
    assert "'_base_' must be a file or a list of files, found " in refusal(write(f"_base_: {base}"))


@pytest.mark.parametrize("base", ["null", "[]"])
def test_an_empty_base_is_none(write: Write, base: str) -> None:
    assert load_config(write(f"_base_: {base}\n{PLAIN}")) == load_config(write())


# Another name starts a mapping anew


def test_another_name_over_a_base_starts_the_section_anew(write: Write) -> None:
    write(name="base.yaml")
    config = load_config(write("_base_: base.yaml\ndataset: {name: ParametricShapes, num_points: 64}"))
    assert config["dataset"] == {"name": "ParametricShapes", "num_points": 64}


def test_another_name_starts_anew_at_any_depth(write: Write) -> None:
    import_modules([str(write(NET.format(name="Small"), "small.py"))], Path())
    write(name="base.yaml")
    config = load_config(write("_base_: base.yaml\nmodel: {codes: same_view, encoder: {name: Small}}"))
    assert config["model"] == {"name": "ConClu", "codes": "same_view", "encoder": {"name": "Small"}}


@pytest.mark.parametrize("encoder", ["{name: PointNet, last_relu: false}", "{last_relu: false}"])
def test_the_same_name_or_none_keeps_what_the_base_says(write: Write, encoder: str) -> None:
    write(name="base.yaml")
    config = load_config(write(f"_base_: base.yaml\nmodel: {{encoder: {encoder}}}"))
    assert config["model"]["encoder"] == {"name": "PointNet", "out_channels": 64, "last_relu": False}


def test_an_override_of_a_name_starts_anew_whatever_its_place(write: Write) -> None:
    config = load_config(write(), ["dataset.num_points=64", "dataset.name=ParametricShapes"])
    assert config["dataset"] == {"name": "ParametricShapes", "num_points": 64}
    assert load_config(write(), ["dataset.name=ModelNet"])["dataset"]["dataset_path"] == "somewhere"


def test_an_override_of_a_nested_name_starts_anew(write: Write) -> None:
    import_modules([str(write(NET.format(name="Small"), "small.py"))], Path())
    config = load_config(write(), ["model.encoder.name=Small", "pipeline.views[0].name=RandomJitter"])
    assert config["model"] == {"name": "ConClu", "encoder": {"name": "Small"}}
    assert config["pipeline"]["views"][0] == {"name": "RandomJitter"}


def test_an_outer_name_comes_before_an_inner_one(monkeypatch: pytest.MonkeyPatch) -> None:
    list(METHODS)
    monkeypatch.setattr(METHODS, "_classes", {**METHODS._classes, "Other": METHODS.get("ConClu")})
    config = {"dataset": {"name": "ModelNet"}, "model": {"name": "ConClu"}, "pipeline": {"name": "Pretraining"}}
    resolved = resolve(config, ["model.encoder.name=PointNet", "model.name=Other"], "a config")
    assert resolved["model"] == {"name": "Other", "encoder": {"name": "PointNet"}}


# Overrides


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("pipeline.lr=1e-4", 1e-4),
        ("pipeline.lr=1", 1),
        ("pipeline.lr=-1", -1),
        ("pipeline.lr=-2.5e-3", -0.0025),
        ("pipeline.run_dir=null", None),
        ("dataset.download=true", True),
        ("dataset.transform=[]", []),
        ("dataset.transform=[{name: SamplePoints, num_points: 8}]", [{"name": "SamplePoints", "num_points": 8}]),
        ("dataset.dataset_path=/data/a b=c", "/data/a b=c"),
        ("dataset.dataset_path='40'", "40"),
        ('dataset.dataset_path="null"', "null"),
        ("pipeline.log_dir=2020-01-01", "2020-01-01"),
        ("model.encoder={name: PointNet}", {"name": "PointNet"}),
    ],
)
def test_overrides_are_typed_as_yaml_is(write: Write, override: str, value: Any) -> None:
    section, key = override.split("=")[0].split(".")
    found = load_config(write(), [override])[section][key]
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize("axis", ["x", "y", "z", 0, 1, 2])  # y is no `true` here; numbers are in older configs
def test_the_vertical_axis_is_written_alike_in_data_sets_and_views(write: Write, axis: str | int) -> None:
    view = f"pipeline.views=[{{name: RandomVerticalRotate, vertical_axis: {axis}}}]"
    data = [f"dataset.vertical_axis={axis}"] if isinstance(axis, str) else []
    config = load_config(write(), [view, *data])
    (rotate,) = compose(config["pipeline"]["views"], vertical_axis=2).transforms
    assert rotate.vertical_axis == ("xyz".index(axis) if isinstance(axis, str) else axis)
    assert config["dataset"].get("vertical_axis", axis) == axis


@pytest.mark.parametrize("key", ["pipeline.views[0].keep", "pipeline.views.0.keep", "pipeline.views[-2].keep"])
def test_an_override_reaches_an_item_of_a_list(write: Write, key: str) -> None:
    views = load_config(write(), [f"{key}=0.7"])["pipeline"]["views"]
    assert views == [{"name": "RandomHalfSpaceCrop", "keep": 0.7}, {"name": "RandomJitter", "sigma": 0.02}]


def test_an_override_makes_the_mappings_on_its_way(write: Write) -> None:
    overrides = ["model.projector.hidden_channels=32", "model.projector.name=ProjectionHead"]
    for text in (PLAIN, PLAIN.replace("  encoder:", "  projector: null\n  encoder:")):
        projector = load_config(write(text), overrides)["model"]["projector"]
        assert projector == {"name": "ProjectionHead", "hidden_channels": 32}


def test_the_last_of_two_overrides_counts(write: Write) -> None:
    assert load_config(write(), ["pipeline.lr=1", "pipeline.lr=2"])["pipeline"]["lr"] == 2


def test_overriding_a_config_does_not_change_it() -> None:
    config = {
        "dataset": {"name": "ModelNet", "dataset_path": "a"},
        "model": {"name": "ConClu", "encoder": {"name": "PointNet"}},
        "pipeline": {"name": "Pretraining", "views": [{"name": "RandomJitter"}]},
    }
    before = copy.deepcopy(config)
    resolve(config, ["dataset.name=ParametricShapes", "pipeline.views[0].sigma=0.5"], "a config")
    assert config == before


@pytest.mark.parametrize("override", ["pipeline.lr", "=3", "pipeline.=3", ".lr=3", "pipeline..lr=3", ""])
def test_an_override_of_another_form_is_told_the_form(write: Write, override: str) -> None:
    expected = f"the override {override!r} must be written as section.key=value, e.g. pipeline.epochs=10."
    assert refusal(write(), override) == expected


def test_an_unknown_section_gets_the_nearest(write: Write) -> None:
    assert refusal(write(), "modle.x=1") == (
        "the override 'modle.x=1' names the unknown section 'modle'; did you mean 'model'? "
        "Sections: dataset, model, pipeline, imports."
    )


@pytest.mark.parametrize("value", ["[1,2", "{a: b", "a: b", "!!python/name:os.system", "&a [*a]", "1\nb: 2"])
def test_a_value_that_is_not_yaml_is_refused(write: Write, value: str) -> None:
    with pytest.raises(ConfigError, match="has a value that is not YAML: "):
        load_config(write(), [f"pipeline.log_dir={value}"])


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        ("pipeline.views[7].keep=1", "'7' is none of the 2 items, which are counted from 0"),
        ("pipeline.views[-3]=1", "'-3' is none of the 2 items, which are counted from 0"),
        ("pipeline.views.keep=1", "'keep' is none of the 2 items, which are counted from 0"),
        ("model.encoder.name.x=1", "'PointNet' has no key 'x'"),
        ("pipeline.lr.x=1", "0.01 has no key 'x'"),
    ],
)
def test_an_override_that_leads_nowhere_says_what_is_there(write: Write, override: str, reason: str) -> None:
    assert refusal(write(), override) == f"the override {override!r} cannot be applied: {reason}."


# Keys and types


@pytest.mark.parametrize(
    ("override", "where", "reason"),
    [
        (
            "pipeline.epoch=3",
            "pipeline",
            "Pretraining takes no argument 'epoch'; did you mean 'epochs'? It takes: views",
        ),
        (
            "pipeline.model=PointNet",
            "pipeline",
            "Pretraining is given 'model' by the program; leave it out of the config.",
        ),
        (
            "pipeline.dataset=x",
            "pipeline",
            "Pretraining is given 'dataset' by the program; leave it out of the config.",
        ),
        (
            "pipeline.config={a: 1}",
            "pipeline",
            "Pretraining is given 'config' by the program; leave it out of the config.",
        ),
        ("dataset.path=x", "dataset", "ModelNet takes no argument 'path'; did you mean 'dataset_path'? It takes: "),
        (
            "model.encoder.input_tranform=true",
            "model.encoder",
            "PointNet takes no argument 'input_tranform'; did you mean 'input_transform'? It takes: ",
        ),
        ("model.encoder.name=PointNt", "model.encoder", "ENCODERS has no 'PointNt'; did you mean 'PointNet'? It has: "),
        (
            "pipeline.views[1].sigam=1",
            "pipeline.views[1]",
            "RandomJitter takes no argument 'sigam'; did you mean 'sigma'? It takes: ",
        ),
        (
            "dataset.transform=[{name: SamplePoints, num_points: 1.5}]",
            "dataset.transform[0]",
            "SamplePoints takes num_points: int = 1024, found 1.5 (float).",
        ),
        ("model.projector={name: Projector}", "model.projector", "HEADS has no 'Projector'"),
        ("model.clusterer={name: SinkhornClusterer, eps: 1}", "model.clusterer", "SinkhornClusterer takes no argument"),
        ("pipeline.epochs=many", "pipeline", "Pretraining takes epochs: int = 200, found 'many' (str)."),
        ("pipeline.views=3", "pipeline", "Pretraining takes views: list"),
        (
            "pipeline.views=[{name: RandomVerticalRotate, vertical_axis: w}]",
            "pipeline.views[0]",
            "RandomVerticalRotate takes vertical_axis: Literal['x', 'y', 'z', 0, 1, 2] = 'z', found 'w' (str).",
        ),
        ("model.name=ConCul", "model", "METHODS has no 'ConCul'; did you mean 'ConClu'? It has: "),
        ("model.name=[1]", "model", "METHODS has no [1]."),
    ],
)
def test_what_a_class_does_not_take_is_refused_before_it_is_built(
    write: Write, override: str, where: str, reason: str
) -> None:
    path = write()
    assert refusal(path, override).startswith(f"{path}, {where}: {reason}")


@pytest.mark.parametrize(
    ("neighbors", "reason"),
    [
        ("dense", " must be a mapping, found 'dense' alone; write {name: dense}."),
        ("dens", ": NEIGHBORS has no 'dens'; did you mean 'dense'? It has: "),
        ("3", ": NEIGHBORS builds from a mapping with a 'name', found 3."),
        ("{}", ": a config for NEIGHBORS needs 'name', found the keys []; NEIGHBORS has: auto, dense, "),
        ("{k: 3}", ": a config for NEIGHBORS needs 'name', found the keys ['k']; NEIGHBORS has: auto, dense, "),
    ],
)
def test_a_part_that_is_no_mapping_with_a_name_is_refused_with_its_place(
    write: Write, neighbors: str, reason: str
) -> None:
    path = write()
    text = refusal(path, "model.encoder={name: DGCNN}", f"model.encoder.neighbors={neighbors}")
    assert text.startswith(f"{path}, model.encoder.neighbors{reason}")


@pytest.mark.parametrize("decoders", ["{name: ProjectionHed}", "[{name: PredictionHead}, {name: ProjectionHed}]"])
def test_a_new_method_s_own_parts_are_checked_as_it_says(
    write: Write, decoders: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(METHODS)
    monkeypatch.setattr(METHODS, "_classes", dict(METHODS._classes))

    @METHODS.register_module()
    class Folding:
        built_from = {"decoders": HEADS}  # noqa: RUF012

        def __init__(self, encoder: Any, decoders: Any) -> None:
            pass

    path = write()
    part = "decoders[1]" if decoders.startswith("[") else "decoders"
    text = refusal(path, "model.name=Folding", "model.encoder={name: Unchecked}", f"model.decoders={decoders}")
    assert text.startswith(f"{path}, model.{part}: HEADS has no 'ProjectionHed'; did you mean 'ProjectionHead'?")


def test_an_unknown_section_in_a_file_gets_the_nearest(write: Write) -> None:
    path = write(PLAIN.replace("pipeline:", "piepline:"))
    assert refusal(path) == (
        f"{path} has the unknown key 'piepline'; did you mean 'pipeline'? Keys: dataset, model, pipeline, imports."
    )


@pytest.mark.parametrize("section", ["null", "3", "[]", "{}", "ModelNet"])
def test_a_section_without_a_name_is_told_the_names(write: Write, section: str) -> None:
    path = write(f"dataset: {section}")
    text = refusal(path)
    assert text.startswith(f"{path} needs the section 'dataset' with a 'name', found ")
    assert "; names: ModelNet, ParametricShapes" in text


@pytest.mark.parametrize("text", ["", "# nothing", "{}", "imports: []"])
def test_an_empty_file_is_told_the_sections(write: Write, text: str) -> None:
    assert "needs the section 'dataset' with a 'name', found None" in refusal(write(text))


# Files that are no configs


@pytest.mark.parametrize("text", ["- a\n- b", "[]"])
def test_a_list_is_refused(write: Write, text: str) -> None:
    path = write(text)
    assert refusal(path) == f"{path} must hold a mapping with the keys dataset, model, pipeline, imports, found a list."


@pytest.mark.parametrize(
    "text",
    [
        "a: [1, 2",
        "a: b: c",
        "3",
        "a: 1\n---\nb: 2",
        "a: \x00",
        "model: {a: 1, a: 2}",
        "a: " + "[" * 3000 + "]" * 3000,
        "x: !!python/object/apply:os.system ['exit 1']",
        "x: !!python/name:os.system ''",
        "x: !!python/module:os ''",
        "x: &x [*x]",
        "dataset: !!set {a, b}",
        "null: 3",
    ],
)
def test_what_is_not_yaml_is_refused(write: Write, text: str) -> None:
    path = write(text)
    assert refusal(path).startswith(f"{path} is not a YAML file: ")


def test_aliases_cannot_make_a_small_file_large(write: Write) -> None:
    doubled = [f"  a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 40)]
    assert "is not a YAML file: " in refusal(write("\n".join(["dataset:", "  a0: &a0 [x, x]", *doubled])))


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    path.write_bytes(b"PK\x03\x04\x80\x00\xff")
    assert refusal(path).startswith(f"{path} is not a YAML file: ")


def test_a_large_file_is_refused_unread(write: Write) -> None:
    path = write("#" * (MAX_BYTES + 1))
    assert refusal(path) == f"{path} has 1,048,577 bytes; a config has at most 1,048,576."


def test_a_file_that_cannot_be_read_says_why(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write()

    def forbidden(*_: Any, **__: Any) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", forbidden)
    assert refusal(path) == f"{path} cannot be read: Permission denied."


def test_a_missing_file_gets_the_nearest_beside_it(write: Write, tmp_path: Path) -> None:
    write(name="conclu.yaml")
    missing = tmp_path / "conclu.yml"
    assert refusal(missing) == f"there is no config file {missing}; did you mean '{tmp_path / 'conclu.yaml'}'?"
    assert refusal(tmp_path / "x" / "y.yaml") == f"there is no config file {tmp_path / 'x' / 'y.yaml'}."


def test_a_folder_is_no_config(tmp_path: Path) -> None:
    assert refusal(tmp_path).startswith(f"{tmp_path} is a folder; give a config file")


@pytest.mark.filterwarnings("ignore:register_new_resolver")
@pytest.mark.parametrize("text", ["${oc.env:HOME}", "a/${leak:x}/b", "${pipeline.seed}", "${${x}:y}"])
@pytest.mark.parametrize("place", ["file", "list", "base", "override", "run"])
def test_interpolations_are_refused_and_never_run(write: Write, text: str, place: str) -> None:
    called = []
    OmegaConf.register_new_resolver("leak", lambda *arguments: called.append(arguments), replace=True)
    path = write(PLAIN.replace("somewhere", f"'{text}'")) if place == "file" else write()
    if place == "list":
        path = write(f"{PLAIN}    - {{name: '{text}'}}")
    if place == "base":
        write(f"{PLAIN}imports: ['{text}']", "base.yaml")
        path = write("_base_: base.yaml\npipeline: {lr: 1}")
    override = [f"model.encoder.name={text}"] if place == "override" else []
    run = {"model": {"name": text}}
    with pytest.raises(ConfigError) as error:
        resolve(run, ["model.name=ConClu", f"dataset.name={text}"], "a run") if place == "run" else load_config(
            path, override
        )
    assert f"has the value {text!r}, but nothing is interpolated; write it out." in str(error.value)
    assert not called
    OmegaConf.clear_resolver("leak")


# Imports


def test_a_file_beside_the_config_registers_its_classes(write: Write, tmp_path: Path) -> None:
    write(NET.format(name="Beside"), "nets/beside.py")
    text = PLAIN.replace("name: PointNet, out_channels: 64", "name: Beside")
    config = load_config(write(f"imports: [nets/beside.py]\n{text}"))
    assert config["imports"] == [str(tmp_path / "nets" / "beside.py")]
    assert METHODS.build(config["model"]).encoder.out_channels == 8


def test_a_file_that_a_base_names_lies_beside_the_base(write: Write, tmp_path: Path) -> None:
    write(NET.format(name="BesideBase"), "bases/net.py")
    write(f"imports: [net.py]\n{PLAIN}", "bases/base.yaml")
    config = load_config(write("_base_: bases/base.yaml\nmodel: {encoder: {name: BesideBase}}"))
    assert config["imports"] == [str(tmp_path / "bases" / "net.py")]


def test_a_module_is_imported_by_its_name(write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write("", "some_package_of_a_user/__init__.py")
    write(NET.format(name="ByName"), "some_package_of_a_user/nets.py")
    monkeypatch.syspath_prepend(str(tmp_path))
    config = load_config(write(f"imports: [some_package_of_a_user.nets]\n{PLAIN}"), ["model.encoder.name=ByName"])
    assert config["imports"] == ["some_package_of_a_user.nets"] and config["model"]["encoder"] == {"name": "ByName"}


def test_a_module_that_is_named_twice_registers_once(write: Write) -> None:
    write(NET.format(name="Twice"), "twice.py")
    path = write(f"imports: [twice.py, ./twice.py]\n{PLAIN}")
    assert load_config(path)["imports"] == load_config(path)["imports"]
    assert "Twice" in ENCODERS


def test_files_of_one_name_in_two_folders_are_two_modules(write: Write) -> None:
    write(NET.format(name="NetA"), "a/net.py")
    write(NET.format(name="NetB"), "b/net.py")
    load_config(write(f"imports: [a/net.py, b/net.py]\n{PLAIN}"))
    assert "NetA" in ENCODERS and "NetB" in ENCODERS


def test_imports_may_be_empty(write: Write) -> None:
    for imports in ("null", "[]"):
        assert load_config(write(f"imports: {imports}\n{PLAIN}"))["imports"] == []


@pytest.mark.parametrize("imports", ["3", "nets.py", "[3]", "{a: b}", "[[a]]"])
def test_imports_that_are_no_list_of_names_are_refused(write: Write, imports: str) -> None:
    text = refusal(write(f"imports: {imports}\n{PLAIN}"))
    assert text.startswith("'imports' must be a list of module names or .py files, found ")


def test_a_missing_module_is_named(write: Write, tmp_path: Path) -> None:
    missing = str(tmp_path / "nets.py")
    assert refusal(write(f"imports: [nets.py]\n{PLAIN}")) == f"'imports' names {missing!r}, but there is no such file."
    assert refusal(write(f"imports: [no_such_package.nets]\n{PLAIN}")) == (
        "'imports' names 'no_such_package.nets', which cannot be imported: "
        "ModuleNotFoundError: No module named 'no_such_package'."
    )
    assert "'imports' names ''" in refusal(write(f"imports: ['']\n{PLAIN}"))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("def", "SyntaxError: invalid syntax"),
        ("open('no such table')", "FileNotFoundError: [Errno 2] No such file or directory: 'no such table'"),
    ],
)
def test_a_module_that_fails_says_why_and_can_be_mended(write: Write, code: str, reason: str) -> None:
    path = write(f"imports: [fails.py]\n{PLAIN}")
    write(code, "fails.py")
    assert f"fails.py', which cannot be imported: {reason}" in refusal(path)
    write(NET.format(name="Mended"), "fails.py")
    load_config(path)
    assert "Mended" in ENCODERS


def test_a_module_that_takes_a_taken_name_is_refused(write: Write) -> None:
    write(NET.format(name="PointNet"), "clash.py")
    with pytest.raises(RegistryError, match=r"ENCODERS already holds 'PointNet'.* or with force=True"):
        load_config(write(f"imports: [clash.py]\n{PLAIN}"))


def test_an_imported_file_s_module_name_is_the_same_in_every_process(write: Write) -> None:
    path = write("", "named.py")
    import_modules(["named.py"], path.parent)
    (module,) = (module for module in sys.modules.values() if getattr(module, "__file__", None) == str(path))
    assert module.__name__.startswith("conclu_pyg_user_named_") and len(module.__name__.split("_")[-1]) == 8


# Round trip


def test_a_dumped_config_loads_as_it_was(write: Write) -> None:
    odd = [
        "pipeline.lr=1e-5",
        "pipeline.weight_decay=.inf",
        "pipeline.log_dir='1e-4'",
        "dataset.cache_dir='null'",
        "dataset.dataset_path='true: # ä\"'",
        "pipeline.run_dir=null",
        "dataset.transform=[]",
    ]
    config = load_config(write(f"imports: []\n{PLAIN}"), odd)
    assert load_config(write(dump_config(config), "dumped.yaml")) == config
    assert list(load_config(write(dump_config(config)))) == list(config)


# The configs that come with the package


@pytest.fixture(scope="module")
def modelnet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("modelnet")
    for split in ("train", "test"):
        path = folder / "chair" / split / "chair_0001.off"
        path.parent.mkdir(parents=True)
        path.write_text("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n")
    return folder


@pytest.mark.parametrize("path", sorted(CONFIGS.rglob("*.yaml")), ids=lambda path: str(path.relative_to(CONFIGS)))
def test_every_config_loads_and_its_sections_are_built(path: Path, modelnet: Path) -> None:
    config = load_config(path)
    data = {**config["dataset"], **({"dataset_path": str(modelnet)} if config["dataset"]["name"] == "ModelNet" else {})}
    dataset = DATASETS.build(data)
    views = compose(config["pipeline"].get("views", []), vertical_axis=dataset.vertical_axis)
    method = METHODS.build(config["model"])
    assert method.encoder.out_channels > 0 and all(v.vertical_axis == 2 for v in views.transforms if "Rot" in repr(v))
