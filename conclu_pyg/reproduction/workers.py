"""Worker processes that do jobs side by side, each in one thread."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple

from conclu_pyg.reproduction.jobs import Job

FOLDER = Path(__file__).parents[2]  # where the package is
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
STOP_SECONDS = 60.0  # for a training to save its state


class Finished(NamedTuple):
    """A job that is over.

    Attributes:
        job: the job.
        error: why it failed; empty if it is done.
    """

    job: Job
    error: str


class Workers:
    """Processes that do jobs side by side. When the block ends they save the state of their trainings and end.

    One thread each: two trainings side by side need no more on two cores, and the results do not depend on the number.

    Args:
        count: of processes.
        logs: the folder of their log files.
        command: the command line that their records name.
    """

    def __init__(self, count: int, logs: Path, command: Sequence[str]) -> None:
        self.count, self.logs, self.command = count, logs, list(command)
        self.running: dict[int, Job] = {}
        self._processes: dict[int, subprocess.Popen[str]] = {}
        self._over = threading.Event()
        self._lock = threading.Lock()

    def run(self, jobs: Sequence[Job]) -> Iterator[Finished | None]:
        """Yield each job when it is over, and ``None`` each second.

        Args:
            jobs: the order in which they begin.
        """
        waiting: queue.Queue[Job] = queue.Queue()
        for job in jobs:
            waiting.put(job)
        finished: queue.Queue[Finished] = queue.Queue()
        numbers = range(min(self.count, len(jobs)))
        for number in numbers:
            threading.Thread(target=self._work, args=(number, waiting, finished), daemon=True).start()
        left = len(jobs)
        while left:
            try:
                yield finished.get(timeout=1.0)
                left -= 1
            except queue.Empty:
                yield None

    def _work(self, number: int, waiting: queue.Queue[Job], finished: queue.Queue[Finished]) -> None:
        while not self._over.is_set():
            try:
                job = waiting.get_nowait()
            except queue.Empty:
                return
            self.running[number] = job
            error = self._do(number, job)
            self.running.pop(number, None)
            if not self._over.is_set():
                finished.put(Finished(job, error))

    def _do(self, number: int, job: Job) -> str:
        """Return the error of a job, empty if it is done."""
        try:
            process = self._process(number)
        except OSError as error:
            return f"its process cannot be started: {error}"
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(json.dumps({"job": job.as_dict(), "command": self.command}) + "\n")
            process.stdin.flush()
            return str(json.loads(process.stdout.readline())["error"])
        except (OSError, ValueError, KeyError):
            code = process.wait()
            return f"its process ended with status {code}; see {self._log(number)}"

    def _process(self, number: int) -> subprocess.Popen[str]:
        """Return the worker, started again if it has ended.

        Raises:
            OSError: it cannot be started, or the block ends.
        """
        with self._lock:
            if self._over.is_set():
                raise InterruptedError("all jobs end")
            process = self._processes.get(number)
            if process is not None and process.poll() is None:
                return process
            paths = [os.path.abspath(path) for path in sys.path if path]
            paths += [] if str(FOLDER) in paths else [str(FOLDER)]
            with self._log(number).open("a") as log:
                process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "conclu_pyg.reproduction.worker"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), **dict.fromkeys(THREADS, "1")},
                    start_new_session=True,  # Ctrl-C reaches this process alone, which then ends the others
                )
            self._processes[number] = process
            assert process.stdout is not None
            process.stdout.readline()  # ready
            return process

    def _log(self, number: int) -> Path:
        return self.logs / f"worker_{number}.log"

    def __enter__(self) -> Workers:
        self.logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        with self._lock:  # a thread may be starting a process
            processes = list(self._processes.values())
        for process in processes:
            _close(process.stdin)
        for process in processes:
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            _close(process.stdout)


def _close(pipe: IO[str] | None) -> None:
    with contextlib.suppress(OSError):  # the process is gone, with what was written to it
        if pipe is not None:
            pipe.close()
