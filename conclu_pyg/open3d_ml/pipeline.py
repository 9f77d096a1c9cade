"""Pipelines of this package with the interface of Open3D-ML's."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from conclu_pyg.config import resolve
from conclu_pyg.errors import ConcluWarning, ConfigError
from conclu_pyg.evaluation.evaluate import evaluate_run
from conclu_pyg.inference.predictor import Predictor, make_predictor
from conclu_pyg.open3d_ml.dataset import Open3DMLDataset, config_section
from conclu_pyg.open3d_ml.model import Open3DMLModel
from conclu_pyg.open3d_ml.sections import section_of, seed_of
from conclu_pyg.pipelines.resume import find_run
from conclu_pyg.pipelines.stages import train
from conclu_pyg.runs.frozen_encoder import FrozenEncoder, load_encoder
from conclu_pyg.runs.loaded_run import load_run
from conclu_pyg.runs.records import Record
from conclu_pyg.tasks.base import Task

SOURCE = "the config of Open3D-ML"


class Open3DMLPipeline:
    """A pipeline of :data:`~conclu_pyg.PIPELINES` for Open3D-ML. Subclasses name it.

    Args:
        model: a model of this package.
        dataset: a data set of this package.
        device: ``cpu``, ``cuda`` or ``auto``, without a number; Open3D-ML's script gives ``cuda`` where nothing else is
            asked for, so the CPU is used with a warning if there is no CUDA device (default: that of the config).
        distributed: refused if true.
        main_log_dir: the folder of the runs; Open3D-ML's name of ``log_dir``.
        max_epochs: Open3D-ML's name of ``epochs``.
        batch_size: clouds in a step.
        **arguments: of the pipeline.

    Attributes:
        config: the resolved config.
        run_dir: the run folder, after ``run_train``.

    Raises:
        ConfigError: an argument that does not fit, or several processes are asked for.
    """

    registered: ClassVar[str]

    def __init__(
        self,
        model: Open3DMLModel,
        dataset: Open3DMLDataset | None = None,
        device: str | None = None,
        distributed: bool = False,
        main_log_dir: str | None = None,
        max_epochs: int | str | None = None,
        batch_size: int | str | None = None,
        **arguments: Any,
    ) -> None:
        if distributed:
            raise ConfigError(
                "expected one process, got distributed=True; train on several devices by `conclu train CONFIG "
                "pipeline.devices=2`.",
                argument="distributed",
                got=True,
            )
        self.model, self.dataset = model, dataset
        self.run_dir: Path | None = None
        self._opened: _Opened | None = None
        section = {**section_of(self.registered, arguments), **seed_of(arguments)}
        for key, value in (("epochs", max_epochs), ("batch_size", batch_size)):
            if value is not None:
                section[key] = int(value)  # Open3D-ML's script gives text
        if main_log_dir is not None:
            section["log_dir"] = main_log_dir
        if device is not None:
            section["device"] = _known_device(device)
        self.config = {"model": model.section, "pipeline": section}

    def run_train(self, resume: str | Path | None = None) -> Path:
        """Train, and return the run folder.

        Args:
            resume: the folder of a run to train on from its newest checkpoint (default: a new run).

        Raises:
            ConcluError: as :meth:`~conclu_pyg.pipelines.base.Pipeline.run_train` raises it.
        """
        self.run_dir = train(self._resolved(), SOURCE, resume)
        self._opened = None  # of the run before
        return self.run_dir

    def run_test(self, **options: Any) -> list[Record]:
        """Evaluate the run on its test split, write the records into its folder, and return them: by probes of the
        encoder after pre-training, or the model at its task. Labels that a supervised model predicts are saved by the
        data set, in ``test_result_folder``.

        Args:
            **options: of :class:`~conclu_pyg.evaluation.evaluate.Evaluation`, such as ``probes=["svm", "knn"]``.

        Raises:
            ConfigError: there is no run of this config yet.
            ConcluError: as :func:`~conclu_pyg.evaluation.evaluate.evaluate_run` raises it.
        """
        run = self._run()
        records = evaluate_run(str(run), self._other_dataset(), **options)
        opened = self._open(run)
        if isinstance(opened.run.method, Task) and self.dataset is not None:
            clouds = self.dataset.get_split("test")
            for index in range(len(clouds)):
                self.dataset.save_test_result(opened.predict(clouds.get_data(index)), clouds.get_attr(index))
        return records

    def run_inference(self, data: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Return the predictions of a supervised model for a cloud, or the embedding of a pre-trained encoder.

        Args:
            data: ``point``, and for parts ``category``, the label of the class of the cloud.

        Returns:
            ``predict_labels``: the part of each point, int64 ``[n]``; or the class, int64 ``[1]``, with
            ``predict_scores``, float32 ``[1, classes]``; or ``embedding``, float32 ``[C]``.

        Shapes:
            - **point:** ``[n, 3]``

        Raises:
            ConfigError: there is no run of this config yet, or the category is missing.
        """
        return self._open(self._run()).predict(data)

    def _resolved(self) -> dict[str, Any]:
        return resolve({"dataset": config_section(self.dataset), **self.config}, (), SOURCE)

    def _other_dataset(self) -> list[str]:
        """Return overrides that put the data set in the place of the one of a given checkpoint."""
        if self.model.ckpt_path is None or self.dataset is None:
            return []
        section = config_section(self.dataset)  # whose first key is the name
        return [f"dataset.{key}={json.dumps(value)}" for key, value in section.items()]

    def _run(self) -> Path:
        if self.model.ckpt_path is not None:
            return Path(self.model.ckpt_path)
        found = self.run_dir or (self._opened and self._opened.path) or find_run(self._resolved())
        if found is None:
            raise ConfigError(
                f"there is no run of this config in {self.config['pipeline'].get('log_dir', 'runs')}; call run_train, "
                "or give model.ckpt_path, a run or a checkpoint.",
                argument="ckpt_path",
            )
        return found

    def _open(self, path: Path) -> _Opened:
        """Return the loaded run, which is read once."""
        if self._opened is None or self._opened.path != path:
            self._opened = _Opened(path)
        return self._opened


class _Opened:
    """A run that predicts cloud after cloud."""

    def __init__(self, path: Path) -> None:
        self.path, self.run = path, load_run(path)

    @cached_property
    def _predictor(self) -> Predictor:
        return make_predictor(self.run)

    @cached_property
    def _encoder(self) -> FrozenEncoder:
        return load_encoder(self.run.source)

    def predict(self, data: Mapping[str, Any]) -> dict[str, np.ndarray]:
        points, model = np.asarray(data["point"], dtype=np.float32), self.run.method
        if not isinstance(model, Task):
            return {"embedding": self._encoder.embed([points]).numpy()[0]}
        if not model.requires_category:
            scores = self._predictor.classify(points)[None]
            return {"predict_labels": scores.argmax(axis=1), "predict_scores": scores}
        if data.get("category") is None:
            raise ConfigError(
                f"expected category, the label of the class of the cloud (0 to {len(model.labels.classes) - 1}), since "
                "its parts depend on it; got none.",
                argument="category",
            )
        return {"predict_labels": self._predictor.label_points(points, int(data["category"]))}


def _known_device(device: str) -> str:
    kind, _, number = str(device).partition(":")
    if number not in ("", "0"):
        raise ConfigError(
            f"expected the device {kind} without a number, got {device}; set CUDA_VISIBLE_DEVICES={number}.",
            argument="device",
            got=device,
        )
    if kind == "cuda" and not torch.cuda.is_available():
        warnings.warn("there is no CUDA device, so the CPU is used.", ConcluWarning, stacklevel=3)
        return "cpu"
    return kind


def pipeline_class(name: str) -> type[Open3DMLPipeline]:
    """Return the class for Open3D-ML of a pipeline of :data:`~conclu_pyg.PIPELINES`."""
    return type(name, (Open3DMLPipeline,), {"registered": name, "__module__": __name__})
