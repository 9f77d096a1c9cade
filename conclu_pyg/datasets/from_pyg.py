"""Adapter for data sets of PyTorch Geometric: any ``Dataset[Data]`` or list of ``Data`` with ``pos``."""

from __future__ import annotations

import inspect
import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
import torch
from torch_geometric.data import Data, Dataset

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import NonNegativeInt
from conclu_pyg.data.base import PointCloudDataset, PointCloudSplit
from conclu_pyg.data.clean import clean_points
from conclu_pyg.data.labels import UNLABELLED
from conclu_pyg.data.resize import resize_rows, shape_rng
from conclu_pyg.data.write_array import format_repairs
from conclu_pyg.datasets.file_dataset import NumPoints
from conclu_pyg.errors import ConcluWarning, ConfigError, DataError, one_line
from conclu_pyg.io.surface import clean_mesh, sample_surface
from conclu_pyg.progress import track
from conclu_pyg.registry import DATASETS
from conclu_pyg.suggestions import suggest

Clouds: TypeAlias = Dataset | Sequence[Data]


@DATASETS.register_module()
class FromPyG(PointCloudDataset):
    """The clouds of a PyG data set, each brought to the same number of points and kept in memory.

    .. code-block:: python

        FromPyG(train=ModelNet(root, "10"), test=ModelNet(root, "10", train=False))
        FromPyG(clouds, train=range(80), test=range(80, 100))  # a list of Data, or one data set with all clouds
        FromPyG("ModelNet", root="data/ModelNet10", arguments={"name": "10"}, test={"train": False})

    A config can use the last form; the name must be in ``torch_geometric.datasets``, which downloads and processes the
    files in ``root``. PyG stores what it processed as pickled files, so use only a ``root`` that you trust.

    These attributes of ``Data`` are used:

    - ``pos``: the points, or the corners of a mesh.
    - ``face``: triangles, from which points are sampled uniformly by area.
    - ``y``: the class if it is one integer, or the part of each point if there is one integer for each point.
    - ``category``: the class, if ``y`` holds parts.

    Clouds without a class get the class ``unlabelled``, which suffices for pre-training. Others, such as ``x``, are not
    used, because encoders take only coordinates.

    Args:
        dataset: the clouds of all splits, or the name of a class (default: ``train`` and ``test`` are data sets).
        train: the split ``train``: a data set, the indices of its clouds in ``dataset``, or, for a class, further
            arguments (default: all clouds).
        test: the split ``test`` likewise (default: there is no such split).
        root: the folder of a class that is given by name.
        arguments: arguments of that class for both splits.
        num_points: points in each cloud: a random choice of more, or all of fewer and some of them again.
        seed: the seed of the choice and of sampling from meshes.
        up_axis: the coordinate that points up, which PyG does not state.
        classes: the name of each class (default: ``categories`` of the data set if it has that, otherwise the labels).
        title: the name in records and tables (default: the name of the data set's class).
        transform: transforms of every cloud that is read (default: unit-sphere normalisation).

    Raises:
        ConfigError: there is no such class, or a split is given in another form.
        DataError: a cloud has no usable ``pos``, or labels of another shape.
    """

    reads_pickles: ClassVar = True  # and is not opened for a run from elsewhere

    @validated
    def __init__(
        self,
        dataset: str | Clouds | None = None,
        train: Any = None,
        test: Any = None,
        root: str | None = None,
        arguments: Mapping[str, Any] | None = None,
        num_points: NumPoints = 1024,
        seed: NonNegativeInt = 0,
        up_axis: Literal["x", "y", "z"] = "z",
        classes: list[str] | None = None,
        title: str | None = None,
        transform: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(transform)
        self.num_points, self.seed, self.up_axis, self._title = num_points, seed, "xyz".index(up_axis), title
        given = {"train": train} if test is None else {"train": train, "test": test}
        self._clouds = {name: _clouds_of(dataset, split, name, root, arguments) for name, split in given.items()}
        self.splits = tuple(self._clouds)
        first = self._clouds["train"]
        source = getattr(first, "dataset", first)  # of a torch.utils.data.Subset
        self._class_name = type(source).__name__ if isinstance(source, Dataset) else type(self).__name__
        self._read_labels(classes or getattr(source, "categories", None))

    @property
    def name(self) -> str:
        return self._title or self._class_name

    def _read_labels(self, names: Sequence[str] | None) -> None:
        """Finds the classes, and the parts that the training clouds of each class have."""
        parts: dict[int, set[int]] = defaultdict(set)
        for split, clouds in self._clouds.items():
            for index in range(len(clouds)):
                label, part = _labels(clouds[index], f"{self.name} {split}, cloud {index}")
                own = parts[label]
                if part is not None and split == "train":
                    own.update(np.unique(part).tolist())
        labelled = any(label >= 0 for label in parts)
        if labelled and min(parts) < 0:
            raise DataError(
                f"{self.name}: some clouds have a class and others none; label all of them or none.", argument="y"
            )
        count = max(parts) + 1 if labelled else 1
        default = [str(label) for label in range(count)] if labelled else [UNLABELLED]
        if names is not None and len(names) < count:
            raise DataError(
                f"{self.name}: expected the names of {count} classes, got {len(names)} in classes.",
                argument="classes",
                got=len(names),
            )
        self.label_to_names = dict(enumerate(names if names is not None and labelled else default))
        known = set().union(*parts.values())
        if known:
            self.num_parts = max(known) + 1
            self.part_names = [str(part) for part in range(self.num_parts)]
            self.category_to_parts = {
                name: sorted(parts[label if labelled else -1]) for label, name in self.label_to_names.items()
            }

    def _load_split(self, split: str) -> PointCloudSplit:
        clouds = self._clouds[split]
        pos = np.empty((len(clouds), self.num_points, 3), dtype=np.float32)
        part = np.empty(pos.shape[:2], dtype=np.int64) if self.num_parts else None
        y = np.zeros(len(clouds), dtype=np.int64)
        names = [f"{split}_{index:05d}" for index in range(len(clouds))]
        repaired: dict[str, list[str]] = defaultdict(list)
        for index in track(range(len(clouds)), f"Preparing {self.name} {split}", len(clouds)):
            data, source, rng = clouds[index], f"{self.name} {split}, cloud {index}", shape_rng(self.seed, names[index])
            label, labels = _labels(data, source)
            y[index] = max(label, 0)
            points, repairs = self._points(data, source, rng)
            cleaned = clean_points(points, source)
            rows, filled_up = resize_rows(len(cleaned.points), self.num_points, rng)
            pos[index] = cleaned.points[rows]
            if part is not None:
                if labels is None or len(labels) != len(points):
                    raise DataError(
                        f"{source}: expected a part label for each of its points, as other clouds have.", file=source
                    )
                part[index] = labels[cleaned.rows][rows]
            for repair in (*repairs, *cleaned.repairs, *filled_up):
                repaired[repair].append(source)
        for notice in format_repairs(f"{self.name} {split}", repaired, len(clouds)):
            warnings.warn(notice, ConcluWarning, stacklevel=2)
        classes = list(self.label_to_names.values())
        return PointCloudSplit(pos, y, names, classes, part=part, transform=self.transform)

    def _points(self, data: Data, source: str, rng: np.random.Generator) -> tuple[np.ndarray, list[str]]:
        """Returns the points of a cloud, or points sampled from a mesh, and the repairs of the mesh."""
        points = data.pos.detach().cpu().numpy()
        face = data.get("face")
        if face is None or not face.numel():
            return points, []
        triangles, repairs = clean_mesh(points, face.detach().cpu().numpy().T, source)
        return sample_surface(points, triangles, self.num_points, rng)[0], repairs


def _clouds_of(
    dataset: str | Clouds | None, split: Any, name: str, root: str | None, arguments: Mapping[str, Any] | None
) -> Clouds:
    """Returns the clouds of a split, from what the user gave for it."""
    if not isinstance(dataset, str) and dataset is not None and not (hasattr(dataset, "__len__") and len(dataset)):
        got = "an empty one" if hasattr(dataset, "__len__") else f"{dataset!r:.40}"
        raise ConfigError(
            f"FromPyG: expected a list of Data or a data set of PyG as dataset, got {got}.",
            argument="dataset",
            got=dataset,
        )
    if isinstance(dataset, str):
        return _build(dataset, root, {**(arguments or {}), **_mapping(split, name)})
    if root is not None or arguments is not None:
        raise ConfigError(
            "FromPyG: root and arguments are for a dataset that is given by the name of its class.",
            argument="arguments" if root is None else "root",
        )
    if dataset is None:
        if split is None or isinstance(split, Mapping):
            raise ConfigError(
                f"FromPyG: expected dataset, the name of a class in torch_geometric.datasets (in Python also a list of "
                f"Data or a data set), or in Python {name}, the data set of that split; got neither.",
                argument=name,
                got=split,
            )
        return split
    if split is None:
        return dataset
    if isinstance(split, Mapping):
        raise ConfigError(
            f"FromPyG: expected indices of clouds in dataset as {name}, got arguments.", argument=name, got=split
        )
    indices = torch.as_tensor(list(split))
    if indices.is_floating_point() or ((indices < 0) | (indices >= len(dataset))).any():
        raise ConfigError(
            f"FromPyG: the indices of {name} must be integers from 0 to {len(dataset) - 1}, got {split!r:.60}.",
            argument=name,
            got=split,
        )
    return [dataset[int(index)] for index in indices]


def _mapping(split: Any, name: str) -> Mapping[str, Any]:
    if split is not None and not isinstance(split, Mapping):
        raise ConfigError(
            f"FromPyG: expected arguments of the class as {name}, such as {{train: false}}, got {split!r:.40}.",
            argument=name,
            got=split,
        )
    return split or {}


def _build(name: str, root: str | None, arguments: Mapping[str, Any]) -> Dataset:
    """Makes a data set of ``torch_geometric.datasets`` by name; nothing else can be named."""
    import torch_geometric.datasets as available  # on first use, as it takes a moment

    known = available.__all__
    cls: Any = getattr(available, name) if name in known else None
    if not isinstance(cls, type) or not issubclass(cls, Dataset):
        raise ConfigError(
            f"FromPyG: torch_geometric.datasets has no data set {name!r}{suggest(name, known)}",
            argument="dataset",
            got=name,
        )
    if root is None:
        raise ConfigError(f"FromPyG: {name} needs root, the folder of its files.", argument="root", got=root)
    try:
        inspect.signature(cls).bind(root, **arguments)
    except TypeError as error:
        known_arguments = [key for key in inspect.signature(cls).parameters if key != "root"]
        raise ConfigError(
            f"FromPyG: {name}: {error}; arguments may have {', '.join(known_arguments)}.",
            argument="arguments",
            got=dict(arguments),
        ) from error
    try:
        built: Dataset = cls(root, **arguments)
    except OSError as error:  # no connection, a full disk
        raise DataError(
            f"FromPyG: {name} cannot make its files in {root} ({one_line(error)}); check the connection and the "
            f"folder, or put the original files into {Path(root, 'raw')}.",
            file=root,
        ) from error
    return built


def _labels(data: Data, source: str) -> tuple[int, np.ndarray | None]:
    """Returns the class of a cloud, -1 for none, and the part of each point, or ``None``."""
    if not isinstance(data, Data):
        raise DataError(
            f"{source}: expected Data with pos, got {type(data).__name__}; write Data(pos=points).", file=source
        )
    if data.get("pos") is None:
        raise DataError(f"{source} has no pos; add the coordinates of its points.", file=source)
    y, category = data.get("y"), data.get("category")
    parts = None
    if isinstance(y, torch.Tensor) and y.numel() != 1 and y.numel() == len(data.pos):
        y, parts = category, _integers(y, source, "y")
    if y is None:
        return -1, parts
    label = _integers(y, source, "y")
    if label.size != 1 or label[0] < 0:
        raise DataError(
            f"{source}: expected one class or one part for each of its {len(data.pos):,} points as y, got shape "
            f"{list(np.shape(y))}{f' and value {label[0]}' if label.size == 1 else ''}; remove y to train without it.",
            file=source,
        )
    return int(label[0]), parts


def _integers(values: Any, source: str, key: str) -> np.ndarray:
    array = torch.as_tensor(values).detach().cpu().numpy().reshape(-1)
    if array.dtype.kind not in "iu":
        raise DataError(
            f"{source}: expected integers as {key}, got {array.dtype}; remove {key} to train without labels.",
            file=source,
            got=array.dtype,
        )
    return array.astype(np.int64)
