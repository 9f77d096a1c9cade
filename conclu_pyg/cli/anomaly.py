"""Find clouds that differ from normal ones: conclu anomaly NORMAL/ NEW/."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from conclu_pyg.cli.encoder_options import add_encoder_options, load_chosen_encoder
from conclu_pyg.cli.json_output import add_json, print_json, silence
from conclu_pyg.cli.outputs import add_output
from conclu_pyg.cli.terminal import console, print_warning
from conclu_pyg.errors import DataError
from conclu_pyg.text import pluralize, printable

if TYPE_CHECKING:
    from conclu_pyg.inference.anomaly_labels import Evaluation

SHOWN = 10  # clouds that are printed
MEANING = "1 is the 95th percentile of the leave-one-out scores of the normal clouds; above 1 a cloud is an anomaly"
EXAMPLES = f"""The clouds must have the orientation of the normal ones: nothing is registered, and a turned part is
an anomaly. Size and position do not matter with the encoders that the package ships, since they scale each cloud to the
unit sphere.

Scores: {MEANING}.
So at least 5 % of normal clouds are called anomalies. The global score compares clouds as a whole, the local one their
most unusual 1 % of points.

examples:
  conclu anomaly good/ incoming/
  conclu anomaly good/ incoming/ --csv scores.csv --html scores.html --out heat_maps/
  conclu anomaly parts/good/ parts/ --labels folders       with parts/good/, parts/dented/ and others: the AUROC"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("normal", help="folder of normal clouds, at least 2 and better 20 or more; or a file")
    parser.add_argument("new", nargs="+", help="folders or files of the clouds to score")
    parser.add_argument(
        "--labels",
        metavar="folders|FILE",
        help="labels of the new clouds for the AUROC: 'folders', or a CSV with columns file,class; those of normal "
        "clouds are 'normal' or 'good'",
    )
    add_output(parser, "--csv", help="table: file,score,global,local,anomalous")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="folder to write: a PLY file for each cloud, points coloured by score",
    )
    add_output(parser, "--html", help="page with the 60 most anomalous clouds")
    parser.add_argument("--seed", type=int, default=0, help="seed of the choice of local features (default: 0)")
    add_encoder_options(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    from conclu_pyg.inference.inputs import find_inputs

    silence(options)
    normal, new = (find_inputs(names, max_files=None) for names in (options.normal, options.new))
    for sentence in dict.fromkeys((*normal.skipped, *new.skipped)):
        console.print(sentence)
    encoder = load_chosen_encoder(options)

    from conclu_pyg.inference.anomaly import Scores, learn_normal, score_inputs
    from conclu_pyg.inference.anomaly_labels import evaluate_scores
    from conclu_pyg.inference.anomaly_output import COLUMNS, HeatMaps, MostAnomalous, score_array, to_row
    from conclu_pyg.inference.cloud_labels import labels_of
    from conclu_pyg.inference.table import write_table

    errors: list[str] = []

    def refuse(error: str) -> None:
        errors.append(error)
        console.print(f"not used: {error}", style="yellow")

    heat_maps = HeatMaps(options.out, [options.normal, *options.new]) if options.out else None
    detector = learn_normal(encoder, normal, refuse, up_axis=options.up, workers=options.workers, seed=options.seed)
    for warning in detector.warnings:
        print_warning(warning)
    names: list[str] = []
    scores: list[Scores] = []
    most = MostAnomalous()
    with ExitStack() as stack:
        written = stack.enter_context(heat_maps) if heat_maps else None
        for cloud, found in score_inputs(detector, new, refuse, options.workers):
            names.append(cloud.name)
            if written:
                written.add(cloud, found)
            if options.html:
                most.add(cloud, found)
            scores.append(replace(found, points=found.points[:0]))  # which take the memory
    if not names:
        raise DataError("none of the new clouds can be used; see the sentences above.")
    values = score_array(scores)
    order = sorted(range(len(names)), key=lambda row: (-values[row, 0], names[row]))

    for row in order[:SHOWN]:
        console.print(f"{values[row, 0]:>7.2f}  {names[row]}")
    anomalies = sum(each.anomalous for each in scores)
    summary = (
        f"{anomalies:,} of {pluralize(len(names), 'cloud')} with a score above 1, next to "
        f"{pluralize(len(detector.memory), 'normal cloud')}"
    )
    console.print(f"{summary}; {MEANING}")
    if options.csv:
        write_table(options.csv, COLUMNS, (to_row(names[row], scores[row]) for row in order))
        console.print(f"table: {options.csv}")
    if options.html:
        up_axis = encoder.data_axis if options.up is None else "xyz".index(options.up)
        lines = [f"{summary}.", f"{MEANING}.", *detector.warnings]
        most.write(options.html, f"Anomalies in {', '.join(options.new)}", lines, up_axis)
        console.print(f"page: {options.html}")
    if heat_maps:
        console.print(f"clouds with scores: {options.out}")
    labels = labels_of(names, options.labels)  # after the outputs, which stay if there is no label
    evaluation = None if labels is None else evaluate_scores(labels, values)
    if evaluation:
        _print_evaluation(evaluation)
    if options.json:
        listed = [dict(zip(COLUMNS, to_row(printable(names[row]), scores[row]), strict=True)) for row in order]
        for entry in listed:
            entry["anomalous"] = entry["anomalous"] == "yes"
        document = {"normal": len(detector.memory), "encoder": encoder.source, "fingerprint": encoder.fingerprint}
        result = None if evaluation is None else vars(evaluation)
        print_json(
            {**document, "warnings": detector.warnings, "errors": errors, "evaluation": result, "clouds": listed}
        )
    if errors:
        raise DataError(f"{pluralize(len(errors), 'file or cloud', 'files or clouds')} could not be used.")


def _print_evaluation(evaluation: Evaluation) -> None:
    anomalies = sum(evaluation.anomalies.values())
    auroc = evaluation.auroc
    console.print(
        f"AUROC {auroc['score']:.3f} (global {auroc['global']:.3f}, local {auroc['local']:.3f}) of "
        f"{pluralize(anomalies, 'anomaly', 'anomalies')} and {pluralize(evaluation.normal, 'normal cloud')}: "
        f"above 1 are {evaluation.found:.0%} of the anomalies and {evaluation.false_alarms:.0%} of the normal clouds"
    )
    for label, count in evaluation.anomalies.items():
        console.print(f"  {label}: AUROC {evaluation.by_label[label]:.3f} ({pluralize(count, 'cloud')})")
