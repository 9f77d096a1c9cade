"""Checks of configs, and the configs of the package."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from helpers import assert_error
from omegaconf import OmegaConf

from conclu_pyg import DATASETS, HEADS, METHODS, Registry
from conclu_pyg.config import error_context, load_config, resolve, section_registries
from conclu_pyg.errors import ConfigError, DataError, RegistryError
from conclu_pyg.shipped_configs import shipped_configs
from conclu_pyg.transforms import compose


@pytest.mark.parametrize("axis", ["x", "y", "z", 0, 1, 2])  # y is no `true` here; numbers are in older configs
def test_data_sets_and_views_share_the_notation_of_the_up_axis(configs: Any, axis: str | int) -> None:
    view = f"pipeline.views=[{{name: RandomYawRotate, up_axis: {axis}}}]"
    data = [f"dataset.up_axis={axis}"] if isinstance(axis, str) else []
    config = load_config(configs.write(), [view, *data])
    (rotate,) = compose(config["pipeline"]["views"], up_axis=2).transforms
    assert rotate.up_axis == ("xyz".index(axis) if isinstance(axis, str) else axis)
    assert config["dataset"].get("up_axis", axis) == axis


@pytest.mark.parametrize(
    ("override", "path", "argument", "got"),
    [
        ("pipeline.epoch=3", "pipeline", "epoch", 3),
        ("pipeline.model=PointNet", "pipeline", "model", ...),
        ("pipeline.dataset=x", "pipeline", "dataset", ...),
        ("pipeline.config={a: 1}", "pipeline", "config", ...),
        ("dataset.path=x", "dataset", "path", "x"),
        ("model.encoder.input_tranform=true", "model.encoder", "input_tranform", True),
        ("model.encoder.chekpoint=run", "model.encoder", "chekpoint", "run"),
        ("model.encoder.checkpoint=3", "model.encoder", "checkpoint", 3),
        ("model.encoder.name=PointNt", "model.encoder", "name", "PointNt"),
        ("pipeline.views[1].sigam=1", "pipeline.views[1]", "sigam", 1),
        ("dataset.transform=[{name: FixedPoints, num_points: 1.5}]", "dataset.transform[0]", "num_points", 1.5),
        ("model.projector={name: Projector}", "model.projector", "name", "Projector"),
        ("model.clusterer={name: SinkhornClusterer, eps: 1}", "model.clusterer", "eps", 1),
        ("pipeline.epochs=many", "pipeline", "epochs", "many"),
        ("pipeline.views=3", "pipeline", "views", 3),  # and not a second time, as a view
        ("pipeline.views=[{name: RandomYawRotate, up_axis: w}]", "pipeline.views[0]", "up_axis", "w"),
        ("model.name=ConCul", "model", "name", "ConCul"),
        ("model.name=[1]", "model", "name", [1]),
        ("model.clusterer={name: SinkhornClusterer, num_prototypes: 1}", "model.clusterer", "num_prototypes", 1),
        ("model.clusterer={name: SinkhornClusterer, epsilon: .nan}", "model.clusterer", "epsilon", float("nan")),
        ("model.projector={name: ProjectionHead, out_channels: 0}", "model.projector", "out_channels", 0),
    ],
)
def test_an_argument_that_a_class_does_not_accept_is_refused_before_anything_is_built(
    configs: Any, override: str, path: str, argument: str, got: Any
) -> None:
    error = configs.error(configs.write(), override)
    assert_error(error, path=path, argument=argument, got=got)
    assert len(error.issues) == 1


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ("pipeline.epoch=3", "Pretraining takes no argument 'epoch'; did you mean 'epochs'? It takes: views"),
        ("pipeline.model=x", "Pretraining: 'model' is set by the program and cannot appear in the config."),
        ("pipeline.epochs=x", "Pretraining: epochs must be int"),
        ("model.encoder.name=PointNt", "ENCODERS has no 'PointNt'; did you mean 'PointNet'? It has: "),
        (
            "model.clusterer={name: SinkhornClusterer, num_prototypes: 1}",
            "SinkhornClusterer: num_prototypes must be >= 2, got 1.",
        ),
    ],
)
def test_the_text_of_an_error_names_the_override_the_class_and_the_argument(
    configs: Any, override: str, text: str
) -> None:
    assert configs.refusal(configs.write(), override).startswith(f"override {override!r}: {text}")


@pytest.mark.parametrize(
    ("neighbors", "reason"),
    [
        ("dense", "must be a mapping, got 'dense'; write {name: dense}."),
        ("dens", "NEIGHBORS has no 'dens'; did you mean 'dense'? It has: "),
        ("3", "NEIGHBORS builds from a mapping with a 'name', got 3."),
        ("{}", "a config for NEIGHBORS needs 'name', got the keys []; NEIGHBORS has: auto, dense, "),
        ("{k: 3}", "a config for NEIGHBORS needs 'name', got the keys ['k']; NEIGHBORS has: auto, dense, "),
    ],
)
def test_a_part_without_a_name_is_refused_with_its_override(configs: Any, neighbors: str, reason: str) -> None:
    override = f"model.encoder.neighbors={neighbors}"
    text = configs.refusal(configs.write(), "model.encoder={name: DGCNN}", override)
    assert text.startswith(f"override {override!r}: {reason}")


@pytest.mark.parametrize("decoders", ["{name: ProjectionHed}", "[{name: PredictionHead}, {name: ProjectionHed}]"])
def test_the_components_that_a_new_method_declares_are_checked(
    configs: Any, decoders: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(METHODS)
    monkeypatch.setattr(METHODS, "_classes", dict(METHODS._classes))

    @METHODS.register_module()
    class Folding:
        components = {"decoders": HEADS}  # noqa: RUF012

        def __init__(self, encoder: Any, decoders: Any) -> None:
            pass

    part = "decoders[1]" if decoders.startswith("[") else "decoders"
    override = f"model.decoders={decoders}"
    text = configs.refusal(configs.write(), "model.name=Folding", "model.encoder={name: Unchecked}", override)
    where = f"model.{part}: " if part != "decoders" else ""
    reason = "HEADS has no 'ProjectionHed'; did you mean 'ProjectionHead'?"
    assert text.startswith(f"{where}override {override!r}: {reason}")


def test_an_unknown_section_in_a_file_gets_a_suggestion(configs: Any) -> None:
    path = configs.write(configs.plain.replace("pipeline:", "piepline:"))
    assert configs.refusal(path) == (
        f"{path}: unknown section 'piepline'; did you mean 'pipeline'? "
        "Sections: dataset, model, pipeline, imports, stages."
    )


@pytest.mark.parametrize("section", ["null", "3", "[]", "{}", "ModelNet"])
def test_a_section_without_a_name_lists_the_names(configs: Any, section: str) -> None:
    path = configs.write(configs.plain.replace("{name: ModelNet, dataset_path: somewhere}", section))
    text = configs.refusal(path)
    assert text.startswith(f"{path}: needs the section 'dataset' with a 'name', got ")
    assert "; names: CloudFolder, FromOpen3DML, FromPyG, ModelNet, ParametricShapes" in text


@pytest.mark.parametrize("text", ["", "# nothing", "{}", "imports: []"])
def test_an_empty_file_misses_all_sections(configs: Any, text: str) -> None:
    error = configs.error(configs.write(text))
    assert [(issue.argument, issue.got) for issue in error.issues] == [
        ("dataset", None),
        ("model", None),
        ("pipeline", None),
    ]


MISTAKEN = """
dataset: {name: ModelNet, dataset_pth: somewhere, qqq: 1, xxx: 2}
model:
  name: ConClu
  encoder: {name: PointNet, out_chanels: 64}
  projector: {name: ProjectionHaed, hidden_channels: 1.5}
  clusterer: {name: SinkhornClusterer, num_prototypes: 1.5, epsilom: 1, epsilon: 0, temperature: .nan}
piepline:
  name: Pretraining
  model: PointNet
  views: [{name: GaussianJitter, sigam: 1}, GaussianJitter, {name: FixedPoints}, {name: FixedPoints, points: 8}]
"""


def test_several_errors_are_reported_at_once_each_in_a_line_with_its_path(configs: Any) -> None:
    path = configs.write(MISTAKEN)
    heading, *lines = configs.refusal(path).split("\n")
    assert heading == f"14 errors in {path}:"
    assert lines.pop(2).startswith("  dataset: ModelNet takes no argument 'qqq'. It takes: dataset_path: str = ")
    assert lines == [
        "  unknown section 'piepline'; did you mean 'pipeline'?",
        "  dataset: ModelNet takes no argument 'dataset_pth'; did you mean 'dataset_path'?",
        "  dataset: ModelNet takes no argument 'xxx'.",  # the hint is printed once
        "  model.encoder: PointNet takes no argument 'out_chanels'; did you mean 'out_channels'?",
        "  model.projector: HEADS has no 'ProjectionHaed'; did you mean 'ProjectionHead'?",
        "  model.clusterer: SinkhornClusterer takes no argument 'epsilom'; did you mean 'epsilon'?",
        "  model.clusterer: SinkhornClusterer: num_prototypes must be int (>= 2), got 1.5 (float).",
        "  model.clusterer: SinkhornClusterer: epsilon must be finite and > 0, got 0.",
        "  model.clusterer: SinkhornClusterer: temperature must be finite and > 0, got nan.",
        "  pipeline: Pretraining: 'model' is set by the program and cannot appear in the config.",
        "  pipeline.views[0]: GaussianJitter takes no argument 'sigam'; did you mean 'sigma'?",
        "  pipeline.views[1]: must be a mapping, got 'GaussianJitter'; write {name: GaussianJitter}.",
        "  pipeline.views[3]: FixedPoints takes no argument 'points'; did you mean 'num_points'?",
    ]


def test_errors_of_the_file_and_of_overrides_are_reported_together(configs: Any) -> None:
    path = configs.write(configs.plain.replace("clip_grad_norm:", "clip_grad_nrom:"))
    error = configs.error(path, "model.codse=swapped")
    assert [(issue.path, issue.argument) for issue in error.issues] == [
        ("model", "codse"),
        ("pipeline", "clip_grad_nrom"),
    ]


# Building and errors


class Refusing:
    """Raises an error with the text in the config."""

    def __init__(
        self, says: str = "", part: Any = None, parts: Any = None, copied: Any = None, other: Any = None
    ) -> None:
        for config in [part, *(parts or []), copied and dict(copied)]:
            if config:
                REFUSERS.build(config)
        raise ConfigError(says)


REFUSERS = Registry("REFUSERS")
REFUSERS.register_module()(Refusing)


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ({"says": "no."}, "a config, model: no."),
        ({"part": {"name": "Refusing", "says": "no."}}, "a config, model.part: no."),
        ({"part": {"name": "Refusing", "part": {"name": "Refusing", "says": "no."}}}, "a config, model.part.part: no."),
        ({"parts": [{}, {"name": "Refusing", "says": "no."}]}, "a config, model.parts[1]: no."),
        ({"copied": {"name": "Refusing", "says": "no."}}, "a config, model: no."),  # where the copy is from, none knows
        ({"other": None, "part": 3}, "a config, model: REFUSERS builds from a mapping with a 'name', got 3."),
        ({"part": {"nam": "Refusing"}}, "a config, model.part: a config for REFUSERS needs 'name', got the keys"),
        (
            {"part": {"name": "Refusing", "says": 3}},
            "a config, model.part: Refusing: says must be str, got 3 (int).",
        ),
        ({"says": "model.says must be kind."}, "a config: model.says must be kind."),
        ({"says": "found model=2."}, "a config: found model=2."),
        ({"says": "a supermodel.says no."}, "a config, model: a supermodel.says no."),
    ],
)
def test_an_error_while_building_has_its_path(model: dict[str, Any], sentence: str) -> None:
    config = {"dataset": {"transform": None}, "model": {"name": "Refusing", **model}}
    with pytest.raises((ConfigError, RegistryError)) as error, error_context(config, "a config"):
        REFUSERS.build(config["model"])
    assert str(error.value).startswith(sentence)


def test_an_error_outside_the_parts_of_the_config_names_the_file_only() -> None:
    with pytest.raises(ConfigError) as error, error_context({"model": {}}, "a config"):
        raise ConfigError("no.")
    assert str(error.value) == "a config: no."


def test_errors_about_other_files_do_not_name_the_config() -> None:
    with pytest.raises(DataError) as error, error_context({"model": {}}, "a config"):
        raise DataError("no such file.")
    assert str(error.value) == "no such file."


@pytest.mark.filterwarnings("ignore:register_new_resolver")
@pytest.mark.parametrize("text", ["${oc.env:HOME}", "a/${leak:x}/b", "${pipeline.seed}", "${${x}:y}"])
@pytest.mark.parametrize("place", ["file", "list", "base", "override", "run"])
def test_interpolations_are_refused_and_never_run(configs: Any, text: str, place: str) -> None:
    called = []
    OmegaConf.register_new_resolver("leak", lambda *arguments: called.append(arguments), replace=True)
    path = configs.write(configs.plain.replace("somewhere", f"'{text}'")) if place == "file" else configs.write()
    if place == "list":
        path = configs.write(f"{configs.plain}    - {{name: '{text}'}}")
    if place == "base":
        configs.write(f"{configs.plain}imports: ['{text}']", "base.yaml")
        path = configs.write("_base_: base.yaml\npipeline: {clip_grad_norm: 1}")
    override = [f"model.encoder.name={text}"] if place == "override" else []
    run = {"model": {"name": text}}
    with pytest.raises(ConfigError) as error:
        resolve(run, ["model.name=ConClu", f"dataset.name={text}"], "a run") if place == "run" else load_config(
            path, override
        )
    assert_error(error, got=text)
    assert f": the value {text!r} is an interpolation, which is refused; write it out." in str(error.value)
    assert not called
    OmegaConf.clear_resolver("leak")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Folders of one shape for each data set that needs files, by name."""
    modelnet, parts = tmp_path_factory.mktemp("modelnet"), tmp_path_factory.mktemp("shapenetpart")
    for split in ("train", "test"):
        path = modelnet / "chair" / split / "chair_0001.off"
        path.parent.mkdir(parents=True)
        path.write_text("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n")
        (parts / f"{split}_hdf5_file_list.txt").write_text(f"{split}.h5\n")
        with h5py.File(parts / f"{split}.h5", "w") as file:
            file["data"], file["label"] = np.ones((1, 4, 3), np.float32), np.zeros((1, 1), np.uint8)
            file["pid"] = np.zeros((1, 4), np.uint8)
    (parts / "all_object_categories.txt").write_text("Chair\t03001627\n")
    (parts / "overallid_to_category_part.json").write_text('[{"category": "Chair", "part": "seat", "id": 0}]')
    return {"ModelNet": str(modelnet), "ShapeNetPart": str(parts)}


@pytest.mark.parametrize("path", shipped_configs().values(), ids=shipped_configs())
def test_every_config_loads_and_its_sections_are_built(path: Path, folders: dict[str, str]) -> None:
    config = load_config(path)
    name = config["dataset"]["name"]
    dataset = DATASETS.build(config["dataset"] | ({"dataset_path": folders[name]} if name in folders else {}))
    views = compose(config["pipeline"].get("views") or [], up_axis=dataset.up_axis)
    method = section_registries(config)["model"].build(config["model"], labels=dataset.labels)
    assert method.encoder.out_channels > 0
    turned = [view for view in views.transforms if hasattr(view, "up_axis")]
    assert all(view.up_axis == dataset.up_axis for view in turned)
    assert turned or not config["pipeline"].get("views") or "Finetuning" in config["pipeline"]["name"]


def test_a_config_of_the_package_is_loaded_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = load_config("conclu_pointnet", ["pipeline.epochs=3"])
    assert (config["model"]["name"], config["pipeline"]["epochs"]) == ("ConClu", 3)
