"""Embeddings with the names of their clouds, and their files."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.files import atomic_write
from conclu_pyg.text import printable

SUFFIXES = (".npz", ".parquet")
MAX_BYTES = 1 << 34


@dataclass(frozen=True)
class Embeddings:
    """Embeddings of clouds, one in each row.

    Attributes:
        names: the name of each cloud: its file relative to the folder that was given, and behind ``:`` its name within
            a file that holds several.
        x: the pooled features.
        about: the encoder (``encoder``, its source, and ``fingerprint``) and the preparation of the clouds
            (``num_points``, ``up_axis``).
        sources: the file of each cloud, and the name of the cloud in it; not saved (default: unknown).

    Shapes:
        - **x:** float32 ``[n, C]``
    """

    names: Sequence[str]
    x: np.ndarray
    about: Mapping[str, Any] = field(default_factory=dict)
    sources: Sequence[tuple[Path, str]] = ()

    def save(self, path: str | Path) -> None:
        """Writes a file, atomically. Neither format holds code.

        ``.npz`` has the arrays ``names`` (text), ``x`` and ``about`` (JSON); ``.parquet`` the columns ``name`` and
        ``embedding``, and ``about`` in its metadata. Control characters in names are escaped.

        Raises:
            ConfigError: the suffix is neither ``.npz`` nor ``.parquet``.
            OSError: the file cannot be written.
        """
        path = check_suffix(path)
        names, about = [printable(name) for name in self.names], json.dumps(dict(self.about))
        if path.suffix.lower() == ".npz":
            with atomic_write(path) as file:
                np.savez(file, names=np.array(names, dtype=np.str_), x=self.x, about=np.array(about))
            return
        import pyarrow as pa
        from pyarrow import parquet

        vectors = pa.FixedSizeListArray.from_arrays(pa.array(self.x.reshape(-1)), self.x.shape[1])
        table = pa.table({"name": pa.array(names, pa.string()), "embedding": vectors})
        with atomic_write(path) as file:
            parquet.write_table(table.replace_schema_metadata({"about": about}), file)

    @classmethod
    def load(cls, path: str | Path) -> Embeddings:
        """Reads a file of :meth:`save`.

        Raises:
            ConfigError: the suffix is neither ``.npz`` nor ``.parquet``.
            DataError: the file is missing, damaged or has other content.
        """
        path = check_suffix(path)
        if not path.is_file():
            raise DataError(f"there is no file {path}; write it with `conclu embed`.", file=path)
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"{path} has more than the maximum of {MAX_BYTES:,} bytes; split it.", file=path)
        try:
            names, x, about = (_load_npz if path.suffix.lower() == ".npz" else _load_parquet)(path)
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(
                f"{path}: expected names, x and about, as `conclu embed` writes them, got something else "
                f"({type(error).__name__}); write it again.",
                file=path,
            ) from error
        if x.ndim != 2 or x.dtype != np.float32 or len(names) != len(x) or not isinstance(about, dict):
            raise DataError(
                f"{path}: expected float32 embeddings [n, C] of n names, got {x.dtype} {list(x.shape)} of {len(names)};"
                " write it again.",
                file=path,
                got=x.shape,
            )
        return cls(names, x, about)


def check_suffix(path: str | Path) -> Path:
    """Returns the path of a file of embeddings.

    Raises:
        ConfigError: the suffix is neither ``.npz`` nor ``.parquet``.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(
            f"expected a file that ends in {' or '.join(SUFFIXES)}, got {path}; such as embeddings.npz.",
            argument="out",
            got=str(path),
        )
    return path


def _load_npz(path: Path) -> tuple[list[str], np.ndarray, Any]:
    with np.load(path, allow_pickle=False) as file:
        return file["names"].astype(np.str_).tolist(), file["x"], json.loads(str(file["about"]))


def _load_parquet(path: Path) -> tuple[list[str], np.ndarray, Any]:
    from pyarrow import parquet

    table = parquet.read_table(path)
    column = table.column("embedding").combine_chunks()
    size = column.type.list_size
    x = column.flatten().to_numpy().reshape(-1, size)
    return table.column("name").to_pylist(), x, json.loads(table.schema.metadata[b"about"])
