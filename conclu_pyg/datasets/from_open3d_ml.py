"""Adapter for data sets of Open3D-ML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch_geometric.data import Data

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import NonNegativeInt
from conclu_pyg.datasets.file_dataset import NumPoints
from conclu_pyg.datasets.from_pyg import FromPyG
from conclu_pyg.errors import ConfigError, DataError, one_line
from conclu_pyg.open3d_library import import_open3d
from conclu_pyg.registry import DATASETS
from conclu_pyg.suggestions import suggest


@DATASETS.register_module()
class FromOpen3DML(FromPyG):
    """The clouds of a data set of Open3D-ML, such as its ``ShapeNet``, each brought to the same number of points and
    kept in memory.

    .. code-block:: yaml

        dataset:
          name: FromOpen3DML
          dataset: ShapeNet
          dataset_path: data/shapenet
          arguments: {task: classification}
          up_axis: y

    The labels are those of the data set: one for a cloud is its class, and one for each point is its part, all clouds
    then being of one class. So the same number has to be the same part in all clouds, which does not hold for the parts
    of Open3D-ML's ``ShapeNet``, that begin at 1 in every category: :class:`~conclu_pyg.datasets.shapenet_part
    .ShapeNetPart` reads the same files with their categories. Features and boxes are not used.

    Args:
        dataset: the name of a class in Open3D-ML's registry ``DATASET``, perhaps your own.
        dataset_path: the folder of its files.
        arguments: further arguments of the class (default: none).
        train, test: names of its splits (default: ``training`` and ``test``; an empty ``test`` for no such split).
        num_points: points in each cloud: a random choice of more, or all of fewer and some of them again.
        seed: the seed of the choice.
        up_axis: the coordinate that points up, which Open3D-ML does not state.
        transform: transforms of every cloud that is read (default: unit-sphere normalisation).

    Raises:
        ConfigError: there is no such class.
        DataError: its files cannot be read, or a cloud has no usable points or labels.
        ConcluError: Open3D or a package of Open3D-ML is not installed.
    """

    @validated
    def __init__(
        self,
        dataset: str,
        dataset_path: str,
        arguments: Mapping[str, Any] | None = None,
        train: str = "training",
        test: str = "test",
        num_points: NumPoints = 1024,
        seed: NonNegativeInt = 0,
        up_axis: Literal["x", "y", "z"] = "z",
        transform: list[dict[str, Any]] | None = None,
    ) -> None:
        source = _build(dataset, dataset_path, arguments or {})
        clouds, names = _Clouds(source, train, "train"), source.get_label_to_names()
        classes = None if clouds.have_parts else [names[label] for label in sorted(names)]
        super().__init__(
            train=clouds,
            test=_Clouds(source, test, "test") if test else None,
            num_points=num_points,
            seed=seed,
            up_axis=up_axis,
            classes=classes,
            title=dataset,
            transform=transform,
        )


class _Clouds(Sequence[Data]):
    """The clouds of a split of Open3D-ML; ``argument`` is the option that names it."""

    def __init__(self, source: Any, split: str, argument: str) -> None:
        try:
            self._split = source.get_split(split)
        except (ValueError, KeyError, OSError) as error:
            raise DataError(
                f"FromOpen3DML: {type(source).__name__} cannot open its split {split!r} ({one_line(error)}).",
                argument=argument,
                got=split,
            ) from error
        self._name = f"FromOpen3DML: {type(source).__name__}, split {split!r}"
        if not len(self._split):
            raise DataError(f"{self._name} has no clouds; check dataset_path.", argument="dataset_path")

    def __len__(self) -> int:
        return len(self._split)

    def __getitem__(self, index: Any) -> Data:
        cloud = self._split.get_data(index)
        data = Data(pos=torch.from_numpy(np.asarray(cloud["point"], dtype=np.float32)[:, :3]))
        if cloud.get("label") is not None and np.size(cloud["label"]):
            data.y = torch.from_numpy(np.asarray(cloud["label"]).astype(np.int64).reshape(-1))
        return data

    @property
    def have_parts(self) -> bool:
        first = self[0]
        return first.y is not None and len(first.y) == len(first.pos) > 1


def _build(name: str, folder: str, arguments: Mapping[str, Any]) -> Any:
    import_open3d("FromOpen3DML", "or convert the files to another data set", "open3d.ml.datasets")  # registers them
    known = import_open3d("FromOpen3DML", "", "open3d.ml.utils").DATASET.module_dict
    if name not in known:
        raise ConfigError(
            f"FromOpen3DML: Open3D-ML has no data set {name!r}{suggest(name, known)}", argument="dataset", got=name
        )
    try:
        return known[name](dataset_path=folder, **arguments)
    except (OSError, KeyError, ValueError, TypeError, IndexError, AssertionError) as error:
        raise DataError(
            f"FromOpen3DML: {name} cannot be opened in {folder} ({type(error).__name__}: {one_line(error)}); check "
            "dataset_path and arguments.",
            file=folder,
        ) from error
