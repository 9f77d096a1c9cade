"""Predictions for one cloud of any size."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers import raises
from torch import Tensor
from torch_geometric.data import Batch, Data
from torch_geometric.transforms import Compose

from conclu_pyg.errors import ConcluError, ConfigError
from conclu_pyg.inference.predictor import Classified, Predictor, describe_up_axis, make_predictor, random_partition
from conclu_pyg.runs.loaded_run import LoadedRun, load_run
from conclu_pyg.tasks.predict import SUBSET_BATCH_SIZE
from conclu_pyg.transforms import FixedPoints, RandomPointDropout


class Halves:
    """Knows parts 0 (below) and 1 (above the height 0), and records the sizes of its batches."""

    requires_category = True

    def __init__(self) -> None:
        self.sizes: list[tuple[int, int]] = []
        self.categories: set[int] = set()

    def __call__(self, clouds: Batch) -> Tensor:
        self.sizes.append((clouds.num_graphs, len(clouds.pos)))
        self.categories |= set(clouds.y.tolist())
        above = (clouds.pos[:, 2] > 0).float()
        return torch.stack([1 - above, above], dim=1)

    def log_probabilities(self, logits: Tensor, clouds: Batch) -> Tensor:
        return logits.log_softmax(dim=1)


class Mean(Halves):
    """A classifier: class 1 if more points lie above the height 0 than below."""

    requires_category = False

    def __call__(self, clouds: Batch) -> Tensor:
        return super().__call__(clouds).view(clouds.num_graphs, -1, 2).mean(dim=1) * 50

    def logits_and_features(self, clouds: Batch) -> tuple[Tensor, Tensor | None]:
        return self(clouds), None


def predictor(model: Any, num_points: int = 8, steps: list[Any] | None = None) -> Predictor:
    return Predictor(model, Compose(steps or []), num_points, torch.device("cpu"))


@pytest.mark.parametrize("size", [1, 3, 8, 9, 1000])
def test_each_point_gets_its_own_label_for_any_size(size: int) -> None:
    pos, model = np.random.default_rng(0).normal(size=(size, 3)), Halves()
    labels = predictor(model).label_points(pos, category=5)
    assert labels.tolist() == (pos[:, 2] > 0).tolist() and labels.dtype == np.int64
    assert model.categories == {5} and max(points for _, points in model.sizes) <= SUBSET_BATCH_SIZE * 8


@pytest.mark.parametrize("model", [Halves(), Mean()], ids=["parts", "class"])
def test_scores_that_are_not_finite_are_refused(model: Halves, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "log_probabilities", lambda logits, clouds: logits + torch.nan)
    pos = np.random.default_rng(0).normal(size=(20, 3))
    with raises(ConcluError, expected="finite scores"):
        if isinstance(model, Mean):
            predictor(model).classify(pos)
        else:
            predictor(model).label_points(pos, 0)


def test_clouds_are_classified_together_as_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever their sizes are; one with scores that are not finite has an error of its own."""
    rng, model = np.random.default_rng(0), Mean()
    clouds = [rng.normal(size=(size, 3)) + np.array([0, 0, rng.normal()]) for size in (8, 100, 3, 8, 1, 30, 1, 8)]
    alone = [predictor(Mean()).classify(pos) for pos in clouds]
    found = predictor(model).classify_many(clouds)
    for one, other in zip(found, alone, strict=True):
        assert isinstance(one, Classified)
        np.testing.assert_allclose(one.probabilities, other, atol=1e-6)
    assert len(model.sizes) == 3  # of 8, 3 and 1 points
    clouds[4][:] = 9.0  # the only cloud so high up

    def scores(logits: Tensor, batch: Batch) -> Tensor:
        return logits + torch.where(batch.pos.max() > 8, torch.nan, 0.0)

    monkeypatch.setattr(model, "log_probabilities", scores)
    found = predictor(model).classify_many(clouds)
    assert [isinstance(each, ConcluError) for each in found] == [row == 4 for row in range(8)]


def test_a_cloud_is_prepared_as_a_whole() -> None:
    seen = []

    def prepare(data: Any) -> Any:
        seen.append(len(data.pos))
        data.pos = -data.pos
        return data

    pos = np.random.default_rng(0).normal(size=(50, 3))
    labels = predictor(Halves(), steps=[prepare]).label_points(pos, 0)
    assert seen == [50] and labels.tolist() == (pos[:, 2] < 0).tolist()


@pytest.mark.parametrize("drawn", [50, 130])
def test_points_that_are_reordered_or_repeated_get_their_own_labels(drawn: int) -> None:
    pos = np.random.default_rng(0).normal(size=(50, 3))
    labels = predictor(Halves(), steps=[FixedPoints(drawn)]).label_points(pos, 0)
    assert labels.tolist() == (pos[:, 2] > 0).tolist()


@pytest.mark.parametrize(("step", "missing"), [(FixedPoints(30), 20), (RandomPointDropout(0.5), 25)])
def test_a_transform_that_drops_points_is_refused_if_each_needs_a_label(step: Any, missing: int) -> None:
    pos = np.random.default_rng(0).normal(size=(50, 3))
    with pytest.raises(ConfigError, match=rf"^dataset.transform drops {missing} of the 50 points of a cloud, but"):
        predictor(Halves(), steps=[step]).label_points(pos, 0)
    model = Mean()
    assert predictor(model, steps=[step]).classify(pos).shape == (2,)
    assert predictor(model, 50, steps=[step]).classify(pos).shape == (2,)
    assert model.sizes[-1][1] == 50 - missing


def test_a_transform_that_loses_track_of_the_points_is_refused() -> None:
    def forget(data: Data) -> Data:
        return Data(pos=data.pos.flip(0))

    with pytest.raises(ConfigError, match=r"dataset.transform does not keep track of the points"):
        predictor(Halves(), steps=[forget]).label_points(np.zeros((5, 3)), 0)


def test_a_class_is_that_of_as_many_points_as_in_the_training() -> None:
    pos = np.random.default_rng(0).normal(size=(1000, 3))
    pos[:700, 2] = 1.0
    model = Mean()
    probability = predictor(model, 100).classify(pos)
    assert probability.shape == (2,) and probability.sum() == pytest.approx(1, abs=1e-6) and probability[1] > 0.5
    assert [points for _, points in model.sizes] == [100]


def test_the_same_seed_gives_the_same_probabilities() -> None:
    pos = np.random.default_rng(0).normal(size=(100, 3))
    assert np.array_equal(predictor(Mean()).classify(pos), predictor(Mean()).classify(pos))


@pytest.mark.parametrize(("size", "num_points"), [(10, 4), (8, 4), (4, 4), (3, 4), (1, 4), (5, 1)])
def test_a_partition_has_every_point_and_as_few_as_possible_twice(size: int, num_points: int) -> None:
    subsets = random_partition(size, num_points, torch.Generator().manual_seed(0))
    assert subsets.shape == (-(-size // min(size, num_points)), min(size, num_points))
    assert subsets.unique().tolist() == list(range(size))
    assert all(row.unique().numel() == row.numel() for row in subsets)


def test_a_partition_follows_from_the_generator() -> None:
    first, again, other = (random_partition(100, 10, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)


@pytest.fixture
def parts(tiny_task_runs: dict[str, Path]) -> LoadedRun:
    return load_run(tiny_task_runs["part_segmentation"])


def with_dataset(run: LoadedRun, **changes: Any) -> LoadedRun:
    """The same run with changes to its config; ``None`` removes a key."""
    section = {key: value for key, value in (run.config["dataset"] | changes).items() if value is not None}
    return replace(run, config=run.config | {"dataset": section})


def test_points_and_transform_are_those_of_the_data_set(parts: LoadedRun) -> None:
    assert make_predictor(parts).num_points == 64
    assert make_predictor(parts, num_points=7).num_points == 7
    # The config may ask for more points than the clouds of the training had.
    assert make_predictor(with_dataset(parts, num_points=2048)).num_points == 64
    pos = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32) + 5
    for transform, largest in ((None, 1.0), ([], np.linalg.norm(pos, axis=1).max())):
        made = make_predictor(with_dataset(parts, transform=transform))
        prepared = made.prepare(Data(pos=torch.from_numpy(pos.copy()))).pos
        assert prepared.norm(dim=1).max().item() == pytest.approx(largest, rel=1e-5)


def test_votes_change_the_probabilities_of_a_file(tiny_task_runs: dict[str, Path]) -> None:
    run = load_run(tiny_task_runs["classification"])
    pos = np.random.default_rng(0).normal(size=(80, 3)).astype(np.float32)
    single, voted, again = (make_predictor(run, votes=votes).classify(pos) for votes in (1, 4, 4))
    assert not np.array_equal(single, voted) and np.array_equal(voted, again)
    assert voted.sum() == pytest.approx(1, abs=1e-6)


def test_the_up_axis_and_its_source_are_described(parts: LoadedRun) -> None:
    rotated = replace(parts, checkpoint=replace(parts.checkpoint, up_axis=1, data_axis=2))
    default = "(as in the training data)"
    assert describe_up_axis(parts, None) == f"up axis of the clouds: z {default}"
    assert describe_up_axis(parts, "x") == "up axis of the clouds: x (as given); rotated to z up for the model"
    assert describe_up_axis(rotated, None) == f"up axis of the clouds: z {default}; rotated to y up for the model"
    assert describe_up_axis(rotated, "y") == "up axis of the clouds: y (as given)"
