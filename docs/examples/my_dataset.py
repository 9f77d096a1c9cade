"""A user's own data set: clouds as .npy files [points, 3], at SPLIT/CLASS/NAME.npy with the splits train and test."""

from pathlib import Path

import numpy as np

from conclu_pyg import DATASETS
from conclu_pyg.data.base import PointCloudDataset, PointCloudSplit
from conclu_pyg.data.clean import mend, resize
from conclu_pyg.errors import DataError
from conclu_pyg.io.npy import read_npy


@DATASETS.register_module()
class NpyFolders(PointCloudDataset):
    up_axis = 2  # z points up

    def __init__(self, dataset_path: str, num_points: int = 1024) -> None:
        super().__init__()  # clouds are moved and scaled to the unit sphere when they are read
        self.folder, self.num_points = Path(dataset_path), num_points
        self.label_to_names = dict(enumerate(sorted({f.parent.name for f in self.folder.glob("train/[!.]*/*.npy")})))

    def _load_split(self, split: str) -> PointCloudSplit:
        classes, rng = list(self.label_to_names.values()), np.random.default_rng(0)
        files = sorted(self.folder.glob(f"{split}/[!.]*/[!.]*.npy"))
        if not set() < (found := {file.parent.name for file in files}) <= set(classes):
            raise DataError(f"{self.folder} needs {split}/CLASS/*.npy for classes in train, found {sorted(found)}.")
        clouds = [resize(mend(read_npy(file), str(file))[0], self.num_points, rng)[0] for file in files]
        y = np.array([classes.index(file.parent.name) for file in files])
        return PointCloudSplit(np.stack(clouds), y, [file.stem for file in files], classes, transform=self.transform)
