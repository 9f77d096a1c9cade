"""Pooled features that are computed in parts of a batch, in threads."""

import itertools
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from conclu_pyg import ENCODERS
from conclu_pyg.encoders import parts
from conclu_pyg.encoders.parts import pool_in_parts

SIZES = {"equal": [24, 24, 24, 24, 24], "ragged": [30, 21, 1, 60, 22], "one cloud": [40], "single points": [1, 1, 1]}
ENCODER_OPTIONS: list[dict[str, Any]] = [
    *(
        {"name": "PointNet", "input_transform": a, "feature_transform": b, "last_relu": a == b}
        for a, b in itertools.product([True, False], repeat=2)
    ),
    *({"name": "DGCNN", "k": 5, "channels": [6, 7], "neighbors": {"name": name}} for name in ("auto", "dense", "tree")),
]


@pytest.fixture(params=[1, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def draw(sizes: list[int]) -> tuple[Tensor, Tensor, int]:
    batch = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
    return torch.randn(sum(sizes), 3, dtype=torch.double), batch, len(sizes)


def perturbed(config: dict[str, Any]) -> Any:
    """An encoder in double precision and evaluation mode, unlike a new one."""
    encoder = ENCODERS.build({"out_channels": 16, **config}).double().eval()
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.1)
        for layer in encoder.modules():
            if isinstance(layer, nn.BatchNorm1d):
                layer.get_buffer("running_mean").normal_(std=0.1)
                layer.get_buffer("running_var").uniform_(0.5, 2)
    return encoder


@pytest.mark.parametrize("most", [1, 50])
@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES.keys())
@pytest.mark.parametrize("config", ENCODER_OPTIONS, ids=str)
@pytest.mark.filterwarnings("ignore:DGCNN. expected k below")
def test_frozen_encoders_pool_as_those_that_record_a_gradient(
    config: dict[str, Any], sizes: list[int], most: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "POINTS", most)
    encoder, clouds = perturbed(config), draw(sizes)
    expected = encoder.pool(*clouds)
    assert expected.requires_grad
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            pooled = encoder.pool(*clouds)
        assert not pooled.requires_grad and torch.allclose(pooled, expected, rtol=1e-9, atol=1e-9)
    assert torch.get_num_threads() == threads


class Recorder(nn.Module):
    """Pools coordinates, and records the clouds, modes and threads of its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(3)
        self.calls: list[tuple[list[int], bool, bool]] = []
        self.threads: set[int] = set()

    def pool(self, pos: Tensor, batch: Tensor, batch_size: int) -> Tensor:
        sizes = batch.bincount(minlength=batch_size).tolist()
        self.calls.append((sizes, torch.is_grad_enabled(), torch.is_inference_mode_enabled()))
        self.threads.add(threading.get_ident())
        return torch.stack([cloud.amax(dim=0) for cloud in pos.split(sizes)])

    def split(self, sizes: list[int]) -> list[list[int]]:
        """The sizes of the clouds of each call, in any order."""
        self.calls.clear()
        pos, batch, batch_size = draw(sizes)
        pooled = pool_in_parts(self, self.pool, pos, batch, batch_size)
        assert torch.equal(pooled, torch.stack([cloud.amax(dim=0) for cloud in pos.split(sizes)]))
        return sorted(call[0] for call in self.calls)


def test_parts_hold_as_many_clouds_as_fit(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "POINTS", 50)
    recorder = Recorder().eval()
    with torch.no_grad():
        assert recorder.split([24, 24, 24, 24, 24, 24, 24]) == [[24], [24, 24], [24, 24], [24, 24]]
        assert recorder.split([60, 1, 70, 10, 40, 1]) == [[1], [1], [10, 40], [60], [70]]
        assert recorder.split([7]) == [[7]]
        large = recorder.split([60, 70])  # alone if each thread gets one, else shared by all threads
        assert large == ([[60], [70]] if threads == 1 else [[60, 70]])
    assert not any(gradient for _, gradient, _ in recorder.calls)


def test_each_thread_gets_a_part(threads: int) -> None:
    recorder = Recorder().eval()
    with torch.inference_mode():
        assert recorder.split([10] * 9) == [[10] * (9 // threads)] * threads
    assert all(inference for _, _, inference in recorder.calls)
    assert (threading.get_ident() in recorder.threads) == (threads == 1)


def test_a_batch_stays_whole_where_its_clouds_or_the_threads_depend_on_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parts, "POINTS", 1)
    recorder = Recorder().eval()
    assert recorder.split([4, 5]) == [[4, 5]]  # a gradient is recorded
    with torch.no_grad():
        assert recorder.split([4, 5]) == [[4], [5]]
        with torch.autocast("cpu", torch.bfloat16):
            assert recorder.split([4, 5]) == [[4, 5]]
        recorder.norm.train()
        assert recorder.split([4, 5]) == [[4, 5]]
        recorder.norm.eval().register_forward_hook(lambda *_: None)
        assert recorder.split([4, 5]) == [[4, 5]]


def test_errors_of_threads_are_raised(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "POINTS", 1)

    def fail(pos: Tensor, batch: Tensor, batch_size: int) -> Tensor:
        raise ValueError("a part")

    with torch.no_grad(), pytest.raises(ValueError, match="a part"):
        pool_in_parts(nn.Identity().eval(), fail, *draw([3, 3]))


def test_dgcnn_warns_by_the_mean_of_the_batch_not_of_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "POINTS", 1)
    encoder = perturbed({"name": "DGCNN", "k": 5, "channels": [6]})
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("error")
        encoder.pool(*draw([4, 30]))
