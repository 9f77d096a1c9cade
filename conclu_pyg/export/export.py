"""Export of the encoder or the supervised model of a run."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conclu_pyg._version import __version__
from conclu_pyg.errors import ArgumentError, ConcluError, ConcluWarning, DataError
from conclu_pyg.export.comparison import SIZES, Difference, Program, compare
from conclu_pyg.export.formats import CHECKPOINT, FORMATS
from conclu_pyg.export.models import EncoderModel, ExportModel, TaskModel
from conclu_pyg.export.onnx_file import OPSET, OnnxProgram, check_packages, to_onnx
from conclu_pyg.export.torch_program import TorchProgram, to_torch_program
from conclu_pyg.files import atomic_write, replacement
from conclu_pyg.imports import WithheldImportsError
from conclu_pyg.onnx.clouds import unavailable_steps
from conclu_pyg.onnx.metadata import EMBED, MAX_TEXT, Metadata
from conclu_pyg.runs.frozen_encoder import FrozenEncoder, encoder_of, load_encoder
from conclu_pyg.runs.loaded_run import LoadedRun, load_run
from conclu_pyg.runs.shipped_weights import read_card, shipped_weights
from conclu_pyg.tasks.base import Task


@dataclass(frozen=True)
class Exported:
    """A written file.

    Attributes:
        path: the file.
        format: ``onnx``, ``safetensors`` or ``torch``.
        metadata: the description of the model. A file of safetensors does not hold it: it is a checkpoint, with the
            config and the provenance of the run.
        model: the model in PyTorch; ``None`` for safetensors.
        differences: of the file from PyTorch; none for safetensors.
    """

    path: Path
    format: str
    metadata: Metadata
    model: ExportModel | None = None
    differences: tuple[Difference, ...] = ()


def export_run(
    source: str | Path,
    out: str | Path,
    format: str = "onnx",
    *,
    per_point: bool = False,
    licence: str | None = None,
    allow_imports: bool = False,
    sizes: Sequence[tuple[int, int]] = SIZES,
) -> Exported:
    """Writes the encoder of a run, or its classifier or part segmenter, as a file that needs no run.

    The program is loaded again and compared with PyTorch before the file is kept: it replaces an older file only if the
    outputs are equal.

    Args:
        source: a run folder, a checkpoint, or the name of a shipped encoder.
        out: the file.
        format: ``onnx``; ``torch``, a program of ``torch.export``; or ``safetensors``, a checkpoint of the encoder
            alone for :func:`~conclu_pyg.runs.frozen_encoder.load_encoder` (default: onnx).
        per_point: also return the per-point features of an encoder; not for safetensors (default: False).
        licence: a sentence about the licence of the weights; not for safetensors (default: that of a shipped encoder,
            else unknown).
        allow_imports: as for :func:`~conclu_pyg.runs.loaded_run.load_run`.
        sizes: numbers of clouds and points for the comparison (default: ``SIZES``, three of them).

    Raises:
        ArgumentError: an unknown format, ``per_point`` for a supervised model, or ``per_point`` or ``licence`` for
            safetensors.
        ConfigError: the encoder has no dense entry, or a package is missing.
        CheckpointError: the source cannot be loaded.
        ConcluError: the model cannot be translated, the program returns other values than PyTorch, or readers would
            refuse the metadata.
        OSError: the file cannot be written.
    """
    if format not in FORMATS:
        raise ArgumentError(
            f"export: expected a format of {', '.join(FORMATS)}, got {format!r}.", argument="format", got=format
        )
    if format == CHECKPOINT and (per_point or licence is not None):
        name = "per_point" if per_point else "licence"
        raise ArgumentError(
            f"export: {name} has no effect on {CHECKPOINT}, a checkpoint of the encoder alone; leave it out.",
            argument=name,
        )
    if format == "onnx":
        check_packages()
    try:
        run = load_run(source, allow_imports=allow_imports)
    except WithheldImportsError:  # other parts of the model may need them, and the encoder not
        run = load_run(source, encoder_alone=True)
    encoder = encoder_of(run, source)
    metadata = _describe(run, encoder, source, licence, OPSET if format == "onnx" else 0)
    if format == CHECKPOINT:
        return Exported(_write_checkpoint(run, encoder, Path(out), allow_imports), format, metadata)

    model = _export_model(run, encoder, per_point)
    if unavailable := unavailable_steps(metadata):
        warnings.warn(
            f"the clouds of this model need {unavailable[0]!r:.200}, and conclu_pyg.onnx does not have this transform; "
            "prepare the clouds by the steps in the metadata of the file.",
            ConcluWarning,
            stacklevel=2,
        )
    data, program = _WRITERS[format](model, _checked_entries(metadata, run.source))
    differences = tuple(compare(program, model, size, num_points) for size, num_points in sizes)
    with atomic_write(Path(out)) as file:
        file.write(data)
    return Exported(Path(out), format, metadata, model, differences)


def _onnx(model: ExportModel, entries: dict[str, str]) -> tuple[bytes, Program]:
    file = to_onnx(model, entries)
    OnnxProgram(file.data, model)  # the file itself loads, too
    return file.data, OnnxProgram(file.with_neighbors, model)


def _torch(model: ExportModel, entries: dict[str, str]) -> tuple[bytes, Program]:
    data = to_torch_program(model, entries)
    return data, TorchProgram(data)


_WRITERS: dict[str, Callable[[ExportModel, dict[str, str]], tuple[bytes, Program]]] = {"onnx": _onnx, "torch": _torch}


def _export_model(run: LoadedRun, encoder: FrozenEncoder, per_point: bool) -> ExportModel:
    if not isinstance(run.method, Task):
        return EncoderModel(encoder.encoder, per_point).requires_grad_(False)
    if per_point:
        raise ArgumentError(
            "export: per-point features are an output of encoders, got a supervised model; leave out --per-point.",
            argument="per_point",
        )
    return TaskModel(run.method).requires_grad_(False)


def _describe(run: LoadedRun, encoder: FrozenEncoder, source: str | Path, licence: str | None, opset: int) -> Metadata:
    task = run.method if isinstance(run.method, Task) else None
    card: dict[str, Any] = {
        "encoder": encoder.config,
        "method": run.config["model"]["name"],
        "data": run.checkpoint.dataset,
        "epochs": run.checkpoint.epoch,
    }
    if str(source) in shipped_weights() and not Path(source).exists():
        card = {"name": str(source), **card, "licence": read_card(str(source))["licence"]}
    if licence is not None:
        card["licence"] = licence
    return Metadata(
        task=EMBED if task is None else task.task,
        channels=encoder.out_channels,
        num_points=run.checkpoint.num_points,
        data_axis="xyz"[run.data_axis],
        up_axis="xyz"[run.up_axis],
        steps=tuple(run.transform),
        classes=() if task is None else task.labels.classes,
        parts=() if task is None else task.labels.parts,
        fingerprint=encoder.fingerprint,
        card=card,
        opset=opset,
        version=__version__,
    )


def _checked_entries(metadata: Metadata, source: str | Path) -> dict[str, str]:
    """Returns the entries of the metadata.

    Raises:
        ConcluError: :meth:`Metadata.parse` would refuse them.
    """
    entries = metadata.entries()
    try:
        Metadata.parse(entries, str(source))
    except DataError as error:
        raise ConcluError(
            f"{source}: expected {error.argument} of a form that readers of the file accept, at most {MAX_TEXT:,} "
            f"characters of JSON, got {entries[error.argument]:.60}; correct or shorten it. Nothing was written.",
            argument=error.argument,
        ) from error
    return entries


def _write_checkpoint(run: LoadedRun, encoder: FrozenEncoder, out: Path, allow_imports: bool) -> Path:
    """Writes the encoder alone, reads it again, and keeps the file if its encoder has the same fingerprint."""
    checkpoint = run.checkpoint.encoder_alone()
    if checkpoint is None:
        raise ConcluError(f"{run.source} has no weights of an encoder; give a run whose model has one.")
    with replacement(out) as temporary:
        checkpoint.save(temporary)
        written = load_encoder(temporary, allow_imports=allow_imports).fingerprint
        if written != encoder.fingerprint:
            raise ConcluError(
                f"expected an encoder with the fingerprint {encoder.fingerprint} in the written file, got {written}; "
                "nothing was written."
            )
    return out
