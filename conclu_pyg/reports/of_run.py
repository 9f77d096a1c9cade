"""Reports of runs."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.errors import DataError
from conclu_pyg.methods.base import clusters_of
from conclu_pyg.reports.clouds import ReportClouds, clouds_of_split
from conclu_pyg.reports.curves import curves_section, health_section, metrics_of
from conclu_pyg.reports.duplicates import split_duplicates_section
from conclu_pyg.reports.embeddings import EmbeddingSections
from conclu_pyg.reports.groups import Groups, clusters_of_clouds, prototypes_of_clouds
from conclu_pyg.reports.options import MAX_SPLIT_CLOUDS, ReportOptions
from conclu_pyg.reports.outline import Outline, Written
from conclu_pyg.reports.predictions import prediction_sections
from conclu_pyg.reports.provenance import provenance_section
from conclu_pyg.reports.results import results_section
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.runs.records import RESULTS_NAME, Record, read_records
from conclu_pyg.tasks.base import Task


def report_run(
    run: LoadedRun,
    path: str | Path,
    options: ReportOptions | None = None,
    *,
    split_name: str = "test",
    split: PointCloudSplit | None = None,
) -> Written:
    """Writes the report of a run: its configuration, curves, collapse statistics and results, a map of its embeddings,
    prototypes or clusters, retrieval, for a supervised model its predictions, and by option duplicates.

    Args:
        run: the run.
        path: the HTML file to write.
        options: see :class:`~conclu_pyg.reports.options.ReportOptions` (default: its defaults).
        split_name: the split of its data set that is shown (default: test).
        split: the clouds of the split (default: they are read from the data set).

    Raises:
        OSError: the file cannot be written.
    """
    options = options or ReportOptions()
    outline = Outline()
    method = clusters_of(run.method)
    outline.add(provenance_section(run))
    metrics = outline.attempt("curves", partial(metrics_of, run.folder)) or {}
    outline.add(outline.attempt("curves", partial(curves_section, metrics)))
    num_clusters = 0 if method is None else method.num_clusters
    outline.add(outline.attempt("collapse statistics", partial(health_section, metrics, num_clusters)))
    records = outline.attempt("results", partial(_records, run))
    outline.add(outline.attempt("results", partial(results_section, records)) if records else None)
    clouds = outline.attempt("clouds", partial(_clouds, run, split_name, split, options))
    if clouds is not None:
        groups = _groups(outline, run, clouds, options)
        EmbeddingSections(outline, clouds, f"of the {split_name} split", options.with_tsne).add(groups)
        if isinstance(run.method, Task):
            part = clouds.split
            assert part is not None  # of a run
            find = partial(prediction_sections, run, part, split_name, clouds.total)
            for section in outline.attempt("predictions", find) or ():
                outline.add(section)
        if options.with_duplicates:
            find_pairs = partial(split_duplicates_section, clouds, options.workers)
            outline.add(outline.attempt("duplicates", find_pairs))
    return outline.write(Path(path), options.title or f"Report of {run.folder}", clouds=clouds)


def _records(run: LoadedRun) -> list[Record]:
    path = run.folder / RESULTS_NAME
    if not path.is_file():
        raise DataError(
            f"the run was not evaluated yet; `conclu evaluate {run.folder}` measures it, and then "
            f"`conclu report {run.folder}` shows it.",
            file=path,
        )
    return read_records(path)


def _clouds(run: LoadedRun, split_name: str, split: PointCloudSplit | None, options: ReportOptions) -> ReportClouds:
    found = run.split(split_name) if split is None else split
    if not len(found):
        raise DataError(f"the {split_name} split has no clouds.")
    return clouds_of_split(run, found, options.clouds or MAX_SPLIT_CLOUDS)


def _groups(outline: Outline, run: LoadedRun, clouds: ReportClouds, options: ReportOptions) -> list[Groups]:
    """Returns the prototypes of a method that has some, and otherwise clusters."""
    method = clusters_of(run.method)
    if method is not None:
        groups = outline.attempt("prototypes", partial(prototypes_of_clouds, run, method, clouds))
    else:
        groups = outline.attempt("clusters", partial(clusters_of_clouds, clouds, options.k))
    return [] if groups is None else [groups]
