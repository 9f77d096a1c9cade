"""Features of training clouds, and the distances of other clouds to them."""

from __future__ import annotations

import copy
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from scipy.spatial.distance import cdist

from conclu_pyg.errors import DataError, one_line
from conclu_pyg.inference.feature_scale import feature_scale
from conclu_pyg.inference.reference_clouds import COUNT, load_reference
from conclu_pyg.io.subset import subset
from conclu_pyg.runs.fingerprint import digest
from conclu_pyg.runs.frozen_encoder import Axis, FrozenEncoder
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.runs.tensor_file import read_tensor_file, write_tensor_file
from conclu_pyg.text import printable

logger = logging.getLogger(__name__)

STORED = "training_features.safetensors"  # in the folder of a run
UNLIKE = 0.99  # quantile of the distances among the training data
NEIGHBORS, UNLIKE_ONE = 5, 0.95  # of the novelty of single clouds
TINY = 1e-9  # distance, where training clouds are the same up to rounding
MIN_CLOUDS = 20  # of which this quantile is below the largest novelty


class TrainingFeatures:
    """Standardised features with the training clouds in them.

    A distance is the root of the mean squared difference of features, in standard deviations among the training clouds.
    With ``directions`` it ignores the length of the standardised features, as the similarities of an index do. That
    tells up axes apart more clearly (ratios of median distances of 0.83 and 0.86 instead of 0.91 and 0.92 on ModelNet40
    with the shipped PointNet), but gives clouds unlike all others, such as one with an outlier far away, small
    distances.

    Args:
        x: embeddings of the training clouds.
        directions: whether the length is ignored (default: no).

    Attributes:
        limit: the 99th percentile of the distances of a training cloud to the nearest other.

    Shapes:
        - **x:** ``[r, C]``
    """

    def __init__(self, x: np.ndarray, directions: bool = False) -> None:
        self.directions = directions
        self.mean = x.mean(axis=0, dtype=np.float64)
        self.scale = feature_scale(x.std(axis=0, dtype=np.float64))
        self.reference = self._standardise(x)
        self.limit = float(np.quantile(self._own.min(axis=1), UNLIKE)) if len(x) > 1 else np.inf

    def nearest(self, x: np.ndarray) -> np.ndarray:
        """Returns the distance of embeddings to the nearest training cloud.

        Shapes:
            - **x:** ``[n, C]``, **output:** float64 ``[n]``
        """
        return self._distances(self._standardise(x)).min(axis=1)

    def novelties(self, x: np.ndarray) -> np.ndarray:
        """Returns the novelty of embeddings: above 1, a cloud is unlike the training clouds.

        It is the distance to the nearest training cloud, divided by the mean distance to others of the 5 nearest ones,
        because some kinds of shapes differ more among each other than others; a simple form of the local outlier factor
        (Breunig et al., "LOF: identifying density-based local outliers", 2000). Its unit is the 95th percentile of the
        same ratio for training clouds, each without itself.

        Shapes:
            - **x:** ``[n, C]``, **output:** float64 ``[n]``
        """
        return self._ratios(self._distances(self._standardise(x))) / self._ratio_limit

    def _ratios(self, distances: np.ndarray) -> np.ndarray:
        nearest = np.argsort(distances, axis=1)[:, :NEIGHBORS]
        return np.take_along_axis(distances, nearest[:, :1], axis=1)[:, 0] / self._spacing[nearest].mean(axis=1)

    @cached_property
    def _own(self) -> np.ndarray:
        """Distances of training clouds to each other, infinite to themselves."""
        own = self._distances(self.reference)
        np.fill_diagonal(own, np.inf)
        return own

    @cached_property
    def _spacing(self) -> np.ndarray:
        """The mean distance of each training cloud to the 5 nearest others."""
        nearest = np.sort(self._own, axis=1)[:, : min(NEIGHBORS, len(self._own) - 1)]
        return np.maximum(nearest.mean(axis=1), TINY)

    @cached_property
    def _ratio_limit(self) -> float:
        return max(float(np.quantile(self._ratios(self._own), UNLIKE_ONE)), TINY)

    def _standardise(self, x: np.ndarray) -> np.ndarray:
        y = (x - self.mean) / self.scale / np.sqrt(x.shape[1])
        length = np.linalg.norm(y, axis=1, keepdims=True)
        return np.divide(y, length, out=y, where=length > 0) if self.directions else y

    def _distances(self, y: np.ndarray) -> np.ndarray:
        return cdist(y, self.reference)


@dataclass(frozen=True)
class TrainingData:
    """The training clouds of a run, as its encoder sees them.

    Attributes:
        title: the name of the data set.
        encoder: the encoder of the run's model.
        features: of at most 500 evenly spaced training clouds.
    """

    title: str
    encoder: FrozenEncoder
    features: TrainingFeatures

    def novelties(self, clouds: Sequence[np.ndarray], up_axis: Axis | None = None) -> np.ndarray:
        """Returns the novelty of clouds, see :meth:`TrainingFeatures.novelties`.

        Of each cloud, as many points are taken as in the training.

        Args:
            clouds: the points of each cloud.
            up_axis: the coordinate that points up (default: as in the data set of the training).

        Shapes:
            - **clouds:** ``[m_i, 3]``, **output:** float64 ``[n]``

        Raises:
            ConcluError: a feature is not finite.
        """
        points = [subset(np.asarray(pos), self.encoder.num_points) for pos in clouds]
        return self.features.novelties(self.encoder.embed(points, up_axis=up_axis).numpy())


def load_training_data(run: LoadedRun, overrides: Sequence[str] = (), *, allow_imports: bool = False) -> TrainingData:
    """Returns the training clouds of a run. They are embedded once, and stored in the folder of the run for later
    calls, which then do not read the data set again, even if its files have changed since: delete
    ``training_features.safetensors`` to embed them again. Nothing is downloaded.

    Args:
        run: the run.
        overrides: of its data set, such as its new place (default: none). Features of another data set are neither
            stored nor taken from the store.
        allow_imports: whether to import modules that the run names (default: False).

    Raises:
        DataError: there are fewer than 20 training clouds.
        ConcluError: the files of the training are not there, or need modules that are not imported.
    """
    encoder = FrozenEncoder(
        copy.deepcopy(run.method.encoder).to(run.device),  # whose parameters may be trained further
        run.transform,
        run.data_axis,
        run.up_axis,
        run.checkpoint.num_points,
        str(run.source),
        run.config["model"].get("encoder"),
    )
    path, key = run.folder / STORED, digest([encoder.fingerprint, run.config["dataset"], run.data_axis])
    is_own = not any(override.startswith("dataset") for override in overrides)
    stored = _read(path, key, encoder.out_channels) if is_own else None
    if stored is None:
        reference = load_reference(encoder, COUNT, overrides=overrides, allow_imports=allow_imports)
        stored = reference.title, reference.x
        if is_own:
            _write(path, key, *stored)
    title, x = stored
    if len(x) < MIN_CLOUDS:
        raise DataError(
            f"expected at least {MIN_CLOUDS} training clouds to compare with, got {len(x)} of {title}.", got=len(x)
        )
    return TrainingData(title, encoder, TrainingFeatures(x))


def _read(path: Path, key: str, channels: int) -> tuple[str, np.ndarray] | None:
    """Returns the title and the features that were stored for an encoder and a data set; ``None`` if there are none."""
    try:
        content = read_tensor_file(path)
    except (OSError, ValueError):
        return None
    x, title = content.get("x"), content.get("title")
    if content.get("key") != key or not isinstance(title, str) or not isinstance(x, torch.Tensor):
        return None
    fits = x.dtype == torch.float32 and x.ndim == 2 and x.shape[1] == channels and 0 < len(x) <= COUNT
    return (title, x.numpy()) if fits and bool(x.isfinite().all()) else None


def _write(path: Path, key: str, title: str, x: np.ndarray) -> None:
    try:
        write_tensor_file(path, {"title": title, "key": key, "x": torch.from_numpy(x)})
    except OSError as error:  # a folder of somebody else: they are computed again the next time
        logger.info(printable(f"the features of the training clouds are not stored ({one_line(error)})"))
