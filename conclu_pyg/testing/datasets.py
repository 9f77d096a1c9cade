"""Test suite for data sets."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from typing import Any

import torch

from conclu_pyg.data.base import PointCloudDataset, PointCloudSplit
from conclu_pyg.registry import DATASETS
from conclu_pyg.testing.report import expect, run_checks


def check_dataset(dataset: PointCloudDataset | Mapping[str, Any], *, max_clouds: int = 100) -> None:
    """Check that a data set satisfies the interface in :mod:`conclu_pyg.data.base`.

    Checks, for each split, shapes, dtypes and values of points and labels, unique names, classes, repeated reading,
    batches against single clouds, and pickling, which workers of a data loader need. The transform of the data set is
    included; it must be deterministic.

    Args:
        dataset: the data set, or its config.
        max_clouds: largest number of clouds per split whose points are read.

    Raises:
        AssertionError: lists all failed checks.
    """
    built: PointCloudDataset = DATASETS.build(dataset)
    checks: dict[str, Callable[[], None]] = {}
    for name in built.splits:
        suite = _Suite(built, name, max_clouds)
        checks[f"{name}, labels and names"] = suite.labels
        checks[f"{name}, clouds"] = suite.clouds
        checks[f"{name}, batches"] = suite.batches
        checks[f"{name}, pickling"] = suite.pickling
    with torch.random.fork_rng([]):
        run_checks(type(built).__name__, checks)


class _Suite:
    """The checks of one split: methods that raise on failure."""

    def __init__(self, dataset: PointCloudDataset, name: str, max_clouds: int) -> None:
        self.dataset, self.name, self.max_clouds = dataset, name, max_clouds

    @property
    def split(self) -> PointCloudSplit:
        return self.dataset.get_split(self.name)

    @property
    def indices(self) -> list[int]:
        """Evenly spaced clouds."""
        return list(range(0, len(self.split), -(-len(self.split) // self.max_clouds)))

    def labels(self) -> None:
        split, classes = self.split, [name for _, name in sorted(self.dataset.label_to_names.items())]
        expect(len(split), "expected at least one cloud, got none")
        expect(len(split.names) == len(split.y) == len(split), "expected one name and one label per cloud")
        repeated = {name for name in split.names if split.names.count(name) > 1} if len(split.names) < 10_000 else set()
        expect(not repeated, f"expected unique names, got {sorted(repeated)[:3]} several times")
        expect(split.classes == classes, f"expected the classes in label_to_names, {classes}, got {split.classes}")
        expect(split.y.dtype.kind == "i", f"expected integer labels, got {split.y.dtype}")
        low, high = int(split.y.min()), int(split.y.max())
        expect(
            low >= 0 and high < len(classes), f"expected labels below {len(classes)}, got labels from {low} to {high}"
        )

    def clouds(self) -> None:
        split = self.split
        for i in self.indices:
            cloud, again = split[i], split[i]
            pos = cloud.pos
            found = f"cloud {split.names[i]}: expected finite floating-point pos of shape [N, 3] with N >= 1"
            shape = pos.dim() == 2 and pos.size(1) == 3 and len(pos) and pos.is_floating_point()
            expect(shape, f"{found}, got {pos.dtype} of shape {list(pos.shape)}")
            expect(pos.isfinite().all(), f"{found}, got NaN or infinity")
            expect(
                torch.equal(pos, again.pos),
                f"cloud {split.names[i]}: two readings differ; use a deterministic transform",
            )
            expect(
                cloud.y.tolist() == [int(split.y[i])], f"cloud {split.names[i]}: y differs from the labels of the split"
            )
            if split.part is not None:
                part = cloud.part
                expect(
                    part.dtype == torch.long and len(part) == len(pos),
                    f"cloud {split.names[i]}: expected an int64 part per point",
                )
                expect(
                    int(part.min()) >= 0 and int(part.max()) < self.dataset.num_parts,
                    f"cloud {split.names[i]}: part labels out of range",
                )

    def batches(self) -> None:
        split, indices = self.split, self.indices[::-1]
        batch = split.__getitems__(indices)
        expect(batch.num_graphs == len(indices), f"expected a batch of {len(indices)} clouds, got {batch.num_graphs}")
        for i, cloud in zip(indices, batch.to_data_list(), strict=True):
            for key, value in split[i].to_dict().items():
                same = torch.allclose(cloud[key].double(), value.double(), atol=1e-6)
                expect(same, f"cloud {split.names[i]}: {key} in a batch differs from that of the cloud read alone")

    def pickling(self) -> None:
        split = self.split
        copy = pickle.loads(pickle.dumps(split))
        expect(
            len(copy) == len(split) and torch.equal(copy[0].pos, split[0].pos), "an unpickled split has other clouds"
        )
