"""Data sets of this package with the interface of Open3D-ML's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from conclu_pyg.arguments import parameters_of
from conclu_pyg.data.base import PointCloudDataset, PointCloudSplit
from conclu_pyg.errors import DataError
from conclu_pyg.files import atomic_write
from conclu_pyg.inference.file_names import file_name
from conclu_pyg.open3d_ml.library import import_open3d_ml
from conclu_pyg.open3d_ml.sections import section_of, seed_of
from conclu_pyg.registry import DATASETS

ml_datasets = import_open3d_ml("datasets")
BaseDataset: Any = ml_datasets.Custom3D.__base__
BaseSplit: Any = ml_datasets.InferenceDummySplit.__base__
SPLITS = {"training": "train", "testing": "test", "validation": "val"}  # Open3D-ML's names of splits


class Open3DMLDataset(BaseDataset):
    """A data set of :data:`~conclu_pyg.DATASETS` for Open3D-ML. Subclasses name it.

    Args:
        test_result_folder: where :meth:`save_test_result` writes (default: ``test``).
        **arguments: of the data set.

    Attributes:
        dataset: the :class:`~conclu_pyg.data.base.PointCloudDataset`.
        label_to_names: the name of each label of a point: of the parts if there are parts, otherwise of the classes.

    Raises:
        ConcluError: as the data set raises it.
    """

    registered: ClassVar[str]

    def __init__(self, test_result_folder: str = "test", **arguments: Any) -> None:
        self.section = section_of(self.registered, arguments)
        if "seed" in parameters_of(DATASETS.get(self.registered)):
            self.section |= seed_of(arguments)
        self.dataset: PointCloudDataset = DATASETS.build(self.section)
        labels = self.dataset.labels
        self.label_to_names = dict(enumerate(labels.parts or labels.classes))
        super().__init__(
            **{
                "dataset_path": "",  # data sets without files have none
                **self.section,
                "test_result_folder": test_result_folder,
                "num_classes": len(self.label_to_names),
                "ignored_label_inds": [],
                "class_weights": [],
                "use_cache": False,
            }
        )

    def get_label_to_names(self) -> dict[int, str]:
        """Return the name of each label of a point."""
        return self.label_to_names

    def get_split(self, split: str) -> Open3DMLSplit:
        """Return ``training`` (or ``train``), ``validation``, ``test`` or another split of the data set, or ``all`` of
        them.

        Raises:
            DataError: there is no such split.
        """
        return Open3DMLSplit(self, split)

    def get_split_list(self, split: str) -> list[str]:
        """Return the names of the clouds of a split."""
        return [f"{part}/{name}" for part, clouds in self.splits_of(split) for name in clouds.names]

    def splits_of(self, split: str) -> list[tuple[str, PointCloudSplit]]:
        """Return the splits of the data set that Open3D-ML means, by their names."""
        names = self.dataset.splits if split == "all" else (SPLITS.get(split, split),)
        return [(name, self.dataset.get_split(name)) for name in names]

    def is_tested(self, attr: Mapping[str, Any]) -> bool:
        """Return whether a result of a cloud was saved."""
        return self._result(attr).exists()

    def save_test_result(self, results: Mapping[str, Any], attr: Mapping[str, Any]) -> None:
        """Write ``results["predict_labels"]`` as ``FOLDER/DATASET/SPLIT/NUMBER-CLOUD.npy``, int64.

        Args:
            results: of ``run_inference``.
            attr: of the cloud.
        """
        path = self._result(attr)
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            np.save(file, np.asarray(results["predict_labels"]).astype(np.int64))

    def _result(self, attr: Mapping[str, Any]) -> Path:
        file = f"{attr['idx']:06d}-{file_name(attr['name'])}.npy"  # names that differ may become one file name
        return Path(self.cfg.test_result_folder, self.registered, file_name(attr["split"]), file)


class Open3DMLSplit(BaseSplit):
    """Clouds of a data set, as training sees them, for Open3D-ML.

    Args:
        dataset: the data set.
        split: a name of :meth:`Open3DMLDataset.get_split`.
    """

    def __init__(self, dataset: Open3DMLDataset, split: str = "training") -> None:
        self._splits = dataset.splits_of(split)
        super().__init__(dataset, split=split)

    @cached_property
    def _rows(self) -> Sequence[tuple[PointCloudSplit, int]]:
        return [(clouds, row) for _, clouds in self._splits for row in range(len(clouds))]

    def __len__(self) -> int:
        return len(self.path_list)

    def get_data(self, idx: int) -> dict[str, Any]:
        """Return a cloud: ``point`` float32 ``[n, 3]``, ``feat`` (none), ``label`` int32 ``[n]`` (the part of each
        point, or the class of the cloud for all of its points) and ``category``, the class of the cloud."""
        clouds, row = self._rows[idx]
        data = clouds[row]
        point, category = data.pos.numpy(), int(data.y)
        part = data.get("part")
        label = np.full(len(point), category) if part is None else part.numpy()
        return {"point": point, "feat": None, "label": label.astype(np.int32), "category": category}

    def get_attr(self, idx: int) -> dict[str, Any]:
        """Return the name of a cloud."""
        name = self.path_list[idx]
        return {"idx": idx, "name": name, "path": name, "split": self.split}


def dataset_class(name: str) -> type[Open3DMLDataset]:
    """Return the class for Open3D-ML of a data set of :data:`~conclu_pyg.DATASETS`."""
    return type(name, (Open3DMLDataset,), {"registered": name, "__module__": __name__})


def config_section(dataset: Any) -> dict[str, Any]:
    """Return the section of a config that describes a data set.

    Raises:
        DataError: it is not one of this package.
    """
    if not isinstance(dataset, Open3DMLDataset):
        raise DataError(
            f"dataset: expected a data set of conclu_pyg, got {type(dataset).__name__} of Open3D-ML; give "
            f"dataset.name=FromOpen3DML with dataset: {type(dataset).__name__}.",
            argument="dataset",
            got=dataset,
        )
    return dataset.section
