"""Fetching the official archives of ModelNet, where there is internet."""

from __future__ import annotations

import errno
import http.client
import os
import shutil
import stat
import tempfile
import urllib.error
import urllib.request
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO

from conclu_pyg.errors import DataError
from conclu_pyg.progress import progress_bar

URLS = {
    10: "http://3dvision.princeton.edu/projects/2014/3DShapeNets/ModelNet10.zip",
    40: "https://modelnet.cs.princeton.edu/ModelNet40.zip",
}
TIMEOUT = 30.0  # seconds without an answer
BLOCK = 1 << 20
MAX_ARCHIVE_BYTES = 8 << 30  # ModelNet40.zip has 2 GB
MAX_MESH_BYTES = 1 << 30
MAX_TOTAL_BYTES = 64 << 30  # ModelNet40 has 10 GB unpacked
MAX_MEMBERS = 200_000


def download_modelnet(variant: int, folder: Path) -> None:
    """Fetches and unpacks an official archive, so that ``folder`` holds either all of its meshes or is not there.

    Args:
        variant: 10 or 40.
        folder: where the meshes go, as ``folder/<class>/<split>/<class>_0001.off``; missing or empty.

    Raises:
        DataError: no connection, an archive that is damaged or not what it should be, no room, or no right to write;
            says where to put which file by hand.
    """
    url = URLS[variant]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
            archive, unpacked = Path(scratch, "archive.zip"), Path(scratch, "unpacked")
            _fetch(url, archive, by_hand=_by_hand(variant, folder))
            unpack_meshes(archive, unpacked, url)
            if folder.is_dir():
                folder.rmdir()  # empty, or else this fails
            os.rename(unpacked, folder)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        reason = "the disk is full" if full else error.strerror or str(error)
        raise DataError(f"{url} cannot be stored as {folder}: {reason}; name another dataset.dataset_path.") from error


def _by_hand(variant: int, folder: Path) -> str:
    return (
        f"Fetch ModelNet{variant}.zip on a machine with internet and unpack it so that there is "
        f"{folder}/ModelNet{variant}/chair/train/chair_0001.off, or put modelnet40_ply_hdf5_2048 or "
        f"modelnet40_normal_resampled at {folder}."
    )


def _fetch(url: str, archive: Path, by_hand: str) -> None:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
            length = answer.headers.get("Content-Length", "")
            total = int(length) if length.isdecimal() else None
            _check_room(total or 0, archive.parent, url)
            with archive.open("wb") as file:
                received = _copy(answer, file, total, f"Fetching {PurePosixPath(url).name}", MAX_ARCHIVE_BYTES)
    except (OSError, http.client.HTTPException, ValueError) as error:  # URLError and time-outs are OSErrors
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        reason = error if isinstance(error, urllib.error.HTTPError) else getattr(error, "reason", error)
        raise DataError(f"{url} cannot be fetched ({reason}). {by_hand}") from error
    if total is not None and received != total:
        raise DataError(f"{url} broke off after {received:,} of {total:,} bytes; try again. Or: {by_hand}")


def unpack_meshes(archive: Path, folder: Path, source: str) -> None:
    """Unpacks the meshes of an archive, without its common top folder and without anything that is not a mesh.

    Args:
        archive: a ZIP file.
        folder: where ``<class>/<split>/<name>.off`` go; made here.
        source: what to call the archive in messages.

    Raises:
        DataError: the file is no whole ZIP archive, holds no meshes, unpacks to more than the bounds of this module, or
            names a place outside of ``folder``.
    """
    try:
        with zipfile.ZipFile(archive) as zipped:
            members = {info: place for info in zipped.infolist() if (place := _place(info, source)) is not None}
            total = sum(info.file_size for info in members)
            if not members:
                raise DataError(f"{source} holds no meshes <class>/<split>/<name>.off; it is not ModelNet.")
            too_large = any(info.file_size > MAX_MESH_BYTES for info in members)
            if too_large or total > MAX_TOTAL_BYTES or len(members) > MAX_MEMBERS:
                raise DataError(
                    f"{source} would unpack to {len(members):,} meshes of {total:,} bytes, too much for ModelNet."
                )
            _check_room(total, archive.parent, source)
            with progress_bar("Unpacking", total, in_bytes=True) as progress:
                for info, place in members.items():
                    path = folder / place
                    path.parent.mkdir(parents=True, exist_ok=True)
                    with zipped.open(info) as packed, path.open("xb") as file:
                        shutil.copyfileobj(packed, file, BLOCK)  # ends at info.file_size and checks the CRC
                    progress.update(info.file_size)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, FileExistsError) as error:
        raise DataError(f"{source} is not a whole ZIP archive of meshes ({error}); fetch it again.") from error


def _place(info: zipfile.ZipInfo, source: str) -> Path | None:
    """Where a member goes, from the last three parts of its name; ``None`` for what is not a mesh."""
    parts = PurePosixPath(info.filename).parts
    if ".." in parts or info.filename.startswith("/") or "\\" in info.filename or ":" in info.filename:
        raise DataError(f"{source} names {info.filename!r}, a place outside of its folder; it is not to be trusted.")
    is_mesh = info.filename.lower().endswith(".off") and len(parts) >= 3 and parts[-2] in ("train", "test")
    hidden = any(part.startswith((".", "__MACOSX")) for part in parts)
    if info.is_dir() or hidden or not is_mesh or stat.S_ISLNK(info.external_attr >> 16):
        return None
    return Path(*parts[-3:])


def _check_room(need: int, folder: Path, source: str) -> None:
    free = shutil.disk_usage(folder).free
    if need > free:
        raise DataError(f"{source} needs {need / 1e9:,.1f} GB at {folder.parent}, where {free / 1e9:,.1f} GB are free.")


def _copy(source: IO[bytes], file: IO[bytes], total: int | None, title: str, limit: int) -> int:
    received = 0
    with progress_bar(title, total, in_bytes=True) as progress:
        while block := source.read(BLOCK):
            received += len(block)
            if received > limit:
                raise ValueError(f"more than {limit:,} bytes")
            file.write(block)
            progress.update(len(block))
    return received
