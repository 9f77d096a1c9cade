"""Encoders with the weights of a run: loading, messages and errors."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from conclu_pyg import ENCODERS
from conclu_pyg.errors import CheckpointError
from conclu_pyg.pipelines.build import build_pipeline
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.fingerprint import config_fingerprint
from conclu_pyg.runs.folder import BEST, LAST
from conclu_pyg.runs.pretrained import load_pretrained
from conclu_pyg.runs.provenance import EncoderOrigin, Mismatches
from conclu_pyg.runs.render import render_mismatches

pytestmark = pytest.mark.usefixtures("terminal")

POINTNET = {"name": "PointNet", "out_channels": 8, "input_transform": False, "feature_transform": False}
DGCNN = {"name": "DGCNN", "out_channels": 8, "k": 4, "channels": [6, 10]}


def save(
    path: Path, encoder: dict[str, Any], *, prefix: str = "encoder.", model: str = "ConClu", seed: int = 5
) -> Path:
    """Makes a checkpoint of an encoder with other weights than the initial ones."""
    torch.manual_seed(seed)
    weights = {
        prefix + key: torch.randn(value.shape).to(value) for key, value in ENCODERS.build(encoder).state_dict().items()
    }
    Checkpoint(
        config={"model": {"name": model, "encoder": encoder}},
        weights={**weights, "head.weight": torch.randn(3)},
        dataset="ModelNet40",
        command="conclu train a.yaml",
        seconds=2.5,
        epoch=7,
        batch=0,
        step=70,
        up_axis=1,
        data_axis=1,
        num_points=1024,
    ).save(path)
    return path


def load_with_origin(config: dict[str, Any], path: Path) -> tuple[Any, EncoderOrigin]:
    """Builds an encoder with the weights of a checkpoint or run folder."""
    encoder = ENCODERS.build(config)
    return encoder, load_pretrained(encoder, str(path), config)


def load(config: dict[str, Any], path: Path) -> Any:
    return load_with_origin(config, path)[0]


@pytest.mark.parametrize("config", [POINTNET, DGCNN], ids=lambda config: str(config["name"]))
def test_all_weights_and_statistics_are_the_runs(
    tmp_path: Path, config: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    path = save(tmp_path / "a.safetensors", config)
    encoder = load({**config}, path)
    weights, total = Checkpoint.load(path).weights, 0
    for name, value in encoder.state_dict().items():
        assert torch.equal(value, weights[f"encoder.{name}"]), name
        total += value.numel()
    assert capsys.readouterr().out == (
        f"encoder: {len(weights) - 1} tensors, {total:,} values, loaded from {path} (ConClu, 7 epochs on ModelNet40); "
        "0 missing, 0 unexpected\n"
    )


def test_the_pre_training_before_the_run_is_logged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save(tmp_path / "a.safetensors", POINTNET)
    before = EncoderOrigin("b.safetensors", "Scans", "ConClu", 3, "train", 1.0, "abc")
    checkpoint = Checkpoint.load(path)
    checkpoint.config["model"]["name"] = "Classifier"
    replace(checkpoint, epoch=1, pretraining=before).save(path)
    load({**POINTNET}, path)
    assert (
        f"from {path} (Classifier, 1 epoch on ModelNet40, from ConClu on Scans); 0 missing" in capsys.readouterr().out
    )


def test_where_the_weights_come_from_is_known_afterwards(tmp_path: Path) -> None:
    path = save(tmp_path / "a.safetensors", POINTNET)
    assert load_with_origin({**POINTNET}, path)[1] == EncoderOrigin(
        source=str(path),
        dataset="ModelNet40",
        method="ConClu",
        epochs=7,
        up_axis=1,
        command="conclu train a.yaml",
        seconds=2.5,
        fingerprint=config_fingerprint(Checkpoint.load(path).config, "ModelNet40"),
    )


def test_a_run_folder_gives_its_best_checkpoint_or_its_last(tmp_path: Path) -> None:
    for name, seed in ((LAST, 1), (BEST, 2)):
        path = save(tmp_path / name, POINTNET, seed=seed)
        encoder = load({**POINTNET}, tmp_path)
        assert torch.equal(
            encoder.state_dict()["last.linear.weight"], Checkpoint.load(path).weights["encoder.last.linear.weight"]
        )


def test_an_encoder_passes_from_one_model_to_another(tmp_path: Path, tiny_config: dict[str, Any]) -> None:
    path = save(tmp_path / "a.safetensors", POINTNET, model="Classifier")
    model = {"name": "Classifier", "encoder": {**POINTNET, "checkpoint": str(path)}}
    pipeline = {"name": "Finetuning", "epochs": 1, "device": "cpu"}
    built = build_pipeline({**tiny_config, "model": model, "pipeline": pipeline})
    classifier = built.model
    assert built.pretraining.method == "Classifier"
    assert torch.equal(
        classifier.encoder.last.linear.weight, Checkpoint.load(path).weights["encoder.last.linear.weight"]
    )
    assert not any("checkpoint" in name for name in classifier.state_dict())


def test_missing_and_unexpected_weights_are_listed_in_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = save(tmp_path / "a.safetensors", POINTNET)
    checkpoint = Checkpoint.load(path)
    checkpoint.weights["encoder.extra.weight"] = torch.zeros(2, 5)
    del checkpoint.weights["encoder.last.norm.weight"]
    checkpoint.save(path)
    torch.manual_seed(0)
    encoder, origin = load_with_origin({**POINTNET}, path)
    out = capsys.readouterr().out
    assert (
        f"warning: the encoder and the weights in {path} do not match exactly:\n"
        "  last.norm.weight [8]: missing in the checkpoint, stays random\n"
        "  extra.weight [2, 5]: unexpected, not loaded\n" in out
    )
    assert "1 missing, 1 unexpected\n" in out
    tensors = len(encoder.state_dict())
    assert origin.mismatches == Mismatches(tensors, missing=1, unexpected=1)
    assert torch.equal(encoder.last.norm.weight, torch.ones(8))
    assert torch.equal(encoder.last.norm.bias, checkpoint.weights["encoder.last.norm.bias"])


def test_a_long_list_is_cut_with_its_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save(tmp_path / "a.safetensors", POINTNET)
    larger = load({**POINTNET, "input_transform": True}, path)
    missing = [name for name in larger.state_dict() if name.startswith("input_transform.")]
    out = capsys.readouterr().out
    assert f"{len(missing)} missing, 0 unexpected" in out and f"and {len(missing) - 12} more" in out
    assert sum("stays random" in line for line in out.splitlines()) == 13
    assert "arguments: input_transform False in the run, True here; give the run's arguments" in out


@pytest.mark.parametrize(
    ("run", "here", "described"),
    [
        (DGCNN, {"k": 5}, "k 4 in the run, 5 here"),
        ({key: value for key, value in DGCNN.items() if key != "k"}, {"k": 5}, "k 20 in the run, 5 here"),
        (POINTNET, {"last_relu": False}, "last_relu True in the run, False here"),
    ],
)
def test_an_argument_that_no_shape_tells_is_warned_about(
    tmp_path: Path, run: dict[str, Any], here: dict[str, Any], described: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = save(tmp_path / "a.safetensors", run)
    found = load_with_origin({**run, **here}, path)[1]
    assert found.mismatches is not None and render_mismatches(found.mismatches) == [described]
    assert capsys.readouterr().out.endswith(
        f"warning: the encoder of {path} was trained with other arguments: {described}; give the run's "
        "arguments unless that is intended, since its weights have another meaning here.\n"
    )


@pytest.mark.parametrize(
    ("run", "here"),
    [
        ({**DGCNN, "k": 20}, {"name": "DGCNN", "out_channels": 8, "channels": [6, 10]}),  # the default
        (DGCNN, {**DGCNN, "neighbors": {"name": "dense"}}),
        ({**DGCNN, "checkpoint": "elsewhere"}, DGCNN),
    ],
)
def test_equivalent_arguments_give_no_warning(
    tmp_path: Path, run: dict[str, Any], here: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    path = save(tmp_path / "a.safetensors", {key: value for key, value in run.items() if key != "checkpoint"})
    checkpoint = Checkpoint.load(path)
    checkpoint.config["model"]["encoder"] = run
    checkpoint.save(path)
    load({**here}, path)
    assert "warning" not in capsys.readouterr().out


@pytest.mark.usefixtures("forget_registered")
def test_an_encoder_by_another_name_is_warned_about_though_it_fits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = save(tmp_path / "a.safetensors", POINTNET)
    ENCODERS.register_module(name="Mine")(ENCODERS.get("PointNet"))
    load({**POINTNET, "name": "Mine"}, path)
    assert "trained with other arguments: name PointNet in the run, Mine here; " in capsys.readouterr().out


def test_an_encoder_that_was_built_already_is_loaded_without_a_config(tmp_path: Path) -> None:
    path = save(tmp_path / "a.safetensors", POINTNET)
    encoder = ENCODERS.build({**POINTNET, "last_relu": False})
    load_pretrained(encoder, str(path))
    assert torch.equal(encoder.last.linear.weight, Checkpoint.load(path).weights["encoder.last.linear.weight"])


def refusal(config: dict[str, Any], path: Path) -> str:
    with pytest.raises(CheckpointError) as error:
        load({**config}, path)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_another_shape_is_refused_with_both(tmp_path: Path) -> None:
    path = save(tmp_path / "a.safetensors", POINTNET)
    assert refusal({**POINTNET, "out_channels": 9}, path) == (
        f"{path} does not fit PointNet: last.linear.weight of its PointNet has shape [8, 128] instead of [9, 128]; "
        "give the encoder, and the arguments, of the run's config.yaml."
    )


def test_another_encoder_is_refused_by_name(tmp_path: Path) -> None:
    path = save(tmp_path / "a.safetensors", POINTNET)
    assert "does not fit DGCNN: last.linear.weight of its PointNet has shape [8, 128] instead of [8, 16]" in refusal(
        DGCNN, path
    )


@pytest.mark.parametrize(("prefix", "such"), [("backbone.", "none"), ("encoder.net.", "net.local.0.weight")])
def test_a_run_without_weights_of_such_an_encoder_is_refused(tmp_path: Path, prefix: str, such: str) -> None:
    path = save(tmp_path / "a.safetensors", POINTNET, prefix=prefix)
    assert refusal(POINTNET, path) == (
        f"{path} has no weights for PointNet: it has those of PointNet, such as {such}; give a run of the same encoder."
    )


def test_the_weights_of_a_method_whose_encoder_has_no_name_are_refused_by_its_own(tmp_path: Path) -> None:
    path = save(tmp_path / "a.safetensors", POINTNET, prefix="")
    checkpoint = Checkpoint.load(path)
    checkpoint.config["model"] = {"name": "Mine", "encoder": "PointNet"}
    checkpoint.save(path)
    assert "it has those of Mine, such as none" in refusal(POINTNET, path)


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.safetensors").write_text("no checkpoint")
    assert "text.safetensors is not a checkpoint" in refusal(POINTNET, tmp_path / "text.safetensors")
    assert "is a folder without checkpoints/last.safetensors" in refusal(POINTNET, tmp_path)
