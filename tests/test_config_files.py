"""Config files: bases, files that are refused, and the round trip."""

from pathlib import Path
from typing import Any

import pytest

from conclu_pyg.config import load_config
from conclu_pyg.config_files import MAX_BYTES, dump_config, merge, read_config
from conclu_pyg.imports import import_modules
from conclu_pyg.shipped_configs import find_config


def test_a_file_is_read_as_it_is(configs: Any) -> None:
    assert load_config(configs.write()) == {
        "dataset": {"name": "ModelNet", "dataset_path": "somewhere"},
        "model": {"name": "ConClu", "encoder": {"name": "PointNet", "out_channels": 64}},
        "pipeline": {
            "name": "Pretraining",
            "clip_grad_norm": 0.01,
            "views": [{"name": "RandomHalfSpaceCrop", "keep": 0.85}, {"name": "GaussianJitter", "sigma": 0.02}],
        },
    }


def test_a_file_lies_over_its_base_which_is_relative_to_it(configs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    base = configs.write(name="bases/base.yaml")
    path = configs.write(
        "_base_: ../bases/base.yaml\npipeline: {clip_grad_norm: 1e-4, views: [{name: RandomTranslate}]}",
        "mine/config.yaml",
    )
    monkeypatch.chdir("/")
    config = load_config(path)
    assert config["pipeline"] == {"name": "Pretraining", "clip_grad_norm": 1e-4, "views": [{"name": "RandomTranslate"}]}
    assert config["model"] == load_config(base)["model"] and "_base_" not in config


def test_later_bases_lie_over_earlier_ones(configs: Any) -> None:
    configs.write(name="a.yaml")
    configs.write("pipeline: {clip_grad_norm: 0.5, epochs: 3}", "b.yaml")
    config = load_config(configs.write("_base_: [a.yaml, b.yaml]\npipeline: {epochs: 4}"))
    assert (
        config["pipeline"]["clip_grad_norm"] == 0.5
        and config["pipeline"]["epochs"] == 4
        and "views" in config["pipeline"]
    )


def test_bases_have_bases_and_may_share_one(configs: Any) -> None:
    configs.write(name="root.yaml")
    configs.write("_base_: root.yaml\npipeline: {clip_grad_norm: 0.5}", "a.yaml")
    configs.write("_base_: a.yaml\npipeline: {epochs: 3}", "b.yaml")
    assert load_config(configs.write("_base_: b.yaml"))["pipeline"]["clip_grad_norm"] == 0.5
    configs.write("_base_: root.yaml\nmodel: {codes: same_view}", "c.yaml")
    assert load_config(configs.write("_base_: [b.yaml, c.yaml]"))["model"]["codes"] == "same_view"


def test_null_over_a_mapping_is_null_and_a_mapping_over_null_is_it(configs: Any) -> None:
    configs.write(name="a.yaml")
    configs.write("_base_: a.yaml\nmodel: {projector: null, encoder: null}", "b.yaml")
    assert load_config(configs.write("_base_: b.yaml"))["model"]["encoder"] is None
    config = load_config(configs.write("_base_: b.yaml\nmodel: {encoder: {name: PointNet}}"))
    assert config["model"]["encoder"] == {"name": "PointNet"}


@pytest.mark.parametrize("bases", ["config.yaml", "[other.yaml]", "./config.yaml"])
def test_a_base_that_leads_back_is_refused(configs: Any, bases: str) -> None:
    configs.write("_base_: config.yaml", "other.yaml")
    text = configs.refusal(configs.write(f"_base_: {bases}"))
    assert "'_base_' leads back to itself" in text and text.count("config.yaml") >= 2


def test_bases_that_fan_out_are_refused_soon(configs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for level in range(10):
        configs.write(f"_base_: [{', '.join([f'{level + 1}.yaml'] * 8)}]", f"{level}.yaml")
    configs.write(name="10.yaml")
    reads = []
    read_text = Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda path, **options: reads.append(path) or read_text(path, **options))
    assert configs.refusal(path := configs.folder / "0.yaml") == (
        f"{path} is made of more than 64 files; name fewer as '_base_'."
    )
    assert len(reads) == 64


def test_a_missing_base_is_named(configs: Any, tmp_path: Path) -> None:
    text = configs.refusal(configs.write("_base_: nowhere.yaml"))
    assert text == (
        f"{tmp_path / 'config.yaml'}: there is no '_base_' {tmp_path / 'nowhere.yaml'}; give a file relative to this "
        "one, or the name of a config of the package, such as conclu_pointnet."
    )


def test_a_config_of_the_package_is_a_base_by_its_name_and_a_file_takes_precedence(configs: Any) -> None:
    path = configs.write("_base_: conclu_pointnet\npipeline: {epochs: 7}")
    assert read_config(path) == merge(read_config(find_config("conclu_pointnet")), {"pipeline": {"epochs": 7}})
    configs.write("pipeline: {epochs: 3}", "conclu_pointnet")
    assert read_config(configs.write("_base_: conclu_pointnet")) == {"pipeline": {"epochs": 3}}


@pytest.mark.parametrize("base", ["3", "[3]", "{a: b}", "[[a.yaml]]", "true"])
def test_an_invalid_base_is_refused(configs: Any, base: str) -> None:
    assert "'_base_' must be a file or a list of files, got " in configs.refusal(configs.write(f"_base_: {base}"))


@pytest.mark.parametrize("base", ["null", "[]"])
def test_an_empty_base_is_none(configs: Any, base: str) -> None:
    assert load_config(configs.write(f"_base_: {base}\n{configs.plain}")) == load_config(configs.write())


def test_another_name_over_a_base_replaces_the_section(configs: Any) -> None:
    configs.write(name="base.yaml")
    config = load_config(configs.write("_base_: base.yaml\ndataset: {name: ParametricShapes, num_points: 64}"))
    assert config["dataset"] == {"name": "ParametricShapes", "num_points": 64}


def test_another_name_replaces_a_mapping_at_any_depth(configs: Any) -> None:
    import_modules([str(configs.encoder("Small", "small.py"))], Path())
    configs.write(name="base.yaml")
    config = load_config(configs.write("_base_: base.yaml\nmodel: {codes: same_view, encoder: {name: Small}}"))
    assert config["model"] == {"name": "ConClu", "codes": "same_view", "encoder": {"name": "Small"}}


@pytest.mark.parametrize("encoder", ["{name: PointNet, last_relu: false}", "{last_relu: false}"])
def test_the_same_name_or_none_keeps_the_arguments_of_the_base(configs: Any, encoder: str) -> None:
    configs.write(name="base.yaml")
    config = load_config(configs.write(f"_base_: base.yaml\nmodel: {{encoder: {encoder}}}"))
    assert config["model"]["encoder"] == {"name": "PointNet", "out_channels": 64, "last_relu": False}


@pytest.mark.parametrize("text", ["- a\n- b", "[]"])
def test_a_list_is_refused(configs: Any, text: str) -> None:
    path = configs.write(text)
    assert (
        configs.refusal(path)
        == f"{path} must hold a mapping with the keys dataset, model, pipeline, imports, stages, got a list."
    )


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
def test_text_that_is_not_yaml_is_refused(configs: Any, text: str) -> None:
    path = configs.write(text)
    assert configs.refusal(path).startswith(f"{path} is not a YAML file: ")


def test_a_syntax_error_is_located(configs: Any) -> None:
    refusal = configs.refusal(configs.write("dataset: {name: A\nmodel: ["))
    assert "at line 2, column " in refusal and "unicode" not in refusal


def test_aliases_cannot_make_a_small_file_large(configs: Any) -> None:
    doubled = [f"  a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 40)]
    assert "is not a YAML file: " in configs.refusal(
        configs.write("\n".join(["dataset:", "  a0: &a0 [x, x]", *doubled]))
    )


def test_a_binary_file_is_refused(configs: Any, tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    path.write_bytes(b"PK\x03\x04\x80\x00\xff")
    assert configs.refusal(path).startswith(f"{path} is not a YAML file: ")


def test_a_large_file_is_refused_unread(configs: Any) -> None:
    path = configs.write("#" * (MAX_BYTES + 1))
    assert configs.refusal(path) == f"{path} has 1,048,577 bytes; a config has at most 1,048,576."


def test_an_unreadable_file_is_refused_with_the_reason(configs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = configs.write()

    def forbidden(*_: Any, **__: Any) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", forbidden)
    assert configs.refusal(path) == f"{path} cannot be read: Permission denied."


def test_a_missing_file_gets_a_suggestion_from_its_folder(configs: Any, tmp_path: Path) -> None:
    configs.write(name="conclu.yaml")
    missing = tmp_path / "conclu.yml"
    assert configs.refusal(missing) == f"there is no config file {missing}; did you mean '{tmp_path / 'conclu.yaml'}'?"
    assert configs.refusal(tmp_path / "x" / "y.yaml") == f"there is no config file {tmp_path / 'x' / 'y.yaml'}."


@pytest.mark.parametrize(
    ("here", "given", "meant"), [(".", "conclu.yaml", "configs/conclu.yaml"), ("configs", "configs/a.yaml", "a.yaml")]
)
def test_a_file_in_the_folder_of_configs_is_suggested_from_next_to_it_and_within(
    here: str, given: str, meant: str, configs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "configs").mkdir()
    for name in ("a.yaml", "conclu.yaml"):
        (tmp_path / "configs" / name).touch()
    monkeypatch.chdir(tmp_path / here)
    assert configs.refusal(Path(given)) == f"there is no config file {given}; did you mean {meant!r}?"


def test_a_folder_is_no_config(configs: Any, tmp_path: Path) -> None:
    assert configs.refusal(tmp_path).startswith(f"{tmp_path} is a folder, not a config file; to train on")


def test_a_dumped_config_loads_as_it_was(configs: Any) -> None:
    odd = [
        "model.contrast_weight=1e-5",
        "pipeline.views[1].clip=.inf",
        "pipeline.log_dir='1e-4'",
        "dataset.cache_dir='null'",
        "dataset.dataset_path='true: # ä\"'",
        "pipeline.run_dir=null",
        "dataset.transform=[]",
    ]
    config = load_config(configs.write(f"imports: []\n{configs.plain}"), odd)
    assert load_config(configs.write(dump_config(config), "dumped.yaml")) == config
    assert list(load_config(configs.write(dump_config(config)))) == list(config)
