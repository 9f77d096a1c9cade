"""Small valid files of every format."""

import io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fuzzing.step_files import StepFile

POINTS = np.random.default_rng(0).uniform(-1, 1, (40, 3))
ROWS = "\n".join(" ".join(f"{x:.6f}" for x in row) for row in POINTS) + "\n"
BOX = [(x, y, z) for z in (0, 1) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))]
QUADS = [(0, 3, 2, 1), (4, 5, 6, 7), (0, 1, 5, 4), (2, 3, 7, 6), (1, 2, 6, 5), (3, 0, 4, 7)]


def _ply_ascii() -> bytes:
    header = "ply\nformat ascii 1.0\ncomment made here\nelement vertex 40\n" + "".join(
        f"property float {axis}\n" for axis in "xyz"
    )
    return f"{header}end_header\n{ROWS}".encode()


def _ply_mesh() -> bytes:
    header = "ply\nformat binary_little_endian 1.0\nelement vertex 8\n" + "".join(
        f"property float {a}\n" for a in "xyz"
    )
    header += "property uchar red\nelement face 6\nproperty list uchar int vertex_indices\nend_header\n"
    vertices = b"".join(struct.pack("<3fB", *corner, 7) for corner in BOX)
    return header.encode() + vertices + b"".join(struct.pack("<B4i", 4, *face) for face in QUADS)


def _pcd(data: str, body: bytes) -> bytes:
    header = "VERSION 0.7\nFIELDS x y z intensity\nSIZE 4 4 8 2\nTYPE F F F U\nCOUNT 1 1 1 1\nWIDTH 40\nHEIGHT 1\n"
    return f"{header}VIEWPOINT 0 0 0 1 0 0 0\nPOINTS 40\nDATA {data}\n".encode() + body


def _pcd_ascii() -> bytes:
    return _pcd("ascii", "".join(f"{x:.6f} {y:.6f} {z:.6f} 5\n" for x, y, z in POINTS).encode())


def _pcd_binary() -> bytes:
    return _pcd("binary", b"".join(struct.pack("<ffdH", x, y, z, 5) for x, y, z in POINTS))


def _pcd_compressed() -> bytes:
    from pypcd4.pypcd4 import Encoding, PointCloud

    buffer = io.BytesIO()
    PointCloud.from_xyz_points(POINTS.astype(np.float32)).save(buffer, encoding=Encoding.BINARY_COMPRESSED)
    return buffer.getvalue()


def _obj() -> bytes:
    lines = [f"v {x} {y} {z}" for x, y, z in BOX] + ["o box", "vt 0 0", "vn 0 0 1"]
    return "\n".join(lines + ["f " + " ".join(f"{i + 1}/1/1" for i in face) for face in QUADS]).encode() + b"\n"


def _off() -> bytes:
    corners = "".join(f"{x} {y} {z}\n" for x, y, z in BOX)
    return f"OFF\n8 6 0\n{corners}{''.join(f'4 {a} {b} {c} {d}' + chr(10) for a, b, c, d in QUADS)}".encode()


def _exported(kind: str) -> Callable[[], bytes]:
    def make() -> bytes:
        import trimesh

        data = trimesh.creation.box().export(file_type=kind)
        return data if isinstance(data, bytes) else data.encode()

    return make


def _npy() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, POINTS)
    return buffer.getvalue()


def _npz() -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, points=POINTS, intensity=np.arange(40))
    return buffer.getvalue()


def _h5() -> bytes:
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_dataset("data", data=POINTS[None], compression="gzip")
        file["pid"] = np.arange(40)[None] % 3
    return buffer.getvalue()


def _las(compressed: bool) -> Callable[[], bytes]:
    def make() -> bytes:
        import laspy

        las = laspy.create(point_format=3, file_version="1.2")
        las.header.scales = [0.001] * 3
        las.x, las.y, las.z = POINTS.T
        las.intensity = np.arange(40)
        buffer = io.BytesIO()
        las.write(buffer, do_compress=compressed)
        return buffer.getvalue()

    return make


def _e57(path: Path) -> None:
    import pye57

    with pye57.E57(str(path), mode="w") as file:
        columns = {f"cartesian{axis}": POINTS[:, index] for index, axis in enumerate("XYZ")}
        file.write_scan_raw({**columns, "intensity": np.linspace(0, 1, 40)})


def _step() -> bytes:
    file = StepFile("inch")
    file.polyhedron(BOX)
    file.cylinder(5.0, 20.0)
    return file.text().encode()


# By file name: the bytes of a file.
SAMPLES: dict[str, Callable[[], bytes]] = {
    "rows.txt": ROWS.encode,
    "rows.xyz": ROWS.encode,
    "named.csv": lambda: (
        b"id,x [m],y [m],z [m]\n" + b"".join(b"%d,%f,%f,%f\n" % (i, *row) for i, row in enumerate(POINTS))
    ),
    "counted.pts": lambda: b"40\n" + ROWS.encode(),
    "ascii.ply": _ply_ascii,
    "mesh.ply": _ply_mesh,
    "ascii.pcd": _pcd_ascii,
    "binary.pcd": _pcd_binary,
    "compressed.pcd": _pcd_compressed,
    "box.obj": _obj,
    "box.off": _off,
    "binary.stl": _exported("stl"),
    "ascii.stl": _exported("stl_ascii"),
    "box.glb": _exported("glb"),
    "box.3mf": _exported("3mf"),
    "solids.step": _step,
    "array.npy": _npy,
    "arrays.npz": _npz,
    "data.h5": _h5,
    "tile.las": _las(False),
    "tile.laz": _las(True),
}


def write_samples(folder: Path, suffix: str) -> list[Path]:
    """Writes the samples of a format and returns their paths; none for an unknown suffix."""
    paths = []
    for name, make in SAMPLES.items():
        if name.endswith(suffix):
            paths.append(folder / name)
            paths[-1].write_bytes(make())
    if suffix == ".e57":
        paths.append(folder / "scan.e57")
        _e57(paths[-1])
    return paths


def sampled_suffixes() -> list[str]:
    """Returns the suffixes that have samples."""
    return sorted({Path(name).suffix for name in SAMPLES} | {".e57"})
