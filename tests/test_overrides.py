"""Overrides: types, targets and errors."""

import copy
import re
from pathlib import Path
from typing import Any

import pytest
from helpers import assert_error

from conclu_pyg import METHODS
from conclu_pyg.config import load_config, resolve
from conclu_pyg.errors import ConfigError
from conclu_pyg.imports import import_modules
from conclu_pyg.overrides import apply_overrides


def test_an_override_of_a_name_discards_the_other_keys_in_any_order(configs: Any) -> None:
    config = load_config(configs.write(), ["dataset.num_points=64", "dataset.name=ParametricShapes"])
    assert config["dataset"] == {"name": "ParametricShapes", "num_points": 64}
    assert load_config(configs.write(), ["dataset.name=ModelNet"])["dataset"]["dataset_path"] == "somewhere"


def test_an_override_of_a_nested_name_discards_the_other_keys(configs: Any) -> None:
    import_modules([str(configs.encoder("Small", "small.py"))], Path())
    config = load_config(configs.write(), ["model.encoder.name=Small", "pipeline.views[0].name=GaussianJitter"])
    assert config["model"] == {"name": "ConClu", "encoder": {"name": "Small"}}
    assert config["pipeline"]["views"][0] == {"name": "GaussianJitter"}


def test_an_outer_name_comes_before_an_inner_one(monkeypatch: pytest.MonkeyPatch) -> None:
    list(METHODS)
    monkeypatch.setattr(METHODS, "_classes", {**METHODS._classes, "Other": METHODS.get("ConClu")})
    config = {"dataset": {"name": "ModelNet"}, "model": {"name": "ConClu"}, "pipeline": {"name": "Pretraining"}}
    resolved = resolve(config, ["model.encoder.name=PointNet", "model.name=Other"], "a config")
    assert resolved["model"] == {"name": "Other", "encoder": {"name": "PointNet"}}


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("pipeline.clip_grad_norm=1e-4", 1e-4),
        ("pipeline.clip_grad_norm=1", 1),
        ("pipeline.clip_grad_norm=2.5e-3", 0.0025),
        ("pipeline.run_dir=null", None),
        ("dataset.download=true", True),
        ("dataset.transform=[]", []),
        ("dataset.transform=[{name: FixedPoints, num_points: 8}]", [{"name": "FixedPoints", "num_points": 8}]),
        ("dataset.dataset_path=/data/a b=c", "/data/a b=c"),
        ("dataset.dataset_path='40'", "40"),
        ('dataset.dataset_path="null"', "null"),
        ("pipeline.log_dir=2020-01-01", "2020-01-01"),
        ("model.encoder={name: PointNet}", {"name": "PointNet"}),
    ],
)
def test_overrides_are_typed_as_yaml_is(configs: Any, override: str, value: Any) -> None:
    section, key = override.split("=")[0].split(".")
    found = load_config(configs.write(), [override])[section][key]
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize("key", ["pipeline.views[0].keep", "pipeline.views.0.keep", "pipeline.views[-2].keep"])
def test_an_override_reaches_an_item_of_a_list(configs: Any, key: str) -> None:
    views = load_config(configs.write(), [f"{key}=0.7"])["pipeline"]["views"]
    assert views == [{"name": "RandomHalfSpaceCrop", "keep": 0.7}, {"name": "GaussianJitter", "sigma": 0.02}]


def test_an_override_makes_the_mappings_on_its_way(configs: Any) -> None:
    overrides = ["model.projector.hidden_channels=32", "model.projector.name=ProjectionHead"]
    for text in (configs.plain, configs.plain.replace("  encoder:", "  projector: null\n  encoder:")):
        projector = load_config(configs.write(text), overrides)["model"]["projector"]
        assert projector == {"name": "ProjectionHead", "hidden_channels": 32}


def test_the_last_of_two_overrides_counts(configs: Any) -> None:
    assert (
        load_config(configs.write(), ["pipeline.clip_grad_norm=1", "pipeline.clip_grad_norm=2"])["pipeline"][
            "clip_grad_norm"
        ]
        == 2
    )


def test_overriding_a_config_does_not_change_it() -> None:
    config = {
        "dataset": {"name": "ModelNet", "dataset_path": "a"},
        "model": {"name": "ConClu", "encoder": {"name": "PointNet"}},
        "pipeline": {"name": "Pretraining", "views": [{"name": "GaussianJitter"}]},
    }
    before = copy.deepcopy(config)
    resolve(config, ["dataset.name=ParametricShapes", "pipeline.views[0].sigma=0.5"], "a config")
    assert config == before


@pytest.mark.parametrize("override", ["pipeline.clip_grad_norm", "=3", "pipeline.=3", ".lr=3", "pipeline..lr=3", ""])
def test_an_override_of_another_form_gets_the_form(configs: Any, override: str) -> None:
    expected = f"override {override!r}: must be written as section.key=value, such as pipeline.epochs=10."
    assert configs.refusal(configs.write(), override) == expected


def test_one_string_is_no_list_of_overrides(configs: Any) -> None:
    with pytest.raises(ConfigError, match=r"one string; write \['pipeline\.epochs=3'\]"):
        load_config(configs.write(), "pipeline.epochs=3")


def test_an_unknown_section_gets_a_suggestion(configs: Any) -> None:
    assert configs.refusal(configs.write(), "modle.x=1") == (
        "override 'modle.x=1': unknown section 'modle'; did you mean 'model'? "
        "Sections: dataset, model, pipeline, imports, stages."
    )


@pytest.mark.parametrize("value", ["[1,2", "{a: b", "a: b", "!!python/name:os.system", "&a [*a]", "1\nb: 2"])
def test_a_value_that_is_not_yaml_is_refused(configs: Any, value: str) -> None:
    error = configs.error(configs.write(), f"pipeline.log_dir={value}")
    assert_error(error, argument="pipeline.log_dir", got=value)
    assert ": the value is not YAML: " in str(error)


@pytest.mark.parametrize("value", ["03001627", "[03001627, a]", "{a: 0777}", "-010", "12:30", "190:20:30"])
def test_an_id_that_yaml_would_read_in_another_base_is_refused_until_it_is_quoted(configs: Any, value: str) -> None:
    number = re.search(r"-?\d[\d:]+", value)[0]
    text = configs.refusal(configs.write(), f"dataset.dataset_path={value}")
    assert text.endswith(f"YAML reads {number} as a number in base 8 or 60; quote it: '{number}'.")
    path = configs.write(configs.plain.replace("somewhere", value))
    assert f"quote it: '{number}'" in configs.refusal(path)


@pytest.mark.parametrize("value", ["'03001627'", '"12:30"'])
def test_a_quoted_id_stays_text(configs: Any, value: str) -> None:
    assert load_config(configs.write(), [f"dataset.dataset_path={value}"])["dataset"]["dataset_path"] == value[1:-1]


@pytest.mark.parametrize(
    ("value", "number"), [("0", 0), ("10", 10), ("0x10", 16), ("0.5", 0.5), ("-0", 0), ("-1", -1), ("-2.5e-3", -0.0025)]
)
def test_other_numbers_are_read_as_usual(value: str, number: float) -> None:
    assert apply_overrides({}, [f"pipeline.clip_grad_norm={value}"]) == {"pipeline": {"clip_grad_norm": number}}


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        ("pipeline.views[7].keep=1", "'7' is none of the 2 items, whose indices start at 0"),
        ("pipeline.views[-3]=1", "'-3' is none of the 2 items, whose indices start at 0"),
        ("pipeline.views.keep=1", "'keep' is none of the 2 items, whose indices start at 0"),
        ("model.encoder.name.x=1", "'PointNet' has no key 'x'"),
        ("pipeline.clip_grad_norm.x=1", "0.01 has no key 'x'"),
    ],
)
def test_an_override_of_an_unknown_key_lists_the_known_ones(configs: Any, override: str, reason: str) -> None:
    assert configs.refusal(configs.write(), override) == f"override {override!r}: {reason}."


def test_several_overrides_that_cannot_be_used_are_reported_at_once(configs: Any) -> None:
    wrong = [
        "pipline.epochs=3",
        "pipeline.clip_grad_norm=1",
        "pipeline.epochs",
        "pipeline.clip_grad_norm={",
        "pipeline.views[9]=1",
    ]
    heading, *lines = configs.refusal(configs.write(), *wrong).split("\n")
    assert heading == "4 errors in the overrides:"
    assert lines[0] == "  override 'pipline.epochs=3': unknown section 'pipline'; did you mean 'pipeline'?"
    assert [line.split("'")[1] for line in lines] == [wrong[0], *wrong[2:]]


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("pipeline.epochs=-1", "Pretraining: epochs must be >= 1, got -1."),
        ("pipeline.epocs=3", "Pretraining takes no argument 'epocs'; did you mean 'epochs'?"),
        ("model.encoder=Foo", "ENCODERS has no 'Foo'."),
        ("model.encoder={name: PointNet, out_channels: 0}", "PointNet: out_channels must be >= 1, got 0."),
        ("model.name=ConClue", "METHODS has no 'ConClue'; did you mean 'ConClu'?"),
        ("pipeline.views[0].sigma=-1", "sigma"),
        ("dataset=3", "needs the section 'dataset' with a 'name', got 3"),
    ],
)
def test_an_error_about_a_value_of_an_override_names_it(configs: Any, override: str, words: str) -> None:
    message = configs.refusal(configs.write(), "pipeline.batch_size=16", override)
    assert message.startswith(f"override {override!r}: ") and words in message and ".yaml" not in message


def test_errors_of_the_file_and_of_overrides_are_told_apart() -> None:
    config = {
        "dataset": {"name": "ParametricShapes"},
        "model": {"name": "ConClu", "encoder": {"name": "PointNet"}},
        "pipeline": {"name": "Pretraining", "epochs": 0},
    }
    with pytest.raises(ConfigError) as caught:
        resolve(config, ["dataset.num_points=0"], "a.yaml")
    assert str(caught.value).split("\n") == [
        "2 errors in a.yaml and the overrides:",
        "  override 'dataset.num_points=0': ParametricShapes: num_points must be >= 1, got 0.",
        "  pipeline: Pretraining: epochs must be >= 1, got 0.",
    ]


OWN = {"name": "CloudFolder", "paths": "scans"}


def test_a_folder_is_the_short_form_of_a_data_set(configs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(configs.folder)
    for name in ("scans", "more"):
        (configs.folder / name).mkdir()
    base = configs.write()
    assert load_config(base, ["dataset=scans"])["dataset"] == OWN
    assert load_config(base, ["dataset.classes=none", "dataset=scans"])["dataset"] == {**OWN, "classes": "none"}
    assert load_config(base, ["dataset=scans", "dataset.name=CloudFolder"])["dataset"] == OWN
    several = load_config(base, ["dataset=[scans, more/*.ply]"])["dataset"]
    assert several == {"name": "CloudFolder", "paths": ["scans", "more/*.ply"]}
    mapping = load_config(base, ["dataset={name: ParametricShapes, num_points: 8}"])["dataset"]
    assert mapping == {"name": "ParametricShapes", "num_points": 8}


def test_the_short_form_keeps_options_about_reading_only(configs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(configs.folder)
    (configs.folder / "scans").mkdir()
    kept = {"num_points": 64, "seed": 3, "transform": []}
    for dataset in (
        {"name": "ModelNet", "dataset_path": "somewhere", "up_axis": "y", "variant": 10, **kept},
        {"name": "CloudFolder", "paths": "old", "classes": "none", "labels": "old.csv", "up_axis": "y", **kept},
    ):
        config = {"dataset": dataset, "model": {"name": "ConClu"}, "pipeline": {"name": "Pretraining"}}
        assert resolve(config, ["dataset=scans"], "a config")["dataset"] == {**OWN, **kept}


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["dataset=scan"], "there is no file or folder scan; did you mean 'scans'?"),
        (["dataset=ModelNet"], "if ModelNet is the name of a data set, write dataset.name=ModelNet"),
        (["dataset=[scans, nowhere]"], "there is no file or folder nowhere"),
        (["dataset=scans", "dataset.name=ModelNet"], "and dataset.name=ModelNet another data set; leave one"),
        (["dataset=3"], "needs the section 'dataset' with a 'name', got 3"),
    ],
)
def test_folders_that_do_not_exist_are_refused(
    configs: Any, monkeypatch: pytest.MonkeyPatch, overrides: list[str], words: str
) -> None:
    monkeypatch.chdir(configs.folder)
    (configs.folder / "scans").mkdir()
    assert words in configs.refusal(configs.write(), *overrides)
