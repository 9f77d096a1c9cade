"""Embeddings as a transformer of scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor
from torch_geometric.data import Data

from conclu_pyg.data.lazy_rows import Rows
from conclu_pyg.device import choose_device
from conclu_pyg.runs.frozen_encoder import Axis, Clouds, FrozenEncoder, load_encoder


class ConcluEmbedder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Embeds clouds by a pre-trained encoder, whose weights stay as they are.

    .. code-block:: python

        make_pipeline(ConcluEmbedder(), StandardScaler(), LinearSVC()).fit(files, classes)

    Clouds can be given in two forms:

    - as :func:`~conclu_pyg.embed` takes them: a sequence of files, of arrays ``[N_i, 3]`` or of PyG ``Data``, or one
      array ``[B, N, 3]``;
    - as the table that scikit-learn passes between its estimators: a row for each cloud, with the coordinates x, y, z
      of its first point, then of the next.

    Args:
        encoder: what :func:`~conclu_pyg.load_encoder` takes, or a frozen encoder (default: the encoder that comes with
            the package).
        up_axis: the coordinate that points up in the clouds (default: as in the data set of the training).
        batch_size: clouds at a time (default: 64).
        device: ``auto``, ``cpu``, ``cuda`` or ``mps`` (default: auto).
        allow_imports: whether to import the modules that the encoder's run names, which runs their code (default: no).

    Attributes:
        encoder_: the encoder, loaded by :meth:`fit`.
        n_features_in_: columns of the table, if it was fitted on one.

    Shapes:
        - **output:** float32 ``[B, C]``
    """

    def __init__(
        self,
        encoder: str | Path | FrozenEncoder = "conclu_pointnet_shapes",
        *,
        up_axis: Axis | None = None,
        batch_size: int = 64,
        device: str = "auto",
        allow_imports: bool = False,
    ) -> None:
        self.encoder = encoder
        self.up_axis = up_axis
        self.batch_size = batch_size
        self.device = device
        self.allow_imports = allow_imports

    def fit(self, X: Clouds, y: object = None) -> Self:
        """Load the encoder. The clouds are only checked, and nothing is learned from them.

        Raises:
            ValueError: the number of columns of a table is not a multiple of 3, or a value is not finite.
            ConcluError: the encoder cannot be loaded.
        """
        self._clouds(X, reset=True)
        given = self.encoder
        loaded = given if isinstance(given, FrozenEncoder) else load_encoder(given, allow_imports=self.allow_imports)
        self.encoder_ = loaded.to(choose_device(self.device))
        return self

    def transform(self, X: Clouds) -> NDArray[np.float32]:
        """Return the embeddings of the clouds.

        Raises:
            NotFittedError: :meth:`fit` was not called.
            ValueError: as :meth:`fit`, or the table has other columns.
            ConcluError: as :meth:`~conclu_pyg.runs.frozen_encoder.FrozenEncoder.embed`.
        """
        check_is_fitted(self)
        clouds = self._clouds(X, reset=False)
        return self.encoder_.embed(clouds, up_axis=self.up_axis, batch_size=self.batch_size).numpy()

    def _clouds(self, X: Any, reset: bool) -> Any:
        """Return the clouds as an encoder takes them, after the check of a table."""
        if _is_clouds(X):
            return X
        checked = reset or hasattr(self, "n_features_in_")
        table = validate_data(self, X, reset=reset, dtype="numeric") if checked else np.asarray(X)
        return self._points(table.astype(np.float64))

    def _points(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the points ``[B, N, 3]`` of the rows of a table."""
        if table.shape[1] % 3:
            raise ValueError(
                f"expected a table with x, y, z of each point, whose columns are a multiple of 3, got "
                f"{table.shape[1]} feature(s); or give a sequence of clouds [N, 3], each an array or a file."
            )
        return table.reshape(len(table), -1, 3)

    @property
    def _n_features_out(self) -> int:
        return self.encoder_.out_channels

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def _is_clouds(clouds: Any) -> bool:
    """Return whether clouds are given as such, and not as a table of numbers."""
    if isinstance(clouds, np.ndarray | Tensor | Rows):
        return clouds.ndim == 3
    if isinstance(clouds, str | Path | Data):
        return True
    first = clouds[0] if isinstance(clouds, Sequence) and len(clouds) else None
    return isinstance(first, str | Path | Data) or getattr(first, "ndim", 0) == 2
