"""Explanations of faults of the machine during a training: disks, memory, and worker processes that are killed."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conclu_pyg.data.worker_processes import WorkerProcesses
from conclu_pyg.data.worker_reads import WatchedClouds
from conclu_pyg.errors import ConcluError
from conclu_pyg.runs.folder import LAST
from conclu_pyg.text import command

FULL = (errno.ENOSPC, errno.EDQUOT)
OUT_OF_MEMORY = ("can't allocate memory", "out of memory")  # in RuntimeErrors of PyTorch's allocators


@contextmanager
def explain_faults(
    folder: Path, reads: WatchedClouds | None = None, workers: WorkerProcesses | None = None
) -> Iterator[None]:
    """Turn errors of the operating system and of allocators into one sentence with the file, the need and what to do.

    Args:
        folder: of the run.
        reads: knows what each worker process reads (default: there are no workers).
        workers: the worker processes.

    Raises:
        ConcluError: in place of such an error.
    """
    try:
        yield
    except OSError as error:
        raise ConcluError(_about_file(error, folder), file=str(error.filename or folder)) from error
    except (MemoryError, RuntimeError) as error:
        if reads is not None and workers is not None and (death := reads.explain_death(error, workers)):
            raise ConcluError(f"{death}; {_saved(folder)}.") from error
        if isinstance(error, RuntimeError) and not any(text in str(error) for text in OUT_OF_MEMORY):
            raise
        raise ConcluError(
            f"out of memory in a training step; {_saved(folder)}. Give fewer clouds or points in a step, such as half "
            "of pipeline.batch_size or of num_points of FixedPoints in pipeline.views, or end other programs."
        ) from error


def _about_file(error: OSError, folder: Path) -> str:
    file = error.filename or folder
    if not folder.is_dir():
        return f"the run folder {folder} was removed or its disk is gone ({error.strerror}); train again."
    if error.errno in FULL:
        last = folder / LAST
        need = f"{last.stat().st_size / 2**20:,.0f} MiB" if last.is_file() else "some MiB"
        free = f"{shutil.disk_usage(folder).free / 2**20:,.0f} MiB are free"
        return f"{file} cannot be written: the disk is full; a checkpoint needs {need}, {free}; {_saved(folder)}."
    return f"{file}: {error.strerror or error}; {_saved(folder)}. Check that it exists and may be read and written."


def _saved(folder: Path) -> str:
    if not (folder / LAST).is_file():
        return "nothing was saved before it"
    return f"{folder / LAST} keeps the state before it, resume with `{command('train')} {folder} --resume`"
