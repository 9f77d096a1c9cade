"""Evaluation of a run: probes of its frozen encoder, or the task of a supervised model."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from conclu_pyg.errors import ConcluError, ConfigError, DataError
from conclu_pyg.evaluation.evaluate_task import check_task, measure_task
from conclu_pyg.evaluation.probe import On, Probe, ProbeSplits, probe_splits
from conclu_pyg.evaluation.record import Measurement, probe_record
from conclu_pyg.processes import rank
from conclu_pyg.registry import PROBES
from conclu_pyg.runs.loaded_run import LoadedRun, load_run
from conclu_pyg.runs.records import RESULTS_NAME, Record, append_records, read_records
from conclu_pyg.tasks.base import Task


class ProbeFailure(NamedTuple):
    """A probe that could not be measured.

    Attributes:
        probe: its name.
        error: the cause.
    """

    probe: str
    error: ConcluError


class Evaluation:
    """The measurements of a run, made while iterating. All options and clouds are checked before.

    A probe that cannot be measured does not affect the others: it is left out, and added to :attr:`failures`.

    Args:
        run: the run. Its encoder is measured, or, if it was trained with labels, its model at its own task.
        probes: names of :data:`~conclu_pyg.PROBES`, or configs with ``name`` and arguments (default: ``svm``). They
            share the features.
        with_random: also measures the encoder with the initial weights that ``pipeline.seed`` gives (default: no).
        on: ``test`` for the test split, or ``validation`` for a fifth of the training split that the probes are not
            trained on (default: test).
        label_per_class: number of clouds of each class that probes are trained on, drawn by the run's seed (default:
            all).
        votes: copies of each cloud whose predictions are averaged, for a supervised model (default: 1).
        robustness: also measures corrupted clouds, by the probe ``robustness`` or the supervised model (default: no).

    Attributes:
        splits: clouds of the probes; ``None`` for a supervised model.
        failures: probes that could not be measured, see :meth:`raise_failures`.

    Raises:
        ConfigError: an option that does not apply to this kind of run, or an unknown probe.
        DataError: the clouds have no labels, and all probes need them.
        ConcluError: clouds that no probe can be measured on, or damaged records in the run folder.
    """

    def __init__(
        self,
        run: LoadedRun,
        *,
        probes: Sequence[str | Mapping[str, Any]] = (),
        with_random: bool = False,
        on: On = "test",
        label_per_class: int | None = None,
        votes: int = 1,
        robustness: bool = False,
    ) -> None:
        self.run, self.with_random, self.votes, self.robustness = run, with_random, votes, robustness
        if isinstance(probes, (str, Mapping)):
            raise ConfigError(
                f"probes: expected a list, got {probes!r}; write [{probes!r}].", argument="probes", got=probes
            )
        self.splits: ProbeSplits | None = None
        self.failures: list[ProbeFailure] = []
        self._probes: list[tuple[str, Probe]] = []
        self._is_alone = True
        if (run.folder / RESULTS_NAME).exists():
            read_records(run.folder / RESULTS_NAME)  # damaged records are reported before the work
        if isinstance(run.method, Task):
            if probes or with_random or on != "test" or label_per_class is not None:
                raise ConfigError(
                    f"{run.folder} was trained with labels, so its model is measured at its own task on the test "
                    "split; leave out the options of probes (probe, with_random, on, label_per_class).",
                    file=run.folder,
                )
            check_task(run, votes)
            return
        if votes != 1:
            raise ConfigError(
                f"votes={votes} applies to runs trained with labels, and {run.folder} was not.",
                argument="votes",
                got=votes,
            )
        if run.checkpoint.trained_on is not None and run.checkpoint.part == "encoder":
            raise ConfigError(
                f"{run.source} is the encoder of a model that was trained with labels, which probes do not measure; "
                "evaluate its run, or embed clouds with it.",
                file=run.source,
            )
        configs = [{"name": probe} if isinstance(probe, str) else dict(probe) for probe in probes]
        configs += [{"name": "robustness"}] if robustness else []
        self._probes = [(config["name"], PROBES.build(config)) for config in configs or [{"name": "svm"}]]
        self._is_alone = len(self._probes) == 1
        fixed = [name for name, probe in self._probes if probe.fixed_labels]
        if label_per_class is not None and fixed:
            raise ConfigError(
                f"label_per_class does not apply to the probe {fixed[0]}; leave it out.",
                argument="label_per_class",
                got=label_per_class,
            )
        self._keep(self._check_labels)
        splits = self.splits = probe_splits(run, on, label_per_class)
        self._keep(lambda _, probe: probe.check(splits))

    def _keep(self, check: Callable[[str, Probe], None]) -> None:
        """Keeps the probes that pass a check.

        Raises:
            ConcluError: none does.
        """
        kept = []
        for name, probe in self._probes:
            try:
                check(name, probe)
                kept.append((name, probe))
            except ConcluError as error:
                self.failures.append(ProbeFailure(name, error))
        self._probes = kept
        if not kept:
            self.raise_failures()

    def _check_labels(self, name: str, probe: Probe) -> None:
        """Refuses a probe that needs labels where the clouds have none, before the clouds are read."""
        dataset = self.run.dataset
        if probe.needs_labels and dataset.labels.are_unlabelled:
            raise DataError(
                f"{dataset.name} has no labels, which the probe {name} needs; measure on clouds with labels, such as "
                "dataset.name=ParametricShapes, or give classes, such as dataset.labels=labels.csv for CloudFolder.",
                argument="probes",
                got=name,
            )

    def __iter__(self) -> Iterator[Measurement]:
        if self.splits is None:
            yield from measure_task(self.run, self.votes, self.robustness)
            return
        runs = [self.run.untrained(), self.run] if self.with_random else [self.run]
        for name, probe in self._probes:
            for run in runs:
                began = time.perf_counter()
                try:
                    results = probe.measure(run, self.splits)
                except ConcluError as error:
                    self.failures.append(ProbeFailure(name, error))
                    continue
                seconds = time.perf_counter() - began
                records = [probe_record(run, name, self.splits, result, seconds) for result in results]
                yield Measurement(probe.title, records)

    def raise_failures(self) -> None:
        """Raises the errors of the probes that could not be measured, if any, each message once.

        Raises:
            ConcluError: names the probes; the error itself if no other probe was asked for.
        """
        named: dict[str, list[str]] = {}
        for name, error in self.failures:
            probes = named.setdefault(str(error), [])
            probes += [] if name in probes else [name]
        if len(named) == 1 and self._is_alone:
            raise self.failures[0].error
        if named:
            raise ConcluError(
                *(f"{' and '.join(names)} could not be measured: {text}" for text, names in named.items())
            )


def evaluate_run(
    path: str, overrides: Sequence[str] = (), *, allow_imports: bool = False, **options: Any
) -> list[Record]:
    """Measures a run and appends the records to its ``results.json``, each as soon as it is measured. If a probe cannot
    be measured, its error is raised after the others were.

    Args:
        path: a run folder (its best checkpoint if it has one, otherwise its last) or a checkpoint.
        overrides, allow_imports: see :func:`~conclu_pyg.runs.loaded_run.load_run`.
        **options: see :class:`Evaluation`, such as ``probes=["svm", "knn"]`` and ``with_random=True``.

    Raises:
        ConcluError: a checkpoint, data set, override or option that cannot be used, or a probe that cannot be measured.
    """
    run = load_run(path, overrides, allow_imports=allow_imports)
    records: list[Record] = []
    evaluation = Evaluation(run, **options)
    for measurement in evaluation:
        if rank() == 0:  # of the processes that share the work, all measure and one writes
            append_records(run.folder / RESULTS_NAME, measurement.records)
        records += measurement.records
    evaluation.raise_failures()
    return records
