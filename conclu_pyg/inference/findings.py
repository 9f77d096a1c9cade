"""Findings about the clouds of a folder, each a sentence with its figures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from conclu_pyg.data.up_axis import MIN_CLASSES, MIN_CLOUDS, MIN_RATIO, weigh_axes
from conclu_pyg.inference.cloud_summary import CloudSummary
from conclu_pyg.inference.units import find_unit_groups
from conclu_pyg.text import pluralize, printable

SHOWN = 10  # names in a sentence
MILLIMETRES, METRES = (".step", ".stp"), (".glb", ".gltf", ".e57")  # by their readers and standards


class CheckedCloud(NamedTuple):
    """A cloud that can be used.

    Attributes:
        name: its name in the folder.
        path: its file.
        sha256: of the file's bytes.
        summary: its measurements.
    """

    name: str
    path: Path
    sha256: str
    summary: CloudSummary

    @property
    def format(self) -> str:
        """The suffix of the file."""
        return self.path.suffix.lower()


@dataclass(frozen=True)
class Finding:
    """Something that was found.

    Attributes:
        kind: the same word for all findings of a kind, such as ``units``.
        text: a sentence without the names.
        is_warning: whether it may be a problem.
        clouds: the clouds or files that it is about; empty for all.
        values: its figures.
    """

    kind: str
    text: str
    is_warning: bool = False
    clouds: Sequence[str] = ()
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}{f': {list_names(self.clouds)}' if self.clouds else ''}"

    def as_dict(self) -> dict[str, Any]:
        """Returns plain values for JSON, which has no infinite numbers."""
        names = [printable(name) for name in self.clouds]
        finite = {
            key: None if isinstance(value, float) and not np.isfinite(value) else value
            for key, value in self.values.items()
        }
        return {"kind": self.kind, "warning": self.is_warning, "text": printable(self.text), "clouds": names, **finite}


def list_names(names: Sequence[str]) -> str:
    """Returns the first ten names, and the number of the others."""
    rest = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + rest


def find_all(clouds: Sequence[CheckedCloud], min_points: int, up_axis: str | None) -> list[Finding]:
    """Returns the findings about clouds, in no special order.

    Args:
        clouds: the clouds that can be used.
        min_points: smaller clouds are named.
        up_axis: the up axis that was declared, ``x``, ``y`` or ``z`` (default: none).
    """
    if not clouds:
        return []
    found = [*_points(clouds, min_points), *_sizes(clouds), *_density(clouds), _up_axis(clouds, up_axis)]
    return [*found, *_copies(clouds), *_shapes(clouds)]


def _points(clouds: Sequence[CheckedCloud], min_points: int) -> Iterator[Finding]:
    sizes = np.array([each.summary.size for each in clouds if not each.summary.is_mesh])
    meshes = len(clouds) - len(sizes)
    if len(sizes):
        low, middle, high = int(sizes.min()), float(np.median(sizes)), int(sizes.max())
        span = f"{low:,}" if low == high else f"{low:,} to {high:,} (median {middle:,.0f})"
        apart = f"; {pluralize(meshes, 'mesh', 'meshes')} apart" if meshes else ""
        yield Finding(
            "points",
            f"{span} points in a cloud{apart}",
            values={"min": low, "median": middle, "max": high, "meshes": meshes},
        )
    elif meshes:
        yield Finding(
            "points", f"{pluralize(meshes, 'mesh', 'meshes')}, no clouds of points", values={"meshes": meshes}
        )
    yield from _named(
        clouds,
        "small",
        lambda cloud: 0 < cloud.size < min_points,
        lambda count: f"{count} fewer than {pluralize(min_points, 'point')}",
        verb=("has", "have"),
    )
    removed = sum(each.summary.removed for each in clouds)
    yield from _named(
        clouds,
        "removed",
        lambda cloud: cloud.removed > 0,
        lambda count: f"{count} points that are not finite or too large, {removed:,} in all, which are left out",
        verb=("has", "have"),
    )
    yield from _named(
        clouds,
        "duplicates",
        lambda cloud: cloud.duplicates > 0,
        lambda count: f"{count} points more than once, {_largest_share(clouds):.1%} of the points at most",
        verb=("contains", "contain"),
    )


def _largest_share(clouds: Sequence[CheckedCloud]) -> float:
    return max(each.summary.duplicates / each.summary.size for each in clouds if each.summary.size)


def _sizes(clouds: Sequence[CheckedCloud]) -> Iterator[Finding]:
    diagonals = np.array([each.summary.diagonal for each in clouds])
    low, middle, high = (float(value) for value in np.quantile(diagonals, [0.1, 0.5, 0.9]))
    fixed = {each.format: "millimetres" for each in clouds if each.format in MILLIMETRES}
    fixed |= {each.format: "metres" for each in clouds if each.format in METRES}
    known = "".join(f"; {suffix} is in {unit}" for suffix, unit in sorted(fixed.items()))
    yield Finding(
        "size",
        f"diagonals of {middle:.4g} (median; {low:.4g} to {high:.4g} for the middle 80%) in the files' unit{known}",
        values={"diagonal": middle, "diagonal_10": low, "diagonal_90": high, "units": fixed},
    )
    for group in find_unit_groups(diagonals):
        ratio = f"{group.factor:.4g}" if group.factor > 1 else f"1/{1 / group.factor:.4g}"
        yield Finding(
            "units",
            f"{pluralize(len(group.rows), 'cloud')} of {len(clouds):,} with {ratio} times the size of the others; "
            f"probably units are mixed, {group.unit} among {group.other}",
            True,
            [clouds[row].name for row in group.rows],
            {"factor": group.factor, "unit": group.unit, "other": group.other},
        )
    far = max(each.summary.distance for each in clouds)
    yield from _named(
        clouds,
        "far",
        lambda cloud: cloud.distance > 0,
        lambda count: f"{count} far from the origin for the size of a cloud (up to {far:.4g}), and moved there",
        verb=("is", "are"),
        is_warning=False,
    )


def _density(clouds: Sequence[CheckedCloud]) -> Iterator[Finding]:
    spacing = np.array([each.summary.spacing for each in clouds])
    unevenness = np.array([each.summary.unevenness for each in clouds])
    spacing, unevenness = spacing[np.isfinite(spacing)], unevenness[np.isfinite(unevenness)]
    if not len(spacing):
        return
    low, middle, high = (float(value) for value in np.quantile(spacing, [0.1, 0.5, 0.9]))
    within = float(np.median(unevenness)) if len(unevenness) else None
    inner = "" if within is None else f"; within a cloud the 90th percentile is {within:.3g} times the 10th"
    yield Finding(
        "density",
        f"the nearest neighbour of a point is {middle:.2%} of the diagonal away (median; {low:.2%} to {high:.2%} for "
        f"the middle 80% of the clouds){inner}",
        values={"spacing": middle, "spacing_10": low, "spacing_90": high, "unevenness": within},
    )


def _up_axis(clouds: Sequence[CheckedCloud], declared: str | None) -> Finding:
    folders = [each.name.rpartition("/")[0] for each in clouds]
    y = np.unique(folders, return_inverse=True)[1]
    evidence = weigh_axes(np.array([each.summary.asymmetry for each in clouds]), y)
    if evidence is None:
        count = f"{pluralize(len(clouds), 'cloud')} in {pluralize(len(set(folders)), 'folder')}"
        return Finding(
            "up axis",
            f"not measured, which needs {MIN_CLOUDS} clouds in {MIN_CLASSES} folders of different things, got {count}",
            values={"axis": None, "declared": declared},
        )
    axis = "xyz"[evidence.axis]
    figures = (
        f"clouds are {evidence.ratio:.2f} times as asymmetric along {axis} as along the next axis, and most along "
        f"{axis} in {evidence.agreeing:,} of {pluralize(evidence.classes, 'folder')}"
    )
    values = {"axis": axis if evidence.is_clear else None, "ratio": evidence.ratio, "declared": declared}
    if not evidence.is_clear:
        return Finding("up axis", f"unclear, {figures}; {MIN_RATIO:g} times are needed", values=values)
    if declared not in (None, axis):
        return Finding("up axis", f"{axis}, not {declared} as declared: {figures}; give --up {axis}", True, (), values)
    return Finding("up axis", f"{axis}, {figures}", values=values)


def _copies(clouds: Sequence[CheckedCloud]) -> Iterator[Finding]:
    files: defaultdict[str, dict[Path, str]] = defaultdict(dict)  # the first name of each file, by its hash
    for each in clouds:
        files[each.sha256].setdefault(each.path, each.name.removesuffix(f":{each.summary.name}"))
    same_files = [list(names.values()) for names in files.values() if len(names) > 1]
    content: defaultdict[str, dict[tuple[str, str], str]] = defaultdict(dict)  # one of each group of copied files
    for each in clouds:
        content[each.summary.content].setdefault((each.sha256, each.summary.name), each.name)
    same_points = [list(names.values()) for names in content.values() if len(names) > 1]
    for kind, groups, what in (
        ("copies", same_files, ("exact copy of another file", "exact copies of other files")),
        ("same points", same_points, ("cloud with the points of another", "clouds with the points of others")),
    ):
        if groups:
            extra = sum(len(group) - 1 for group in groups)
            listed = "; ".join(" = ".join(group[:SHOWN]) for group in groups[:SHOWN])
            more = f"; and {len(groups) - SHOWN:,} groups more" if len(groups) > SHOWN else ""
            named = [[printable(name) for name in group] for group in groups]
            text = f"{pluralize(extra, *what)}, in {pluralize(len(groups), 'group')}: {listed}{more}"
            yield Finding(kind, text, True, (), {"groups": named})


def _shapes(clouds: Sequence[CheckedCloud]) -> Iterator[Finding]:
    thin = "the smallest principal extent is below a thousandth of the largest"
    yield from _named(clouds, "flat", lambda cloud: cloud.thin_axes == 1, lambda count: f"{count} flat ({thin})")
    yield from _named(clouds, "line", lambda cloud: cloud.thin_axes == 2, lambda count: f"{count} a line of points")


def _named(
    clouds: Sequence[CheckedCloud],
    kind: str,
    is_meant: Callable[[CloudSummary], bool],
    text: Callable[[str], str],
    *,
    verb: tuple[str, str] = ("is", "are"),
    is_warning: bool = True,
) -> Iterator[Finding]:
    """Yields a finding about the clouds for which a condition holds, if there are any."""
    names = [each.name for each in clouds if is_meant(each.summary)]
    if names:
        count = f"{pluralize(len(names), 'cloud')} {verb[len(names) > 1]}"
        yield Finding(kind, text(count), is_warning, names, {"count": len(names)})


def count_formats(paths: Sequence[Path]) -> dict[str, int]:
    """Returns the number of files with each suffix, the most frequent first."""
    counts = Counter(path.suffix.lower() for path in paths)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
