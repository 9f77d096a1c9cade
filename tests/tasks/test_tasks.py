"""Properties of every registered supervised model."""

from typing import Any

import numpy as np
import pytest
import torch
from helpers import raises
from torch import Tensor, nn
from torch_geometric.data import Batch, Data

from conclu_pyg import TASKS
from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.data.labels import Labels
from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.tasks.base import Task

ENCODER = {"name": "PointNet", "out_channels": 32, "input_transform": False, "feature_transform": False}
LABELS = Labels(("cup", "lamp", "box"), ("rim", "body", "shade", "foot", "pole"), ((0, 1), (2, 3, 4), (1, 3)))
SIZES = [20, 31, 8, 20]


def build(name: str, labels: Labels = LABELS, **config: Any) -> Any:
    return TASKS.build({"name": name, "encoder": ENCODER, **config}, labels=labels)


@pytest.fixture(params=list(TASKS))
def model(request: pytest.FixtureRequest) -> Any:
    return build(request.param)


def parts_of(y: int, size: int) -> Tensor:
    own = torch.tensor(LABELS.class_parts[y])
    return own[torch.randint(len(own), (size,))]


def draw(sizes: list[int] = SIZES) -> Batch:
    labels = [i % 3 for i in range(len(sizes))]
    return Batch.from_data_list(
        [
            Data(pos=torch.randn(size, 3), y=torch.tensor([y]), part=parts_of(y, size))
            for y, size in zip(labels, sizes, strict=True)
        ]
    )


def make_split(num_points: int = 12, *, parts: bool = True) -> PointCloudSplit:
    y = np.array([0, 2, 1, 0, 2])
    part = np.stack([parts_of(label, num_points).numpy() for label in y]) if parts else None
    pos = np.random.default_rng(0).normal(size=(5, num_points, 3)).astype(np.float32)
    return PointCloudSplit(pos, y, list("vwxyz"), LABELS.classes, part=part)


def is_possible(model: Any, clouds: Batch) -> Tensor:
    """Returns the possible labels of each target, ``[T, labels]``."""
    if not model.requires_category:
        return torch.ones(clouds.num_graphs, len(LABELS.classes), dtype=torch.bool)
    rows = [[part in LABELS.class_parts[int(clouds.y[cloud])] for part in range(5)] for cloud in clouds.batch.tolist()]
    return torch.tensor(rows)


def test_there_are_models_for_both_tasks() -> None:
    assert {getattr(TASKS.get(name), "task", "") for name in TASKS} >= {"classification", "part_segmentation"}


@pytest.mark.parametrize("autocast", [False, True], ids=["float32", "bfloat16"])
def test_gives_logits_for_its_targets_that_train(model: Any, autocast: bool) -> None:
    clouds = draw()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        logits = model(clouds)
    targets = model.targets(clouds)
    assert logits.shape == (len(targets), len(model.label_names)) and logits.isfinite().all()
    assert targets.dtype == torch.int64
    nn.functional.cross_entropy(logits.float(), targets).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all() and parameter.grad.any(), name


@pytest.mark.parametrize("autocast", [False, True], ids=["float32", "bfloat16"])
def test_probabilities_sum_to_1_over_the_labels_that_are_possible(model: Any, autocast: bool) -> None:
    clouds = draw()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        logits = model(clouds)
        found = model.log_probabilities(logits, clouds).exp()
    possible = is_possible(model, clouds)
    assert found.dtype == torch.float32 and torch.allclose(found.sum(dim=1), torch.ones(len(found)))
    assert (found[~possible] == 0).all() and (found[possible] > 0).all()
    weights = torch.where(possible, logits.double().exp(), 0.0)
    assert torch.allclose(found.double(), weights / weights.sum(dim=1, keepdim=True), atol=1e-6)


def test_in_evaluation_a_cloud_does_not_depend_on_its_batch(model: Any) -> None:
    model.eval()
    clouds = draw()
    together = model.log_probabilities(model(clouds), clouds)
    alone = [Batch.from_data_list([cloud]) for cloud in clouds.to_data_list()]
    assert torch.allclose(together, torch.cat([model.log_probabilities(model(one), one) for one in alone]), atol=1e-5)


def test_targets_are_counted_over_a_split(model: Any) -> None:
    split = make_split()
    targets = model.targets(split.__getitems__(range(5))).tolist()
    assert model.target_counts(split).tolist() == [targets.count(label) for label in range(len(model.label_names))]


def test_perfect_predictions_have_perfect_scores(model: Any) -> None:
    split = make_split()
    targets = model.targets(split.__getitems__(range(5)))
    values, per_class, confusion = model.scores(targets, targets, torch.from_numpy(split.y))
    assert model.metric in values and set(values.values()) == {100.0}
    assert list(per_class) == list(LABELS.classes)
    assert torch.equal(confusion, torch.diag(model.target_counts(split)))
    shares = [row[key] for row in per_class.values() for key in row if key != "shapes"]
    assert all(share == 100 for share in shares)


def test_one_wrong_prediction_costs_its_share(model: Any) -> None:
    split = make_split()
    targets = model.targets(split.__getitems__(range(5)))
    wrong = targets.clone()
    wrong[0] = 1 if int(targets[0]) == 0 else 0  # another class, or the other part of a cup
    values = model.scores(wrong, targets, torch.from_numpy(split.y)).values
    assert values["accuracy"] == pytest.approx(100 * (1 - 1 / len(targets))) and values[model.metric] < 100


def test_it_is_a_task_whose_state_can_be_loaded(model: Any) -> None:
    assert isinstance(model, Task) and model.labels == LABELS
    assert model.requires_category == (model.task == "part_segmentation")
    again = TASKS.build({"name": type(model).__name__, "encoder": ENCODER}, labels=LABELS)
    again.load_state_dict(model.state_dict())
    clouds = draw()
    assert torch.equal(model.eval()(clouds), again.eval()(clouds))


@pytest.mark.parametrize("name", list(TASKS))
def test_an_encoder_without_a_size_is_refused(name: str) -> None:
    with raises(ConfigError, argument="out_channels", got=None):
        TASKS.build({"name": name, "encoder": nn.Linear(3, 4)}, labels=LABELS)


def test_labels_without_parts_are_refused_where_parts_are_predicted() -> None:
    with pytest.raises(DataError) as error:
        build("PartSegmenter", Labels(("cup", "lamp")))
    assert str(error.value) == (
        "part segmentation needs part labels, and this data set has none; use a data set such as ShapeNetPart or "
        "ParametricShapes."
    )


def test_a_category_alone_has_its_parts_segmented() -> None:
    model = build("PartSegmenter", Labels(("cup",), ("rim", "body"), ((0, 1),)))
    clouds = Batch.from_data_list([Data(pos=torch.randn(9, 3), y=torch.tensor([0])) for _ in range(2)])
    found = model.log_probabilities(model(clouds), clouds)
    assert found.shape == (18, 2) and found.isfinite().all()


def test_a_config_chooses_the_head() -> None:
    assert type(build("Classifier", head={"name": "LinearHead"}).head).__name__ == "LinearHead"
    assert type(build("PartSegmenter", head={"name": "DGCNNPartHead"}).head).__name__ == "DGCNNPartHead"


def test_parts_of_a_split_that_has_none_are_refused() -> None:
    with pytest.raises(DataError, match=r"^part segmentation needs a split with part labels, and this one has none\.$"):
        build("PartSegmenter").target_counts(make_split(parts=False))
