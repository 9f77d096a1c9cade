"""Predict parts or classes of clouds: tools/predict.py RUN FILE_OR_FOLDER ..."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from conclu_pyg.cli.loading_notice import announce_loading
from conclu_pyg.runs.folder import find_checkpoint

OVERRIDE = re.compile(r"[a-z]\w*(\.\w+)*=")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="run", help="a run folder that was trained on labels, or a checkpoint")
    parser.add_argument(
        "inputs",
        nargs="*",
        default=[],
        metavar="file_or_folder",
        help="clouds: .ply, .pcd, .npy, .txt, .off, .h5 …; also "
        "dataset.key=value, where the data of --test lie elsewhere now, and imports=[...], where a module does",
    )
    parser.add_argument(
        "--category", help="what the clouds in files are (default: the name of their file or folder says it)"
    )
    parser.add_argument(
        "--up", choices=("x", "y", "z"), help="which coordinate points up (default: as in the data of the training)"
    )
    parser.add_argument(
        "--truth",
        type=Path,
        metavar="FILE_OR_FOLDER",
        help="true parts beside which to show them: a file for one cloud, a folder with NAME.seg, .npy or .txt",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="where to write (default: RUN/predictions), apart from what is read"
    )
    parser.add_argument(
        "--points", type=int, metavar="N", help="points that the model sees at a time (default: the run's)"
    )
    parser.add_argument("--test", type=int, default=0, metavar="N", help="predict N clouds of the run's test split too")
    parser.add_argument("--png", action="store_true", help="draw a picture of each cloud")
    parser.add_argument("--html", action="store_true", help="write one page on which to turn and zoom the clouds")
    parser.add_argument(
        "--show", action="store_true", help="open a window for each cloud; without a display, draw pictures"
    )
    parser.add_argument(
        "--renderer", choices=("open3d", "matplotlib"), help="what draws the pictures of --png (default: open3d)"
    )
    parser.add_argument(
        "--window", choices=("open3d", "open3d-ml", "plain"), help="the window of --show (default: open3d)"
    )


def run(options: argparse.Namespace) -> None:
    from conclu_pyg.errors import ConfigError, DataError
    from conclu_pyg.inference.inputs import check_order, find_inputs
    from conclu_pyg.inference.options import Options

    wanted = Options(
        category=options.category,
        up=options.up,
        truth=options.truth,
        out=options.out,
        num_points=options.points,
        test=options.test,
        png=options.png,
        html=options.html,
        show=options.show,
        renderer=options.renderer,
        window=options.window,
    )
    overrides = [word for word in options.inputs if OVERRIDE.match(word) and not Path(word).exists()]
    names = [word for word in options.inputs if word not in overrides]
    # What is misspelt is known at once, before PyTorch is loaded.
    check_order(options.run, names)
    find_checkpoint(options.run)
    if not names and not wanted.test:
        raise ConfigError("nothing to predict: name files or folders of clouds, or give --test 3 for the test split.")
    inputs = find_inputs(names)
    announce_loading()

    from conclu_pyg.inference.predict import predict_files
    from conclu_pyg.inference.without_effect import check_overrides
    from conclu_pyg.runs.loaded_run import load_run

    loaded = load_run(options.run, overrides)
    check_overrides(overrides, loaded, wanted)
    if problems := predict_files(loaded, inputs, wanted):
        raise DataError(problems)
