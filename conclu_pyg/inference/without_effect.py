"""Overrides of a run that would change nothing in its predictions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from conclu_pyg.errors import ConfigError
from conclu_pyg.inference.options import Options
from conclu_pyg.runs.loaded_run import LoadedRun

FOR_FILES = ("name", "transform")  # of a data set: how clouds are prepared, where the config or the class says it


def check_overrides(overrides: Sequence[str], run: LoadedRun, options: Options) -> None:
    """Refuses ``dataset.key=value`` where no data set is opened, but for what says how clouds are prepared.

    One is opened for clouds of the test split; and it is asked, where a checkpoint of an older version does not know
    it, which coordinate points up, or how many points the clouds had.

    Args:
        overrides: those that the run was loaded with.
        run: the run.
        options: how it is to predict.

    Raises:
        ConfigError: one that is without effect.
    """
    size_known = run.checkpoint.num_points > 0 or options.num_points is not None
    if options.test or run.checkpoint.up_axis is None or not size_known:
        return
    keys = [re.split(r"[.\[=]", override)[:2] for override in overrides]
    idle = [".".join(key) for key in keys if key[0] == "dataset" and key[1] not in FOR_FILES]
    if idle:
        raise ConfigError(
            f"{' and '.join(dict.fromkeys(idle))} would change nothing, for no data set is opened to predict files; "
            "leave it out, or add --test 3 to predict clouds of the test split too."
        )
