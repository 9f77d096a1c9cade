"""Comparison of clouds with those that an encoder was trained on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from conclu_pyg.errors import ConcluError
from conclu_pyg.inference.findings import CheckedCloud, Finding
from conclu_pyg.inference.reference_clouds import ReferenceClouds, load_reference
from conclu_pyg.inference.single_view import best_view_shares
from conclu_pyg.inference.training_features import UNLIKE, TrainingFeatures
from conclu_pyg.io.parallel import map_files
from conclu_pyg.io.sampling import sample_file
from conclu_pyg.io.subset import subset
from conclu_pyg.progress import track
from conclu_pyg.runs.frozen_encoder import Axis, FrozenEncoder
from conclu_pyg.text import pluralize

MAX_CLOUDS = 500  # that are compared
TURNED = 128  # of them, in all orientations and views
SHOWN = 10  # clouds that are least like the training data
AXES: tuple[Axis, ...] = ("x", "y", "z")
# Another up axis is reported if the median distance with it is below this share, and if the number of clouds that are
# nearer with it is so many standard deviations above half of them. Without an up axis, as for CAD parts with machined
# features or balls of points, the shares are 0.95 to 1; with ModelNet40 and another axis than its own, 0.83 to 0.86.
CLEARLY_SMALLER, DEVIATIONS = 0.9, 3.0
EXPECTED_UNLIKE = 0.05  # share of unlike clouds above which it is a warning; 0.01 for clouds of the training itself
ONE_SIDED = 0.1  # a smaller difference of the seen shares is not reported


@dataclass(frozen=True)
class Comparison:
    """Clouds next to the training data of an encoder.

    Attributes:
        findings: sentences with their figures.
        distances: the distance of each compared cloud to the nearest training cloud, by its name, see
            :class:`~conclu_pyg.inference.training_features.TrainingFeatures`; empty if the training data are not there.
    """

    findings: Sequence[Finding]
    distances: Mapping[str, float] = field(default_factory=dict)


def compare_with_training(
    encoder: FrozenEncoder,
    clouds: Sequence[CheckedCloud],
    *,
    up_axis: Axis | None = None,
    workers: int | None = None,
    allow_imports: bool = False,
) -> Comparison:
    """Compares at most 500 evenly spaced clouds with as many of the encoder's training data.

    Args:
        encoder: the encoder, on its device.
        clouds: the clouds.
        up_axis: the coordinate that points up in them (default: as in the data set of the training).
        workers: processes that read files (default: one for each core).
        allow_imports: whether to import modules that the encoder's run names (default: False).

    Raises:
        ConcluError: a feature is not finite.
    """
    sizes = _point_counts(encoder, clouds)
    try:
        reference = load_reference(encoder, allow_imports=allow_imports)
    except ConcluError as error:
        reason = Finding("training data", f"not there, so nothing is compared with them: {error}")
        return Comparison([*sizes, reason])
    rows = np.unique(np.linspace(0, len(clouds) - 1, min(MAX_CLOUDS, len(clouds))).astype(np.int64)).tolist()
    named = _read_sample([clouds[row] for row in rows], encoder.num_points, workers)
    if not named:
        return Comparison(sizes)
    names, points = list(named), list(named.values())
    training = TrainingFeatures(reference.x)
    distances = training.nearest(encoder.embed(points, up_axis=up_axis).numpy())
    some = np.unique(np.linspace(0, len(points) - 1, min(TURNED, len(points))).astype(np.int64)).tolist()
    few = [points[row] for row in some]
    found = [
        *sizes,
        _unlike(names, distances, training, reference),
        _orientation(encoder, few, reference, up_axis),
        _views(few, reference),
    ]
    return Comparison(found, dict(zip(names, distances.tolist(), strict=True)))


def _point_counts(encoder: FrozenEncoder, clouds: Sequence[CheckedCloud]) -> list[Finding]:
    """Returns how many clouds have fewer points than those of the training."""
    few = [each.name for each in clouds if 0 < each.summary.size < encoder.num_points]
    if not few:
        return []
    text = (
        f"{pluralize(len(few), 'cloud')} of {len(clouds):,} with fewer points than the {encoder.num_points:,} of the "
        "training clouds"
    )
    return [Finding("fewer points", text, False, few, {"count": len(few), "num_points": encoder.num_points})]


def _read_sample(clouds: Sequence[CheckedCloud], num_points: int, workers: int | None) -> dict[str, np.ndarray]:
    """Returns points of clouds by their names, as an encoder takes them; files that changed since are left out."""
    wanted = {(each.path, each.sha256, each.summary.name): each.name for each in clouds}
    paths = list(dict.fromkeys(each.path for each in clouds))
    read = map_files(partial(sample_file, num_points=num_points), paths, workers)
    found = {}
    for path, outcome in track(read, "reading a sample", len(paths), delay=1.0):
        if isinstance(outcome, ConcluError):
            continue
        for cloud in outcome.clouds:
            if (key := (path, outcome.sha256, cloud.name)) in wanted:
                found[wanted[key]] = cloud.points
    return found


def _unlike(
    names: Sequence[str], distances: np.ndarray, training: TrainingFeatures, reference: ReferenceClouds
) -> Finding:
    """Returns how many clouds are farther from the training data than they are from each other."""
    count, compared = int((distances > training.limit).sum()), len(distances)
    order = sorted(range(compared), key=lambda row: (-distances[row], names[row]))[:SHOWN]
    farthest = [names[row] for row in order if distances[row] > training.limit]
    text = (
        f"{count:,} of {pluralize(compared, 'compared cloud')} ({count / compared:.1%}) unlike {reference.title}, at a "
        f"distance above {training.limit:.2f} from the nearest of {pluralize(len(reference.x), 'training cloud')}, "
        f"where {UNLIKE:.0%} of these are nearer to each other; median distance {np.median(distances):.2f}"
    )
    values = {
        "count": count,
        "compared": compared,
        "limit": training.limit,
        "median": float(np.median(distances)),
        "reference": reference.title,
        "distances": [round(float(distances[row]), 4) for row in order if distances[row] > training.limit],
    }
    return Finding("training data", text, count / compared > EXPECTED_UNLIKE, farthest, values)


def _orientation(
    encoder: FrozenEncoder, points: Sequence[np.ndarray], reference: ReferenceClouds, up_axis: Axis | None
) -> Finding:
    """Returns whether the clouds are clearly more like the training data with another coordinate up."""
    training = TrainingFeatures(reference.x, directions=True)
    declared = up_axis or AXES[encoder.data_axis]
    nearest = {
        name: training.nearest(encoder.embed(turned, up_axis=axis).numpy())
        for name, axis, turned in _orientations(points)
    }
    median = {name: float(np.median(each)) for name, each in nearest.items()}
    best = min(median, key=lambda name: (median[name], name != declared))
    share = float((nearest[best] < nearest[declared]).mean())
    clear = (
        best != declared
        and median[best] < CLEARLY_SMALLER * median[declared]
        and (2 * share - 1) * len(points) ** 0.5 >= DEVIATIONS
    )
    figures = ", ".join(
        f"{value:.2f} with {name} up" for name, value in sorted(median.items(), key=lambda item: item[1])
    )
    axis = best.lstrip("-")
    advice = f"give --up {axis}" if best == axis else f"turn the clouds over, and give --up {axis}"
    start = (
        f"{share:.0%} of the clouds are more like the training data with {best} up than with {declared}; {advice}"
        if clear
        else f"no other up axis than {declared} makes the clouds clearly more like the training data"
    )
    values = {"declared": declared, "best": best if clear else declared, "medians": median}
    return Finding("orientation", f"{start} (median distances: {figures})", clear, (), values)


def _orientations(points: Sequence[np.ndarray]) -> Iterator[tuple[str, Axis, Sequence[np.ndarray]]]:
    """Yields the name of each of six up directions, and the clouds with the coordinate that is up then."""
    for number, axis in enumerate(AXES):
        yield axis, axis, points
        half_turn = np.ones(3, np.float32)
        half_turn[[number, (number + 1) % 3]] = -1  # about the third axis
        yield f"-{axis}", axis, [each * half_turn for each in points]


def _views(points: Sequence[np.ndarray], reference: ReferenceClouds) -> Finding:
    """Returns how much of a cloud one camera sees, next to the training data with as many points."""
    rows = np.unique(np.linspace(0, len(reference.points) - 1, min(TURNED, len(reference.points))).astype(np.int64))
    others = [reference.points[row] for row in rows.tolist()]
    count = int(min(np.median([len(each) for each in clouds]) for clouds in (points, others)))
    own, other = (
        float(np.median(best_view_shares([subset(each, count) for each in clouds]))) for clouds in (points, others)
    )
    difference = own - other
    start = (
        "clouds are more one-sided than the training data, "
        if difference > ONE_SIDED
        else "clouds are less one-sided than the training data, "
        if difference < -ONE_SIDED
        else ""
    )
    text = f"{start}a camera in the best of 26 directions sees {own:.0%} of the points (training data: {other:.0%})"
    return Finding("coverage", text, values={"best_view": own, "training": other})
