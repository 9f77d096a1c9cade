"""Embeds a folder in a process of its own: ``embed_once.py FOLDER WARM_UP_FOLDER`` prints seconds and MB as JSON.

It runs with the package of any checkout, named by ``PYTHONPATH``, so that two can be compared. A checkout without
``conclu_pyg.inference.embed`` reads the files one after the other, and then embeds the split of their clouds.
"""

import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

import conclu_pyg
from conclu_pyg.encoders.pointnet import PointNet

POINTS = 1024
memory = importlib.import_module("read_once").memory  # of the same folder


def main(folder: str, small: str) -> None:
    embed = _embed if (Path(conclu_pyg.__file__).parent / "inference" / "embed.py").exists() else _embed_split
    torch.manual_seed(0)
    encoder = PointNet(1024, input_transform=False, feature_transform=False).eval()
    embed(encoder, sorted(Path(small).iterdir()))  # imports what the formats need
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins with what is in use now
    before, start = memory("VmRSS"), time.perf_counter()
    rows = embed(encoder, sorted(Path(folder).iterdir()))
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "peak_mb": (memory("VmHWM") - before) / 1e6, "rows": rows}))


def _embed(encoder: torch.nn.Module, paths: list[Path]) -> int:
    from conclu_pyg.inference.embed import embed_files
    from conclu_pyg.runs.frozen_encoder import FrozenEncoder

    return sum(len(file.x) for file in embed_files(FrozenEncoder(encoder, num_points=POINTS), paths))


def _embed_split(encoder: torch.nn.Module, paths: list[Path]) -> int:
    rng, clouds = np.random.default_rng(0), []
    for path in paths:
        for cloud in _module("data.readers.any_cloud").read_clouds(path, mesh_points=POINTS):
            chosen = rng.choice(len(cloud.points), POINTS, replace=False) if len(cloud.points) > POINTS else slice(None)
            clouds.append(cloud.points[chosen])
    names, normalize = [path.name for path in paths], _module("transforms.normalize").NormalizeUnitSphere
    labels = np.zeros(len(clouds), np.int64)
    split = _module("data.base").PointCloudSplit(np.stack(clouds), labels, names, ["cloud"], transform=normalize())
    return len(_module("evaluation.features").embed(encoder, split, torch.device("cpu")).x)


def _module(name: str) -> Any:
    return importlib.import_module(f"conclu_pyg.{name}")


if __name__ == "__main__":
    main(*sys.argv[1:])
