"""The JSON, buffers and accessors of glTF 2.0 files, ``.gltf`` and ``.glb``."""

from __future__ import annotations

import base64
import binascii
import json
import re
import struct
import urllib.parse
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from conclu_pyg.errors import one_line
from conclu_pyg.io.refusals import RESTORE, refused, unreadable

EXPORT_HINT = "export it without this, or convert it to .ply"
MAGIC, JSON_CHUNK, BINARY_CHUNK = b"glTF", b"JSON", b"BIN\0"
PADDING = 3  # bytes by which a chunk may be longer than its buffer
MAX_STRIDE = 252
COMPONENTS = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
COLUMNS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
DATA = re.compile(r"data:[^,]{0,200};base64,", re.ASCII)
COMPRESSION = ("EXT_meshopt_compression", "KHR_meshopt_compression")


class GltfFile:
    """A file whose parts are checked when they are used.

    Args:
        path: the file.
        max_points: the largest number of elements of an accessor.
        content: the bytes of the file, where they are in memory (default: they are read).

    Attributes:
        json: the JSON object.
        size: the length of the file in bytes.

    Raises:
        DataError: the file is no glTF 2.0.
    """

    def __init__(self, path: Path, max_points: int, content: bytes | None = None) -> None:
        self.path, self.max_points = path, max_points
        self.binary: np.ndarray | None = None
        self.buffers: dict[int, np.ndarray] = {}
        try:
            data = np.memmap(path, np.uint8, "r") if content is None else np.frombuffer(content, np.uint8)
        except (OSError, ValueError) as error:
            raise unreadable(path, error) from error
        self.size = len(data)
        text = self._read_chunks(data) if data[:4].tobytes() == MAGIC else data
        try:
            self.json: Any = json.loads(text.tobytes().decode("utf-8-sig"), parse_constant=self._refuse_constant)
        except (ValueError, RecursionError) as error:
            self.refuse(f"expected JSON ({one_line(error):.200})")
        version = self.json.get("asset") if isinstance(self.json, dict) else None
        version = version.get("version") if isinstance(version, dict) else None
        if not isinstance(version, str) or not version.startswith("2."):
            self.refuse(f"expected glTF of version 2.0, got {version!r:.40}", EXPORT_HINT)

    def _refuse_constant(self, name: str) -> NoReturn:
        raise ValueError(f"the number {name}")

    def refuse(self, reason: str, hint: str = RESTORE) -> NoReturn:
        raise refused(self.path, reason, hint, got=reason)

    def _read_chunks(self, data: np.ndarray) -> np.ndarray:
        """Returns the JSON of a ``.glb`` file."""
        if len(data) < 12:
            self.refuse("expected a header of 12 bytes")
        version, length = struct.unpack("<II", data[4:12].tobytes())
        if version != 2:
            self.refuse(f"expected glTF of version 2, got {version}", EXPORT_HINT)
        if length != len(data):
            self.refuse(f"expected {length:,} bytes by its header, got {len(data):,}")
        text, start, number = None, 12, 0
        while start < length:
            if start + 8 > length:
                self.refuse(f"expected a chunk at byte {start:,}, got {length - start} bytes")
            size, kind = struct.unpack("<I4s", data[start : start + 8].tobytes())
            content = data[start + 8 : start + 8 + size]
            if len(content) < size:
                self.refuse(f"expected a chunk of {size:,} bytes, got {len(content):,}")
            if (kind == JSON_CHUNK) != (number == 0) or (kind == BINARY_CHUNK and number != 1):
                self.refuse(
                    f"expected a chunk of JSON and then one of binary data, got {kind!r} as number {number + 1}"
                )
            text = content if number == 0 else text
            self.binary = content if kind == BINARY_CHUNK else self.binary
            start, number = start + 8 + size, number + 1
        if text is None:
            self.refuse("expected a chunk of JSON, got none")
        return text

    def part(self, key: str, index: Any) -> dict[str, Any]:
        """Returns an object of one of the lists of the file, such as ``nodes``."""
        parts = self.parts(key)
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(parts):
            self.refuse(f"expected one of {len(parts):,} {key}, got number {index!r:.40}")
        part = parts[index]
        return part if isinstance(part, dict) else self.refuse(f"expected an object as number {index} of its {key}")

    def parts(self, key: str) -> list[Any]:
        parts = self.json.get(key, [])
        return parts if isinstance(parts, list) else self.refuse(f"expected a list of {key}")

    def number(self, part: dict[str, Any], key: str, default: int | None = None) -> int:
        """Returns a number that is not negative."""
        value = part.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 53:
            self.refuse(f"expected a number as {key!r}, got {value!r:.40}")
        return value

    def accessor(self, index: Any, kinds: tuple[str, ...]) -> tuple[np.ndarray, bool]:
        """Returns the elements of an accessor, and whether they are normalised integers.

        Args:
            index: the number of the accessor.
            kinds: the allowed ``type``, such as ``VEC3``.

        Shapes:
            - **output:** ``[count, columns]`` in the number type of the file; perhaps a view of it
        """
        accessor = self.part("accessors", index)
        kind, component = accessor.get("type"), accessor.get("componentType")
        if kind not in kinds or not isinstance(component, int) or component not in COMPONENTS:
            self.refuse(f"expected an accessor of {' or '.join(kinds)}, got type {kind!r:.40} of {component!r:.40}")
        dtype, count = np.dtype(COMPONENTS[component]), self.number(accessor, "count")
        if not 0 < count <= self.max_points:
            self.refuse(f"expected an accessor of 1 to {self.max_points:,} elements, got {count:,}")
        values = self._view(accessor, dtype, COLUMNS[kind], count) if "bufferView" in accessor else None
        if "sparse" in accessor:
            values = self._sparse(accessor["sparse"], values, (count, COLUMNS[kind]), dtype)
        elif values is None:
            self.refuse("an accessor has no data", EXPORT_HINT)
        return values, accessor.get("normalized") is True and dtype.kind != "f"

    def _sparse(self, sparse: Any, values: np.ndarray | None, shape: tuple[int, int], dtype: np.dtype) -> np.ndarray:
        """Returns values, or zeros, of which some are replaced."""
        if not isinstance(sparse, dict) or not all(isinstance(sparse.get(key), dict) for key in ("indices", "values")):
            self.refuse("expected 'indices' and 'values' in a sparse accessor")
        length, columns = shape
        count, component = self.number(sparse, "count"), sparse["indices"].get("componentType")
        if not 0 < count <= length or component not in (5121, 5123, 5125):
            self.refuse(f"expected a sparse accessor of 1 to {length:,} elements, got {count:,}")
        indices = self._view(sparse["indices"], np.dtype(COMPONENTS[component]), 1, count)[:, 0].astype(np.int64)
        if indices[-1] >= length or (np.diff(indices) <= 0).any():
            self.refuse(f"expected increasing indices below {length:,} in a sparse accessor")
        replacements = self._view(sparse["values"], dtype, columns, count)
        # Zeros take no room in the file: a short one could ask for any number of them.
        largest = max(self.size, *map(len, self.buffers.values()))
        if values is None and length > largest:
            self.refuse(f"expected at most {largest:,} elements in a sparse accessor without data, got {length:,}")
        values = np.zeros(shape, dtype) if values is None else values.copy()
        values[indices] = replacements
        return values

    def _view(self, part: dict[str, Any], dtype: np.dtype, columns: int, count: int) -> np.ndarray:
        """Returns numbers of a buffer view, ``[count, columns]``."""
        view, offset = self.part("bufferViews", part.get("bufferView")), self.number(part, "byteOffset", 0)
        extensions = view.get("extensions")
        compressed = next((name for name in COMPRESSION if isinstance(extensions, dict) and name in extensions), None)
        if compressed:
            self.refuse(f"it is compressed by {compressed}, which is not supported", EXPORT_HINT)
        buffer = self._buffer(view.get("buffer"))
        start, length = self.number(view, "byteOffset", 0), self.number(view, "byteLength")
        if start + length > len(buffer):
            self.refuse(f"a buffer view ends at byte {start + length:,} of a buffer of {len(buffer):,}")
        size = columns * dtype.itemsize
        stride = self.number(view, "byteStride", size)
        if stride < size or stride > max(MAX_STRIDE, size):
            self.refuse(f"expected a byteStride of {size} to {MAX_STRIDE}, got {stride:,}")
        end = offset + (count - 1) * stride + size
        if end > length:
            self.refuse(f"an accessor of {count:,} elements ends at byte {end:,} of a buffer view of {length:,}")
        strides = (stride, dtype.itemsize)
        return np.ndarray((count, columns), dtype, buffer[start : start + length], offset, strides)

    def _buffer(self, index: Any) -> np.ndarray:
        """Returns the bytes of a buffer."""
        buffer = self.part("buffers", index)
        if index not in self.buffers:
            length, uri = self.number(buffer, "byteLength"), buffer.get("uri")
            if uri is None and index == 0 and self.binary is not None:
                content = self.binary
                if len(content) > length + PADDING:
                    self.refuse(f"expected a buffer of {length:,} bytes, got {len(content):,}")
            elif isinstance(uri, str):
                content = self._read_uri(uri)
            else:
                self.refuse(f"buffer {index} has no data")
            if len(content) < length:
                self.refuse(f"expected a buffer of {length:,} bytes, got {len(content):,}")
            self.buffers[index] = content[:length]
        return self.buffers[index]

    def _read_uri(self, uri: str) -> np.ndarray:
        match = DATA.match(uri)
        if match:
            try:
                return np.frombuffer(base64.b64decode(uri[match.end() :], validate=True), np.uint8)
            except (binascii.Error, ValueError) as error:
                self.refuse(f"a buffer in base64 cannot be decoded ({one_line(error)})")
        name = urllib.parse.unquote(uri)
        folder = self.path.parent.resolve()
        if ":" in name or "\\" in name or "\0" in name or not (folder / name).resolve().is_relative_to(folder):
            self.refuse(f"a buffer is in {name[:80]!r}, and only files of its own folder are read", "move it there")
        file = folder / name
        try:
            return np.memmap(file, np.uint8, "r") if file.is_file() else self.refuse(f"there is no file {name[:80]!r}")
        except (OSError, ValueError) as error:
            self.refuse(f"{name[:80]!r} cannot be read ({one_line(error)})")
