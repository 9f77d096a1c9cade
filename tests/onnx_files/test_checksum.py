"""The checksum in exported files."""

import hashlib

import pytest
from helpers import raises

from conclu_pyg.errors import DataError
from conclu_pyg.onnx.checksum import ENTRY, KEY, check_seal, seal

(VALUE,) = ENTRY.values()
BEFORE, AFTER = b"graph\x00" * 9, b"more"
DATA = BEFORE + KEY.encode() + b"\x12\x42" + VALUE.encode() + AFTER


def test_it_is_the_sha_256_with_zeros_for_its_digits() -> None:
    sealed = seal(DATA)
    digits = hashlib.sha256(DATA).hexdigest().encode()
    assert VALUE == '"' + 64 * "0" + '"' and sealed == DATA.replace(64 * b"0", digits)
    assert seal(sealed) == sealed
    check_seal(sealed, "a.onnx")


def test_every_changed_byte_is_found() -> None:
    sealed = seal(DATA)
    for place in range(len(sealed)):
        changed = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with raises(DataError, file="a.onnx"):
            check_seal(changed, "a.onnx")
    for changed in (sealed[1:], sealed[:-1], sealed + b"0", b"0" + sealed):
        with pytest.raises(DataError, match="is damaged or was edited"):
            check_seal(changed, "a.onnx")


@pytest.mark.parametrize("data", [b"", BEFORE, DATA[:-5], DATA + DATA, DATA.replace(b"0", b"A")])
def test_a_file_without_exactly_one_checksum_is_refused(data: bytes) -> None:
    with raises(DataError, file="a.onnx") as error:
        check_seal(data, "a.onnx")
    assert f"got one with {2 if len(data) > len(DATA) else 0} entries {KEY}; it is incomplete" in str(error.value)
