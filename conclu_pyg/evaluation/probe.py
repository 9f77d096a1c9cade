"""The interface of probes, which measure a frozen encoder, and the clouds they get.

.. code-block:: python

    @PROBES.register_module("spread")
    class Spread(Probe):
        title = "spread of the features"

        def measure(self, run: LoadedRun, splits: ProbeSplits) -> list[Result]:
            return [Result("spread", 100 * float(run.embed(splits.test).x.std()))]

A probe takes features from ``run.embed(split)``, which computes them once for all probes. It neither prints nor writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, NamedTuple

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.data.subsets import draw_per_class, hold_out
from conclu_pyg.errors import ConfigError
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.runs.provenance import CloudSet

VALIDATION_SHARE = 0.2
On = Literal["test", "validation"]


class ProbeSplits(NamedTuple):
    """The clouds of a probe.

    Attributes:
        train: clouds that the probe is trained on.
        test: clouds that it is measured on.
        train_clouds, test_clouds: both as fields, for the protocol.
    """

    train: PointCloudSplit
    test: PointCloudSplit
    train_clouds: CloudSet
    test_clouds: CloudSet

    @property
    def one_pool(self) -> bool:
        """Both are parts of the training split."""
        return self.train_clouds.split == self.test_clouds.split


@dataclass(frozen=True)
class Result:
    """One value that a probe measured.

    Attributes:
        metric: such as ``accuracy``.
        value: in percent.
        details: values behind it, for the record: ``per_class`` maps class names to accuracies and is shown as a
            table; ``notes`` is a list of sentences that are shown.
        protocol: fields of :class:`~conclu_pyg.runs.protocol.Protocol` that the probe determines, such as
            ``classifier``.
    """

    metric: str
    value: float
    details: Mapping[str, Any] = field(default_factory=dict)
    protocol: Mapping[str, Any] = field(default_factory=dict)


class Probe:
    """Measures a frozen encoder.

    Attributes:
        title: name for people, such as ``linear SVM``.
        fixed_labels: the probe determines how many labels it uses, so that ``label_per_class`` does not apply
            (default: no).
        needs_labels: the probe compares with the classes of the clouds, and is refused where they have none (default:
            yes).
    """

    title: ClassVar[str]
    fixed_labels: ClassVar[bool] = False
    needs_labels: ClassVar[bool] = True

    def check(self, splits: ProbeSplits) -> None:
        """Raises a :class:`~conclu_pyg.errors.ConcluError` if the probe cannot be measured on these clouds (default:
        never). Called for all probes before the first one is measured."""

    def measure(self, run: LoadedRun, splits: ProbeSplits) -> list[Result]:
        """Returns the values of the run's encoder, trained or not."""
        raise NotImplementedError(f"{type(self).__name__} must implement measure(run, splits).")


def probe_splits(run: LoadedRun, on: On = "test", label_per_class: int | None = None) -> ProbeSplits:
    """Returns the training split and the test split, or four fifths of the training split and the rest of it.

    Args:
        run: its data set is read; its seed determines all draws.
        on: what is measured on (default: the test split).
        label_per_class: number of training clouds drawn from each class (default: all clouds).

    Raises:
        ConfigError: ``label_per_class`` is below 1.
        DataError: a class has too few training clouds for a validation part or for so many labels.
    """
    if label_per_class is not None and label_per_class < 1:
        raise ConfigError(
            f"label_per_class must be at least 1, got {label_per_class}.",
            argument="label_per_class",
            got=label_per_class,
        )
    train = whole = run.split("train")
    if on == "test":
        test = run.split("test")
        test_clouds = CloudSet("test", len(test), len(test))
    else:
        hint = "measure on the test split, or use a data set with more clouds per class"
        train, test = hold_out(whole, VALIDATION_SHARE, run.seed, hint)
        test_clouds = CloudSet("train", len(test), len(whole), held_out=VALIDATION_SHARE)
    if label_per_class is not None:
        train = draw_per_class(train, label_per_class, run.seed)
    train_clouds = CloudSet("train", len(train), len(whole), per_class=label_per_class)
    return ProbeSplits(train, test, train_clouds, test_clouds)
