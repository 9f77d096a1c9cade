"""Work on many files in several processes, where a file that ends its process does not take the others along."""

from __future__ import annotations

import re
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from conclu_pyg.errors import ConcluError, ReaderError
from conclu_pyg.threads import available_cores, container_cores

if TYPE_CHECKING:
    from loky import ProcessPoolExecutor

T = TypeVar("T")
Item = TypeVar("Item")
Outcome: TypeAlias = "T | ConcluError"

CHUNK = 8  # files that are given to a process at once
AHEAD = 3  # chunks of each process that are read before their results are used
FEW = 16  # files that are read in this process: others take a second to start
MAX_WORKERS = 32
# One thread each, because there is a process for each core. PYTHONFAULTHANDLER is empty so that they print nothing.
ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    "PYTHONFAULTHANDLER": "",
}
EXIT_CODES = re.compile(r"exit codes of the workers are \{(.*)\}")
HINT = "restore the file or leave it out, and please report it"


def map_files(
    function: Callable[[Item], T], paths: Sequence[Item], workers: int | None = None
) -> Iterator[tuple[Item, Outcome[T]]]:
    """Yields each path with the result of a function, in the order of the paths.

    The function runs in other processes, a few files ahead of the results that were used, so the memory does not depend
    on the number of files. Up to 16 files are read in this process, because others take a second to start.

    Args:
        function: a function of a module, or a ``functools.partial`` of one. It and its results are copied between
            processes.
        paths: the files, or other values that name files by ``str``.
        workers: the number of processes (default: one for each core; 0: this process alone).

    Returns:
        For each path the result, or a :class:`~conclu_pyg.errors.ConcluError` about this file alone, which the function
        raised, or which says that its process ended.

    Raises:
        Exception: any other error of the function.
    """
    workers = default_workers() if workers is None else workers
    if workers == 0 or len(paths) <= FEW:
        for path in paths:
            yield path, _attempt(function, path)
        return
    pool = _Pool(function, min(workers, -(-len(paths) // CHUNK)))
    try:
        yield from pool.map(paths)
    finally:
        pool.end()


def default_workers() -> int:
    """Returns the number of cores that this process may use, at most 32."""
    return min(MAX_WORKERS, available_cores(), max(1, round(container_cores() or MAX_WORKERS)))


class _Pool(Generic[Item, T]):
    """Processes that call one function, started again after one of them ended."""

    def __init__(self, function: Callable[[Item], T], workers: int) -> None:
        self.function, self.workers = function, workers
        self.executor = _executor(workers)

    def map(self, paths: Sequence[Item]) -> Iterator[tuple[Item, Outcome[T]]]:
        waiting = deque(paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK))
        ahead: deque[tuple[Sequence[Item], Future[list[Outcome[T]]]]] = deque()
        while waiting or ahead:
            try:
                while waiting and len(ahead) < AHEAD * self.workers:
                    ahead.append((waiting[0], self.executor.submit(_attempt_all, self.function, waiting[0])))
                    waiting.popleft()
                found = ahead[0][1].result()
            except BrokenProcessPool:
                self.end()
                while ahead:  # each of these may hold the file that ended its process
                    chunk, future = ahead.popleft()
                    if future.done() and not future.cancelled() and future.exception() is None:
                        yield from zip(chunk, future.result(), strict=True)
                    else:
                        for path in chunk:
                            yield path, _attempt_alone(self.function, path)
                self.executor = _executor(self.workers)
            else:
                yield from zip(ahead.popleft()[0], found, strict=True)

    def end(self) -> None:
        self.executor.shutdown(wait=True, kill_workers=True)


def _attempt(function: Callable[[Item], T], path: Item) -> Outcome[T]:
    try:
        return function(path)
    except ConcluError as error:
        return error


def _attempt_all(function: Callable[[Item], T], paths: Sequence[Item]) -> list[Outcome[T]]:
    return [_attempt(function, path) for path in paths]


def _attempt_alone(function: Callable[[Item], T], path: Item) -> Outcome[T]:
    """Calls the function in a process that is started for this file."""
    executor = _executor(1)
    try:
        return executor.submit(_attempt, function, path).result()
    except BrokenProcessPool as error:
        return ReaderError(f"{path} cannot be read ({_reason(error)}); {HINT}.", file=str(path))
    finally:
        executor.shutdown(wait=True, kill_workers=True)


def _reason(error: BrokenProcessPool) -> str:
    codes = EXIT_CODES.search(str(error))
    return f"the process that read it ended with {codes[1]}" if codes else "the process that read it ended"


def _executor(workers: int) -> ProcessPoolExecutor:
    # Not the standard library's pool: its new processes run the script of the user once more.
    from loky import ProcessPoolExecutor

    return ProcessPoolExecutor(workers, initializer=_ignore_interrupts, env=ENVIRONMENT)


def _ignore_interrupts() -> None:
    """Leaves Ctrl-C, which a terminal sends to all processes, to the one that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
