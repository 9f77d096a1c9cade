"""Predict the classes or parts of clouds: conclu predict RUN FILE_OR_FOLDER ..."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from conclu_pyg.cli.loading_notice import announce_loading
from conclu_pyg.cli.terminal import console
from conclu_pyg.cli.trust import add_allow_imports
from conclu_pyg.cli.values import one_of, positive_int
from conclu_pyg.errors import ConfigError, DataError, one_line
from conclu_pyg.extras import is_installed, missing_extra
from conclu_pyg.launcher import refuse_several_processes
from conclu_pyg.runs.folder import find_checkpoint
from conclu_pyg.text import pluralize

if TYPE_CHECKING:
    from conclu_pyg.inference.inputs import Inputs
    from conclu_pyg.inference.prediction import Report
    from conclu_pyg.runs.loaded_run import LoadedRun

OVERRIDE = re.compile(r"[a-z]\w*(\.\w+)*=")
OUT_NAME = "predictions"  # in the folder of the run


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
    parser.add_argument("--png", action="store_true", help="draw a picture of each cloud")
    parser.add_argument("--html", action="store_true", help="write one interactive page of the clouds")
    parser.add_argument(
        "--show", action="store_true", help="open a window for each cloud; draws pictures if there is no display"
    )
    parser.add_argument(
        "--renderer", **one_of(("open3d", "matplotlib")), help="renderer of the pictures (default: open3d)"
    )
    parser.add_argument(
        "--window", **one_of(("open3d", "open3d-ml", "plain")), help="kind of the windows of --show (default: open3d)"
    )
    add_allow_imports(parser)


def run(options: argparse.Namespace) -> None:
    # These checks need no torch, whose import takes seconds.
    from conclu_pyg.inference.inputs import check_order, find_inputs

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
    reject_unused_overrides(overrides, test=bool(options.test))
    report = write_predictions(loaded, inputs, options)
    if report.drawing_error is not None:
        raise report.drawing_error
    if summary := report.summary():
        raise DataError(summary)


def _check_drawing(options: argparse.Namespace) -> None:
    """Rejects a renderer or window that nothing is drawn with, and drawings whose package is not installed."""
    for drawn, package in ((options.html, "plotly"), (options.png, "matplotlib")):
        if drawn and not is_installed(package):
            raise ConfigError(f"{missing_extra(package)}.")
    if options.renderer is not None and not (options.png or options.show):
        raise ConfigError(f"--renderer {options.renderer} needs --png or --show; add one of them, or leave it out.")
    if options.window is not None and not options.show:
        raise ConfigError(f"--window {options.window} needs --show; add it, or leave out --window.")


def write_predictions(run: LoadedRun, inputs: Inputs, options: argparse.Namespace) -> Report:
    """Predicts, writes, prints and shows clouds as the options say, and returns the problems with single clouds."""
    from conclu_pyg.inference.inputs import check_out
    from conclu_pyg.inference.output_folder import PredictionWriter
    from conclu_pyg.inference.predict_clouds import predict
    from conclu_pyg.inference.prediction import Report
    from conclu_pyg.inference.predictor import describe_up_axis, input_up_axis
    from conclu_pyg.inference.viewer import Viewer, check_library

    out, report = options.out or run.folder / OUT_NAME, Report()
    check_library(options.png, options.show, options.renderer or "open3d")
    predictions = predict(
        run,
        inputs,
        category=options.category,
        up=options.up,
        truth=options.truth,
        num_points=options.points,
        votes=options.votes,
        test=options.test,
        report=report,
    )
    check_out(out, [*inputs.names, *inputs.files, *([options.truth] if options.truth else [])])
    for sentence in inputs.skipped:
        console.print(sentence)
    console.print(describe_up_axis(run, options.up) + ("" if options.up else "; --up changes it"))
    accuracies: list[float] = []
    with PredictionWriter(out, str(run.folder), run.method.label_names) as writer:
        up_axis = input_up_axis(run, options.up)
        title = f"{run.method.task.replace('_', ' ')} by {run.folder.name}, {'xyz'[up_axis]} up"
        viewer = Viewer(
            run.method.label_names,
            up_axis,
            writer,
            report,
            title,
            png=options.png,
            html=options.html,
            windows=options.show,
            renderer=options.renderer,
            window=options.window,
        )
        for prediction in predictions:
            try:
                name = writer.add(prediction)
            except OSError as error:  # of this cloud alone
                cloud = f"{prediction.source}, {prediction.cloud.name}"
                report.add(prediction.source, f"{cloud}: cannot write the prediction ({one_line(error)}).")
                continue
            console.print(f"{prediction.source}, {name}: {prediction.summary}; {prediction.size_and_time}")
            for note in prediction.notes:
                console.print(f"  note: {note}")
            if prediction.accuracy is not None:
                accuracies.append(prediction.accuracy)
            viewer.add(name, prediction)
        viewer.finish()
    if len(accuracies) > 1:
        console.print(_overall_accuracy(accuracies, of_points=run.method.requires_category))
    if len(writer):
        console.print(
            f"predictions: {out} ({pluralize(len(writer), 'cloud')}; coloured points in .ply, labels in .npy, a table "
            "in predictions.csv)"
        )
    return report


def _overall_accuracy(accuracies: Sequence[float], *, of_points: bool) -> str:
    mean = 100 * sum(accuracies) / len(accuracies)
    if of_points:
        return f"total: {mean:.1f} % of the points correct, mean over {len(accuracies):,} clouds"
    return f"total: {sum(accuracies):,.0f} of {len(accuracies):,} clouds correct ({mean:.1f} %)"
