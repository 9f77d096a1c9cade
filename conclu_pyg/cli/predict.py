"""Predict the classes or parts of clouds: conclu predict RUN FILE_OR_FOLDER ..."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conclu_pyg.cli.json_output import add_json, print_json, silence
from conclu_pyg.cli.loading_notice import announce_loading
from conclu_pyg.cli.terminal import console
from conclu_pyg.cli.trust import add_allow_imports
from conclu_pyg.cli.values import one_of, positive_int
from conclu_pyg.errors import ConcluError, ConfigError, DataError, one_line
from conclu_pyg.extras import is_installed, missing_extra
from conclu_pyg.launcher import refuse_several_processes
from conclu_pyg.runs.folder import find_checkpoint
from conclu_pyg.text import pluralize, printable

if TYPE_CHECKING:
    from conclu_pyg.inference.inputs import Inputs
    from conclu_pyg.inference.prediction import Report
    from conclu_pyg.inference.training_features import TrainingData
    from conclu_pyg.runs.loaded_run import LoadedRun

OVERRIDE = re.compile(r"[a-z]\w*(\.\w+)*=")
OUT_NAME = "predictions"  # in the folder of the run
SHOWN = 10  # inputs up to which each cloud is printed
EXAMPLES = """examples:
  conclu predict runs/classifier parts/                  a table and a summary
  conclu predict runs/classifier parts/ --html --json    and a page of each class, and a JSON document
  conclu predict runs/segmenter scans/ --category chair  coloured points and the part of each point, too"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="run", help="a run that was trained on labels: its folder or a checkpoint")
    parser.add_argument(
        "inputs",
        nargs="*",
        default=[],
        metavar="file_or_folder",
        help="clouds: .ply, .pcd, .npy, .txt, .off, .h5 …; overrides such as dataset.dataset_path=FOLDER, if the data "
        "set of --test was moved, and imports=[...] of your own modules can stand between them",
    )
    parser.add_argument(
        "--category",
        help="class of the clouds in files, for part segmentation (default: from file or folder names)",
    )
    parser.add_argument("--up", **one_of("xyz"), help="up axis of the files (default: as in the training data)")
    parser.add_argument(
        "--truth",
        type=Path,
        metavar="FILE_OR_FOLDER",
        help="true parts to compare with: a label file for one cloud, or a folder with NAME.seg, .npy or .txt",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="output folder (default: RUN/predictions); must not contain an input"
    )
    parser.add_argument(
        "--points",
        type=positive_int,
        metavar="N",
        help="number of points that the model gets at a time (default: as in training)",
    )
    parser.add_argument(
        "--votes",
        type=positive_int,
        default=1,
        metavar="N",
        help="average over N copies of each cloud: the cloud itself and randomly scaled copies (default: 1)",
    )
    parser.add_argument(
        "--test", type=positive_int, default=0, metavar="N", help="also predict N clouds of the run's test split"
    )
    parser.add_argument(
        "--clouds",
        action=argparse.BooleanOptionalAction,
        help="write the points and the labels of each cloud, in addition to the table (default: for parts, not for "
        "classes)",
    )
    parser.add_argument("--png", action="store_true", help="draw a picture of each cloud")
    parser.add_argument(
        "--html",
        action="store_true",
        help="write a page: clouds of each predicted class, or for parts the first 60 clouds, to rotate and zoom",
    )
    parser.add_argument(
        "--show",
        action="store_true",
        help="open a window of the first 60 clouds at the end; draws pictures if there is no display",
    )
    parser.add_argument(
        "--renderer", **one_of(("open3d", "matplotlib")), help="renderer of the pictures (default: open3d)"
    )
    parser.add_argument(
        "--window", **one_of(("open3d", "open3d-ml", "plain")), help="kind of the windows of --show (default: open3d)"
    )
    parser.add_argument(
        "--workers",
        type=positive_int,
        metavar="N",
        help="processes that read the files of a classifier (default: one for each core)",
    )
    add_allow_imports(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    # These checks need no torch, whose import takes seconds.
    from conclu_pyg.inference.inputs import check_order, find_inputs

    silence(options)
    overrides = [word for word in options.inputs if OVERRIDE.match(word) and not Path(word).exists()]
    names = [word for word in options.inputs if word not in overrides]
    refuse_several_processes("predict")
    _check_drawing(options)
    check_order(options.run, names)
    checkpoint = find_checkpoint(options.run)
    if not names and not options.test:
        raise ConfigError("nothing to predict; give files or folders of clouds, or --test 3 for the test split.")
    inputs = find_inputs(names)
    announce_loading()

    from conclu_pyg.inference.predict_clouds import reject_unused_overrides
    from conclu_pyg.runs.loaded_run import load_run

    loaded = load_run(checkpoint, overrides, allow_imports=options.allow_imports)
    of_parts = _predicts_parts(loaded)
    reject_unused_overrides(overrides, opened=bool(options.test) or not of_parts)
    if of_parts and options.workers is not None:
        raise ConfigError(f"--workers {options.workers} has no effect on the prediction of parts; leave it out.")
    report = write_predictions(loaded, inputs, options, overrides)
    if report.drawing_error is not None:
        raise report.drawing_error
    if summary := report.summary():
        raise DataError(summary)


def _predicts_parts(run: LoadedRun) -> bool:
    return bool(getattr(run.method, "requires_category", False))


def _check_drawing(options: argparse.Namespace) -> None:
    """Rejects a renderer or window that nothing is drawn with, and drawings whose package is not installed."""
    _require(options.png, "matplotlib")
    if options.renderer is not None and not (options.png or options.show):
        raise ConfigError(f"--renderer {options.renderer} needs --png or --show; add one of them, or leave it out.")
    if options.window is not None and not options.show:
        raise ConfigError(f"--window {options.window} needs --show; add it, or leave out --window.")


def _require(drawn: bool, package: str) -> None:
    if drawn and not is_installed(package):
        raise ConfigError(f"{missing_extra(package)}.")


def write_predictions(
    run: LoadedRun, inputs: Inputs, options: argparse.Namespace, overrides: Sequence[str] = ()
) -> Report:
    """Predicts, writes, prints and shows clouds as the options say, and returns the problems with single clouds."""
    from conclu_pyg.inference.inputs import check_out
    from conclu_pyg.inference.output_folder import PAGE, PREDICTIONS, PredictionWriter, check_page
    from conclu_pyg.inference.predict_clouds import predict
    from conclu_pyg.inference.prediction import Report
    from conclu_pyg.inference.prediction_gallery import PredictionGallery
    from conclu_pyg.inference.prediction_summary import PredictionSummary
    from conclu_pyg.inference.predictor import describe_up_axis, input_up_axis
    from conclu_pyg.inference.viewer import Viewer, check_library

    out, report, of_parts = options.out or run.folder / OUT_NAME, Report(), _predicts_parts(run)
    clouds = of_parts if options.clouds is None else options.clouds
    check_library(options.png, options.show, options.renderer or "open3d")
    _require(options.html and of_parts, "plotly")
    arguments: dict[str, Any] = {
        "category": options.category,
        "up": options.up,
        "truth": options.truth,
        "num_points": options.points,
        "votes": options.votes,
        "test": options.test,
        "report": report,
        "whole_clouds": clouds,
        "workers": options.workers,
    }
    predict(run, inputs, **arguments)  # checks the arguments before the training clouds are read
    check_out(out, [*inputs.names, *inputs.files, *([options.truth] if options.truth else [])])
    if options.html:
        check_page(out)
    for sentence in inputs.skipped:
        console.print(sentence)
    console.print(describe_up_axis(run, options.up) + ("" if options.up else "; --up changes it"))
    training = None if of_parts else _training_data(run, overrides, options)
    predictions = predict(run, inputs, training=training, **arguments)
    summary, gallery = PredictionSummary(of_parts), PredictionGallery()
    up_axis = input_up_axis(run, options.up)
    title = f"{run.method.task.replace('_', ' ')} by {run.folder.name}, {'xyz'[up_axis]} up"
    printed = SHOWN if len(inputs.files) + options.test <= SHOWN else 0
    with PredictionWriter(out, str(run.folder), run.method.label_names, clouds) as writer:
        viewer = Viewer(
            run.method.label_names,
            up_axis,
            writer,
            report,
            title,
            png=options.png,
            html=options.html and of_parts,
            windows=options.show,
            renderer=options.renderer,
            window=options.window,
        )
        for prediction in predictions:
            try:
                name = writer.add(prediction)
            except OSError as error:  # of this cloud alone
                report.add(prediction.source, f"{prediction.title}: cannot write the prediction ({one_line(error)}).")
                continue
            if printed:
                printed -= 1
                console.print(f"{prediction.title}: {prediction.summary}; {prediction.size_and_time}")
                for note in prediction.notes:
                    console.print(f"  note: {note}")
            summary.add(prediction)
            viewer.add(name, prediction)
            if options.html and not of_parts:
                gallery.add(prediction)
        viewer.finish()
        for problem in report.problems:
            if problem.kind == "cloud":
                writer.refuse(problem.source, problem.message)
        lines = list(summary.lines(report))
        if options.html and not of_parts and len(writer):
            gallery.write(writer.page(PAGE), title, lines, up_axis)
            console.print(f"page: {out / PAGE}")
        rows = writer.rows
    for line in lines:
        console.print(line)
    if len(writer):
        files = "; coloured points in .ply, labels in .npy" if clouds else ""
        console.print(f"predictions: {out / PREDICTIONS} ({pluralize(len(writer), 'cloud')}{files})")
    if options.json:
        _print_document(run, rows, summary.as_dict(report), training)
    return report


def _training_data(run: LoadedRun, overrides: Sequence[str], options: argparse.Namespace) -> TrainingData | None:
    """Returns the training clouds of a classifier; prints why if clouds cannot be compared with them."""
    from conclu_pyg.inference.training_features import load_training_data

    expected = run.checkpoint.num_points
    if options.points not in (None, expected):
        console.print(
            f"not compared with the training data: --points {options.points:,} is not the {expected:,} of the training",
            style="yellow",
        )
        return None
    try:
        return load_training_data(run, overrides, allow_imports=options.allow_imports)
    except ConcluError as error:
        console.print(f"not compared with the training data: {error}", style="yellow")
        return None


def _print_document(
    run: LoadedRun, rows: Sequence[dict[str, object]], summary: dict[str, Any], training: TrainingData | None
) -> None:
    cells = [{key: printable(value) if isinstance(value, str) else value for key, value in row.items()} for row in rows]
    print_json(
        {
            "run": printable(run.folder),
            "training_data": None if training is None else printable(training.title),
            "summary": summary,
            "predictions": cells,
        }
    )
