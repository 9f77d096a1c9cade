#!/usr/bin/env python3
"""Draw what a method makes of test clouds: ``tools/pictures.py RUN -o FILE``.

Each row is a test cloud, and each column what the method gets or makes of it: of OcCo, for example, the view that the
encoder gets, the decoder's output and the whole cloud.
"""

import argparse
from functools import singledispatch
from pathlib import Path

import matplotlib
import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch_geometric.data import Batch

from conclu_pyg.encoders.base import pooled_features
from conclu_pyg.methods.autoencoder import Autoencoder
from conclu_pyg.methods.base import Method
from conclu_pyg.methods.latent_gan import LatentGAN
from conclu_pyg.methods.mapvae import MAPVAE
from conclu_pyg.methods.occo import OcCo
from conclu_pyg.methods.point_mae import PointMAE
from conclu_pyg.nn.evaluating import evaluating
from conclu_pyg.nn.patches import Patches
from conclu_pyg.pipelines.views import compose_views
from conclu_pyg.runs.loaded_run import LoadedRun, load_run
from conclu_pyg.vis.camera import fit_camera

Columns = dict[str, list[Tensor]]  # the clouds of each column, by its title


@singledispatch
def columns(method: Method, views: dict[str, Batch], clouds: Batch) -> Columns:
    """Return what a method makes of its views of the clouds. A method that can be drawn has its function below.

    Shapes:
        - **output:** ``[n, 3]`` for each column and cloud
    """
    raise SystemExit(f"expected a run of a method that makes clouds, got {type(method).__name__}")


@columns.register
def _(method: OcCo, views: dict[str, Batch], clouds: Batch) -> Columns:
    partial = next(iter(views.values()))
    output = method.decoder(pooled_features(method.encoder, partial))
    return {"input": points(partial), "output": list(output), "truth": points(clouds)}


@columns.register
def _(method: Autoencoder, views: dict[str, Batch], clouds: Batch) -> Columns:
    return {"input": points(views["cloud"]), "output": list(method.reconstruct(views["cloud"]))}


@columns.register
def _(method: LatentGAN, views: dict[str, Batch], clouds: Batch) -> Columns:
    view = views["cloud"]
    decoded = method.decoder(pooled_features(method.encoder, view))
    noise = torch.randn(view.num_graphs, method.noise_channels, device=view.pos.device)
    return {"input": points(view), "decoded": list(decoded), "generated": list(method.generate(noise))}


@columns.register
def _(method: MAPVAE, views: dict[str, Batch], clouds: Batch) -> Columns:
    view = views["split"]
    whole = torch.stack(points(view))  # (B, N, 3)
    front, back = method.halves(whole, view.front.view(*whole.shape[:2], -1))  # (B V, N / 2, 3) each
    predicted = method.decode_half(method.back_features(front))
    mean, _ = method.moments(pooled_features(method.encoder, view)).chunk(2, dim=1)
    first = slice(None, None, method.num_angles)  # of the angles of each cloud
    halves = {"front": list(front[first]), "predicted back": list(predicted[first]), "back": list(back[first])}
    return {**halves, "decoded": list(method.decode_whole(mean)), "truth": list(whole)}


@columns.register
def _(method: PointMAE, views: dict[str, Batch], clouds: Batch) -> Columns:
    visible, hidden = method.mask(method.divide(views["cloud"]))
    seen, predicted = placed(visible), placed(hidden._replace(points=method.predict(visible, hidden)))
    output = [torch.cat(pair) for pair in zip(seen, predicted, strict=True)]
    return {"visible": seen, "predicted": predicted, "both": output, "truth": points(views["cloud"])}


def points(clouds: Batch) -> list[Tensor]:
    """Return the points of each cloud, ``[n, 3]``."""
    return list(clouds.pos.split(clouds.ptr.diff().tolist()))


def placed(patches: Patches) -> list[Tensor]:
    """Return the points of all patches of each cloud where they are in the cloud, ``[n, 3]``."""
    where = patches.points + patches.centers[:, :, None]
    return [cloud[valid].flatten(0, 1) for cloud, valid in zip(where, patches.valid, strict=True)]


def pictures(run: LoadedRun, num: int) -> dict[str, list[np.ndarray]]:
    """Return :func:`columns` for ``num`` test clouds that are evenly spaced in the split.

    Args:
        run: a run of a method that makes clouds.
        num: number of clouds.
    """
    method, split = run.method.to(run.device), run.dataset.get_split("test", up_axis=run.up_axis)
    clouds: Batch = split.__getitems__(torch.linspace(0, len(split) - 1, num).long()).to(run.device)
    torch.manual_seed(run.seed)
    steps = compose_views(method.views, run.config["pipeline"].get("views"), up_axis=run.up_axis)
    views = {name: transform(clouds.clone()) for name, transform in steps.items()}
    with torch.no_grad(), evaluating(method):
        found = columns(method, views, clouds)
    return {title: [cloud.cpu().numpy() for cloud in column] for title, column in found.items()}


def draw(found: dict[str, list[np.ndarray]], path: Path, up_axis: int) -> None:
    """Write the clouds as a picture, in columns with their titles; all clouds of a row from one camera."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    rows = list(zip(*found.values(), strict=True))
    size = 1.5 * len(found), 1.5 * len(rows)
    figure, axes = plt.subplots(len(rows), len(found), figsize=size, squeeze=False)
    for place, clouds in zip(axes, rows, strict=True):
        view = fit_camera(np.concatenate(clouds), up_axis).project()
        cuts = np.cumsum([len(cloud) for cloud in clouds])[:-1]
        for axis, flat in zip(place, np.split(view, cuts), strict=True):
            axis.scatter(*flat.T, s=1.5, c=flat[:, 1], cmap="viridis", linewidths=0)
            axis.set(xlim=(-1, 1), ylim=(-1, 1), aspect="equal")
            axis.axis("off")
    for axis, title in zip(axes[0], found, strict=True):
        axis.set_title(title, fontsize=9)
    figure.savefig(path, dpi=80, bbox_inches="tight")
    plt.close(figure)
    with Image.open(path) as image:
        small = image.convert("RGB").quantize(64)  # a third of the bytes
    small.save(path, optimize=True)


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
