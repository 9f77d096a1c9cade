"""What a probe is: a task that measures a frozen encoder and gives records.

.. code-block:: python

    def measure(run: LoadedRun, splits: ProbeSplits) -> list[Record]: ...

    MINE = Probe("my probe", measure)
    evaluate_run("runs/a", probes=[MINE])

A probe neither prints nor writes: :func:`~conclu_pyg.evaluation.evaluate.evaluate_run` does. What is to be said beside
the figures, it puts into ``details["notes"]``, a list of sentences. Features it takes from ``run.embed(split)``, which
computes them once for all probes of a call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.data.subsets import draw_per_class, hold_out
from conclu_pyg.errors import ConfigError
from conclu_pyg.methods.base import as_method
from conclu_pyg.runs.fingerprint import config_fingerprint, digest
from conclu_pyg.runs.folder import BEST
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.runs.records import Record, command_line
from conclu_pyg.tasks.base import Task
from conclu_pyg.text import pluralize

VALIDATION_SHARE = 0.2
REMEDY = "measure on the test split, or take a data set with more clouds of each class"
On = Literal["test", "validation"]


class ProbeSplits(NamedTuple):
    """The clouds of a probe.

    Attributes:
        train: what the probe is trained on.
        held_out: what it is measured on.
        on: what the latter is: the test split, or a part of the training split.
        label_per_class: of how many clouds of each class the former is, drawn by the run's seed (default: all).
    """

    train: PointCloudSplit
    held_out: PointCloudSplit
    on: On
    label_per_class: int | None = None

    @property
    def drawn(self) -> str:
        """How the training clouds were chosen, where they are not all there are."""
        return "" if self.label_per_class is None else f"{self.label_per_class} of each class, drawn by the run's seed"

    @property
    def details(self) -> dict[str, Any]:
        """What a record says of them: what they are measured on, and how many labels are learnt from."""
        labels = {"fraction": 1.0} if self.label_per_class is None else {"per_class": self.label_per_class}
        return {"on": self.on, "labels": labels}

    @property
    def train_in_words(self) -> str:
        """Such as ``200 training clouds (10 of each class, drawn by the run's seed)``, for the protocol."""
        return f"{len(self.train):,} training clouds" + (f" ({self.drawn})" if self.drawn else "")

    @property
    def in_brief(self) -> str:
        """What is unusual about them, such as `` (10 of each class, drawn by the run's seed)``; else nothing."""
        unusual = [self.drawn] if self.drawn else []
        unusual += [self.on] if self.on != "test" else []
        return f" ({'; '.join(unusual)})" if unusual else ""

    @property
    def held_out_in_words(self) -> str:
        """Such as ``512 clouds (test split)``, for the protocol."""
        part = "test split" if self.on == "test" else f"{VALIDATION_SHARE:.0%} of the training split, held out"
        return f"{len(self.held_out):,} clouds ({part})"


class Probe(NamedTuple):
    """A task.

    Attributes:
        title: what it is called on the screen, such as ``linear SVM``.
        measure: gives the records of one encoder, trained or not.
        own_labels: whether it chooses itself how many labels it learns from (default: false).
        check: refuses clouds that it cannot be measured on, before any probe of the call begins (default: nothing is
            refused then).
    """

    title: str
    measure: Callable[[LoadedRun, ProbeSplits], list[Record]]
    own_labels: bool = False
    check: Callable[[ProbeSplits], None] | None = None


def probe_splits(run: LoadedRun, on: On, label_per_class: int | None = None) -> ProbeSplits:
    """The test split beside the training split, or a fifth of the training split beside the rest of it.

    Args:
        run: whose data set, and whose seed, which rules the draws.
        on: what is held out.
        label_per_class: trains on so many clouds of each class, drawn at random (default: on all).

    Raises:
        ConfigError: ``label_per_class`` below 1.
        DataError: a class has too few training clouds for a validation part or for so many labels.
    """
    if label_per_class is not None and label_per_class < 1:
        raise ConfigError(f"--label-per-class must be at least 1, found {label_per_class}.")
    train = run.split("train")
    if on == "test":
        splits = ProbeSplits(train, run.split("test"), on)
    else:
        splits = ProbeSplits(*hold_out(train, VALIDATION_SHARE, run.seed, REMEDY), on)
    if label_per_class is None:
        return splits
    few = draw_per_class(splits.train, label_per_class, run.seed)
    return splits._replace(train=few, label_per_class=label_per_class)


def make_record(
    run: LoadedRun, *, task: str, metric: str, value: float, protocol: str, seconds: float, details: Mapping[str, Any]
) -> Record:
    """A record of what was measured: what the measure knows itself, and what the run says of the encoder. Of a model
    that was trained on labels, method and epochs are those of its encoder's pre-training.

    Args:
        run: whose encoder, or whose model, was measured.
        task, metric: see :class:`~conclu_pyg.runs.records.Record`.
        value: in percent.
        protocol: what the probe was trained and measured on; which weights is put before it.
        seconds: the time it took.
        details: added to the setting and the terms of the loss.
    """
    checkpoint, model = run.checkpoint, run.config["model"]
    before = checkpoint.pretraining if run.trained else {}
    if isinstance(run.method, Task):
        method, epochs = str(before.get("method", "")), int(before.get("epochs", 0))
    else:
        method, epochs = model["name"], checkpoint.epoch if run.trained else 0
    return Record(
        task=task,
        dataset=run.dataset.name,
        encoder=(model.get("encoder") or {}).get("name", ""),
        method=method,
        initialisation=run.initialisation,
        metric=metric,
        value=round(value, 2),
        seed=run.seed,
        epochs=epochs,
        protocol=f"{weights_in_words(run)}: {protocol}",
        command=command_line(),
        seconds=round(seconds, 1),
        training={"command": checkpoint.command, "seconds": round(checkpoint.seconds)} if run.trained else {},
        details={
            "setting": setting(run),
            "terms": as_method(run.method).loss_names(),
            **({"pretraining": before} if before else {}),
            **details,
        },
    )


def weights_in_words(run: LoadedRun) -> str:
    """Which weights were measured."""
    if not run.trained:
        return "random weights"
    checkpoint = run.checkpoint
    if run.source.name == BEST.name:  # not which epoch it was, for that differs between seeds
        return f"weights of the epoch that was best on {checkpoint.chosen_on or 'the validation clouds'}"
    within = f", interrupted {pluralize(checkpoint.batch, 'batch', 'batches')} later" if checkpoint.batch else ""
    planned = checkpoint.config["pipeline"].get("epochs")  # None where the class's own number was taken
    return f"weights after epoch {checkpoint.epoch}{f' of {planned}' if planned else ''}{within}"


def setting(run: LoadedRun) -> str:
    """A short name for all that makes an encoder but its seed: equal settings are repetitions of one experiment."""
    checkpoint = run.checkpoint
    if not run.trained:
        return digest(run.config["model"].get("encoder"))
    return config_fingerprint(checkpoint.config, checkpoint.dataset, str(checkpoint.pretraining.get("setting", "")))
