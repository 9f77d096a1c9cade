"""Second readers of the formats, by other libraries or of few lines, to compare what was read from altered files."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def _trimesh(path: Path) -> np.ndarray:
    import trimesh

    geometry: Any = trimesh.load(str(path), process=False)
    return np.asarray(geometry.vertices, dtype=np.float64)


def _scene(path: Path) -> np.ndarray:
    import trimesh

    return np.asarray(trimesh.load_scene(str(path), process=False).to_mesh().vertices, dtype=np.float64)


def _pypcd4(path: Path) -> np.ndarray:
    from pypcd4.pypcd4 import PointCloud

    cloud = PointCloud.from_path(path)
    if len(cloud.fields) != len(cloud.types):  # pypcd4 1.5.1 leaves out names with other signs than those of words
        raise ValueError("fields without a name")
    return cloud.numpy(("x", "y", "z")).astype(np.float64)


def _text(path: Path) -> np.ndarray:
    rows = [line.split("," if "," in line else None)[:3] for line in path.read_text().split("\n") if line.strip()]
    return np.array([[float(word.strip() or "nan") for word in row] for row in rows])


def _las(path: Path) -> np.ndarray:
    data = path.read_bytes()
    start, length = struct.unpack_from("<I", data, 96)[0], struct.unpack_from("<H", data, 105)[0]
    number = struct.unpack_from("<Q", data, 247)[0] if data[25] >= 4 else struct.unpack_from("<I", data, 107)[0]
    scale, offset = np.array(struct.unpack_from("<3d", data, 131)), np.array(struct.unpack_from("<3d", data, 155))
    records = [struct.unpack_from("<3i", data, start + index * length) for index in range(number)]
    return np.array(records) * scale + offset


SECOND_READERS: dict[str, Callable[[Path], np.ndarray]] = {
    **dict.fromkeys((".ply", ".obj", ".stl", ".off"), _trimesh),
    **dict.fromkeys((".glb", ".gltf", ".3mf"), _scene),
    ".pcd": _pypcd4,
    ".npy": np.load,
    ".las": _las,
    **dict.fromkeys((".txt", ".xyz", ".csv"), _text),
}
