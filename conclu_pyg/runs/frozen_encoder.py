"""Frozen encoders of trained runs, and the embeddings of clouds."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn
from torch_geometric.data import Batch, Data
from torch_geometric.transforms import Compose

from conclu_pyg.data.base import DEFAULT_TRANSFORM
from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.encoders.base import channels_of, layer_channels, pooled_features
from conclu_pyg.errors import ArgumentError, ConcluError, DataError
from conclu_pyg.groups import groups_of
from conclu_pyg.imports import WithheldImportsError
from conclu_pyg.io.clouds import read_clouds
from conclu_pyg.io.subset import subset
from conclu_pyg.nn.evaluating import evaluating
from conclu_pyg.progress import track
from conclu_pyg.registry import ENCODERS
from conclu_pyg.runs.loaded_run import LoadedRun, load_run
from conclu_pyg.transforms import compose_for_axis

Cloud: TypeAlias = "str | Path | np.ndarray | Tensor | Data"
Clouds: TypeAlias = "Cloud | Batch | Sequence[Cloud]"
Axis: TypeAlias = Literal["x", "y", "z"]
PROGRESS_DELAY_S = 2.0


class FrozenEncoder(nn.Module):
    """An encoder in evaluation mode whose parameters require no gradient, with the preparation of its clouds.

    A call ``encoder(pos, batch, batch_size)``, :meth:`pool` and :meth:`layers` are those of the wrapped encoder.
    :meth:`embed` prepares clouds first, as the data set of the training did. :meth:`train` has no effect, so batch norm
    always uses its running statistics, and dropout is inactive, even within a model that is being trained.

    Args:
        encoder: the encoder (see :mod:`conclu_pyg.encoders.base`).
        transform: configs of the transforms of each cloud (default: unit-sphere normalisation).
        data_axis: the coordinate that points up in given clouds, unless a call says otherwise (default: 2).
        up_axis: the coordinate that points up in the clouds that the encoder was trained on (default: 2).
        num_points: the number of points that are taken from each cloud of a file (default: 1,024; that of the training
            with :func:`load_encoder`). Clouds that are given as arrays keep all their points.
        source: the origin of the encoder, in files that hold embeddings (default: unknown).
        config: the config of the encoder, which its fingerprint depends on (default: unknown).
    """

    def __init__(
        self,
        encoder: nn.Module,
        transform: Sequence[dict[str, Any]] | None = None,
        data_axis: int = 2,
        up_axis: int = 2,
        num_points: int = 1024,
        source: str = "",
        config: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.encoder = encoder.eval().requires_grad_(False)
        self.out_channels = channels_of(encoder)
        self.transform = list(DEFAULT_TRANSFORM if transform is None else transform)
        self.data_axis, self.up_axis = data_axis, up_axis
        self.num_points, self.source = num_points, source
        self.config = {key: value for key, value in (config or {}).items() if key != "checkpoint"}
        self.training = False

    def train(self, mode: bool = True) -> Self:
        """Does nothing: the encoder stays in evaluation mode."""
        return self

    def forward(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
        return self.encoder(pos, batch, batch_size)

    def pool(self, pos: Tensor, batch: Tensor, batch_size: int) -> Tensor:
        """Returns the pooled features only, at the lower cost of the wrapped encoder's ``pool`` if its class has it."""
        encoder: Any = self.encoder
        if callable(getattr(type(encoder), "pool", None)):
            return encoder.pool(pos, batch, batch_size)
        return self.encoder(pos, batch, batch_size)[1]

    @property
    def layer_channels(self) -> list[int]:
        """The numbers of channels of :meth:`layers`."""
        return layer_channels(self.encoder)

    def layers(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[list[Tensor], Tensor]:
        """Returns the per-point features of the wrapped encoder's layers (of its last one, if its class has no method
        ``layers``), and the pooled features."""
        encoder: Any = self.encoder
        if callable(getattr(type(encoder), "layers", None)):
            return encoder.layers(pos, batch, batch_size)
        features, pooled = self.encoder(pos, batch, batch_size)
        return [features], pooled

    def with_random_weights(self, seed: int) -> FrozenEncoder:
        """Returns the same encoder with the initial weights that a seed gives: the baseline of its embeddings.

        Raises:
            ArgumentError: the config of the encoder is not known.
        """
        if "name" not in self.config:
            raise ArgumentError("random weights need an encoder that was made from a config.", argument="config")
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            encoder = ENCODERS.build(self.config)
        source = f"{self.source}, random weights of seed {seed}"
        device = next((each.device for each in self.parameters()), torch.device("cpu"))
        return FrozenEncoder(
            encoder,
            [dict(each) for each in self.transform],
            self.data_axis,
            self.up_axis,
            self.num_points,
            source,
            self.config,
        ).to(device)

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits of a hash of the weights, the config and the preparation of clouds: encoders with
        the same fingerprint give the same embeddings."""
        preparation = [type(self.encoder).__name__, self.config, self.transform, self.up_axis, self.num_points]
        hashed = hashlib.sha256(json.dumps(preparation, sort_keys=True).encode())
        for name, value in sorted(self.encoder.state_dict().items()):
            if isinstance(value, Tensor):
                hashed.update(f"{name} {value.dtype} {list(value.shape)}".encode())
                hashed.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
        return hashed.hexdigest()[:12]

    @torch.no_grad()
    def embed(self, clouds: Clouds, *, up_axis: Axis | None = None, batch_size: int = 64) -> Tensor:
        """Returns the pooled features of clouds; each is the same whatever the batch size and the other clouds are, up
        to rounding.

        Args:
            clouds: one or several files (of any format that :mod:`conclu_pyg.io.clouds` reads; a file may hold several
                clouds), of which :attr:`num_points` points are taken; or arrays or tensors of coordinates, PyG ``Data``
                with ``pos``, or one ``Batch``, of which all points are.
            up_axis: the coordinate that points up in ``clouds`` (default: as in the data set of the training).
            batch_size: clouds at a time (default: 64).

        Shapes:
            - **clouds:** ``[N, 3]``, ``[B, N, 3]`` (also ``pos`` of a split), or a sequence of ``[N_i, 3]``
            - **output:** float32 ``[B, C]`` on the CPU

        Raises:
            DataError: a file cannot be read, or a cloud is empty, has another shape, or has a coordinate that is not
                finite.
            ArgumentError: ``batch_size`` is below 1.
            ConcluError: a feature is not finite.
        """
        batches = track(self.batches(clouds, up_axis, batch_size), "embedding clouds", delay=PROGRESS_DELAY_S)
        rows = [pooled_features(self.encoder, batch).float().cpu() for batch in batches]
        features = torch.cat(rows) if rows else torch.zeros(0, self.out_channels)
        if not features.isfinite().all():
            bad = int((~features.isfinite()).any(dim=1).nonzero()[0])
            raise ConcluError(f"the encoder returns features that are not finite, first for cloud {bad}.")
        return features

    def batches(self, clouds: Clouds, up_axis: Axis | None = None, batch_size: int = 64) -> Iterator[Batch]:
        """Yields clouds as the encoder takes them: prepared as in the training, on the device of the encoder.

        Args:
            clouds, up_axis, batch_size: as for :meth:`embed`.

        Raises:
            DataError, ArgumentError: as :meth:`embed`.
        """
        if batch_size < 1:
            raise ArgumentError(
                f"embed: batch_size must be >= 1, got {batch_size}.", argument="batch_size", got=batch_size
            )
        source = self.data_axis if up_axis is None else "xyz".index(up_axis)
        prepare = compose_for_axis(self.transform, source, self.up_axis)
        device = next(self.encoder.parameters(), torch.zeros(0)).device
        points = _points(clouds, self.num_points)
        for group in groups_of(points, batch_size):
            yield _prepared(group, prepare).to(device)


def load_encoder(path: str | Path, overrides: Sequence[str] = (), *, allow_imports: bool = False) -> FrozenEncoder:
    """Rebuilds the encoder of a run from its checkpoint alone, on the CPU. The data set is not needed.

    Args:
        path: a run folder (its best checkpoint if it has one, or else the last), or a checkpoint file, also of an
            encoder alone.
        overrides, allow_imports: as for :func:`~conclu_pyg.runs.loaded_run.load_run`.

    Raises:
        CheckpointError: the checkpoint is missing, damaged, or does not fit its config.
        WithheldImportsError: the encoder needs a class that only the modules register that the run imports.
    """
    try:
        run = load_run(path, overrides, allow_imports=allow_imports)
    except WithheldImportsError:  # which other parts of the model may need
        run = load_run(path, overrides, encoder_alone=True)
    return encoder_of(run, path)


def encoder_of(run: LoadedRun, path: str | Path) -> FrozenEncoder:
    """Returns the frozen encoder of a loaded run.

    Args:
        run: the run; its own encoder is frozen.
        path: what it was loaded from, for :attr:`FrozenEncoder.source`.
    """
    encoder, num_points = run.method.encoder, run.checkpoint.num_points
    source = os.path.abspath(path) if Path(path).exists() else str(path)
    config = run.config["model"].get("encoder")
    return FrozenEncoder(encoder, run.transform, run.data_axis, run.up_axis, num_points, source, config)


def embed(encoder: nn.Module, clouds: Clouds, *, up_axis: Axis | None = None, batch_size: int = 64) -> Tensor:
    """Returns the pooled features of clouds, with the encoder in evaluation mode.

    Args:
        encoder: an encoder of :func:`load_encoder`, or any other, whose clouds are then normalised to the unit sphere.
            It is in its own mode again afterwards.
        clouds, up_axis, batch_size: as for :meth:`FrozenEncoder.embed`.

    Shapes:
        - **output:** float32 ``[B, C]`` on the CPU

    Raises:
        ArgumentError: ``encoder`` is no module.
        ConcluError: as :meth:`FrozenEncoder.embed`.
    """
    if not isinstance(encoder, nn.Module):
        raise ArgumentError(f"embed: expected an encoder, got {encoder!r}; give load_encoder(run).", argument="encoder")
    if isinstance(encoder, FrozenEncoder):
        return encoder.embed(clouds, up_axis=up_axis, batch_size=batch_size)
    gradients = [(parameter, parameter.requires_grad) for parameter in encoder.parameters()]
    try:
        with evaluating(encoder):
            return FrozenEncoder(encoder).embed(clouds, up_axis=up_axis, batch_size=batch_size)
    finally:
        for parameter, requires_grad in gradients:
            parameter.requires_grad_(requires_grad)


def _points(clouds: Any, num_points: int) -> Iterator[Tensor]:
    """Yields the points of each cloud, checked, as tensors of floats on the CPU."""
    for index, (name, pos) in enumerate(_clouds(clouds, num_points)):
        where = name or f"cloud {index}"
        if pos.ndim != 2 or pos.shape[1] != 3:
            is_transposed = pos.ndim == 2 and pos.shape[0] == 3
            has_more = pos.ndim == 2 and pos.shape[1] > 3
            hint = "; transpose the array" if is_transposed else "; keep points[:, :3]" if has_more else ""
            raise DataError(
                f"{where}: expected coordinates of shape [N, 3], got {list(pos.shape)}{hint}.",
                argument="pos",
                got=list(pos.shape),
            )
        if len(pos) == 0:
            raise DataError(f"{where}: expected at least one point, got an empty cloud.")
        pos = torch.as_tensor(pos).detach().cpu()
        pos = pos if pos.dtype in (torch.float32, torch.float64) else pos.float()
        if not pos.isfinite().all():
            raise DataError(f"{where}: expected finite coordinates; remove the points that are NaN or infinite.")
        yield pos


def _clouds(clouds: Any, num_points: int) -> Iterator[tuple[str, Any]]:
    """Yields the name, if it has one, and the points of each cloud."""
    if isinstance(clouds, str | Path):
        for cloud in read_clouds(Path(clouds), mesh_points=num_points):
            yield cloud.name, subset(cloud.points, num_points)
    elif isinstance(clouds, Data) and clouds.pos is not None:  # a Batch is one, too
        if isinstance(clouds, Batch) or "batch" in clouds:
            order = torch.argsort(clouds.batch, stable=True)
            sizes = torch.bincount(clouds.batch, minlength=getattr(clouds, "num_graphs", 0))
            yield from (("", pos) for pos in clouds.pos[order].split(sizes.tolist()))
        else:
            yield "", clouds.pos
    elif isinstance(clouds, np.ndarray | Tensor) and clouds.ndim != 3:
        yield "", clouds
    elif isinstance(clouds, Iterable) and not isinstance(clouds, Data):
        for cloud in clouds:
            yield from _clouds(cloud, num_points)
    else:
        raise DataError(
            f"expected files, arrays of coordinates, Data with pos, or a Batch, got {type(clouds).__name__}.",
            got=type(clouds).__name__,
        )


def _prepared(group: list[Tensor], prepare: Compose) -> Batch:
    """Prepares clouds; a random transform draws the same for a cloud in any batch."""
    if len({(pos.shape, pos.dtype) for pos in group}) == 1:  # at once, as data sets do, if nothing is drawn
        with _seeded():
            before = torch.get_rng_state()
            batch = prepare(batch_clouds(torch.stack(group)))
            if torch.equal(torch.get_rng_state(), before):
                batch.pos = batch.pos.float()  # not before: float64 may be far from the origin
                return batch
    clouds = []
    for pos in group:
        with _seeded():
            clouds.append(Data(pos=prepare(Data(pos=pos)).pos.float()))
    return Batch.from_data_list(clouds)


@contextmanager
def _seeded() -> Iterator[None]:
    """Context in which the generator of the CPU begins with seed 0."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)  # torch.manual_seed would also reset the generators of GPUs
        yield
