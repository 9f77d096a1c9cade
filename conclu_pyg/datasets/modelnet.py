"""ModelNet10 and ModelNet40, in whichever of their published layouts they lie in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from conclu_pyg.datasets.download import download_modelnet
from conclu_pyg.datasets.file_dataset import ReleasedDataset
from conclu_pyg.datasets.layouts import MODELNET, Layout, LayoutOptions
from conclu_pyg.registry import DATASETS


@DATASETS.register_module()
class ModelNet(ReleasedDataset[Layout]):
    """ModelNet10 or ModelNet40 (Wu et al., "3D ShapeNets", CVPR 2015).

    The layout is found by looking at the folder, or at its only subfolder that has one: the official meshes
    (:class:`~conclu_pyg.datasets.layouts.off_tree.OffTree`), the h5 release
    (:class:`~conclu_pyg.datasets.layouts.h5_release.H5Release`) or ``modelnet40_normal_resampled``
    (:class:`~conclu_pyg.datasets.layouts.normal_resampled.NormalResampled`).
    What is refused in a cloud and what is mended says :mod:`conclu_pyg.data.clean`. A split is
    built into one array in the cache when it is first asked for
    (:mod:`conclu_pyg.data.cache`).

    Args:
        dataset_path: the folder.
        num_points: how many points each cloud has. Meshes are sampled by area; of files with more points, a random
            choice is taken; clouds with fewer than the largest are filled up by repeating points, which is reported.
            Where no cloud has so many, the clouds have as many as the largest, which is reported too.
        seed: of the sampling and the choice, not negative. Each shape has random numbers of its own, by its name.
        up_axis: ``x``, ``y`` or ``z``, or ``auto`` for the layout's own.
        variant: 10 or 40, where a folder lists the shapes of both or for ``download``; ``auto`` takes 40, and for
            ``download`` 10 if the folder's name says modelnet10.
        allow_missing: goes without files that are listed but not there, and reports how many, where otherwise the
            folder is refused. Has no bearing on the official meshes, of which there is no list.
        download: fetches the official meshes to ``dataset_path`` where that is missing or empty.
        cache_dir: where the arrays are kept (default: the user's cache folder, ``~/.cache/conclu_pyg`` on Linux).
        transform: what is done to every cloud when it is read (default: unit-sphere normalisation).

    Raises:
        DataError: nothing usable at ``dataset_path``; the message says what was looked for, found and is to be done.
    """

    def __init__(
        self,
        dataset_path: str = "data/modelnet40",
        num_points: int = 2048,
        seed: int = 0,
        up_axis: Literal["auto", "x", "y", "z"] = "auto",
        variant: Literal["auto", 10, 40] = "auto",
        allow_missing: bool = False,
        download: bool = False,
        cache_dir: str | None = None,
        transform: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(num_points=num_points, seed=seed, cache_dir=cache_dir, transform=transform)
        folder = Path(dataset_path).expanduser()
        if download and _is_vacant(folder):
            by_name = 10 if "modelnet10" in folder.name.lower() else 40
            download_modelnet(by_name if variant == "auto" else variant, folder)
        options = LayoutOptions(variant=None if variant == "auto" else variant, allow_missing=allow_missing)
        self._find(MODELNET, folder, options, up_axis)

    @property
    def name(self) -> str:
        """``ModelNet10`` or ``ModelNet40`` by the number of classes, or ``ModelNet``."""
        return f"ModelNet{len(self.label_to_names)}" if len(self.label_to_names) in (10, 40) else "ModelNet"


def _is_vacant(folder: Path) -> bool:
    """Whether there is nothing at ``folder``, or an empty folder."""
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
