"""Folders of clouds: embedding them against another checkout, searching, and updating an index."""

import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.cases.reading import compare_processes
from benchmarks.measure import Measurement
from benchmarks.runner import Runner
from conclu_pyg.datasets.shapes.catalog import CATEGORIES
from conclu_pyg.datasets.shapes.random_choices import RandomChoices
from conclu_pyg.encoders.pointnet import PointNet
from conclu_pyg.inference.index import Index
from conclu_pyg.inference.index_update import update_index
from conclu_pyg.runs.frozen_encoder import FrozenEncoder

CHANNELS = 1024
SCRIPT = Path(__file__).parents[1] / "embed_once.py"


def run(runner: Runner) -> None:
    """Embed folders of files from start to end, search 20,000 embeddings, and update an index without changes."""
    with tempfile.TemporaryDirectory() as place:
        for kind, write in {".obj meshes": _write_mesh, ".npy clouds of 4,096 points": _write_cloud}.items():
            folder, small = Path(place, f"files{kind[:4]}"), Path(place, f"small{kind[:4]}")
            count = runner.size(1000, 20)
            for target, number in ((folder, count), (small, 2)):
                target.mkdir()
                for index in range(number):
                    write(target, index)
            compare_processes(runner, f"embed {count:,} {kind}", SCRIPT, folder, small)
        _search(runner)
        _update(runner, Path(place))
    runner.note("PointNet without transform nets, 1,024 points of each cloud; peak memory is that of the main process.")


def _write_mesh(folder: Path, index: int) -> None:
    category = CATEGORIES[index % len(CATEGORIES)]
    parts = {part: place for place, part in enumerate(category.parts)}
    mesh, _ = category.make(RandomChoices(np.random.default_rng([0, index]))).merged(parts)
    rows = "".join(f"v {x:.6f} {y:.6f} {z:.6f}\n" for x, y, z in mesh.vertices.tolist())
    faces = "".join(f"f {a} {b} {c}\n" for a, b, c in (mesh.drawn_corners + 1).tolist())
    (folder / f"{index:05d}.obj").write_text(rows + faces)


def _write_cloud(folder: Path, index: int) -> None:
    rng = np.random.default_rng(index)
    np.save(folder / f"{index:05d}.npy", rng.normal(size=(4096, 3)).astype(np.float32))


def _search(runner: Runner) -> None:
    count = runner.size(20_000, 200)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(count, CHANNELS)).astype(np.float32)
    index = Index(Path("index"), {}, (), x, x.mean(axis=0, dtype=np.float64), x.std(axis=0, dtype=np.float64))
    query = index.standardise(x[:1])[0]
    index.nearest(query, 10)  # standardises the embeddings, which is part of loading
    runner.compare(f"search {count:,} x {CHANNELS:,} embeddings", lambda: index.nearest(query, 10), {})


def _update(runner: Runner, place: Path) -> None:
    count, folder = runner.size(10_000, 30), place / "unchanged"
    folder.mkdir()
    points = np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32)
    for index in range(count):
        np.save(folder / f"{index:05d}.npy", points)
    inputs = dict.fromkeys(sorted(folder.iterdir()), folder)
    torch.manual_seed(0)
    encoder = FrozenEncoder(PointNet(CHANNELS, input_transform=False, feature_transform=False), num_points=64)
    update_index(place / "index", encoder, inputs)
    start = time.perf_counter()
    _, changes = update_index(place / "index", encoder, inputs)
    assert changes.unchanged == count
    runner.add_row(f"index of {count:,} unchanged files", Measurement(time.perf_counter() - start, 0.0))
