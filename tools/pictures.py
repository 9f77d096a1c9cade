#!/usr/bin/env python3
"""Draw what a method with a decoder makes of test clouds: ``tools/pictures.py RUN -o FILE``.

Each row is a test cloud: the view that the encoder gets, the decoder's output, and the whole cloud.
"""

import argparse
from pathlib import Path

import matplotlib
import numpy as np
import torch
from torch_geometric.data import Batch

from conclu_pyg.encoders.base import pooled_features
from conclu_pyg.pipelines.views import compose_views
from conclu_pyg.runs.loaded_run import LoadedRun, load_run
from conclu_pyg.vis.camera import fit_camera

COLUMNS = ("input", "output", "truth")


def pictures(run: LoadedRun, num: int) -> list[list[np.ndarray]]:
    """Return the input, the output and the truth of ``num`` test clouds that are evenly spaced in the split.

    Args:
        run: a run of a method with one ``decoder``, whose first view is decoded.
        num: number of clouds.

    Shapes:
        - **output:** three arrays ``[n, 3]`` for each cloud
    """
    method, split = run.method.to(run.device).eval(), run.dataset.get_split("test", up_axis=run.up_axis)
    if not hasattr(method, "decoder"):
        raise SystemExit(f"expected a run of a method with one decoder, got {type(method).__name__}")
    clouds: Batch = split.__getitems__(torch.linspace(0, len(split) - 1, num).long()).to(run.device)
    torch.manual_seed(run.seed)
    views = compose_views(method.views, run.config["pipeline"].get("views"), up_axis=run.up_axis)
    view = next(iter(views.values()))(clouds)
    with torch.no_grad():
        output = method.decoder(pooled_features(method.encoder, view)).cpu().numpy()
    cut, whole = ([part.cpu().numpy() for part in data.pos.split(data.ptr.diff().tolist())] for data in (view, clouds))
    return [list(row) for row in zip(cut, output, whole, strict=True)]


def draw(rows: list[list[np.ndarray]], path: Path, up_axis: int) -> None:
    """Write the clouds as a picture, a row for each list; all clouds of a row from one camera."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(len(rows), 3, figsize=(4.5, 1.5 * len(rows)), squeeze=False)
    for place, clouds in zip(axes, rows, strict=True):
        view = fit_camera(np.concatenate(clouds), up_axis).project()
        cuts = np.cumsum([len(points) for points in clouds])[:-1]
        for axis, flat in zip(place, np.split(view, cuts), strict=True):
            axis.scatter(*flat.T, s=1.5, c=flat[:, 1], cmap="viridis", linewidths=0)
            axis.set(xlim=(-1, 1), ylim=(-1, 1), aspect="equal")
            axis.axis("off")
    for axis, name in zip(axes[0], COLUMNS, strict=True):
        axis.set_title(name, fontsize=9)
    figure.savefig(path, dpi=80, bbox_inches="tight", pil_kwargs={"optimize": True})
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.replace("``", ""))
    parser.add_argument("run", help="a run folder")
    parser.add_argument("-o", "--out", type=Path, required=True, help="the PNG file to write")
    parser.add_argument("-n", type=int, default=4, help="number of clouds (default: 4)")
    options = parser.parse_args()
    run = load_run(options.run)
    draw(pictures(run, options.n), options.out, run.up_axis)


if __name__ == "__main__":
    main()
