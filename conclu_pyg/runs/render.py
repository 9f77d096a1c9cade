"""Sentences from the fields of records and checkpoints. Nothing is grouped or compared by them."""

from __future__ import annotations

from collections.abc import Sequence

from conclu_pyg.runs.protocol import Classifier, Protocol, Weights
from conclu_pyg.runs.provenance import CloudSet, EncoderTreatment, Mismatches
from conclu_pyg.runs.records import Record
from conclu_pyg.text import pluralize

RANDOM = "random weights"


def render_protocol(protocol: Protocol) -> str:
    """Returns one sentence, without a full stop, that holds every fact of the protocol."""
    parts = _supervised(protocol) if protocol.model else _probe(protocol)
    return "; ".join([render_weights(protocol.weights), *parts])


def render_weights(weights: Weights) -> str:
    """Returns the weights that were measured, such as ``weights after epoch 23 of 40``."""
    if weights.kind == "random":
        return RANDOM
    if weights.kind == "best":
        selected_on = "the validation clouds" if weights.selected_on is None else render_clouds(weights.selected_on)
        return f"weights of the best epoch on {selected_on}"
    planned = f" of {weights.planned_epochs}" if weights.planned_epochs else ""
    batches = pluralize(weights.extra_batches, "batch", "batches")
    return f"weights after epoch {weights.epoch}{planned}" + (
        f" and {batches} of an interrupted epoch" if weights.extra_batches else ""
    )


def render_clouds(clouds: CloudSet) -> str:
    """Returns a set of clouds, such as ``98 of 9,843 clouds (train split, 1 % of the labels)``."""
    number = f"{clouds.num_clouds:,}" + (f" of {clouds.available:,}" if clouds.num_clouds != clouds.available else "")
    facts = [f"{clouds.split} split", *([labels] if (labels := render_labels(clouds)) else [])]
    facts += [f"{clouds.held_out:.0%} held out"] if clouds.held_out else []
    return f"{number} clouds ({', '.join(facts)})"


def render_labels(clouds: CloudSet) -> str:
    """Returns how labelled clouds were drawn; empty where all labels are used."""
    if clouds.per_class is not None:
        return f"{clouds.per_class} per class"
    return f"{100 * clouds.fraction:.3g} % of the labels" if clouds.fraction < 1 else ""


def render_datasets(datasets: Sequence[str]) -> str:
    """Returns the data sets of a pre-training, such as ``ModelNet40, then Scans``; ``random weights`` for none."""
    return ", then ".join(datasets) or RANDOM


def render_start(record: Record) -> str:
    """Returns ``pre-trained on ModelNet40``, or ``random weights``."""
    return f"pre-trained on {render_datasets(record.pretrained_on)}" if record.pretrained_on else RANDOM


def render_mismatches(mismatches: Mismatches) -> list[str]:
    """Returns one phrase for each difference between a pre-trained encoder and its use."""
    return [
        *([f"{mismatches.missing} of {mismatches.num_tensors} tensors random"] if mismatches.missing else []),
        *([f"{mismatches.unexpected} tensors of the run not used"] if mismatches.unexpected else []),
        *(f"{name} {there} in the run, {here} here" for name, (there, here) in mismatches.arguments.items()),
    ]


def _probe(protocol: Protocol) -> list[str]:
    classifier, episodes = protocol.classifier, protocol.episodes
    clean = "" if protocol.corruptions else "clean "
    used = "frozen encoder" if classifier is None else f"{_classifier(classifier)} of the frozen encoder"
    if episodes is not None:
        used = f"{episodes.way}-way {episodes.shot}-shot, {used}"
    trained = "neighbors among" if classifier is not None and classifier.selected == "k" else "trained on"
    parts = [f"{used}, {protocol.num_points:,} points per {clean}cloud"]
    if episodes is None:
        parts += [f"{trained} {render_clouds(protocol.train)}{_selection(classifier)}"]
        parts += [f"measured on {render_clouds(protocol.test)}{_corruptions(protocol)}"]
    else:
        parts += [
            f"trained on {episodes.shot} clouds of each of {episodes.way} random classes ({_split(protocol.train)})"
        ]
        disjoint = "disjoint " if protocol.test.held_out else ""
        parts += [f"measured on {episodes.queries} {disjoint}clouds of each ({_split(protocol.test)})"]
        parts += [f"mean of {episodes.draws} draws by the run's seed"]
    return [*parts, *(f"{name}: {value}" for name, value in protocol.extra.items())]


def _supervised(protocol: Protocol) -> list[str]:
    trained = [f"{protocol.model} trained on {render_clouds(protocol.train)}", *_treatment(protocol.encoder)]
    if protocol.up_axis_change is not None:
        source, target = protocol.up_axis_change
        trained.append(f"clouds rotated from {source} up to {target} up")
    measured = [f"measured on {render_clouds(protocol.test)}{_corruptions(protocol)}"]
    measured.append(f"{protocol.num_points:,} points per cloud")
    measured += ["category known"] if protocol.category_known else []
    measured += [f"{protocol.votes} votes over anisotropically scaled copies"] if protocol.votes > 1 else []
    return [", ".join(trained), ", ".join(measured)]


def _treatment(encoder: EncoderTreatment) -> list[str]:
    parts = ["encoder frozen"] if encoder.frozen else []
    if encoder.lr is not None:
        parts.append(f"encoder learning rate {encoder.lr:g}, head {encoder.head_lr:g}")
    if encoder.mismatches is not None:
        parts.append(f"encoder differs from the pre-trained one ({'; '.join(render_mismatches(encoder.mismatches))})")
    return parts


def _classifier(classifier: Classifier) -> str:
    fixed = f" with C = {classifier.C:g}" if classifier.C is not None else ""
    return f"{classifier.name}{fixed} on the {'standardised ' if classifier.standardized else ''}pooled features"


def _selection(classifier: Classifier | None) -> str:
    if classifier is None or not classifier.selected:
        return ""
    folds = f"{classifier.folds}-fold " if classifier.folds else ""
    return f", {classifier.selected} selected there by {folds}{classifier.selected_by}"


def _corruptions(protocol: Protocol) -> str:
    if not protocol.corruptions:
        return ""
    number = sum(map(len, protocol.corruptions.values()))
    return f", {len(protocol.corruptions)} corruptions at {number} severities in total, normalised again"


def _split(clouds: CloudSet) -> str:
    return f"{clouds.split} split"
