import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers import raises
from torch import nn
from torch_geometric.data import Batch, Data

import conclu_pyg
from conclu_pyg import ENCODERS
from conclu_pyg.encoders.base import layer_channels, layer_features, pooled_features
from conclu_pyg.errors import ArgumentError, CheckpointError, DataError
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.folder import LAST
from conclu_pyg.runs.frozen_encoder import FrozenEncoder, embed, load_encoder
from conclu_pyg.runs.loaded_run import load_run


@pytest.fixture(scope="module")
def encoder(tiny_run: Path) -> FrozenEncoder:
    return load_encoder(tiny_run)


def clouds(sizes: tuple[int, ...] = (40, 64, 30)) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=(size, 3)) * 5 + 100 for size in sizes]


def close(a: torch.Tensor, b: torch.Tensor) -> bool:
    return a.shape == b.shape and torch.allclose(a, b, atol=1e-5)


class Noisy(nn.Module):
    """Batch norm and dropout: both would make a cloud's features depend on the others or on chance."""

    def __init__(self) -> None:
        super().__init__()
        self.out_channels = 4
        self.layers_of_points = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))

    def forward(self, pos: torch.Tensor, batch: torch.Tensor, batch_size: int) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.layers_of_points(pos)
        return x, torch.stack([x[batch == cloud].amax(dim=0) for cloud in range(batch_size)])


def test_the_encoder_has_the_run_s_weights_and_embeds_as_the_evaluation_does(
    tiny_run: Path, encoder: FrozenEncoder
) -> None:
    weights = Checkpoint.load(tiny_run).weights
    for name, value in encoder.encoder.state_dict().items():
        assert torch.equal(value, weights[f"encoder.{name}"]), name
    run = load_run(tiny_run)
    split = run.split("test")
    assert close(encoder.embed(split.pos), torch.from_numpy(run.embed(split).x))


def test_neither_a_data_set_nor_the_run_s_folder_is_needed(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(tiny_run / LAST, tmp_path / "weights.safetensors")
    monkeypatch.setattr(
        "conclu_pyg.runs.loaded_run.open_dataset", lambda *_, **__: pytest.fail("the data set is built")
    )
    assert conclu_pyg.load_encoder(str(tmp_path / "weights.safetensors")).embed(clouds()).shape == (3, 32)


def test_it_is_frozen_and_stays_in_evaluation_mode(encoder: FrozenEncoder) -> None:
    model = nn.Sequential(encoder, nn.Linear(32, 2)).train()
    assert model[1].training and not any(module.training for module in encoder.modules())
    assert not any(parameter.requires_grad for parameter in encoder.parameters())
    assert not encoder.embed(clouds()).requires_grad


def test_batch_norm_and_dropout_are_inactive_and_the_modes_are_restored() -> None:
    model = Noisy().train()
    model.layers_of_points[2].eval()
    first = embed(model, clouds())
    assert torch.equal(embed(model, clouds()), first) and close(embed(model, clouds()[:1]), first[:1])
    assert model.layers_of_points[1].training and not model.layers_of_points[2].training
    assert model.layers_of_points[1].num_batches_tracked == 0
    assert all(parameter.requires_grad for parameter in model.parameters())


@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_a_cloud_has_the_same_features_in_any_batch_and_order(encoder: FrozenEncoder, batch_size: int) -> None:
    expected = encoder.embed(clouds())
    assert close(encoder.embed(clouds()[::-1], batch_size=batch_size).flip(0), expected)


@pytest.mark.parametrize("sizes", [(40, 64, 30), (40, 40, 40)], ids=["ragged", "equal"])
def test_a_random_transform_draws_the_same_for_a_cloud_in_any_batch(
    encoder: FrozenEncoder, sizes: tuple[int, ...]
) -> None:
    fewer, given = FrozenEncoder(encoder.encoder, [{"name": "FixedPoints", "num_points": 16}]), clouds(sizes)
    before = torch.get_rng_state()
    assert close(fewer.embed(given[::-1]).flip(0), fewer.embed(given, batch_size=1))
    assert torch.equal(torch.get_rng_state(), before)


def test_clouds_of_equal_size_are_prepared_as_each_alone(encoder: FrozenEncoder) -> None:
    given = clouds((40, 40, 40))
    given[1] *= 1e-3
    (batch,) = encoder.batches(given)
    assert batch.pos.dtype == torch.float32 and batch.num_graphs == 3
    assert batch.batch.tolist() == np.repeat(range(3), 40).tolist() and batch.ptr.tolist() == [0, 40, 80, 120]
    for pos, cloud in zip(batch.pos.split(40), given, strict=True):
        centred = cloud - cloud.mean(axis=0)
        expected = centred / np.linalg.norm(centred, axis=1).max()
        assert np.allclose(pos.numpy(), expected, atol=1e-6)


def test_every_kind_of_input_gives_the_same(encoder: FrozenEncoder, tmp_path: Path) -> None:
    arrays = clouds((50, 50))
    for index, array in enumerate(arrays):
        np.save(tmp_path / f"{index}.npy", array)
    tensors = [torch.from_numpy(array) for array in arrays]
    data = [Data(pos=tensor.float()) for tensor in tensors]
    batch = Batch.from_data_list(data)
    shuffled = torch.randperm(100)
    inputs: list[Any] = [
        np.stack(arrays),
        torch.stack(tensors),
        tensors,
        data,
        batch,
        Data(pos=batch.pos[shuffled], batch=batch.batch[shuffled]),
        [tmp_path / "0.npy", str(tmp_path / "1.npy")],
        (array for array in arrays),
    ]
    expected = embed(encoder, arrays)
    assert expected.dtype == torch.float32 and not torch.allclose(expected[0], expected[1])
    for given in inputs:
        assert torch.allclose(embed(encoder, given), expected, atol=1e-4), type(given)
    assert close(embed(encoder, arrays[0]), expected[:1]) and embed(encoder, []).shape == (0, 32)


def test_the_fingerprint_depends_on_all_that_the_features_do(tiny_run: Path, encoder: FrozenEncoder) -> None:
    same = load_encoder(tiny_run)
    assert encoder.fingerprint == same.fingerprint and len(encoder.fingerprint) == 12
    others = [
        FrozenEncoder(same.encoder, same.transform, num_points=same.num_points, config={**same.config, "k": 3}),
        FrozenEncoder(same.encoder, same.transform, num_points=same.num_points + 1, config=same.config),
        FrozenEncoder(same.encoder, [], num_points=same.num_points, config=same.config),
        FrozenEncoder(same.encoder, same.transform, up_axis=1, num_points=same.num_points, config=same.config),
    ]
    with torch.no_grad():
        next(same.encoder.parameters()).view(-1)[0] += 1e-3
    found = {each.fingerprint for each in (encoder, same, *others)}
    assert len(found) == 6


def test_scale_and_position_are_normalised(encoder: FrozenEncoder) -> None:
    (cloud,) = clouds((40,))
    assert torch.allclose(encoder.embed(cloud * 1000 + 1e6), encoder.embed(cloud), atol=1e-4)


def test_the_default_up_axis_is_that_of_the_runs_data(encoder: FrozenEncoder) -> None:
    (z_up,) = clouds((40,))
    y_up = z_up[:, [1, 2, 0]]  # (x, y, z) -> (y, z, x): z becomes the second coordinate
    assert encoder.up_axis == 2 and close(encoder.embed(z_up), encoder.embed(z_up, up_axis="z"))
    wrapped = FrozenEncoder(encoder.encoder, data_axis=1, up_axis=2)
    assert close(wrapped.embed(y_up), encoder.embed(y_up, up_axis="y"))
    assert close(encoder.embed(y_up, up_axis="y"), encoder.embed(y_up[:, [2, 0, 1]], up_axis="z"))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (np.zeros((3, 7)), r"cloud 0: expected coordinates of shape \[N, 3\], got \[3, 7\]; transpose the array\."),
        ([np.zeros((4, 3)), np.zeros((0, 3))], r"cloud 1: expected at least one point"),
        (np.full((4, 3), np.nan), r"cloud 0: expected finite coordinates"),
        (np.zeros(3), r"cloud 0: expected coordinates of shape \[N, 3\], got \[3\]\."),
        (5, r"expected files, arrays of coordinates, Data with pos, or a Batch, got int\."),
        (Data(), r"expected files, arrays"),
        (np.zeros((4, 6)), r"got \[4, 6\]; keep points\[:, :3\]\."),
        (Path(__file__).parent, r"runs: it is a folder; give its files, such as sorted\(Path\("),
    ],
)
def test_invalid_clouds_are_refused(encoder: FrozenEncoder, given: Any, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        encoder.embed(given)


def test_invalid_arguments_are_refused(encoder: FrozenEncoder) -> None:
    with raises(ArgumentError, argument="batch_size", got=0):
        encoder.embed(clouds(), batch_size=0)
    not_an_encoder: Any = "runs/a"
    with pytest.raises(ArgumentError, match=r"expected an encoder, got 'runs/a'; give load_encoder\(run\)"):
        embed(not_an_encoder, clouds())


def test_a_missing_run_is_refused(tmp_path: Path) -> None:
    with raises(CheckpointError, file=tmp_path / "nowhere"):
        load_encoder(tmp_path / "nowhere")


class Plain(nn.Module):
    """An encoder with none of the optional methods."""

    out_channels = 4

    def forward(self, pos: torch.Tensor, batch: torch.Tensor, batch_size: int) -> tuple[torch.Tensor, torch.Tensor]:
        features = torch.cat([pos, pos[:, :1]], dim=1)
        return features, torch.stack([features[batch == index].amax(dim=0) for index in range(batch_size)])


@pytest.mark.parametrize("name", ["PointNet", "DGCNN", "Plain"])
def test_pooled_and_layer_features_are_those_of_the_wrapped_encoder(name: str) -> None:
    inner = Plain() if name == "Plain" else ENCODERS.build({"name": name, "out_channels": 16})
    frozen = FrozenEncoder(inner)
    pos, sizes = torch.randn(50, 3), torch.tensor([30, 20])
    clouds = Batch(pos=pos, batch=torch.arange(2).repeat_interleave(sizes))
    with torch.no_grad():
        assert torch.equal(pooled_features(frozen, clouds), pooled_features(inner, clouds))
        (features, pooled), (wanted, wanted_pooled) = (layer_features(each, clouds) for each in (frozen, inner))
    assert torch.equal(pooled, wanted_pooled) and layer_channels(frozen) == layer_channels(inner)
    assert [each.shape[1] for each in features] == layer_channels(inner)
    assert all(map(torch.equal, features, wanted))


def test_random_weights_depend_on_the_seed_alone(tiny_run: Path) -> None:
    encoder = load_encoder(tiny_run)
    state = torch.get_rng_state()
    a, b, other = (encoder.with_random_weights(seed) for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), state)
    assert a.fingerprint == b.fingerprint and len({encoder.fingerprint, a.fingerprint, other.fingerprint}) == 3
    assert (a.transform, a.num_points, a.up_axis) == (encoder.transform, encoder.num_points, encoder.up_axis)
    assert not a.encoder.training and not any(each.requires_grad for each in a.parameters())
    with pytest.raises(ArgumentError):
        FrozenEncoder(encoder.encoder).with_random_weights(0)
