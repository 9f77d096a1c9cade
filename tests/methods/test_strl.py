"""STRL: its two views, and pairs of real frames."""

from typing import Any

import numpy as np
import torch
from torch_geometric.data import Batch

from conclu_pyg import METHODS
from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.methods.base import Progress
from conclu_pyg.pipelines.training_clouds import UnlabelledClouds
from conclu_pyg.pipelines.views import compose_views

ENCODER = {"name": "PointNet", "out_channels": 8, "input_transform": False, "feature_transform": False}


def make(**options: Any) -> Any:
    return METHODS.build({"name": "STRL", "encoder": ENCODER, "num_points": 40, **options})


def views_of(split: PointCloudSplit) -> dict[str, Batch]:
    clouds = UnlabelledClouds(split).__getitems__(range(len(split)))
    return {name: view(clouds) for name, view in compose_views(make().views, None, up_axis=2).items()}


def split_of(pos: np.ndarray, sequence: np.ndarray | None = None) -> PointCloudSplit:
    labels = np.zeros(len(pos), dtype=np.int64)
    return PointCloudSplit(pos, labels, [f"cloud {i}" for i in range(len(pos))], ["any"], sequence=sequence)


def test_the_views_differ_in_strength() -> None:
    """A flat square is moved as a whole in one view; in the other one, a part of it is missing."""
    ticks = np.linspace(-1, 1, 60, dtype=np.float32)
    square = np.stack([*np.meshgrid(ticks, ticks), np.zeros((60, 60))], axis=-1).reshape(1, -1, 3).astype(np.float32)
    views = views_of(split_of(np.repeat(square, 30, axis=0)))
    spreads = {}
    for name, view in views.items():
        points = view.pos.view(30, 40, 3)
        spreads[name] = torch.linalg.svdvals(points - points.mean(dim=1, keepdim=True))  # (30, 3)
    flat = {name: (spread[:, 2] / spread[:, 0]).max() for name, spread in spreads.items()}
    assert flat["a"] < 1e-5 < flat["b"]  # only b is jittered
    assert spreads["b"][:, 0].mean() < spreads["a"][:, 0].mean()  # a part of b is missing


def test_the_second_view_is_another_frame_where_there_are_sequences() -> None:
    places = np.arange(5, dtype=np.float32)
    pos = np.zeros((5, 4, 3), dtype=np.float32)
    pos[:, :, 2] = 10 * places[:, None]  # each frame at a height of its own
    alone, paired = views_of(split_of(pos)), views_of(split_of(pos, np.array([7, 3, 7, 3, 7])))
    heights = {name: (view.pos.view(5, 40, 3)[:, 0].norm(dim=1) / 10).tolist() for name, view in paired.items()}
    others = [2, 3, 4, 1, 2]  # the next one, or the one before the last
    for name, expected in (("a", [0, 1, 2, 3, 4]), ("b", others)):
        assert all(abs(h - e) < 0.3 * e + 0.1 for h, e in zip(heights[name], expected, strict=True)), name
    assert (alone["b"].pos.view(5, 40, 3)[0].norm(dim=1) < 1).all()
    assert "other_frame" not in paired["b"]


def test_other_frames_are_the_neighbours_in_time() -> None:
    pos = np.zeros((6, 2, 3), dtype=np.float32)
    split = split_of(pos, np.array([1, 1, 0, 1, 2, 2]))
    assert np.array_equal(split.other_frames(), [1, 3, 2, 1, 5, 4])
    assert np.array_equal(split.subset(np.array([0, 3, 4])).other_frames(), [1, 0, 2])
    assert split_of(pos).other_frames() is None


def test_the_momentum_follows_the_progress() -> None:
    method = make(momentum=0.5)
    online, target = method.encoder.last.linear.weight, method.target_encoder.module.last.linear.weight
    before = target.clone()
    with torch.no_grad():
        online.add_(1.0)
    method.after_step(Progress(5, 10, 0, 1))
    assert torch.allclose(target, before + 0.25)  # 1 - momentum is half of its start
