"""The card of an encoder on the hub: data, method, protocol, results, limits and licence."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.records import Record, versions
from conclu_pyg.runs.render import render_protocol, render_start
from conclu_pyg.text import format_duration, pluralize, printable

LIMITS = (
    "The features are those of shapes like the training clouds. Clouds of another kind, density or up axis have less "
    "useful ones; compare with random weights before relying on them (`conclu evaluate --with-random`).",
    "Clouds are centred and scaled as in the training, so size and position are not in the features.",
    "Only coordinates are used: no colours, normals or intensities.",
)


def write_card(
    checkpoint: Checkpoint, records: Sequence[Record], *, licence: str, fingerprint: str, repository: str
) -> str:
    """Return the card in Markdown, without the header that the hub reads. Names of data sets and classes may be
    anything; they are escaped.

    Args:
        checkpoint: of the encoder.
        records: results of the run.
        licence: identifier of the licence of the weights.
        fingerprint: of the frozen encoder.
        repository: ``owner/name``.
    """
    config = checkpoint.config
    encoder, method = (_text((config["model"].get("encoder") or {}).get("name")), _text(config["model"]["name"]))
    steps = ", ".join(_text(step.get("name")) for step in checkpoint.transform) or "none"
    planned = config.get("pipeline", {}).get("epochs", checkpoint.epoch)
    blocks = [
        f"# {_text(repository)}",
        f"{encoder}, an encoder of point clouds, pre-trained by {method} on {_text(checkpoint.dataset)} with "
        "conclu_pyg. It returns a vector for each cloud, and one for each point.",
        "```python\nfrom conclu_pyg import load_encoder\n\n"
        f'encoder = load_encoder("hf:{repository}")\n'
        'z = encoder.embed(["scan.ply"])  # [1, C]\n```',
        "## Data and training",
        _list(
            f"Data set: {_text(checkpoint.dataset)}, {checkpoint.num_points:,} points a cloud, "
            f"{'xyz'[checkpoint.up_axis]} up.",
            f"Preparation of each cloud: {steps}.",
            f"Method: {method}"
            + (f" (losses: {', '.join(map(_text, checkpoint.loss_names))})." if checkpoint.loss_names else "."),
            f"{pluralize(checkpoint.epoch, 'epoch')} of {_text(planned)}, {pluralize(checkpoint.step, 'step')}, "
            f"{format_duration(checkpoint.seconds)}.",
            *(
                f"Before: {_text(each.method)}, {pluralize(each.epochs, 'epoch')} on {_text(each.dataset)}."
                for each in ([] if checkpoint.pretraining is None else checkpoint.pretraining.chain())
            ),
            f"Fingerprint of the encoder: `{fingerprint}`.",
        ),
        "## Results",
        _results(records),
        "## Limits",
        _list(*LIMITS),
        "## Licence and versions",
        f"The licence of the weights is `{_text(licence)}`. The file holds tensors and JSON, and no code. Written with "
        f"{', '.join(f'{name} {version}' for name, version in versions().items())}.",
    ]
    return "\n\n".join(blocks) + "\n"


def _results(records: Sequence[Record]) -> str:
    if not records:
        return "None are recorded with the weights."
    rows = [
        [each.task, each.dataset, render_start(each), f"{each.metric} {each.value:.1f} %", str(each.seed)]
        for each in records
    ]
    head = ["task", "data set", "weights", "result", "seed"]
    protocols = dict.fromkeys(f"{_text(each.task)}: {_text(render_protocol(each.protocol))}." for each in records)
    lines = [" | ".join(head), " | ".join("---" for _ in head), *(" | ".join(map(_text, row)) for row in rows)]
    return "\n".join(f"| {line} |" for line in lines) + "\n\nProtocols:\n\n" + _list(*protocols)


def _list(*lines: str) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _text(value: object) -> str:
    """Return a text of a user on one line, without the characters that mean something in Markdown or HTML."""
    return re.sub(r"([\\`*_\[\]|#])", r"\\\1", html.escape(printable(value), quote=False))
