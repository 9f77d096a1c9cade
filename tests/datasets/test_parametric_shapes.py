"""The built-in data set: seeds, balance, labels and errors."""

import math
from typing import Any

import numpy as np
import pytest
from helpers import assert_error, raises

from conclu_pyg.datasets.parametric_shapes import ParametricShapes
from conclu_pyg.datasets.shapes.catalog import CATEGORIES
from conclu_pyg.datasets.shapes.primitives import box, ellipsoid
from conclu_pyg.datasets.shapes.random_choices import RandomChoices
from conclu_pyg.datasets.shapes.scan import seen_from_one_side, uneven_density
from conclu_pyg.errors import ArgumentError, DataError
from conclu_pyg.io.surface import sample_surface
from conclu_pyg.registry import DATASETS


def shapes(**options: Any) -> ParametricShapes:
    return ParametricShapes(**{"num_shapes": 60, "num_test_shapes": 40, "num_points": 64, "transform": [], **options})


@pytest.fixture(autouse=True)
def made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undoes ``shapes_made_once``."""
    monkeypatch.setattr(ParametricShapes, "make", ParametricShapes.make.__wrapped__)


@pytest.fixture(scope="module")
def dataset() -> ParametricShapes:
    return shapes()


def test_is_built_by_name() -> None:
    assert isinstance(DATASETS.build({"name": "ParametricShapes"}), ParametricShapes)


def test_shapes_types_and_names(dataset: ParametricShapes) -> None:
    train = dataset.get_split("train")
    assert train.pos.shape == (60, 64, 3) and train.pos.dtype == np.float32
    assert train.part is not None and train.part.shape == (60, 64) and train.part.dtype == np.int64
    assert train.y.dtype == np.int64 and len(dataset.get_split("test")) == 40
    assert np.isfinite(train.pos).all()
    assert train.names[3] == "bottle/0003" and len(set(train.names)) == 60
    assert train.classes == list(dataset.label_to_names.values()) and dataset.up_axis == 2


def test_same_seed_same_shapes(dataset: ParametricShapes) -> None:
    again, other = shapes(), shapes(seed=1)
    for split in ("train", "test"):
        np.testing.assert_array_equal(dataset.get_split(split).pos, again.get_split(split).pos)
        np.testing.assert_array_equal(dataset.get_split(split).part, again.get_split(split).part)
    assert not np.isclose(dataset.get_split("train").pos, other.get_split("train").pos).all(axis=(1, 2)).any()


def test_a_shape_does_not_depend_on_the_number_of_shapes(dataset: ParametricShapes) -> None:
    more = shapes(num_shapes=83)
    np.testing.assert_array_equal(dataset.get_split("train").pos, more.get_split("train").pos[:60])
    assert dataset.make("train", 10**12)[0].shape == (64, 3)  # endless


def test_train_and_test_are_disjoint(dataset: ParametricShapes) -> None:
    train, test = (np.asarray(dataset.get_split(split).pos).reshape(-1, 64 * 3) for split in ("train", "test"))
    assert np.abs(train[:, None] - test[None]).max(axis=2).min() > 1e-3


def test_categories_are_balanced() -> None:
    counts = np.bincount(shapes(num_shapes=67).get_split("train").y, minlength=len(CATEGORIES))
    assert len(counts) == len(CATEGORIES) >= 12 and np.ptp(counts) <= 1


def test_part_labels_belong_to_their_category(dataset: ParametricShapes) -> None:
    train = dataset.get_split("train")
    assert train.part is not None
    for label, parts in zip(train.y, train.part, strict=True):
        assert set(parts) <= set(dataset.category_to_parts[dataset.label_to_names[int(label)]])
    every = [part for parts in dataset.category_to_parts.values() for part in parts]
    assert sorted(every) == list(range(dataset.num_parts)) and len(dataset.part_names) == dataset.num_parts
    assert dataset.part_names[dataset.category_to_parts["chair"][0]] == "chair/seat"


@pytest.mark.parametrize("category", CATEGORIES, ids=lambda category: category.name)
def test_every_part_occurs_and_every_shape_varies(category: Any) -> None:
    made = [category.make(RandomChoices(np.random.default_rng(seed))) for seed in range(60)]
    assert set().union(*(shape.parts for shape in made)) == set(category.parts)
    ids = {part: i for i, part in enumerate(category.parts)}
    meshes = [shape.merged(ids)[0] for shape in made]
    assert all(np.isfinite(mesh.vertices).all() for mesh in meshes)
    extents = np.array([np.ptp(mesh.vertices, axis=0) for mesh in meshes])
    assert extents.min() > 0
    slimness = extents[:, 2] / extents[:, :2].max(axis=1)
    assert slimness.max() / slimness.min() > 1.2


def test_noise_has_the_given_standard_deviation() -> None:
    plain = shapes(stretch=1.0, rotation=0.0, noise=0.0, density=0.0, one_sided=0.0)
    noisy = shapes(stretch=1.0, rotation=0.0, noise=0.01, density=0.0, one_sided=0.0)
    points = np.array([plain.make("train", i)[0] for i in range(20)])
    errors = np.array([noisy.make("train", i)[0] for i in range(20)]) - points  # noise is drawn last
    radius = np.linalg.norm(np.ptp(points, axis=1), axis=1)[:, None, None] / 2  # of 64 points: a little too small
    assert 0.0095 < (errors / radius).std() < 0.013


def test_one_sided_clouds_miss_the_far_side() -> None:
    sphere = ellipsoid(1, 1, 1)
    points = sample_surface(sphere.vertices, sphere.faces, 4000, np.random.default_rng(0))[0]
    seen = seen_from_one_side(points, np.random.default_rng(1))
    direction = points[seen].mean(axis=0)
    direction /= np.linalg.norm(direction)
    assert 0.35 < seen.mean() < 0.65
    assert (points[seen] @ direction > -0.3).mean() > 0.97
    cloud = shapes(one_sided=1.0, num_points=300).get_split("train").pos
    assert cloud.shape == (60, 300, 3) and np.isfinite(cloud).all()


def test_uneven_density_is_bounded() -> None:
    density = uneven_density(box(1, 2, 3), 1.5, np.random.default_rng(0))
    assert density.min() == pytest.approx(1) and density.max() == pytest.approx(math.exp(1.5))


@pytest.mark.parametrize(
    ("argument", "got", "expected"),
    [
        ("num_shapes", 3, ">= 20"),
        ("num_test_shapes", 0, ">= 20"),
        ("num_points", 0, ">= 1"),
        ("seed", -1, ">= 0"),
        ("stretch", 0.5, ">= 1"),
        ("noise", -0.1, "finite and >= 0"),
        ("noise", math.nan, "finite and >= 0"),
        ("one_sided", 1.5, "in [0, 1]"),
    ],
)
def test_arguments_out_of_range_are_rejected(argument: str, got: float, expected: str) -> None:
    with pytest.raises(ArgumentError) as error:
        shapes(**{argument: got})
    assert_error(error, argument=argument, got=got, expected=expected)


def test_no_other_split(dataset: ParametricShapes) -> None:
    with raises(DataError, argument="split", got="validation"):
        dataset.get_split("validation")
