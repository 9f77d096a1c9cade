#!/usr/bin/env python3
"""Add the encoder of a run to the package, with its card: ``tools/ship_weights.py RUN NAME``."""

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.public import public_checkpoint, public_command
from conclu_pyg.runs.records import RESULTS_NAME, Record, read_records, versions
from conclu_pyg.runs.shipped_weights import FOLDER


def ship(run: Path, name: str, licence: str, folder: Path = FOLDER) -> Path:
    """Writes ``NAME.safetensors`` and ``NAME.json``, and returns the first.

    Args:
        run: the run folder.
        name: the name of the encoder.
        licence: a sentence about the licence of the weights, which depends on the data.
        folder: where to write (default: in the package).
    """
    checkpoint = Checkpoint.load(run)
    encoder = checkpoint.encoder_alone()
    if encoder is None:
        raise SystemExit(f"{run} has no encoder")
    encoder = public_checkpoint(encoder)
    path = folder / f"{name}.safetensors"
    encoder.save(path)
    records = read_records(run / RESULTS_NAME) if (run / RESULTS_NAME).exists() else []
    card = {
        "name": name,
        "encoder": encoder.config["model"]["encoder"],
        "method": encoder.config["model"]["name"],
        "data": encoder.dataset,
        "licence": licence,
        "epochs": f"{encoder.epoch} of {encoder.config['pipeline']['epochs']}",
        "steps": encoder.step,
        "hours": round(encoder.seconds / 3600, 2),
        "num_points": encoder.num_points,
        "up_axis": "xyz"[encoder.up_axis],
        "command": encoder.command,
        "config": encoder.config,
        "results": [result(record, run) for record in records],
        "versions": versions(),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    path.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return path


def result(record: Record, run: Path) -> dict[str, Any]:
    """Returns the fields of a record that a card has, with the command without paths of this machine."""
    fields = ("task", "dataset", "metric", "value", "initialisation")
    command = public_command(record.command.replace(str(run), "RUN"))
    return {**{name: getattr(record, name) for name in fields}, "command": command}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.replace("``", ""))
    parser.add_argument("run", type=Path, help="run folder")
    parser.add_argument("name", help="name of the encoder, such as conclu_pointnet_shapes")
    parser.add_argument("--licence", required=True, help="sentence about the licence of the weights")
    options = parser.parse_args()
    print(f"written: {ship(options.run, options.name, options.licence)}")
