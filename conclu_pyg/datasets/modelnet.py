"""ModelNet10 and ModelNet40, in any of their published formats."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from conclu_pyg.arguments import validated
from conclu_pyg.constraints import NonNegativeInt
from conclu_pyg.datasets.download import download_modelnet
from conclu_pyg.datasets.file_dataset import FileDataset, NumPoints
from conclu_pyg.datasets.formats import MODELNET, Format, FormatOptions
from conclu_pyg.registry import DATASETS


@DATASETS.register_module()
class ModelNet(FileDataset[Format]):
    """ModelNet10 or ModelNet40 (Wu et al., "3D ShapeNets", CVPR 2015).

    The format is detected in the folder, or in its only subfolder that has one: the official meshes
    (:class:`~conclu_pyg.datasets.formats.off_tree.OffTree`), the h5 release
    (:class:`~conclu_pyg.datasets.formats.h5_release.H5Release`) or ``modelnet40_normal_resampled``
    (:class:`~conclu_pyg.datasets.formats.normal_resampled.NormalResampled`). Clouds are repaired or rejected by
    :mod:`conclu_pyg.data.clean`. On first use a split is written to the cache as one array
    (:mod:`conclu_pyg.data.cache`).

    Args:
        dataset_path: the folder.
        num_points: points in each cloud. Meshes are sampled uniformly by area; of files with more points, a random
            choice is taken; clouds with fewer points than the largest are filled up by repeating points, with a
            warning. If no cloud has as many, all have as many as the largest, with a warning.
        seed: the seed of the sampling and the choice, not negative. Each shape has its own random numbers, by its name.
        up_axis: ``x``, ``y`` or ``z``, or ``auto`` for that of the format.
        variant: 10 or 40, if a folder lists the shapes of both, and for ``download``; ``auto`` is 40, or 10 for
            ``download`` if the folder's name contains modelnet10.
        allow_missing: skips listed files that are missing, with a warning, instead of rejecting the folder. Without
            effect on the official meshes, which have no list.
        download: downloads the official meshes to ``dataset_path`` if that is missing or empty.
        cache_dir: the folder of the cache (default: the user's cache folder, ``~/.cache/conclu_pyg`` on Linux).
        transform: transforms of every cloud that is read (default: unit-sphere normalisation).

    Raises:
        ArgumentError: an argument has a wrong type or is out of range.
        DataError: ``dataset_path`` has none of the formats; the message lists what was expected and found.
    """

    @validated
    def __init__(
        self,
        dataset_path: str = "data/modelnet40",
        num_points: NumPoints = 2048,
        seed: NonNegativeInt = 0,
        up_axis: Literal["auto", "x", "y", "z"] = "auto",
        variant: Literal["auto", 10, 40] = "auto",
        allow_missing: bool = False,
        download: bool = False,
        cache_dir: str | None = None,
        transform: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(num_points=num_points, seed=seed, cache_dir=cache_dir, transform=transform)
        folder = Path(dataset_path).expanduser()
        if download and _is_missing_or_empty(folder):
            by_name = 10 if "modelnet10" in folder.name.lower() else 40
            download_modelnet(by_name if variant == "auto" else variant, folder)
        options = FormatOptions(variant=None if variant == "auto" else variant, allow_missing=allow_missing)
        self._find(MODELNET, folder, options, up_axis)

    @property
    def name(self) -> str:
        """``ModelNet10`` or ``ModelNet40`` by the number of classes, or ``ModelNet``."""
        return f"ModelNet{len(self.label_to_names)}" if len(self.label_to_names) in (10, 40) else "ModelNet"


def _is_missing_or_empty(folder: Path) -> bool:
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
