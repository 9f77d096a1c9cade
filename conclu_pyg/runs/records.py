"""Results are records: what was measured, on what, by which protocol and command."""

from __future__ import annotations

import json
import platform
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from importlib import metadata
from pathlib import Path
from typing import Any

from conclu_pyg import __version__
from conclu_pyg.errors import ConcluError
from conclu_pyg.files import atomic_write, locked

RESULTS_NAME = "results.json"
TASKS = ("classification", "part_segmentation")  # of models that were trained on labels
VERSIONED = ("torch", "torch-geometric", "scikit-learn")


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that a result depends on."""
    packages = {package: metadata.version(package) for package in VERSIONED}
    return {"python": platform.python_version(), "conclu_pyg": __version__, **packages}


def command_line() -> str:
    """What was typed to start this process, such as ``tools/train.py configs/conclu_pointnet.yaml``."""
    program = Path(sys.argv[0])
    start = f"tools/{program.name}" if program.parent.name == "tools" else program.name
    return shlex.join([start, *sys.argv[1:]])


@dataclass(frozen=True)
class Record:
    """One result.

    Attributes:
        task: ``svm``, ``linear``, ``knn``, ``few_shot``, ``classification``, ``part_segmentation`` or ``retrieval``.
        dataset: the data set that was measured on.
        encoder, method: their names.
        initialisation: ``random``, or the data set of the pre-training.
        metric: what ``value`` is, such as ``accuracy``.
        value: in percent.
        seed: of the run.
        epochs: of the pre-training.
        protocol: what was trained and measured on what, in a sentence.
        command: what was typed.
        seconds: the time the evaluation took.
        training: the command that made the encoder and the seconds it took, where it was trained.
        details: values beneath the metric, such as those per class (null for a class that was not measured).
        versions: of Python and the packages.
    """

    task: str
    dataset: str
    encoder: str
    method: str
    initialisation: str
    metric: str
    value: float
    seed: int
    epochs: int
    protocol: str
    command: str
    seconds: float
    training: dict[str, Any] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=versions)


def append_records(path: Path, records: Sequence[Record]) -> None:
    """Appends records to a JSON file, which stays whole at every moment; of several processes, one after the other.

    Raises:
        ConcluError: the file holds something else, or another process does not let go of it.
    """
    with locked(path):
        content = [asdict(record) for record in (*(read_records(path) if path.exists() else ()), *records)]
        with atomic_write(path) as file:
            file.write((json.dumps(content, indent=2, allow_nan=False) + "\n").encode())


def read_records(path: Path) -> list[Record]:
    """Reads a file of records.

    Raises:
        ConcluError: the file holds something else.
    """
    names = {item.name for item in fields(Record)}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, list) or not all(isinstance(row, dict) and row.keys() == names for row in content):
            raise ValueError(f"it must be a list of entries with the keys {', '.join(sorted(names))}")
    except ValueError as error:
        raise ConcluError(f"{path} is no list of records: {error}; move it away to begin a new one.") from error
    return [Record(**row) for row in content]
