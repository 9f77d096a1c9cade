"""Predictions for files of clouds: labels, coloured clouds, pictures, a page to turn them on, windows."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch_geometric.data import Data
from torch_geometric.transforms import Compose

from conclu_pyg.arguments import settings_of
from conclu_pyg.data.base import DEFAULT_TRANSFORM
from conclu_pyg.data.readers.any_cloud import read_clouds
from conclu_pyg.engine.files import atomic_write
from conclu_pyg.engine.progress import console, warn
from conclu_pyg.errors import ConcluError, ConfigError, one_line
from conclu_pyg.evaluation.loaded_run import LoadedRun
from conclu_pyg.inference.inputs import category_of, check_out, check_truth, cloud_files, file_name, true_parts
from conclu_pyg.inference.predict_cloud import Predictor
from conclu_pyg.inference.show import Prediction, Show
from conclu_pyg.methods.base import task_of
from conclu_pyg.registry import DATASETS
from conclu_pyg.transforms import compose
from conclu_pyg.transforms.turn_upright import TurnUpright
from conclu_pyg.vis.colors import hex_of
from conclu_pyg.vis.ply import write_ply

OUT_NAME = "predictions"


@dataclass(frozen=True)
class Options:
    """How predictions are made and shown.

    Args:
        category: of all clouds; ``None`` takes it from the names of their folders and files.
        up: the coordinate that points up, ``x``, ``y`` or ``z``; ``None`` for that of the training's data.
        truth: a file or folder of true parts (see :func:`~conclu_pyg.inference.inputs.true_parts`).
        out: the folder to write into (default: ``predictions`` in the run's folder).
        num_points: how many points the model is given at a time (default: as many as in its training data).
        test: how many clouds of the run's test split to predict beside the files, with their truth (default: none).
        png, html, show: whether to draw pictures, a page, windows.
        renderer: of the pictures, ``open3d`` or ``matplotlib``.
        window: which window, see :func:`~conclu_pyg.vis.window.show_windows`.
    """

    category: str | None = None
    up: str | None = None
    truth: Path | None = None
    out: Path | None = None
    num_points: int | None = None
    test: int = 0
    png: bool = False
    html: bool = False
    show: bool = False
    renderer: str = "open3d"
    window: str = "open3d"


def predict_files(run: LoadedRun, inputs: Sequence[str], options: Options) -> int:
    """Predicts for every cloud in files and folders, writes and shows the answers, and gives how many files could not
    be used; each of these is said in a sentence, and the others go on.

    Args:
        run: a run that was trained on labels.
        inputs: files and folders.
        options: how.

    Raises:
        ConfigError: a run of pre-training, an option that does not fit it, or answers that are to be written among
            what is read.
        DataError: a name that is neither file nor folder.
        ConcluError: what is shown needs a library that is missing, or finds no way to draw.
    """
    files = cloud_files(inputs)
    out = options.out or run.folder / OUT_NAME
    check_out(out, [*inputs, *([options.truth] if options.truth else [])], files)
    check_truth(options.truth, files)
    predictor = make_predictor(run, options)
    out.mkdir(parents=True, exist_ok=True)
    _write_names(run.method, out)
    taken: set[str] = set()
    sources = [(str(path), _predict_file(run, predictor, path, options, taken)) for path in files]
    if options.test:
        sources.append(("test split", _predict_test(run, predictor, options.test, _axis(run, options), taken)))
    show = _show(run, options, out)
    unusable = 0
    for source, predictions in sources:
        unusable += not _write_all(source, predictions, out, show)
    if show.shown:
        console.print(f"written: {out}, for {show.shown} clouds the points in colours (.ply) and their labels (.npy)")
    if unusable:
        warn(f"{unusable} of {len(files)} files could not be used; see above.")
    show.finish()
    return unusable


def _write_all(source: str, predictions: Iterator[Prediction], out: Path, show: Show) -> bool:
    """Whether every cloud of a file could be used and written; of those that could not, it is said why."""
    complete = True
    try:
        for prediction in predictions:
            try:
                _write(prediction, source, out)
            except OSError as error:  # of this cloud alone
                warn(f"{source}, {prediction.name}: the answer cannot be written ({one_line(error)}).")
                complete = False
            else:
                show.add(prediction)
    except (ConcluError, OSError) as error:  # of the file, or of a library that its kind needs
        warn(str(error) if isinstance(error, ConcluError) else f"{source} cannot be read ({one_line(error)}).")
        return False
    return complete


def _show(run: LoadedRun, options: Options, out: Path) -> Show:
    return Show(
        run.method.label_names,
        _axis(run, options),
        out,
        f"{run.method.task.replace('_', ' ')} by {run.folder.name}",
        png=options.png,
        html=options.html,
        windows=options.show,
        renderer=options.renderer,
        window=options.window,
    )


def _write(prediction: Prediction, source: str, out: Path) -> None:
    console.print(f"{source}, {prediction.name}: {prediction.answer}")
    for note in prediction.notes:
        console.print(f"  note: {note}")
    write_ply(out / f"{prediction.name}.ply", prediction.pos, prediction.labels)
    with atomic_write(out / f"{prediction.name}_labels.npy") as file:
        np.save(file, prediction.labels, allow_pickle=False)


def make_predictor(run: LoadedRun, options: Options) -> Predictor:
    """The model of a run, ready for clouds.

    Raises:
        ConfigError: a run of pre-training, or an option that does not fit it.
    """
    if not task_of(run.method):
        raise ConfigError(
            f"{run.folder} was pre-trained without labels, so it has nothing to predict; fine-tune it first, by "
            f"`tools/train.py configs/partseg_pointnet.yaml model.encoder.checkpoint={run.folder} "
            "pipeline.run_dir=runs/parts` or with another such config, and name that run."
        )
    if not run.method.given and (options.category or options.truth):
        raise ConfigError(f"a {type(run.method).__name__} takes no --category and no --truth; leave them out.")
    num_points = _num_points(run) if options.num_points is None else options.num_points
    if num_points < 1:
        raise ConfigError(f"--points must be at least 1, found {num_points}.")
    found = _axis(run, options)
    steps = _settings(run).get("transform")
    steps = DEFAULT_TRANSFORM if steps is None else steps
    prepare = Compose([compose(steps, vertical_axis=found), TurnUpright(found, run.vertical_axis)])
    return Predictor(run.method.to(run.device).eval(), prepare, num_points, run.device, run.seed)


def _settings(run: LoadedRun) -> dict[str, Any]:
    """What the run's data set is built with: its config, and the defaults of its class."""
    named = DATASETS.look_up(run.config["dataset"])
    return settings_of(named.cls, named.arguments)


def _num_points(run: LoadedRun) -> int:
    """How many points the clouds of the training had, as its config or the data set's class says it; else the data
    set is opened and its clouds are looked at."""
    said = _settings(run).get("num_points")
    return int(run.dataset.get_split("test").pos.shape[1] if said is None else said)


def _predict_file(
    run: LoadedRun, predictor: Predictor, path: Path, options: Options, taken: set[str]
) -> Iterator[Prediction]:
    model = run.method
    for cloud in read_clouds(path):
        category, truth, notes = 0, None, cloud.notes
        if model.given:
            category = category_of(path, model.labels.classes, options.category)
            truth, told = true_parts(path, cloud, options.truth, model.labels.class_parts[category])
            notes = (*notes, *told)
        yield _predict(model, predictor, _unused(cloud.name, taken), cloud.points, category, truth, notes)


def _predict_test(run: LoadedRun, predictor: Predictor, clouds: int, up: int, taken: set[str]) -> Iterator[Prediction]:
    """Clouds of the test split, evenly spread over it, turned as the files are said to stand, with their truth where
    that is a part at each point."""
    split = run.dataset.get_split("test")
    turn = TurnUpright(run.dataset.vertical_axis, up)
    for index in np.linspace(0, len(split) - 1, min(clouds, len(split))).round().astype(int):
        truth = None if split.part is None or not run.method.given else np.asarray(split.part[index], dtype=np.int64)
        name = _unused(split.names[index], taken)
        pos = turn(Data(pos=torch.from_numpy(np.array(split.pos[index])))).pos.numpy()
        yield _predict(run.method, predictor, name, pos, int(split.y[index]), truth)


def _predict(
    model: Any,
    predictor: Predictor,
    name: str,
    pos: np.ndarray,
    category: int,
    truth: np.ndarray | None,
    notes: Sequence[str] = (),
) -> Prediction:
    began = time.perf_counter()
    if model.given:
        labels = predictor.label_points(pos, category)
        answer = _parts_in_words(model, category, labels)
        if truth is not None:
            answer += f"; {100 * np.mean(truth == labels):.1f} % of the points right"
    else:
        probability = predictor.classify(pos)
        best = int(probability.argmax())
        labels = np.full(len(pos), best)
        answer = f"{model.labels.classes[best]} ({100 * probability[best]:.0f} %)"
    answer += f"; {len(pos):,} points in {time.perf_counter() - began:.1f} s"
    return Prediction(name, pos, labels, answer, truth, notes)


def _parts_in_words(model: Any, category: int, labels: np.ndarray) -> str:
    points = np.bincount(labels, minlength=len(model.labels.parts))
    shares = [
        f"{_short(model.labels.parts[part])} {100 * points[part] / len(labels):.0f} %"
        for part in model.labels.class_parts[category]
        if points[part]
    ]
    return f"{model.labels.classes[category]}: {', '.join(shares)}"


def _short(part: str) -> str:
    """``leg`` of ``chair/leg``."""
    return part.rsplit("/", 1)[-1]


def _unused(name: str, taken: set[str]) -> str:
    """A name of a file that no cloud before has, so that no answer is written over another; not even where upper and
    lower case are the same."""
    name = file_name(name)
    numbered = (f"{name}-{i}" for i in count(2))
    unused = next(candidate for candidate in chain([name], numbered) if candidate.casefold() not in taken)
    taken.add(unused.casefold())
    return unused


def _write_names(model: Any, out: Path) -> None:
    """What the labels mean, and their colours."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["label", "name", "color"])
    writer.writerows((label, name, hex_of(label)) for label, name in enumerate(model.label_names))
    with atomic_write(out / "labels.csv") as file:
        file.write(text.getvalue().encode())


def _axis(run: LoadedRun, options: Options) -> int:
    """The coordinate that points up in the clouds as they were read."""
    return run.data_axis if options.up is None else "xyz".index(options.up)
