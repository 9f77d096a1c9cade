"""Reports of indices and of folders of clouds."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from conclu_pyg._version import __version__
from conclu_pyg.errors import DataError
from conclu_pyg.inference.index import Index
from conclu_pyg.inference.index_update import update_index
from conclu_pyg.inference.inputs import Inputs
from conclu_pyg.reports.clouds import clouds_of_index
from conclu_pyg.reports.duplicates import duplicates_section
from conclu_pyg.reports.embeddings import EmbeddingSections
from conclu_pyg.reports.groups import clusters_of_clouds
from conclu_pyg.reports.options import MAX_CLOUDS, ReportOptions
from conclu_pyg.reports.outline import Outline, Written
from conclu_pyg.runs.frozen_encoder import Axis, FrozenEncoder
from conclu_pyg.text import pluralize
from conclu_pyg.vis.report.blocks import Facts
from conclu_pyg.vis.report.page import Section


def report_index(
    index: Index,
    path: str | Path,
    options: ReportOptions | None = None,
    *,
    skipped: Sequence[str] = (),
    origin: str = "of the index",
) -> Written:
    """Writes the report of an index: its encoder and files, a map, clusters, retrieval, and what was skipped. The files
    are read again for the pictures.

    Args:
        index: the index.
        path: the HTML file to write.
        options: see :class:`~conclu_pyg.reports.options.ReportOptions` (default: its defaults).
        skipped: a sentence for each folder of which files were skipped (default: none).
        origin: where the clouds are from, as the page states it (default: of the index).

    Raises:
        DataError: the index has no clouds, or the table of labels cannot be used.
        OSError: the file cannot be written.
    """
    options = options or ReportOptions()
    if not len(index.x):
        raise DataError(f"{index.folder} holds no clouds; add some with `conclu index FOLDER -o {index.folder}`.")
    clouds = clouds_of_index(index, options.labels, options.clouds or MAX_CLOUDS, options.workers)
    outline = Outline()
    outline.add(Section("Encoder and files", [Facts(_facts(index))]))
    groups = outline.attempt("clusters", partial(clusters_of_clouds, clouds, options.k))
    sections = EmbeddingSections(outline, clouds, origin, options.with_tsne)
    sections.add([] if groups is None else [groups])
    if options.with_duplicates:
        outline.add(outline.attempt("duplicates", partial(duplicates_section, index, clouds, options.workers)))
    else:
        outline.leave_out("duplicates, which take long to find; give --duplicates.")
    errors = [*skipped, *(error for file in index.files for error in file.errors)]
    return outline.write(Path(path), options.title or f"Report of {index.folder}", (), errors, clouds)


def report_files(
    inputs: Inputs,
    encoder: FrozenEncoder,
    path: str | Path,
    options: ReportOptions | None = None,
    *,
    up_axis: Axis | None = None,
) -> Written:
    """Writes the report of files, which are embedded first.

    Args:
        inputs: the files (:func:`~conclu_pyg.inference.inputs.find_inputs`).
        encoder: the encoder, on its device.
        path: the HTML file to write.
        options: see :class:`~conclu_pyg.reports.options.ReportOptions` (default: its defaults).
        up_axis: the coordinate that points up in the files (default: as in the data set of the encoder's training).

    Raises:
        DataError: none of the files can be used.
        OSError: the file cannot be written.
    """
    options = options or ReportOptions()
    title = options.title or f"Report of {', '.join(inputs.names)}"
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "index")
        index, update = update_index(place, encoder, inputs.input_roots, up_axis=up_axis, workers=options.workers)
    if not len(index.x):
        raise DataError(f"expected clouds, got none that can be used: {' '.join(update.errors[:3])}")
    written = report_index(
        index, path, replace(options, title=title), skipped=inputs.skipped, origin=f"in {', '.join(inputs.names)}"
    )
    return written._replace(refused=tuple(update.errors))


def _facts(index: Index) -> dict[str, object]:
    about = index.about
    blocks = (
        f"{about['block_size']:g}, overlap {about['block_overlap']:g}" if about["block_size"] is not None else "none"
    )
    roots = sorted({file.root for file in index.files})
    refused = sum(len(file.errors) for file in index.files)
    return {
        "encoder": about.get("encoder"),
        "fingerprint": about.get("fingerprint"),
        "features": about["channels"],
        "points of a cloud": f"up to {about.get('num_points')}",
        "up axis": about["up_axis"],
        "blocks": blocks,
        "files": f"{len(index.files):,} in {', '.join(roots)}",
        "clouds": f"{len(index.x):,}",
        "could not be used": pluralize(refused, "file or cloud", "files or clouds"),
        "written by": f"conclu_pyg {__version__}",
    }
