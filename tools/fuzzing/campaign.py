"""Reads many mutants of a file, and goes on after one that ends the process."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from conclu_pyg.errors import DataError
from fuzzing.mutations import mutant

TOOLS = Path(__file__).resolve().parents[1]
HANGS = (-signal.SIGPROF, -signal.SIGXCPU)


@dataclass
class Result:
    """Counts of one file.

    Attributes:
        source: the valid file.
        counts: mutants by outcome: ``read``, ``refused``, ``fault``, ``crash``, ``hang``, and of those that were read
            ``same`` and ``other`` in comparison with a second reader.
        grown_mb: the largest growth of memory by one mutant.
        faults: the index and a description of each fault, crash, hang and difference.
    """

    source: Path
    counts: Counter[str] = field(default_factory=Counter)
    grown_mb: float = 0.0
    faults: list[tuple[int, str]] = field(default_factory=list)


def run_campaign(source: Path, number: int, seed: int, keep: Path | None = None) -> Result:
    """Reads mutants of a file in worker processes, one after another.

    Args:
        source: a valid file.
        number: how many mutants to make.
        seed: of the mutations.
        keep: a folder for the mutants that are faults (default: they are not kept; the seed and the index make them
            again).

    Raises:
        DataError: the file itself is not read.
    """
    result, start = Result(source), 0
    while start < number:
        start = _run_worker(result, start, number, seed)
    if keep is not None and result.faults:
        keep.mkdir(parents=True, exist_ok=True)
        content = source.read_bytes()
        for index, _ in result.faults:
            (keep / f"{source.stem}_{seed}_{index}{source.suffix}").write_bytes(mutant(content, seed, index))
    return result


def _run_worker(result: Result, start: int, number: int, seed: int) -> int:
    """Reads mutants until the worker ends, and returns the index of the next one."""
    folder, index = tempfile.mkdtemp(), start
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TOOLS), str(TOOLS.parent)])}
    command = [sys.executable, "-m", "fuzzing.worker", str(result.source), str(start), str(number), str(seed), folder]
    try:
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                answer = json.loads(line) if line.startswith("{") else {}
                if "error" in answer:
                    raise DataError(f"{result.source}: {answer['error']}", file=result.source)
                if "index" in answer:
                    index = answer["index"]
                elif answer:
                    _count(result, index, answer)
            code = process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if code == 0:
        return number
    kind = "hang" if code in HANGS else "crash"
    result.counts[kind] += 1
    result.faults.append((index, f"{kind} (exit status {code})"))
    return index + 1


def _count(result: Result, index: int, answer: dict) -> None:
    result.counts[answer["kind"]] += 1
    result.grown_mb = max(result.grown_mb, answer["grown_mb"])
    if answer["kind"] == "fault":
        result.faults.append((index, answer["detail"]))
    elif answer["same"] is not None:
        result.counts["same" if answer["same"] else "other"] += 1
        if not answer["same"]:
            result.faults.append((index, "a second reader gets other points"))
