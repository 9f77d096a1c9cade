"""Nested plain values and tensors in one safetensors file, which holds no code.

Tensors are stored by their path, such as ``model.weights.encoder.last.weight``; everything else is one JSON text in its
metadata, with a reference in the place of each tensor, and a checksum of both. JSON has no tuples, integer keys and
infinite numbers, so these are encoded as mappings with a single key that begins with ``$``.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from conclu_pyg.files import atomic_write

KEY = "conclu_pyg"  # of the JSON in the metadata
CHECKSUM = "sha256"  # of the JSON and all tensors: damage is found, a forgery is not
MAX_BYTES = 1 << 34
MAX_JSON_BYTES = 1 << 25
MAX_DEPTH = 100


def write_tensor_file(path: Path, content: Mapping[str, Any]) -> None:
    """Writes the file atomically: an older file at ``path`` stays whole until the new one is complete.

    Args:
        path: the file; its folder must exist.
        content: mappings (with string or integer keys), lists, tuples, strings, numbers, booleans, ``None`` and dense
            tensors.

    Raises:
        TypeError: a value of another type.
        OSError: the file cannot be written.
    """
    tensors: dict[str, torch.Tensor] = {}
    text = json.dumps(_encode(content, (), tensors), allow_nan=False)
    data = save(tensors, {KEY: text, CHECKSUM: _checksum(text, tensors)})
    with atomic_write(path) as file:
        file.write(data)


def read_tensor_file(path: Path) -> dict[str, Any]:
    """Reads a file of :func:`write_tensor_file` to the CPU.

    Raises:
        ValueError: the file is damaged, has another format, or exceeds the bounds of this module.
        OSError: the file cannot be read.
    """
    with path.open("rb") as opened:  # raises OSError with the reason, which safetensors does not tell
        if (size := os.fstat(opened.fileno()).st_size) > MAX_BYTES:
            raise ValueError(f"it has {size:,} bytes, more than {MAX_BYTES:,}")
    try:
        with safe_open(path, "pt", device="cpu") as file:
            metadata = file.metadata() or {}
            text = metadata.get(KEY)
            if text is None:
                raise ValueError(f"it has no metadata {KEY!r}")
            if len(text) > MAX_JSON_BYTES:
                raise ValueError(f"its metadata has {len(text):,} characters, more than {MAX_JSON_BYTES:,}")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not iterable itself
    except (SafetensorError, AttributeError, RuntimeError, TypeError) as error:  # of dtypes that PyTorch does not have
        raise ValueError(f"it is not a whole safetensors file ({error})") from error
    if metadata.get(CHECKSUM) != _checksum(text, tensors):
        raise ValueError("its content does not match its checksum")
    try:
        content = _decode(json.loads(text), tensors)
    except RecursionError as error:
        raise ValueError("its metadata is nested too deeply") from error
    if not isinstance(content, dict):
        raise ValueError(f"its metadata holds a {type(content).__name__}, not a mapping")
    return content


def _checksum(text: str, tensors: Mapping[str, torch.Tensor]) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _encode(value: Any, path: tuple[str, ...], tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(value, torch.Tensor) and value.layout is torch.strided and not value.is_quantized:
        name = ".".join(path)
        while name in tensors:  # the paths (a.b, c) and (a, b.c) have the same name
            name += "'"
        tensors[name] = value.detach().cpu().clone(memory_format=torch.contiguous_format)  # tied weights share memory
        return {"$tensor": name}
    if isinstance(value, Mapping):
        items = [(key, _encode(item, (*path, str(key)), tensors)) for key, item in value.items()]
        if all(type(key) is str and not key.startswith("$") for key in value):
            return dict(items)
        if all(type(key) in (str, int) for key in value):
            return {"$items": [[key, item] for key, item in items]}
    elif isinstance(value, list | tuple):
        encoded = [_encode(item, (*path, str(index)), tensors) for index, item in enumerate(value)]
        return encoded if isinstance(value, list) else {"$tuple": encoded}
    elif type(value) is float:
        return value if math.isfinite(value) else {"$float": str(value)}
    elif value is None or type(value) in (str, int, bool):
        return value
    raise TypeError(f"{'.'.join(path)}: expected plain values or dense tensors, got {value!r:.80}")


def _decode(value: Any, tensors: Mapping[str, torch.Tensor], depth: int = 0) -> Any:
    if depth > MAX_DEPTH:
        raise ValueError(f"its metadata is nested more than {MAX_DEPTH} deep")
    if isinstance(value, list):
        return [_decode(item, tensors, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"$tensor": str(name)} if name in tensors:
            return tensors[name]
        case {"$tuple": list(items)}:
            return tuple(_decode(items, tensors, depth + 1))
        case {"$float": ("inf" | "-inf" | "nan") as number}:
            return float(number)
        case {"$items": list(items)} if all(_is_item(item) for item in items):
            return {key: _decode(item, tensors, depth + 1) for key, item in items}
    if unknown := [key for key in value if key.startswith("$")]:
        raise ValueError(f"its metadata has the invalid entry {unknown[0]!r:.50}")
    return {key: _decode(item, tensors, depth + 1) for key, item in value.items()}


def _is_item(item: Any) -> bool:
    return isinstance(item, list) and len(item) == 2 and type(item[0]) in (str, int)
