"""Sessions of ONNX Runtime for files from anywhere."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from conclu_pyg.errors import ConfigError, DataError, one_line
from conclu_pyg.extras import is_installed, missing_extra
from conclu_pyg.onnx.checksum import check_seal

MAX_BYTES = 1 << 31
EXTERNAL_FOLDER = "session.model_external_initializers_file_folder_path"  # of weights in other files


def open_session(data: bytes, source: str, threads: int | None = None) -> Any:
    """Returns an ``onnxruntime.InferenceSession`` on the CPU.

    Args:
        data: the bytes of the ONNX file; data in other files is not read.
        source: the name of the file in messages.
        threads: threads of an operator (default: as many as ONNX Runtime chooses).

    Raises:
        DataError: ONNX Runtime cannot load the model.
        ConfigError: ONNX Runtime is not installed.
    """
    if not is_installed("onnxruntime"):
        raise ConfigError(f"{missing_extra('onnxruntime')}.")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # errors are raised, too
    options.intra_op_num_threads = threads or 0
    # Of a model in memory, ONNX Runtime looks for weights in other files in the working folder, and allows no path out
    # of it. No file can be in this one, on any system.
    options.add_session_config_entry(EXTERNAL_FOLDER, os.path.join(os.devnull, "none"))
    try:
        # Its fallback to the CPU, which is taken already, would print.
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"], enable_fallback=0)
    except runtime_errors() as error:
        raise DataError(
            f"{source}: expected a whole ONNX file, got one that ONNX Runtime cannot load: {one_line(error):.300}; "
            "export the model again.",
            file=source,
        ) from error


def read_model(path: Path) -> bytes:
    """Returns the bytes of a file of `conclu export`, as they were written.

    Raises:
        DataError: it is too large, no regular file, cannot be read, or has changed.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe or device has no size, and opening it may wait
            raise DataError(f"{path}: expected an ONNX file, got a folder, pipe or device; give a file.", file=path)
        with path.open("rb") as file:
            if (size := os.fstat(file.fileno()).st_size) > MAX_BYTES:
                raise DataError(
                    f"{path}: expected an ONNX file of at most {MAX_BYTES:,} bytes, got {size:,}; no model of `conclu "
                    "export` is as large.",
                    file=path,
                    got=size,
                )
            data = file.read(size)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.", file=path) from error
    check_seal(data, str(path))
    return data


def runtime_errors() -> tuple[type[Exception], ...]:
    """Returns the errors of ONNX Runtime, which have no common base."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    found = [value for value in vars(state).values() if isinstance(value, type) and issubclass(value, Exception)]
    return (*found, RuntimeError, ValueError, MemoryError)
