"""Download of the official ModelNet archives."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from conclu_pyg.errors import DataError, one_line
from conclu_pyg.progress import Bar, progress_bar

logger = logging.getLogger(__name__)


class Archive(NamedTuple):
    """An archive on the web.

    Attributes:
        url: its address, https.
        sha256: its checksum, or ``None`` if its publisher states none and it could not be verified.
        size: its number of bytes, or ``None`` if it is not known.
    """

    url: str
    sha256: str | None = None
    size: int | None = None


# Princeton publishes no checksums. The size of ModelNet10.zip is that of the archive which Keras' example downloads.
ARCHIVES = {
    10: Archive("https://3dvision.princeton.edu/projects/2014/3DShapeNets/ModelNet10.zip", size=473_402_300),
    40: Archive("https://modelnet.cs.princeton.edu/ModelNet40.zip"),
}
SCHEME = "https://"
TIMEOUT = 30.0  # seconds without an answer
BLOCK = 1 << 20
MAX_ARCHIVE_BYTES = 8 << 30  # ModelNet40.zip has 2 GB
MAX_MESH_BYTES = 1 << 30
MAX_TOTAL_BYTES = 64 << 30  # ModelNet40 has 10 GB unpacked
MAX_MEMBERS = 200_000


def download_modelnet(variant: int, folder: Path) -> None:
    """Downloads and unpacks an official archive; afterwards ``folder`` holds all of its meshes or does not exist.

    Args:
        variant: 10 or 40.
        folder: the folder of the meshes ``folder/<class>/<split>/<class>_0001.off``; missing or empty.

    Raises:
        DataError: there is no connection, the archive is damaged or not the expected one, or the disk is full or not
            writable; the message says how to install the data by hand.
    """
    archive = ARCHIVES[variant]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
            path, unpacked = Path(scratch, "archive.zip"), Path(scratch, "unpacked")
            fetch(archive, path, by_hand=_by_hand(variant, folder))
            unpack_meshes(path, unpacked, archive.url)
            if folder.is_dir():
                folder.rmdir()  # fails unless it is empty
            os.rename(unpacked, folder)
    except OSError as error:
        reason = "the disk is full" if _is_full(error) else error.strerror or str(error)
        raise DataError(
            f"{archive.url} cannot be stored as {folder}: {reason}; set another dataset.dataset_path.", file=archive.url
        ) from error


def _by_hand(variant: int, folder: Path) -> str:
    return (
        f"Download ModelNet{variant}.zip on a machine with internet access and unpack it so that there is "
        f"{folder}/ModelNet{variant}/chair/train/chair_0001.off, or put modelnet40_ply_hdf5_2048 or "
        f"modelnet40_normal_resampled at {folder}."
    )


def fetch(archive: Archive, path: Path, by_hand: str = "") -> None:
    """Downloads an archive by https and verifies its checksum and size, as far as they are known.

    Args:
        archive: what to download.
        path: the file to write.
        by_hand: how to get the data otherwise, for messages.

    Raises:
        DataError: the address is not https, there is no connection, or checksum or size are wrong.
        OSError: the disk is full.
    """
    import pooch  # imported on first use: few users download

    if not archive.url.startswith(SCHEME):
        raise DataError(
            f"{archive.url}: expected an https address; plain http can be tampered with. {by_hand}", file=archive.url
        )
    with ExitStack() as stack:
        progress = _Progress(stack, archive, path.parent)
        downloader = pooch.HTTPDownloader(
            progressbar=progress, chunk_size=BLOCK, timeout=TIMEOUT, hooks={"response": _refuse_plain_http}
        )
        pooch_logger = pooch.get_logger()
        level = pooch_logger.level
        pooch_logger.setLevel(logging.WARNING)  # pooch prints at the level INFO
        try:
            pooch.retrieve(
                archive.url,
                None if archive.sha256 is None else f"sha256:{archive.sha256}",
                fname=path.name,
                path=path.parent,
                downloader=downloader,
            )
        except (OSError, ValueError) as error:  # requests' errors are OSErrors, and a wrong checksum is a ValueError
            if isinstance(error, OSError) and _is_full(error):
                raise
            raise DataError(
                f"{archive.url} cannot be downloaded ({one_line(error)}). {by_hand}", file=archive.url
            ) from error
        finally:
            pooch_logger.setLevel(level)
    size = path.stat().st_size
    if archive.size is not None and size != archive.size:
        raise DataError(
            f"{archive.url}: expected {archive.size:,} bytes, got {size:,}; try again. Or: {by_hand}",
            file=archive.url,
            got=size,
        )
    if archive.sha256 is None:
        logger.info(
            "%s has no published checksum, so its content could not be verified; SHA-256: %s",
            archive.url,
            pooch.file_hash(str(path)),
        )


def _refuse_plain_http(response: Any, **options: Any) -> None:
    """Called by requests for each answer, those of redirects among them."""
    if not response.url.startswith(SCHEME):
        raise ValueError(f"redirected to {response.url}, which is not https")


class _Progress:
    """The progress bar of a download in the form that pooch expects; stops a download that is too large."""

    def __init__(self, stack: ExitStack, archive: Archive, folder: Path) -> None:
        self._stack, self._archive, self._folder = stack, archive, folder
        self._bar: Bar | None = None
        self._received = self._total = 0

    @property
    def total(self) -> int:
        return self._total

    @total.setter
    def total(self, value: int) -> None:
        """Set by pooch when the server has answered."""
        _check_room(value, self._folder, self._archive.url)
        self._total = value
        title = f"Downloading {PurePosixPath(self._archive.url).name}"
        self._bar = self._stack.enter_context(progress_bar(title, value or None, in_bytes=True))

    def update(self, size: int) -> None:
        self._received += size
        if self._received > MAX_ARCHIVE_BYTES + BLOCK:
            raise ValueError(f"more than {MAX_ARCHIVE_BYTES:,} bytes")
        if self._bar is not None:
            self._bar.update(size)

    def reset(self) -> None:
        """Called by pooch at the end, before it reports the whole size again."""
        self._received, self._bar = 0, None

    def close(self) -> None:
        self._stack.close()


def unpack_meshes(archive: Path, folder: Path, source: str) -> None:
    """Unpacks the meshes of an archive, without its top folder and without any other files.

    Args:
        archive: a ZIP file.
        folder: the folder of ``<class>/<split>/<name>.off``, which is created.
        source: the name of the archive in messages.

    Raises:
        DataError: the file is not a complete ZIP archive, holds no meshes, unpacks to more than the limits of this
            module, or contains a path outside of ``folder``.
    """
    try:
        with zipfile.ZipFile(archive) as zipped:
            members = {info: place for info in zipped.infolist() if (place := _place(info, source)) is not None}
            total = sum(info.file_size for info in members)
            if not members:
                raise DataError(
                    f"{source} holds no meshes <class>/<split>/<name>.off; it is not ModelNet.", file=source
                )
            too_large = any(info.file_size > MAX_MESH_BYTES for info in members)
            if too_large or total > MAX_TOTAL_BYTES or len(members) > MAX_MEMBERS:
                raise DataError(
                    f"{source} would unpack to {len(members):,} meshes of {total:,} bytes, too much for ModelNet.",
                    file=source,
                )
            _check_room(total, archive.parent, source)
            with progress_bar("Unpacking", total, in_bytes=True) as bar:
                for info, place in members.items():
                    path = folder / place
                    path.parent.mkdir(parents=True, exist_ok=True)
                    with zipped.open(info) as packed, path.open("xb") as file:
                        shutil.copyfileobj(packed, file, BLOCK)  # ends at info.file_size and checks the CRC
                    bar.update(info.file_size)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, FileExistsError) as error:
        raise DataError(
            f"{source} is not a complete ZIP archive of meshes ({error}); download it again.", file=source
        ) from error


def _place(info: zipfile.ZipInfo, source: str) -> Path | None:
    """Returns the place of a member, the last three parts of its name, or ``None`` if it is not a mesh."""
    parts = PurePosixPath(info.filename).parts
    if ".." in parts or info.filename.startswith("/") or "\\" in info.filename or ":" in info.filename:
        raise DataError(
            f"{source} contains {info.filename!r}, a path outside of its folder; do not trust it.", file=source
        )
    is_mesh = info.filename.lower().endswith(".off") and len(parts) >= 3 and parts[-2] in ("train", "test")
    hidden = any(part.startswith((".", "__MACOSX")) for part in parts)
    if info.is_dir() or hidden or not is_mesh or stat.S_ISLNK(info.external_attr >> 16):
        return None
    return Path(*parts[-3:])


def _check_room(need: int, folder: Path, source: str) -> None:
    free = shutil.disk_usage(folder).free
    if need > free:
        raise DataError(
            f"{source} needs {need / 1e9:,.1f} GB at {folder.parent}, where {free / 1e9:,.1f} GB are free.", file=source
        )


def _is_full(error: OSError) -> bool:
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
