"""A user's own data set: clouds as .npy files [points, 3], at SPLIT/CLASS/NAME.npy with the splits train and test."""

from pathlib import Path

from conclu_pyg import DATASETS
from conclu_pyg.data import PointCloudDataset, PointCloudSplit, RawCloud, cached
from conclu_pyg.io import read_npy


@DATASETS.register_module()
class NpyFolders(PointCloudDataset):
    up_axis = 2  # z points up

    def __init__(self, dataset_path: str, num_points: int = 1024) -> None:
        super().__init__()  # clouds are centred and scaled to the unit sphere when they are read
        self.folder, self.num_points = Path(dataset_path), num_points
        self.label_to_names = dict(enumerate(sorted({f.parent.name for f in self.folder.glob("train/[!.]*/*.npy")})))

    def _load_split(self, split: str) -> PointCloudSplit:
        files = sorted(self.folder.glob(f"{split}/[!.]*/[!.]*.npy"))
        clouds = (RawCloud(read_npy(f), self.class_label(f.parent.name), f.stem, str(f)) for f in files)
        return cached(self, split, clouds, files, num_points=self.num_points)
