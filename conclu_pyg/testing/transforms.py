"""Test suite for transforms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Batch, Data
from torch_geometric.transforms import BaseTransform

from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.errors import DataError
from conclu_pyg.registry import TRANSFORMS
from conclu_pyg.testing.report import expect, expect_error, run_checks


def check_transform(
    transform: BaseTransform | Mapping[str, Any],
    *,
    deterministic: bool = False,
    keeps_points: bool = True,
    checks_input: bool = True,
    num_points: int = 20,
) -> None:
    """Check that a transform works on one ``Data`` and on a whole ``Batch``.

    Checks that both give the same result, that the batch stays consistent and can be split, that per-point attributes
    follow their points and labels of clouds stay, that dtype and device are kept and the input is not modified, that
    one seed gives one result, and that each cloud has its own random draws. The random state of the program does not
    change.

    Args:
        transform: the transform, or its config.
        deterministic: the transform draws no random numbers.
        keeps_points: each point of the result is a point of the input, possibly moved, with its attributes. False for a
            transform that creates points.
        checks_input: a batch with an empty cloud and a ``Data`` without ``pos`` raise a DataError, as
            :func:`~conclu_pyg.transforms.clouds.cloud_layout` does.
        num_points: number of points of the largest clouds.

    Raises:
        AssertionError: lists all failed checks.
    """
    suite = _Suite(TRANSFORMS.build(transform), deterministic, num_points)
    checks: dict[str, Callable[[], None]] = {
        "interface": suite.interface,
        "one cloud and a batch": suite.one_cloud,
        "consistent batches": suite.consistency,
        "labels of clouds": suite.labels,
        "splitting": suite.splitting,
        "unchanged input": suite.unchanged_input,
        "seeds": suite.seeds,
        "dtype and device": suite.dtype_and_device,
        "clouds of one point": suite.single_points,
        "memory layout": suite.memory_layout,
    }
    if keeps_points:
        checks["attributes of points"] = suite.attributes
    if checks_input:
        checks["invalid input"] = suite.invalid_input
    with torch.random.fork_rng([]):
        run_checks(type(suite.transform).__name__, checks)


class _Suite:
    """The checks: methods that raise on failure."""

    def __init__(self, transform: BaseTransform, deterministic: bool, num_points: int) -> None:
        self.transform, self.deterministic, self.num_points = transform, deterministic, num_points

    def batches(self) -> dict[str, Batch]:
        """Return batches of four clouds, by a description. ``part`` numbers the points of a cloud."""
        n = self.num_points
        torch.manual_seed(0)
        packed = batch_clouds(torch.randn(4, n, 3), y=torch.arange(4), part=torch.arange(n).repeat(4, 1))
        packed.intensity = torch.randn(4 * n)
        return {"equal clouds": _batch(4 * [n]), "different clouds": _batch([n, 7, 1, n + 13]), "packed clouds": packed}

    def interface(self) -> None:
        expect(isinstance(self.transform, BaseTransform), "expected a torch_geometric.transforms.BaseTransform")
        expect("object at" not in repr(self.transform), f"expected a repr with the arguments, got {self.transform!r}")

    def one_cloud(self) -> None:
        cloud = _cloud(self.num_points)
        (batched,) = self.call(Batch.from_data_list([cloud])).to_data_list()
        _expect_equal(batched, self.call(cloud), "the result for a batch of one cloud differs from that for the cloud")

    def consistency(self) -> None:
        for name, batch in self.batches().items():
            out = self.call(batch)
            expect(isinstance(out, Batch) and out.num_graphs == 4, f"{name}: expected a batch of 4 clouds, got {out}")
            expect(
                out.pos.dim() == 2 and out.pos.size(1) == 3 and out.pos.isfinite().all(),
                f"{name}: pos is not finite [M, 3]",
            )
            expect(len(out.batch) == len(out.pos), f"{name}: expected one entry of batch per point")
            counts = out.batch.bincount(minlength=4)
            expect(
                (out.batch.diff() >= 0).all() and counts.all(), f"{name}: batch does not ascend, or a cloud is empty"
            )
            expect(out.ptr.tolist() == [0, *counts.cumsum(0).tolist()], f"{name}: ptr does not match batch")

    def attributes(self) -> None:
        for name, batch in self.batches().items():
            out = self.call(batch)
            for key in ("part", "intensity"):
                expect(len(out[key]) == len(out.pos), f"{name}: expected one value of {key} per point")
            source = batch.ptr[out.batch] + out.part  # the row of each point before the transform
            same = torch.equal(out.intensity, batch.intensity[source]) and torch.equal(out.batch, batch.batch[source])
            expect(same, f"{name}: attributes do not follow their points; select points by index_points")

    def labels(self) -> None:
        for name, batch in self.batches().items():
            expect(torch.equal(self.call(batch).y, batch.y), f"{name}: the labels y of the clouds change")

    def splitting(self) -> None:
        for name, batch in self.batches().items():
            out = self.call(self.call(batch))
            for i, cloud in enumerate(out.to_data_list()):
                rows = slice(int(out.ptr[i]), int(out.ptr[i + 1]))
                same = torch.equal(cloud.pos, out.pos[rows]) and torch.equal(cloud.part, out.part[rows])
                expect(same and cloud.y.tolist() == [i], f"{name}: to_data_list() gives other clouds than the batch")

    def unchanged_input(self) -> None:
        for name, batch in self.batches().items():
            before, attributes, clouds = batch.clone(), batch.to_dict(), batch.to_data_list()
            self.call(batch)
            _expect_equal(batch, before, f"{name}: the transform modifies its input")
            same = all(batch[key] is value for key, value in attributes.items())
            expect(same, f"{name}: the transform replaces attributes of its input")
            for cloud, expected in zip(batch.to_data_list(), clouds, strict=True):
                _expect_equal(cloud, expected, f"{name}: to_data_list() of the input changes")

    def seeds(self) -> None:
        for name, batch in self.batches().items():
            first, other = self.call(batch), self.call(batch, seed=2)
            _expect_equal(self.call(batch), first, f"{name}: one seed of torch gives two results")
            hint = "pass deterministic=True if no random numbers are drawn"
            same = torch.equal(first.pos, other.pos)
            expect(
                same is self.deterministic, f"{name}: two seeds give {'one result' if same else 'two results'}; {hint}"
            )
        pos = torch.randn(self.num_points, 3).repeat(5, 1, 1)
        first, *others = self.call(batch_clouds(pos)).to_data_list()
        for cloud in others:
            same = torch.equal(cloud.pos, first.pos)
            expect(
                same is self.deterministic, f"equal clouds give {'equal' if same else 'different'} results in one batch"
            )

    def dtype_and_device(self) -> None:
        for name, batch in self.batches().items():
            for dtype in (torch.float, torch.double):
                given = batch.clone()
                given.pos = given.pos.to(dtype)
                pos = self.call(given).pos
                kept = pos.dtype == dtype and pos.device == given.pos.device
                expect(kept, f"{name}: expected pos of {dtype} on {given.pos.device}, got {pos.dtype} on {pos.device}")

    def single_points(self) -> None:
        for batch in (_batch(5 * [1]), batch_clouds(torch.randn(5, 1, 3), y=torch.arange(5))):
            out = self.call(batch)
            expect(out.pos.isfinite().all() and out.num_graphs == 5, "expected finite points in 5 clouds")
            labels = [cloud.y.tolist() for cloud in out.to_data_list()]
            expect(labels == [[0], [1], [2], [3], [4]], "the labels y of clouds are selected as if they were of points")
        out = self.call(Data(pos=torch.randn(1, 3), y=torch.tensor([3])))
        expect(
            len(out.pos) and out.pos.isfinite().all() and out.y.tolist() == [3], "a single point is lost or not finite"
        )

    def memory_layout(self) -> None:
        n = 2 * self.num_points
        for pos in (torch.randn(n, 6)[:, :3], torch.randn(3, n).t(), torch.randn(n, 6)[:, 1::2]):
            batch = batch_clouds(torch.zeros(2, self.num_points, 3))
            batch.pos = pos
            strided = self.call(batch).pos
            batch.pos = pos.contiguous()
            contiguous = self.call(batch).pos
            same = strided.shape == contiguous.shape and strided.isfinite().all()
            if self.deterministic:  # draws follow the memory layout
                same = same and torch.allclose(strided, contiguous, atol=1e-6)
            expect(same, "the strides of pos change the result")

    def invalid_input(self) -> None:
        for sizes in ([self.num_points, 0, self.num_points], [0], [3, 3, 0]):
            expect_error(DataError, partial(self.call, _batch(sizes)), f"clouds of sizes {sizes}")
        expect_error(DataError, lambda: self.call(Data(pos=torch.empty(0, 3))), "a cloud without points")
        expect_error(DataError, lambda: self.call(Data()), "a Data without pos")
        expect_error(DataError, lambda: self.call(Data(pos=torch.zeros(4, 2))), "pos of shape [4, 2]")

    def call(self, data: Data, seed: int = 1) -> Any:
        torch.manual_seed(seed)
        return self.transform(data)


def _cloud(num_points: int, label: int = 0) -> Data:
    """Return a random cloud whose ``part`` numbers its points, with an intensity per point."""
    part, intensity = torch.arange(num_points), torch.randn(num_points)
    return Data(pos=torch.randn(num_points, 3), y=torch.tensor([label]), part=part, intensity=intensity)


def _batch(sizes: list[int]) -> Batch:
    return Batch.from_data_list([_cloud(size, label) for label, size in enumerate(sizes)])


def _expect_equal(data: Data, expected: Data, message: str) -> None:
    ours, theirs = data.to_dict(), expected.to_dict()
    expect(ours.keys() == theirs.keys(), f"{message}: attributes {sorted(ours)} instead of {sorted(theirs)}")
    for key, value in ours.items():
        same = torch.equal(value, theirs[key]) if isinstance(value, Tensor) else value == theirs[key]
        expect(same, f"{message} in {key}")
