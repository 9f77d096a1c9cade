"""Predictions for files of clouds: labels, coloured clouds, pictures, a page to turn them on, windows."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

from conclu_pyg.errors import ConcluError, ConcluWarning, ConfigError, one_line
from conclu_pyg.inference.answers import TEST, Answers
from conclu_pyg.inference.category import check_categories
from conclu_pyg.inference.inputs import Inputs, check_out
from conclu_pyg.inference.options import Options
from conclu_pyg.inference.prediction import Prediction, in_total
from conclu_pyg.inference.run_predictor import make_predictor, upward, upward_in_words
from conclu_pyg.inference.show import Show, check_library
from conclu_pyg.inference.truth import check_truth
from conclu_pyg.inference.written import Written
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.tasks.base import Task
from conclu_pyg.text import pluralize

logger = logging.getLogger(__name__)

OUT_NAME = "predictions"


def predict_files(run: LoadedRun, inputs: Inputs, options: Options) -> str:
    """Predicts for every cloud that is meant, writes and shows the answers, and gives a sentence about the files that
    could not be used, empty where all could; each of these is said when it is met, and the others go on.

    Args:
        run: a run that was trained on labels.
        inputs: the files.
        options: how.

    Raises:
        ConfigError: a run of pre-training, an option that does not fit it, or answers that are to be written among
            what is read.
        DataError: there is no truth or test split where one is wanted, or no file says its category.
        ConcluError: what is shown needs a library that is missing, or finds no way to draw.
    """
    out = options.out or run.folder / OUT_NAME
    _check(run, inputs, options, out)
    predictor = make_predictor(run, options)
    split = run.dataset.get_split("test") if options.test else None
    for sentence in inputs.passed_over:
        logger.info(sentence)
    logger.info(upward_in_words(run, options))
    with Written(out, str(run.folder), run.method.label_names) as written:
        answers = Answers(run, predictor, options, written.unused, inputs.tops)
        shown = _Shown(written, _show(run, options, written))
        for path in inputs.files:
            shown.add_all(answers.of_file(path), str(path))
        if split is not None:
            shown.add_all(answers.of_test(split), TEST)
        if len(shown.rights) > 1:
            logger.info(in_total(shown.rights, run.method.requires_category))
        if len(written):
            logger.info(
                f"written: {out}, for {pluralize(len(written), 'cloud')} the points in colours (.ply) and their labels "
                "(.npy), and the answers as a table (predictions.csv)"
            )
        shown.show.finish()
    unusable = shown.unusable | answers.unusable
    return _problems(unusable, answers.without_truth - unusable)


class _Shown:
    """Writes and shows predictions, and remembers what came of them.

    Attributes:
        rights: what is right, of each cloud whose truth is known.
        unusable: the files that could not be read to their end, and those of which not every answer could be written.
    """

    def __init__(self, written: Written, show: Show) -> None:
        self.written, self.show = written, show
        self.rights: list[float] = []
        self.unusable: set[str] = set()

    def add_all(self, predictions: Iterator[Prediction], source: str) -> None:
        """Those of a file; of one that cannot be used, or not to its end, it is said why."""
        last = ""
        try:
            for prediction in predictions:
                self._add(prediction)
                last = prediction.name
        except (ConcluError, OSError) as error:  # of the file, or of a library that its kind needs
            said = str(error) if isinstance(error, ConcluError) else f"{source} cannot be read ({one_line(error)})."
            warnings.warn(f"{said} No cloud after {last} was predicted." if last else said, ConcluWarning, stacklevel=2)
            self.unusable.add(source)

    def _add(self, prediction: Prediction) -> None:
        try:
            self.written.add(prediction)
        except OSError as error:  # of this cloud alone
            warnings.warn(
                f"{prediction.source}, {prediction.name}: the answer cannot be written ({one_line(error)}).",
                ConcluWarning,
                stacklevel=2,
            )
            self.unusable.add(prediction.source)
            return
        logger.info(f"{prediction.source}, {prediction.name}: {prediction.answer}; {prediction.effort}")
        for note in prediction.notes:
            logger.info(f"  note: {note}")
        if prediction.right is not None:
            self.rights.append(prediction.right)
        self.show.add(prediction)


def _check(run: LoadedRun, inputs: Inputs, options: Options, out: Path) -> None:
    """Refuses what cannot be, before anything is predicted or written."""
    check_library(options.png, options.show, options.renderer or "open3d")
    if not isinstance(run.method, Task):
        raise ConfigError(
            f"{run.folder} was pre-trained without labels, so it has nothing to predict; fine-tune it first, by "
            f"`tools/train.py configs/partseg_pointnet.yaml model.encoder.checkpoint={run.folder}` or with another "
            "such config, and name the run that it makes."
        )
    if not run.method.requires_category and (options.category is not None or options.truth is not None):
        raise ConfigError(f"a {type(run.method).__name__} takes no --category and no --truth; leave them out.")
    if run.method.requires_category:
        check_categories(inputs.tops, run.method.labels.classes, options.category)
    check_truth(options.truth, inputs.files)
    if options.test:
        run.check_labels()
    check_out(out, [*inputs.named, *inputs.files, *([options.truth] if options.truth else [])])


def _problems(unusable: set[str], without_truth: set[str]) -> str:
    what = [f"{pluralize(len(unusable), 'file')} could not be used"] if unusable else []
    what += [f"{pluralize(len(without_truth), 'file')} had no truth that could be used"] if without_truth else []
    return f"{', and '.join(what)}; the warnings above say why." if what else ""


def _show(run: LoadedRun, options: Options, written: Written) -> Show:
    return Show(
        run.method.label_names,
        upward(run, options),
        written,
        f"{run.method.task.replace('_', ' ')} by {run.folder.name}, {'xyz'[upward(run, options)]} up",
        png=options.png,
        html=options.html,
        windows=options.show,
        renderer=options.renderer,
        window=options.window or "open3d",
    )
