"""Export an encoder, classifier or part segmenter: conclu export RUN -o model.onnx."""

from __future__ import annotations

import argparse

from conclu_pyg.cli.json_output import add_json, print_json, silence
from conclu_pyg.cli.loading_notice import announce_loading
from conclu_pyg.cli.outputs import add_output
from conclu_pyg.cli.terminal import console
from conclu_pyg.cli.trust import add_allow_imports
from conclu_pyg.cli.values import one_of
from conclu_pyg.export.formats import CHECKPOINT, FORMATS
from conclu_pyg.text import printable

EXAMPLES = """examples:
  conclu export conclu_pointnet_shapes -o encoder.onnx
  conclu export runs/classifier -o classifier.onnx
  conclu export runs/mine --format torch -o encoder.pt2
  conclu export runs/mine --format safetensors -o encoder.safetensors"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source", metavar="RUN|NAME|FILE", help="a run folder, a name that `conclu list` prints, or a checkpoint"
    )
    add_output(parser, "-o", "--out", required=True, help="file to write")
    parser.add_argument(
        "--format",
        **one_of(FORMATS),
        help="onnx, for ONNX Runtime and others; torch, a program of torch.export for PyTorch without this package; "
        "safetensors, a checkpoint of the encoder alone for this package (default: by the suffix of FILE, .onnx, .pt2 "
        "or .safetensors)",
    )
    parser.add_argument("--per-point", action="store_true", help="also return the per-point features of an encoder")
    parser.add_argument(
        "--licence", metavar="TEXT", help="licence of the weights, which depends on the data (default: as far as known)"
    )
    parser.add_argument(
        "--no-timing", action="store_true", help="do not measure the throughput, which takes some seconds"
    )
    add_allow_imports(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    from conclu_pyg.errors import ConfigError
    from conclu_pyg.runs.folder import find_checkpoint

    silence(options)
    form = options.format or next((name for name, suffix in FORMATS.items() if options.out.suffix == suffix), None)
    if form is None:
        raise ConfigError(
            f"expected a file with the suffix {', '.join(FORMATS.values())}, got {options.out}; rename it, or give "
            "--format.",
            argument="out",
            got=str(options.out),
        )
    without_effect = {
        "--per-point": options.per_point,
        "--licence": options.licence is not None,
        "--no-timing": options.no_timing,
    }
    if form == CHECKPOINT and (given := [option for option, value in without_effect.items() if value]):
        raise ConfigError(
            f"{', '.join(given)} has no effect on {CHECKPOINT}, a checkpoint of the encoder alone; leave it out, or "
            "give another --format.",
            argument=given[0].strip("-").replace("-", "_"),
        )
    find_checkpoint(options.source)  # raises before the import of torch, which takes seconds
    announce_loading()

    from conclu_pyg.export.export import export_run

    exported = export_run(
        options.source,
        options.out,
        form,
        per_point=options.per_point,
        licence=options.licence,
        allow_imports=options.allow_imports,
    )
    about = exported.metadata
    document: dict[str, object] = {
        "out": str(options.out),
        "format": form,
        "bytes": options.out.stat().st_size,
        "task": about.task,
        "fingerprint": about.fingerprint,
        "differences": [each._asdict() for each in exported.differences],
    }
    console.print(
        f"{about.task}, {about.channels:,} features, fingerprint {about.fingerprint}: {options.out} "
        f"({options.out.stat().st_size / 1e6:.1f} MB, {form}{f', opset {about.opset}' if about.opset else ''})"
    )
    if form != CHECKPOINT and "licence" not in about.card:
        console.print("licence of the weights: unknown; name it by --licence")
    for each in exported.differences:
        ties = f", {each.swapped:,} neighbours swapped by ties" if each.swapped else ""
        console.print(
            f"compared with PyTorch on {each.clouds} x {each.points:,} points: greatest difference {each.greatest:.1e}"
            f"{ties}"
        )
    if exported.model is not None and not options.no_timing:
        from conclu_pyg.export.throughput import measure_throughput

        speed = measure_throughput(exported)
        document["throughput"] = speed._asdict()
        console.print(
            f"throughput, batches of {speed.clouds} x {speed.points:,} points, threads {speed.threads}: "
            f"{speed.program:,.1f} clouds per second, with this package {speed.package:,.1f}"
        )
    if options.json:
        print_json({key: printable(value) if isinstance(value, str) else value for key, value in document.items()})
