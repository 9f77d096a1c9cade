"""Evidence that two shapes are the same, moved, scaled, mirrored, alike or different.

The thresholds are multiples of the noise floor that the spacing of the points gives. They were chosen on built-in
shapes (seed 100 of ``tools/duplicates_check.py``, 40 shapes, 8,192 points each), those of the early stages on the same
and on 360 pairs of ModelNet40's training split with 1,024 points each. Correctly registered copies do not
exceed them, whether re-sampled, moved, rotated, rescaled, mirrored, or with noise of up to 0.5 % of the diagonal:
their largest distance was 1.22 noise floors, the largest spot 3.1, patch 2.06 and offset 0.76. With one part moved by
a tenth of its size, the least were 1.04, 3.4, 2.6 and 1.9. With fewer points only larger differences are seen. On
shapes that were not used (``tools/duplicates_check.py -n 60``) 14 of 240 near misses are called the same, 12 of them
parts scaled by 10 %, and 7 of 420 copies are not; with ``-n 20 --points 1024`` 45 of 80 near misses are called
the same: sample 8,192 points where there is a mesh.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from conclu_pyg.registration.alignment import (
    RANKING_QUERIES,
    best_of,
    coarse_maps,
    fine_residual,
    improve,
    in_file_coordinates,
    in_normalized_coordinates,
)
from conclu_pyg.registration.chamfer import Deviation, deviation
from conclu_pyg.registration.shape import Shape
from conclu_pyg.registration.similarity import Similarity

Kind = Literal["identical", "resampled", "moved", "rotated", "rescaled", "mirrored", "similar", "different"]

DISTANCE, SPOT, PATCH, OFFSET = 1.3, 3.2, 2.15, 0.8  # the largest values of one shape, see the module's docstring
ALIKE = 4.0  # noise floors of 8,192 points: a larger distance is of different shapes
REFERENCE_POINTS = 8192
REJECTED = 0.15  # difference of invariants; the largest of copies was 0.016 (0.04 at 2,048 points), of near misses 0.08
ERRORS, TOLERANCE = 5.0, 0.01  # standard errors and noise floors by which a simpler explanation may be worse
NEAR_START = 2.0  # times the residual of the best map: a worse start is not the solution up to sampling
COARSE, COARSE_ERROR = 1.2, 0.01  # factor, and radii, by which the first stage may be worse than the whole registration
SHORT = 1.15  # the factor after the second stage
SHARED = 0.75  # noise floors: random samples of one surface that are nearer have points in common; others are above 0.8
NEAR_SCALE = 0.05  # a scale this close to 1 is compared with none


@dataclass(frozen=True)
class Evidence:
    """What is known of a pair of shapes.

    Attributes:
        kind: ``identical`` (the same content or the same points), ``resampled`` (the same shape at the same place and
            size), ``moved``, ``rotated`` (and perhaps moved), ``rescaled`` (and perhaps moved and rotated),
            ``mirrored`` (the same after a mirror and not without it, perhaps moved, rotated and rescaled), ``similar``
            (alike, with differences that sampling does not explain) or ``different``.
        distance: the Chamfer distance after registration, in diagonals of the bounding box of the first shape; NaN for
            shapes so different that they were not registered.
        worst: the 95th percentile of the distances, in the same unit.
        noise: the distance that two samples of one surface with these spacings would have, in the same unit.
        scale: the size of the second shape, relative to the first.
        rotation_degrees: the angle of the rotation between them, 0 to 180.
        mirrored: true if the best registration mirrors.
        sentence: all of this in plain English.
        transform: maps the first shape onto the second (None: they were not registered).
    """

    kind: Kind
    distance: float
    worst: float
    noise: float
    scale: float
    rotation_degrees: float
    mirrored: bool
    sentence: str
    transform: Similarity | None = field(default=None, compare=False, repr=False)

    @property
    def same(self) -> bool:
        """True if the shapes are one shape, perhaps moved, scaled or mirrored."""
        return self.kind not in ("similar", "different")

    @property
    def shares_points(self) -> bool:
        """True if the shapes are nearer than two random samples of one surface: if they are random samples, they have
        points in common, so they are copies of one cloud, or subsets of one.

        Samples that are spaced evenly, by farthest points or a grid, can be as near without a common point.
        """
        return self.kind == "identical" or (self.same and self.distance < SHARED * self.noise)


def compare(a: Shape, b: Shape, *, alike: float = math.inf) -> Evidence:
    """Returns the evidence for a pair of shapes; the same arguments always give the same evidence.

    The simplest explanation that fits about as well as the best one is given: a cylinder that was turned about its
    axis is ``resampled``, and a shape that equals its mirror image is never ``mirrored``.

    Args:
        a: the first shape, whose diagonal is the unit of the distances.
        b: the second shape.
        alike: the largest distance of shapes that are ``similar``, in noise floors, if it is less than what the number
            of points gives (default: 4.1 for 8,192 points each, 1.7 for 1,024): pairs that are farther apart are
            noticed early, so a low value saves time.
    """
    if a.content and a.content == b.content:
        return _identical(a, b, "their files have the same content")
    are_exact = a.vertices is None and b.vertices is None and a.is_complete and b.is_complete
    if are_exact and same_points(a.points, b.points):
        return _identical(a, b, "they have the same points")
    if a.invariants.difference(b.invariants) > REJECTED:
        return _unregistered(a, b)

    limit = math.hypot(1.0, ALIKE * math.sqrt(min(len(a.points), len(b.points)) / REFERENCE_POINTS))
    limit = max(DISTANCE, min(limit, alike))
    best, found = _fit_unturned(a, b) or _closest(a, b, limit)
    if not isinstance(found, Deviation):
        return _coarse(a, b, best, found)
    if not is_same(found):
        return _evidence("similar" if found.distance <= limit * found.noise else "different", a, b, best, found)

    kind, best, found = _simplest(a, b, best, found)
    if (
        kind == "resampled"
        and a.vertices is not None
        and b.vertices is not None
        and same_points(a.vertices, b.vertices)
    ):
        return _identical(a, b, "their meshes have the same corners and the same surface")
    return _evidence(kind, a, b, best, found)


def is_same(found: Deviation) -> bool:
    """Returns true if samples of one surface could deviate as much."""
    near = found.distance <= DISTANCE * found.noise
    return near and found.spot <= SPOT and found.patch <= PATCH and found.offset <= OFFSET


def same_points(a: np.ndarray, b: np.ndarray) -> bool:
    """Returns true if two arrays have the same rows, each equally often, in any order.

    Shapes:
        - **a:** ``[N, 3]``, **b:** ``[M, 3]``
    """
    if a.shape != b.shape:
        return False
    # An array sorted by columns is cheap to compare and tells most pairs apart.
    if not all(np.array_equal(np.sort(a[:, i]), np.sort(b[:, i])) for i in range(3)):
        return False
    return np.array_equal(a[np.lexsort(a.T)], b[np.lexsort(b.T)])


def _fit_unturned(a: Shape, b: Shape) -> tuple[Similarity, Deviation] | None:
    """The registration of shapes that are the same without a rotation; ``None`` if they are not."""
    unturned = Similarity.identity()
    if fine_residual(a, b, unturned, RANKING_QUERIES) > COARSE * DISTANCE * _noise(a, b) + COARSE_ERROR:
        return None
    best = improve(a, b, unturned, first=3)
    found = deviation(a, b, best)
    return (best, found) if is_same(found) else None


def _closest(a: Shape, b: Shape, limit: float) -> tuple[Similarity, Deviation | float]:
    """The best registration; it mirrors only if that fits clearly better."""
    best, found = _register(a, b, limit, mirror=False)
    if isinstance(found, Deviation):
        if is_same(found):
            return best, found
        limit = min(limit, max(DISTANCE, found.distance / found.noise))
    mirrored, other = _register(a, b, limit, mirror=True)
    if isinstance(found, Deviation) and isinstance(other, Deviation):
        is_better = is_same(other) or other.distance < found.distance - ERRORS * other.error
    elif isinstance(found, Deviation) or isinstance(other, Deviation):
        is_better = isinstance(other, Deviation)
    else:
        is_better = other < found
    return (mirrored, other) if is_better else (best, found)


def _register(a: Shape, b: Shape, limit: float, *, mirror: bool) -> tuple[Similarity, Deviation | float]:
    """The best registration found and its deviation, or only its residual if that exceeds the limit clearly."""
    noise = _noise(a, b)
    maps, residuals = coarse_maps(a, b, np.array(1.0), mirror=mirror)
    if (residual := float(residuals.min())) > COARSE * limit * noise + COARSE_ERROR:
        return Similarity(*(each[0] for each in maps.at([int(residuals.argmin())]))), residual
    best, residual = best_of(a, b, maps, residuals, scale=True)
    if residual > SHORT * limit * noise:
        return best, residual
    best = improve(a, b, best, first=3)
    return best, deviation(a, b, best)


def _noise(a: Shape, b: Shape) -> float:
    """The distance of two samples of one surface of these spacings, in radii."""
    return (a.spacing + b.spacing) / 2


def _simplest(a: Shape, b: Shape, best: Similarity, found: Deviation) -> tuple[Kind, Similarity, Deviation]:
    """The simplest map that is about as good as the best one, with its kind and deviation."""
    unit = in_normalized_coordinates(a, b, Similarity.identity())
    residual = fine_residual(a, b, best)
    floor = 0.1 * found.noise * a.diagonal / a.radius  # of exact copies the residual is a rounding error

    def fits(candidate: Similarity) -> Deviation | None:
        if fine_residual(a, b, candidate) > 1.2 * residual + floor:
            return None
        other = deviation(a, b, candidate)
        limit = found.distance + ERRORS * max(other.error, found.error) + TOLERANCE * found.noise
        return other if is_same(other) and other.distance <= limit else None

    if not best.mirrors:
        if other := fits(unit):
            return "resampled", unit, other
        # The centroids of two samples of one shape agree up to their sampling, so this start is near.
        moved = unit._replace(translation=np.zeros(3))
        if fine_residual(a, b, moved) < NEAR_START * residual + floor:
            moved = improve(a, b, moved, turn=False, scale=False, first=3)
            if other := fits(moved):
                return "moved", moved, other
    kind: Kind = "mirrored" if best.mirrors else "rescaled"
    if abs(math.log(best.scale / unit.scale)) < NEAR_SCALE:
        rigid = improve(a, b, best._replace(scale=unit.scale), scale=False, first=3)
        if other := fits(rigid):
            return "mirrored" if best.mirrors else "rotated", rigid, other
    return kind, best, found


def identical(a: str, b: str, reason: str = "their files have the same content", noise: float = math.nan) -> Evidence:
    """Returns the evidence for clouds whose equality is certain without a comparison.

    Args:
        a, b: the names of the clouds.
        reason: why they are equal (default: their files have the same content).
        noise: as in :class:`Evidence` (default: not measured).
    """
    sentence = f"{a} and {b} are identical: {reason}."
    return Evidence("identical", 0.0, 0.0, noise, 1.0, 0.0, False, sentence, Similarity.identity())


def _identical(a: Shape, b: Shape, reason: str) -> Evidence:
    return identical(a.name, b.name, reason, a.spacing * a.radius / a.diagonal)


def _unregistered(a: Shape, b: Shape) -> Evidence:
    unit = a.radius / a.diagonal
    noise = _noise(a, b) * unit
    sentence = f"{a.name} and {b.name} are different: their proportions differ too much for a registration."
    return Evidence("different", math.nan, math.nan, noise, b.radius / a.radius, math.nan, False, sentence)


def _coarse(a: Shape, b: Shape, between: Similarity, residual: float) -> Evidence:
    unit = a.radius / a.diagonal
    transform, noise = in_file_coordinates(a, b, between), _noise(a, b) * unit
    sentence = (
        f"{a.name} and {b.name} are different: after a short registration their distance is {residual * unit:.2%} of "
        f"the diagonal, that of two samples of one surface {noise:.2%}."
    )
    figures = (residual * unit, math.nan, noise, float(transform.scale), transform.degrees, transform.mirrors)
    return Evidence("different", *figures, sentence, transform)


def _evidence(kind: Kind, a: Shape, b: Shape, between: Similarity, found: Deviation) -> Evidence:
    transform = in_file_coordinates(a, b, between)
    scale, degrees = float(transform.scale), transform.degrees
    turn = f"a rotation by {degrees:.1f} degrees"
    size = f"{scale:.4g} times as large"
    if abs(math.log(scale)) < 1e-4:
        size = "of the same size"
    motion = {
        "resampled": "are the same shape at the same place and size",
        "moved": "are the same shape at another place",
        "rotated": f"are the same shape after {turn}",
        "rescaled": f"are the same shape, the second {size}, after {turn}",
        "mirrored": f"are mirror images, the second {size}, after {turn}",
        "similar": "are alike but not the same",
        "different": "are different",
    }[kind]
    figures = (
        f"their distance is {found.distance:.2%} of the diagonal (95th percentile {found.worst:.2%}), "
        f"that of two samples of one surface {found.noise:.2%}"
    )
    largest = max(found.spot / SPOT, found.patch / PATCH, found.offset / OFFSET)
    local = (
        f"; a part differs {largest:.1f} times as much as sampling explains"
        if kind == "similar" and largest > 1
        else ""
    )
    if kind not in ("similar", "different"):
        local = f"; a part that differs by less than {PATCH * found.noise:.1%} would not be seen with so many points"
        if found.distance < SHARED * found.noise:
            local = (
                "; they are nearer than two random samples: they have points in common, unless both are spaced evenly"
            )
    sentence = f"{a.name} and {b.name} {motion}: {figures}{local}."
    return Evidence(
        kind, found.distance, found.worst, found.noise, scale, degrees, transform.mirrors, sentence, transform
    )
