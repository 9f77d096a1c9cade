"""Check of the clouds in folders before anything is trained on them or embedded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from conclu_pyg.errors import ConcluError
from conclu_pyg.inference.cloud_summary import summarize_file
from conclu_pyg.inference.embed import cloud_name
from conclu_pyg.inference.findings import CheckedCloud, Finding, count_formats, find_all
from conclu_pyg.inference.inputs import Inputs
from conclu_pyg.inference.training_comparison import Comparison, compare_with_training
from conclu_pyg.io.parallel import map_files
from conclu_pyg.progress import track
from conclu_pyg.runs.frozen_encoder import Axis, FrozenEncoder
from conclu_pyg.text import pluralize, printable

MIN_POINTS = 16  # as dataset.min_points of CloudFolder


@dataclass(frozen=True)
class Check:
    """The result of a check.

    Attributes:
        files: the number of files.
        formats: the number of files with each suffix.
        skipped: a sentence for each folder of which files were skipped.
        clouds: the clouds that can be used, in the order of their files.
        refused: the name of each file that cannot be used, wholly or a cloud of it, with a sentence.
        findings: what was found, warnings first.
        comparison: with the training data of an encoder (``None`` without one).
    """

    files: int
    formats: Mapping[str, int]
    skipped: Sequence[str]
    clouds: Sequence[CheckedCloud]
    refused: Sequence[tuple[str, str]]
    findings: Sequence[Finding]
    comparison: Comparison | None = None

    @property
    def summary(self) -> str:
        """The numbers of files, formats and clouds as one sentence."""
        formats = ", ".join(f"{count:,} {suffix}" for suffix, count in self.formats.items())
        meshes = sum(each.summary.is_mesh for each in self.clouds)
        of_meshes = f", {meshes:,} of them from meshes" if meshes else ""
        return f"{pluralize(self.files, 'file')} ({formats}), {pluralize(len(self.clouds), 'cloud')}{of_meshes}"

    @cached_property
    def odd(self) -> dict[str, list[str]]:
        """The kinds of the warnings about single clouds, by the name of the cloud."""
        found: dict[str, list[str]] = {}
        for finding in self.findings:
            if finding.is_warning:
                for name in finding.clouds:
                    found.setdefault(name, []).append(finding.kind)
        return found

    def as_dict(self) -> dict[str, Any]:
        """Returns plain values for JSON."""
        return {
            "files": self.files,
            "formats": dict(self.formats),
            "clouds": len(self.clouds),
            "skipped": [printable(sentence) for sentence in self.skipped],
            "refused": [{"file": printable(name), "reason": printable(reason)} for name, reason in self.refused],
            "findings": [finding.as_dict() for finding in self.findings],
        }


def check_inputs(
    inputs: Inputs,
    encoder: FrozenEncoder | None = None,
    *,
    up_axis: Axis | None = None,
    min_points: int = MIN_POINTS,
    workers: int | None = None,
    allow_imports: bool = False,
) -> Check:
    """Reads all files and returns what is unusual about them: see :class:`Check`.

    The files are read in other processes; the memory does not depend on the number of points.

    Args:
        inputs: the files (:func:`~conclu_pyg.inference.inputs.find_inputs`).
        encoder: a sample of the clouds is compared with what this encoder was trained on (default: no comparison).
        up_axis: the coordinate that points up in the files (default: as in the data set of the encoder's training).
        min_points: smaller clouds are named (default: 16).
        workers: processes that read files (default: one for each core; 0: this process alone).
        allow_imports: whether to import modules that the encoder's run names, for its data set (default: False).

    Raises:
        ConcluError: a feature of the encoder is not finite.
    """
    clouds, refused = [], []
    read = map_files(summarize_file, inputs.files, workers)
    for path, outcome in track(read, "checking files", len(inputs.files), delay=1.0):
        name = inputs.name_of(path)
        if isinstance(outcome, ConcluError):
            refused.append((name, str(outcome)))
            continue
        refused += [(name, error) for error in outcome.errors]
        clouds += [CheckedCloud(cloud_name(name, cloud.name), path, outcome.sha256, cloud) for cloud in outcome.clouds]
    declared = up_axis or (None if encoder is None else "xyz"[encoder.data_axis])
    findings, comparison = find_all(clouds, min_points, declared), None
    if encoder is not None and clouds:
        comparison = compare_with_training(
            encoder, clouds, up_axis=up_axis, workers=workers, allow_imports=allow_imports
        )
        findings += comparison.findings
    ordered = sorted(findings, key=lambda finding: not finding.is_warning)
    formats = count_formats(inputs.files)
    return Check(len(inputs.files), formats, inputs.skipped, clouds, refused, ordered, comparison)
