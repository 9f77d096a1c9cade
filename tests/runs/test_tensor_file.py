import hashlib
import json
import math
import pickle
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from conclu_pyg.runs.tensor_file import MAX_BYTES, MAX_DEPTH, read_tensor_file, write_tensor_file

CONTENT: dict[str, Any] = {
    "weights": {"a.b": torch.arange(3.0), "a": {"b": torch.tensor(7)}, "empty": torch.zeros(0, 2)},
    "state": {0: {"exp_avg": torch.ones(2, 2).bfloat16(), "on": torch.tensor([True])}, 1: {}},
    "groups": [{"betas": (0.9, 0.99), "lr": 1e-3, "on": True, "name": None}],
    "$odd": {"$tensor": "not a reference"},
    "best": -math.inf,
    "random": torch.get_rng_state(),
}


def same(a: Any, b: Any) -> bool:
    """Compares values, types, and the bits of tensors."""
    if isinstance(b, torch.Tensor):
        return bool(a.dtype == b.dtype and a.shape == b.shape and torch.equal(a, b))
    if isinstance(b, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in b)
    if isinstance(b, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and (a == b or (a != a and b != b))


def test_everything_comes_back(tmp_path: Path) -> None:
    write_tensor_file(tmp_path / "a.safetensors", CONTENT)
    assert same(read_tensor_file(tmp_path / "a.safetensors"), CONTENT)
    assert not same({**CONTENT, "best": math.inf}, CONTENT)


def test_tied_and_strided_tensors_are_written_by_value(tmp_path: Path) -> None:
    tied = torch.arange(6.0).view(2, 3)
    write_tensor_file(tmp_path / "a.safetensors", {"a": tied, "b": tied, "c": tied.T, "d": tied[1]})
    loaded = read_tensor_file(tmp_path / "a.safetensors")
    assert same(loaded, {"a": tied, "b": tied, "c": tied.T.contiguous(), "d": tied[1].clone()})


SPARSE = torch.eye(3).to_sparse()


@pytest.mark.parametrize("value", [object(), {1.5: 2}, {"a": {1, 2}}, 1j, SPARSE, SPARSE.to_sparse_csr()])
def test_other_values_are_refused(tmp_path: Path, value: Any) -> None:
    with pytest.raises(TypeError, match=r"^part\S*: expected plain values or dense tensors, got "):
        write_tensor_file(tmp_path / "a.safetensors", {"part": value})
    assert not list(tmp_path.iterdir())


def with_text(path: Path, text: str) -> Path:
    """Writes a file with this text, and its checksum."""
    x = torch.zeros(2)
    checksum = hashlib.sha256(text.encode() + b"x torch.float32 [2]" + x.numpy().tobytes()).hexdigest()
    save_file({"x": x}, path, {"conclu_pyg": text, "sha256": checksum})
    return path


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[1]", "holds a list, not a mapping"),
        ("{", "Expecting property name"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * (MAX_DEPTH + 2) + "1" + "}" * (MAX_DEPTH + 2), "nested more than 100 deep"),
        ('{"a": {"$tensor": "y"}}', r"invalid entry '\$tensor'"),
        ('{"a": {"$tensor": ["x"]}}', r"invalid entry '\$tensor'"),
        ('{"a": {"$float": "1e5"}}', r"invalid entry '\$float'"),
        ('{"a": {"$items": [[[], 1]]}}', r"invalid entry '\$items'"),
        ('{"a": {"$call": "os.system"}}', r"invalid entry '\$call'"),
        ('{"a": "' + "x" * (1 << 25) + '"}', "more than 33,554,432"),
    ],
)
def test_metadata_that_was_not_written_here_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_tensor_file(with_text(tmp_path / "a.safetensors", text))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_file_is_refused(tmp_path: Path, share: float) -> None:
    path = tmp_path / "a.safetensors"
    write_tensor_file(path, CONTENT)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ValueError, match="not a whole safetensors file"):
        read_tensor_file(path)


def test_sizes_are_checked_against_the_file_before_anything_is_allocated(tmp_path: Path) -> None:
    header = json.dumps({"x": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}}).encode()
    (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(ValueError, match="not a whole safetensors file"):
        read_tensor_file(tmp_path / "a.safetensors")


def rewritten(path: Path, entry: dict[str, Any], data: bytes = b"") -> Path:
    """Writes a safetensors file with one tensor, whose header may be wrong."""
    header = json.dumps({"x": entry, "__metadata__": {"conclu_pyg": "{}", "sha256": ""}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + data)
    return path


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]},
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]},
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 1 << 60]},
        {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [1 << 40, 1 << 40], "data_offsets": [0, 8]},
        {"dtype": "F99", "shape": [2], "data_offsets": [0, 8]},
        {"dtype": "F4", "shape": [16], "data_offsets": [0, 8]},
        {"dtype": 3, "shape": [2], "data_offsets": [0, 8]},
    ],
)
def test_headers_with_wrong_offsets_shapes_or_dtypes_are_refused(tmp_path: Path, entry: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"not a whole safetensors file|does not match its checksum"):
        read_tensor_file(rewritten(tmp_path / "a.safetensors", entry, bytes(8)))


def test_a_changed_byte_of_a_tensor_or_of_the_metadata_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    write_tensor_file(path, {"x": torch.zeros(9), "name": "abcdef"})
    content = path.read_bytes()
    for old, new in ((b"abcdef", b"abcdeg"), (bytes(36), bytes(35) + b"\1")):
        path.write_bytes(content.replace(old, new))
        with pytest.raises(ValueError, match="does not match its checksum"):
            read_tensor_file(path)


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "a.safetensors").open("wb") as file:
        file.truncate(MAX_BYTES + 1)  # takes no room on the disk
    with pytest.raises(ValueError, match=r"it has 17,179,869,185 bytes, more than 17,179,869,184"):
        read_tensor_file(tmp_path / "a.safetensors")


def test_damaged_bytes_raise_no_other_error(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    write_tensor_file(path, CONTENT)
    content = path.read_bytes()
    for draw in torch.randint(0, len(content), (150, 3)).tolist():
        damaged = bytearray(content)
        for offset in draw:
            damaged[offset] ^= 0x5A
        path.write_bytes(damaged)
        with suppress(ValueError):  # some bytes do not matter
            read_tensor_file(path)


def test_pickles_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(pickle.dumps(print))
    torch.save({"a": 1}, tmp_path / "b.safetensors")
    for name in ("a", "b"):
        with pytest.raises(ValueError, match="not a whole safetensors file"):
            read_tensor_file(tmp_path / f"{name}.safetensors")
