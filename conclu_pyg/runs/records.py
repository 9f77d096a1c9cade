"""Records of results: value, protocol, origin of the weights and commands, kept as JSON."""

from __future__ import annotations

import json
import platform
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from conclu_pyg._version import __version__
from conclu_pyg.errors import ConcluError
from conclu_pyg.files import atomic_write, locked
from conclu_pyg.runs.plain_data import from_plain
from conclu_pyg.runs.protocol import Protocol
from conclu_pyg.runs.provenance import EncoderOrigin

RESULTS_NAME = "results.json"
VERSIONED = (
    "torch",
    "torch-geometric",
    "scikit-learn",
    "numba",
)  # numba: for equal distances, kernels may choose others


def versions() -> dict[str, str]:
    """Returns the versions of Python and of the packages that results depend on, those that are installed."""
    installed = {package for names in metadata.packages_distributions().values() for package in names}
    packages = {package: metadata.version(package) for package in VERSIONED if package in installed}
    return {"python": platform.python_version(), "conclu_pyg": __version__, **packages}


def command_line() -> str:
    """Returns the command line of this process, such as ``tools/train.py configs/conclu_pointnet.yaml``."""
    program = Path(sys.argv[0])
    start = f"tools/{program.name}" if program.parent.name == "tools" else program.name
    return shlex.join([start, *sys.argv[1:]])


@dataclass(frozen=True)
class Training:
    """The training behind a result.

    Attributes:
        command: command line.
        seconds: duration.
    """

    command: str
    seconds: float


@dataclass(frozen=True)
class Record:
    """One result.

    Attributes:
        task: name of the probe, or the task of a model that was trained with labels, such as ``part_segmentation``.
        dataset: data set that was measured on.
        encoder: name of the encoder.
        method: name of the pre-training method; empty for a model whose encoder was not pre-trained.
        initialisation: ``random``, or the data set of the (latest) pre-training.
        metric: what ``value`` is, such as ``accuracy``.
        value: in percent.
        seed: of the run.
        epochs: of the pre-training.
        protocol: how it was measured.
        command: command line of the evaluation.
        seconds: duration of the evaluation.
        fingerprint: see :mod:`conclu_pyg.runs.fingerprint`.
        losses: names of the loss terms of the run.
        pretraining: origin of the initial weights of the run's encoder; ``None`` for random ones.
        training: training of the run; ``None`` if its initial weights were measured.
        details: values behind the metric, such as those of each class (null for a class that was not measured), and
            ``notes``, a list of sentences.
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
    protocol: Protocol
    command: str
    seconds: float
    fingerprint: str
    losses: tuple[str, ...] = ()
    pretraining: EncoderOrigin | None = None
    training: Training | None = None
    details: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=versions)

    @property
    def pretrained_on(self) -> list[str]:
        """Data sets of the pre-training, in their order; empty for random weights."""
        datasets = [] if self.pretraining is None else [origin.dataset for origin in self.pretraining.chain()]
        return datasets if self.protocol.model or self.training is None else [*datasets, self.initialisation]


def append_records(path: Path, records: Sequence[Record]) -> None:
    """Appends records to a JSON file atomically. Processes that append at the same time wait for each other.

    Raises:
        ConcluError: the file is not a list of records, or another process keeps it locked.
    """
    with locked(path):
        write_records(path, [*(read_records(path) if path.exists() else ()), *records])


def write_records(path: Path, records: Sequence[Record]) -> None:
    """Writes records to a JSON file atomically."""
    content = [asdict(record) for record in records]
    with atomic_write(path) as file:
        file.write((json.dumps(content, indent=2, allow_nan=False) + "\n").encode())


def read_records(path: Path) -> list[Record]:
    """Reads a file of records.

    Raises:
        ConcluError: the file is not a list of records.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return [from_plain(Record, row, f"record {i}") for i, row in enumerate(from_plain(list, content, "content"))]
    except (ValueError, RecursionError) as error:
        raise ConcluError(
            f"{path} is not a list of records: {error}; move it away to start a new one.", file=path
        ) from error
