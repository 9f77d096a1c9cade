"""Methods and supervised models of this package with the interface of Open3D-ML's models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from conclu_pyg.open3d_ml.sections import section_of


class Open3DMLModel:
    """A description of a model, which the pipeline builds, since it may depend on the labels of the data set.

    Args:
        ckpt_path: a run or a checkpoint for ``run_test`` and ``run_inference`` (default: the run of ``run_train``, or
            otherwise the newest run with the same config).
        **arguments: of the model.

    Attributes:
        section: its section of the config.
    """

    registered: ClassVar[str]

    def __init__(self, ckpt_path: str | None = None, **arguments: Any) -> None:
        self.ckpt_path = ckpt_path
        self.section: Mapping[str, Any] = section_of(self.registered, arguments)


def model_class(name: str) -> type[Open3DMLModel]:
    """Return the class for Open3D-ML of a model of :data:`~conclu_pyg.METHODS` or :data:`~conclu_pyg.TASKS`."""
    return type(name, (Open3DMLModel,), {"registered": name, "__module__": __name__})
