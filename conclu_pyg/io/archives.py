"""Zip archives: the errors of a file that cannot be read."""

from __future__ import annotations

import zipfile
import zlib

# An unknown compression is a NotImplementedError. An encrypted member is a RuntimeError, which a fault of a reader can
# be too, so check_not_encrypted rejects it.
ARCHIVE_ERRORS = (OSError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error)
ENCRYPTED = 1  # in the flags of a member


def check_not_encrypted(member: zipfile.ZipInfo) -> None:
    """Rejects an encrypted member.

    Raises:
        zipfile.BadZipFile: it is encrypted.
    """
    if member.flag_bits & ENCRYPTED:
        raise zipfile.BadZipFile(f"{member.filename!r:.80} is encrypted")
