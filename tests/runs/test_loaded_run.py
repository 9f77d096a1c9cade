import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helpers import assert_error, raises

from conclu_pyg.errors import ConfigError
from conclu_pyg.registry import METHODS
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.folder import LAST
from conclu_pyg.runs.loaded_run import LoadedRun, load_run
from conclu_pyg.seeding import seed_all

pytestmark = pytest.mark.usefixtures("terminal")


@pytest.fixture
def loaded(tiny_run: Path) -> LoadedRun:
    return load_run(tiny_run)


def test_a_run_has_its_weights_config_data_and_folder(loaded: LoadedRun, tiny_run: Path) -> None:
    checkpoint = Checkpoint.load(tiny_run)
    assert loaded.config == checkpoint.config
    state = loaded.method.state_dict()
    assert all(torch.equal(state[name], value) for name, value in checkpoint.weights.items())
    assert (loaded.source, loaded.folder) == (tiny_run / LAST, tiny_run)
    assert (loaded.initialisation, loaded.seed, loaded.up_axis) == ("ParametricShapes", 0, 2)
    assert loaded.device == torch.device("cpu") and len(loaded.split("train")) == 48


def test_untrained_is_as_the_training_began_and_shares_the_data(loaded: LoadedRun) -> None:
    torch.rand(7)  # where the generator stands does not matter
    untrained = loaded.untrained()
    seed_all(0)
    expected = METHODS.build(loaded.config["model"]).state_dict()
    state = untrained.method.state_dict()
    assert all(torch.equal(state[name], value) for name, value in expected.items())
    assert (untrained.initialisation, untrained.trained, untrained.dataset) == ("random", False, loaded.dataset)
    assert any(not torch.equal(state[name], value) for name, value in loaded.method.state_dict().items())


def test_overrides_reach_only_the_data_and_the_device(tiny_run: Path) -> None:
    loaded = load_run(tiny_run, ["dataset.num_points=32", "pipeline.device=cpu", "imports=[]"])
    assert loaded.split("test").pos.shape == (40, 32, 3)
    with raises(ConfigError, argument="model.codes", got="model.codes=same_view"):
        load_run(tiny_run, ["model.codes=same_view"])


def test_an_override_out_of_bounds_is_named(tiny_run: Path) -> None:
    with pytest.raises(ConfigError, match=r"^override 'dataset\.num_points=0': ParametricShapes: ") as error:
        load_run(tiny_run, ["dataset.num_points=0"])
    assert_error(error, argument="num_points", got=0)


def test_clouds_are_turned_where_another_coordinate_points_up_than_in_the_training(loaded: LoadedRun) -> None:
    split = loaded.split("test")
    assert loaded.dataset.get_split("test") is split
    other = replace(loaded, checkpoint=replace(loaded.checkpoint, up_axis=1))
    turned = other.split("test")
    assert other.up_axis == 1 and turned.pos is split.pos  # nothing is copied
    assert torch.equal(turned[0].pos[:, 1], split[0].pos[:, 2])
    assert torch.equal(turned[0].pos.roll(1, dims=1), split[0].pos)  # in a circle: no mirror image


def test_the_place_of_a_checkpoint_that_was_moved_is_its_own_folder(tiny_run: Path, tmp_path: Path) -> None:
    moved = Path(shutil.copy(tiny_run / LAST, tmp_path / "encoder.safetensors"))
    assert load_run(moved).folder == tmp_path


def test_the_features_of_a_split_are_computed_once_for_each_encoder(loaded: LoadedRun) -> None:
    split, untrained = loaded.split("test"), loaded.untrained()
    first = loaded.embed(split)
    assert loaded.embed(split) is first and first.x.shape == (40, 32)
    assert not (untrained.embed(split).x == first.x).all() and loaded.embed(split) is first
    assert not (loaded.embed(loaded.split("train")).x[:40] == first.x).all()
