"""The configuration and the origin of a run."""

from __future__ import annotations

from conclu_pyg.config_files import dump_config
from conclu_pyg.runs.fingerprint import config_fingerprint
from conclu_pyg.runs.loaded_run import LoadedRun
from conclu_pyg.runs.provenance import EncoderOrigin
from conclu_pyg.runs.records import versions
from conclu_pyg.runs.render import render_clouds, render_mismatches
from conclu_pyg.text import format_duration, pluralize
from conclu_pyg.vis.report.blocks import Facts, Folded
from conclu_pyg.vis.report.page import Section


def provenance_section(run: LoadedRun) -> Section:
    """Returns the configuration of a run, its data, its training, and the trainings before it."""
    return Section("Configuration and provenance", [Facts(_facts(run)), Folded("config", dump_config(run.config))])


def _facts(run: LoadedRun) -> dict[str, object]:
    checkpoint, config = run.checkpoint, run.config
    pipeline = config.get("pipeline") or {}
    before = [] if checkpoint.pretraining is None else checkpoint.pretraining.chain()
    facts: dict[str, object] = {
        "model": config["model"].get("name"),
        "encoder": (config["model"].get("encoder") or {}).get("name", "part of the model"),
        "weights": pluralize(sum(each.numel() for each in run.method.parameters()), "parameter"),
        "data set": checkpoint.dataset,
        "clouds": f"{checkpoint.num_points:,} points, {'xyz'[checkpoint.up_axis]} up",
        "losses": ", ".join(checkpoint.loss_names),
        "epochs": f"{checkpoint.epoch:,}" + (f" of {pipeline['epochs']}" if "epochs" in pipeline else ""),
        "steps": f"{checkpoint.step:,}",
        "batches skipped": checkpoint.skipped or "",
        "seed": run.seed,
        "duration": format_duration(checkpoint.seconds),
        "command": checkpoint.command,
        "started from": "; then ".join(map(_origin, before)) or "random weights",
    }
    if checkpoint.trained_on is not None:
        trained = checkpoint.trained_on
        facts["trained on"] = render_clouds(trained.clouds)
        facts["encoder was"] = "frozen" if trained.encoder.frozen else "trained"
    if checkpoint.chosen_on is not None:
        facts["best epoch by"] = render_clouds(checkpoint.chosen_on)
    start = checkpoint.pretraining
    facts["fingerprint"] = config_fingerprint(config, checkpoint.dataset, start.fingerprint if start else "")
    facts["checkpoint"] = run.source
    facts["report by"] = ", ".join(f"{name} {version}" for name, version in versions().items())
    return {name: value for name, value in facts.items() if value != ""}


def _origin(origin: EncoderOrigin) -> str:
    differences = render_mismatches(origin.mismatches) if origin.mismatches is not None else []
    more = f" ({'; '.join(differences)})" if differences else ""
    return f"{origin.method} on {origin.dataset}, {pluralize(origin.epochs, 'epoch')}, `{origin.command}`{more}"
