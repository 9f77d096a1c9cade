"""The report of a finished run."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import torch

from conclu_pyg.errors import one_line
from conclu_pyg.pipelines.plan import TrainingPlan
from conclu_pyg.processes import as_one_process
from conclu_pyg.runs.folder import REPORT_NAME
from conclu_pyg.text import pluralize, printable

logger = logging.getLogger(__name__)


def write_report_file(pipeline: TrainingPlan, folder: Path) -> None:
    """Write ``report.html`` into the folder of a finished run, of at most 200 clouds; nothing with
    ``pipeline.report=false``.

    A training is finished without its report: a fault is logged as a warning. Of several processes the first one calls
    this, and the others wait for it.

    Args:
        pipeline: the pipeline that was trained.
        folder: the run's folder.
    """
    path = folder / REPORT_NAME
    if not pipeline.report:
        return
    from conclu_pyg.reports.of_run import report_run  # imports this package
    from conclu_pyg.reports.options import MAX_CLOUDS_AFTER_TRAINING, ReportOptions
    from conclu_pyg.runs.loaded_run import load_run

    devices = [pipeline.fabric.device] if pipeline.fabric.device.type == "cuda" else []
    try:
        with as_one_process(), torch.random.fork_rng(devices):
            run = replace(load_run(folder), open_dataset=lambda: pipeline.dataset)
            split_name, split = pipeline.report_split()
            options = ReportOptions(clouds=MAX_CLOUDS_AFTER_TRAINING)
            written = report_run(run, path, options, split_name=split_name, split=split)
    except Exception as error:  # of a user's encoder, for example: the run is complete without its report
        logger.warning(
            printable(
                f"{path} was not written ({type(error).__name__}: {one_line(error)}); the run is complete. "
                f"`conclu report {folder}` tries again, and pipeline.report=false leaves it out"
            )
        )
        return
    left_out = "; it names what is left out" if written.left_out else ""
    shown = pluralize(written.clouds, "cloud")
    logger.info(printable(f"report of {shown} of the {split_name} split: {path}{left_out}"))
