"""Exported models, called on clouds."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from conclu_pyg.errors import ArgumentError, DataError, one_line
from conclu_pyg.onnx.clouds import Clouds, prepare_clouds
from conclu_pyg.onnx.metadata import CATEGORY, CLASSIFY, EMBED, EMBEDDING, LOG_PROBABILITIES, POINTS, SEGMENT, Metadata
from conclu_pyg.onnx.session import open_session, read_model, runtime_errors
from conclu_pyg.text import pluralize

MAX_SHOWN = 20  # classes that a message lists


class OnnxModel:
    """A model of ``conclu export``, ready to be called.

    Args:
        path: the ONNX file.
        threads: threads of ONNX Runtime (default: as many as it chooses).

    Attributes:
        metadata: see :class:`Metadata`.

    Raises:
        DataError: the file cannot be read, is damaged, was edited, or is no file of ``conclu export``.
        ArgumentError: the path is an array or another value.
        ConfigError: ONNX Runtime is not installed.
    """

    def __init__(self, path: str | Path, *, threads: int | None = None) -> None:
        if not isinstance(path, str | os.PathLike):
            raise ArgumentError(
                f"expected the path of an ONNX file, got a value of type {type(path).__name__}; give the file first, "
                "then the clouds.",
                argument="path",
            )
        self._name = str(path)
        self._session = open_session(read_model(Path(path)), self._name, threads)
        try:
            entries = self._session.get_modelmeta().custom_metadata_map
            inputs = {each.name: each.type for each in self._session.get_inputs()}
            outputs = {each.name for each in self._session.get_outputs()}
        except UnicodeDecodeError as error:
            raise DataError(
                f"{self._name}: expected names and metadata in UTF-8, got other bytes; the file is damaged, so export "
                "the model again.",
                file=self._name,
            ) from error
        self.metadata = Metadata.parse(entries, self._name)
        expected = {POINTS} | ({CATEGORY} if self.metadata.task == SEGMENT else set())
        wanted = {EMBEDDING} | (set() if self.metadata.task == EMBED else {LOG_PROBABILITIES})
        if set(inputs) != expected or not wanted <= outputs or inputs[POINTS] != "tensor(float)":
            raise DataError(
                f"{self._name}: expected the inputs {sorted(expected)} and the outputs {sorted(wanted)} of a model for "
                f"{self.metadata.task}, got {sorted(inputs)} and {sorted(outputs)}; export the model again.",
                file=self._name,
            )

    def embed(
        self, points: Clouds, *, up_axis: str | None = None, batch_size: int = 32, num_points: int | None = None
    ) -> np.ndarray:
        """Returns the embeddings of clouds.

        Args:
            points: one cloud, a batch, or clouds of any sizes; those of equal size are computed together.
            up_axis: the coordinate that points up in them, ``x``, ``y`` or ``z`` (default: as in the data set of the
                training).
            batch_size: clouds at a time (default: 32).
            num_points: points that are taken, at random, from each cloud that has more (default: all; the training took
                ``metadata.num_points``).

        Shapes:
            - **points:** ``[N, 3]``, ``[B, N, 3]`` or a sequence of ``[N_i, 3]``
            - **output:** float32 ``[B, C]``

        Raises:
            DataError: a cloud has another shape, no points or values that are not finite; or the model returns another
                shape or values that are not finite.
            ArgumentError: an option is out of bounds.
            ConfigError: the clouds need a transform that is not available without PyTorch.
        """
        clouds = prepare_clouds(points, self.metadata, up_axis, num_points)
        found = np.empty((len(clouds), self.metadata.channels), np.float32)
        for rows, (embedding,) in self._run(clouds, [EMBEDDING], np.zeros(len(clouds), np.int64), batch_size):
            found[rows] = self._checked(embedding, (len(rows), self.metadata.channels))
        return found

    def classify(
        self, points: Clouds, *, up_axis: str | None = None, batch_size: int = 32, num_points: int | None = None
    ) -> np.ndarray:
        """Returns the probability of each class, in the order of ``metadata.classes``.

        Args:
            points, up_axis, batch_size, num_points: as for :meth:`embed`.

        Shapes:
            - **output:** float32 ``[B, classes]``

        Raises:
            DataError, ArgumentError, ConfigError: as :meth:`embed`.
            ArgumentError: the model is no classifier.
        """
        self._require(CLASSIFY)
        clouds = prepare_clouds(points, self.metadata, up_axis, num_points)
        found = np.empty((len(clouds), len(self.metadata.classes)), np.float32)
        for rows, (scores,) in self._run(clouds, [LOG_PROBABILITIES], np.zeros(len(clouds), np.int64), batch_size):
            found[rows] = np.exp(self._checked(scores, (len(rows), found.shape[1])))
        return found

    def segment(
        self, points: Clouds, category: str | Sequence[str], *, up_axis: str | None = None, batch_size: int = 32
    ) -> list[np.ndarray]:
        """Returns the part of each point, as indices into ``metadata.parts``.

        Args:
            points, up_axis, batch_size: as for :meth:`embed`.
            category: the class of all clouds, or of each, among ``metadata.classes``.

        Shapes:
            - **output:** int64 ``[N_i]`` for each cloud

        Raises:
            DataError, ArgumentError, ConfigError: as :meth:`embed`.
            ArgumentError: the model is no part segmenter, or a category is unknown.
        """
        self._require(SEGMENT)
        clouds = prepare_clouds(points, self.metadata, up_axis, None)
        names = [category] * len(clouds) if isinstance(category, str) else list(category)
        unknown = [name for name in names if name not in self.metadata.classes]
        if unknown or len(names) != len(clouds):
            classes = self.metadata.classes
            more = f" and {len(classes) - MAX_SHOWN:,} more" if len(classes) > MAX_SHOWN else ""
            listed = ", ".join(classes[:MAX_SHOWN]) + more
            got = repr(unknown[0]) if unknown else f"{len(names)} for {pluralize(len(clouds), 'cloud')}"
            raise ArgumentError(
                f"segment: expected one category, or one for each cloud, of {listed}; got {got}.",
                argument="category",
                got=got,
            )
        kinds = np.array([self.metadata.classes.index(name) for name in names], np.int64)
        found: list[np.ndarray] = [np.empty(0, np.int64)] * len(clouds)
        for rows, (scores,) in self._run(clouds, [LOG_PROBABILITIES], kinds, batch_size):
            size = len(clouds[rows[0]])
            labels = self._checked(scores, (len(rows), size, len(self.metadata.parts)), -np.inf).argmax(axis=2)
            for row, part in zip(rows, labels, strict=True):
                found[row] = part.astype(np.int64)
        return found

    def _run(
        self, clouds: list[np.ndarray], outputs: list[str], category: np.ndarray, batch_size: int
    ) -> Iterator[tuple[list[int], list[np.ndarray]]]:
        """Yields the numbers of clouds of equal size, and the outputs for them."""
        if batch_size < 1:
            raise ArgumentError(f"batch_size must be >= 1, got {batch_size}.", argument="batch_size", got=batch_size)
        by_size: dict[int, list[int]] = {}
        for number, cloud in enumerate(clouds):
            by_size.setdefault(len(cloud), []).append(number)
        for numbers in by_size.values():
            for first in range(0, len(numbers), batch_size):
                rows = numbers[first : first + batch_size]
                inputs = {POINTS: np.stack([clouds[row] for row in rows])}
                if self.metadata.task == SEGMENT:
                    inputs[CATEGORY] = category[rows]
                try:
                    yield rows, self._session.run(outputs, inputs)
                except runtime_errors() as error:
                    raise DataError(
                        f"{self._name}: ONNX Runtime failed on {pluralize(len(rows), 'cloud')} of "
                        f"{pluralize(len(clouds[rows[0]]), 'point')}: {one_line(error):.300}; give fewer points, or "
                        "export the model again.",
                        file=self._name,
                    ) from error

    def _checked(self, output: np.ndarray, shape: tuple[int, ...], floor: float = 0.0) -> np.ndarray:
        """Returns an output of the expected shape with finite values, or ``floor``."""
        if output.shape != shape or output.dtype != np.float32 or not (np.isfinite(output) | (output == floor)).all():
            raise DataError(
                f"{self._name}: expected finite float32 outputs of shape {list(shape)}, got {output.dtype} of "
                f"{list(output.shape)}{'' if output.shape != shape else ' with NaN or infinity'}; export the model "
                "again.",
                file=self._name,
            )
        return output

    def _require(self, task: str) -> None:
        if self.metadata.task != task:
            raise ArgumentError(
                f"{self._name}: expected a model for {task}, got one for {self.metadata.task}.",
                argument="model",
                got=self.metadata.task,
            )


def embed(model: str | Path | OnnxModel, points: Clouds, **options: Any) -> np.ndarray:
    """Returns the embeddings of clouds; see :meth:`OnnxModel.embed`.

    Args:
        model: the ONNX file, or the loaded model, which serves many calls.

    Shapes:
        - **points:** ``[N, 3]``, ``[B, N, 3]`` or a sequence of ``[N_i, 3]``; **output:** float32 ``[B, C]``
    """
    return _loaded(model).embed(points, **options)


def classify(model: str | Path | OnnxModel, points: Clouds, **options: Any) -> np.ndarray:
    """Returns the probability of each class; see :meth:`OnnxModel.classify`.

    Shapes:
        - **output:** float32 ``[B, classes]``
    """
    return _loaded(model).classify(points, **options)


def segment(
    model: str | Path | OnnxModel, points: Clouds, category: str | Sequence[str], **options: Any
) -> list[np.ndarray]:
    """Returns the part of each point; see :meth:`OnnxModel.segment`.

    Shapes:
        - **output:** int64 ``[N_i]`` for each cloud
    """
    return _loaded(model).segment(points, category, **options)


def _loaded(model: str | Path | OnnxModel) -> OnnxModel:
    return model if isinstance(model, OnnxModel) else OnnxModel(model)
