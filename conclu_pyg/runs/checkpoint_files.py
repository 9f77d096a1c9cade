"""The checkpoints of a run folder: the newest ones, the best one, and those of chosen epochs."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

from conclu_pyg.errors import CheckpointError, ConcluWarning
from conclu_pyg.files import replace_by_copy
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.folder import BEST, ENCODER_FILE, LAST


class CheckpointFiles:
    """Saves the checkpoints of a run.

    ``last.safetensors`` is the newest. The ones before it are ``last-1.safetensors``, ``last-2.safetensors`` and so on.
    ``encoder.safetensors`` is the encoder alone, of the best one if there is any, or else of the newest.

    Args:
        folder: the run folder.
        keep_last: how many of the newest checkpoints to keep.
        keep_every: keeps the checkpoint of each epoch that is a multiple of this, too; 0 keeps none.
    """

    def __init__(self, folder: Path, keep_last: int, keep_every: int) -> None:
        self.last = folder / LAST
        self.best = folder / BEST
        self.encoder = folder / ENCODER_FILE
        self.keep_last, self.keep_every = keep_last, keep_every

    def save(self, checkpoint: Checkpoint, *, best: bool = False) -> None:
        """Save a checkpoint as the newest one.

        The other copies of it are written first: a run that is killed in between resumes before this checkpoint, and
        writes all of them again.

        Args:
            checkpoint: of the state between two steps.
            best: whether it is that of the best epoch so far (default: False).

        Raises:
            OSError: it cannot be written; the older checkpoints are unchanged.
        """
        if best:
            checkpoint.save(self.best)
        if (best or not self.best.exists()) and (encoder := checkpoint.encoder_alone()) is not None:
            encoder.save(self.encoder)
        if self.keep_every and checkpoint.batch == 0 and checkpoint.epoch % self.keep_every == 0:
            checkpoint.save(self.last.with_name(f"epoch_{checkpoint.epoch:04d}{self.last.suffix}"))
        for age in range(self.keep_last - 1, 0, -1):
            newer = _aged(self.last, age - 1)
            if newer.exists():
                replace_by_copy(newer, _aged(self.last, age))
        checkpoint.save(self.last)


def newest_checkpoint(folder: Path) -> Checkpoint | None:
    """Return the newest checkpoint of a run folder that is whole, or ``None`` if there is none at all; a damaged one is
    skipped with a warning.

    Raises:
        CheckpointError: all of its checkpoints are damaged.
    """
    problems = []
    for path in _newest_first(folder):
        try:
            checkpoint = Checkpoint.load(path)
        except CheckpointError as error:
            problems.append(error)
            continue
        for problem in problems:
            warnings.warn(f"{problem} The run is resumed from {path}, which is older.", ConcluWarning, stacklevel=2)
        return checkpoint
    if problems:
        raise CheckpointError(f"no checkpoint of {folder} can be read: {' '.join(map(str, problems))}")
    return None


def _newest_first(folder: Path) -> Iterator[Path]:
    last = folder / LAST
    older = last.parent.glob(f"{last.stem}-[0-9]*{last.suffix}")
    aged = {int(age): path for path in older if (age := path.stem.rpartition("-")[2]).isdecimal()}
    yield from (path for path in (last, *(aged[age] for age in sorted(aged))) if path.is_file())
    yield from sorted(last.parent.glob(f"epoch_*{last.suffix}"), reverse=True)


def _aged(last: Path, age: int) -> Path:
    return last.with_stem(f"{last.stem}-{age}") if age else last
