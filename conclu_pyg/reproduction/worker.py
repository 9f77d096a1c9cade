"""A process that does the jobs of a table: a line of JSON for each on the standard input, an answer on the output.

When the input ends, because there are no more jobs or the process that wrote them is gone, a training saves its state
and the process ends.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, TextIO

READY = "ready"


def main() -> None:
    """Do jobs until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # so that nothing that a library prints, in C++ or in a process of its own, is taken for an answer
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    logging.getLogger("conclu_pyg").setLevel(logging.INFO)
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_read, args=(lines,), daemon=True).start()
    _answer(answers, {READY: True})
    while True:
        message = json.loads(lines.get())
        sys.argv = message["command"]  # the command that records and checkpoints name
        _answer(answers, {"error": _do(message["job"])})


def _do(values: dict[str, Any]) -> str:
    """Return the error of a job, empty if it is done."""
    from conclu_pyg.errors import ConcluError
    from conclu_pyg.imports import make_imports
    from conclu_pyg.reproduction.cell import run_cell
    from conclu_pyg.reproduction.jobs import Job
    from conclu_pyg.reproduction.measure_cost import run_cost

    job = Job.from_dict(values)
    try:
        for config in job.configs:
            make_imports(config, (), Path(), allow=True)
        {"cell": run_cell, "cost": run_cost}[job.kind](job)
    except ConcluError as error:
        return str(error)
    except Exception as error:  # a defect of one method does not end the others
        traceback.print_exc()
        return f"{type(error).__name__}: {error}"
    return ""


def _read(lines: queue.Queue[str]) -> None:
    for line in sys.stdin:
        lines.put(line)
    os.kill(os.getpid(), signal.SIGTERM)


def _answer(stream: TextIO, message: dict[str, Any]) -> None:
    stream.write(json.dumps(message) + "\n")
    stream.flush()


if __name__ == "__main__":
    main()
