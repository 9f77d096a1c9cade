"""The base class of pipelines: a training plan that runs itself."""

from __future__ import annotations

from pathlib import Path

from conclu_pyg.pipelines.loop import TrainingLoop
from conclu_pyg.pipelines.plan import TrainingPlan


class Pipeline(TrainingPlan):
    """Trains a model on a data set; see :class:`~conclu_pyg.pipelines.plan.TrainingPlan` for its options and hooks."""

    def run_train(self, resume: str | Path | None = None) -> Path:
        """Train for ``epochs`` and return the run folder.

        A resumed run ends with the weights and metrics of one that was never interrupted: on a CPU bit for bit, if the
        number of threads is the same.

        Args:
            resume: the folder of a run of the same config, to train on from its newest checkpoint (default: a new run).

        Raises:
            KeyboardInterrupt: after a signal, once the state is saved.
            ConfigError: clouds that are too few, a run folder that cannot be made, or a run to resume that has another
                config.
            CheckpointError: the run to resume has no checkpoint that can be read.
            ConcluError: the loss or a weight is not finite.
        """
        return TrainingLoop(self).run(None if resume is None else Path(resume))
