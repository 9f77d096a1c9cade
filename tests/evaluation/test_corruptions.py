from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from conclu_pyg.data.base import PointCloudSplit
from conclu_pyg.evaluation.corruptions import CORRUPTIONS, Corruption, corrupted_split, measure_corruptions
from conclu_pyg.runs.loaded_run import LoadedRun, load_run


@pytest.fixture(scope="module")
def loaded(tiny_run: Path) -> LoadedRun:
    return load_run(tiny_run, ["dataset.num_shapes=80", "dataset.num_points=32"])


@pytest.fixture(params=CORRUPTIONS, ids=lambda corruption: corruption.name)
def corruption(request: pytest.FixtureRequest) -> Corruption:
    return request.param


def clouds_of(split: PointCloudSplit) -> list[Tensor]:
    return [cloud.pos for cloud in split.__getitems__(range(len(split))).to_data_list()]


def every_cloud(run: LoadedRun, split: PointCloudSplit) -> list[list[Tensor]]:
    """Returns the clouds of each corruption and severity."""
    seen: list[list[Tensor]] = []

    def value_of(corrupted: PointCloudSplit) -> float:
        seen.append(clouds_of(corrupted))
        return 0.0

    measure_corruptions(run, split, "accuracy", 100.0, value_of)
    return seen


def test_at_the_identity_the_clouds_are_as_they_were(loaded: LoadedRun, corruption: Corruption) -> None:
    split = loaded.split("test")
    clouds = clouds_of(corrupted_split(loaded, split, corruption, corruption.identity))
    assert len(clouds) == len(split)
    for cloud, clean in zip(clouds, clouds_of(split), strict=True):
        assert torch.allclose(cloud, clean, atol=1e-6)


def test_every_severity_changes_the_clouds_and_leaves_them_normalised(
    loaded: LoadedRun, corruption: Corruption
) -> None:
    split = loaded.split("test")
    for severity in corruption.severities:
        for cloud, clean in zip(
            clouds_of(corrupted_split(loaded, split, corruption, severity)), clouds_of(split), strict=True
        ):
            assert cloud.shape != clean.shape or not torch.allclose(cloud, clean, atol=1e-3)
            assert cloud.mean(dim=0).abs().max() < 1e-5 and cloud.norm(dim=1).max() == pytest.approx(1, abs=1e-5)


def test_corruptions_follow_the_seed_of_the_run_and_nothing_else(loaded: LoadedRun) -> None:
    split = loaded.split("test").subset(range(4))
    torch.manual_seed(1)
    first = every_cloud(loaded, split)
    left_alone = torch.rand(3)
    torch.manual_seed(1)
    assert torch.equal(torch.rand(3), left_alone)
    again = every_cloud(loaded.untrained(), split)
    seeded = {**loaded.config, "pipeline": {**loaded.config["pipeline"], "seed": 5}}
    other = every_cloud(replace(loaded, config=seeded), split)
    assert len(first) == sum(len(corruption.severities) for corruption in CORRUPTIONS)
    for one, same, another in zip(first, again, other, strict=True):
        assert all(map(torch.equal, one, same)) and not any(map(torch.equal, one, another))


def test_a_model_that_draws_is_given_the_same_clouds(loaded: LoadedRun, corruption: Corruption) -> None:
    made = corrupted_split(loaded, loaded.split("test").subset(range(12)), corruption, corruption.severities[-1])
    seen = []
    for draws in (0, 3):
        batches = []
        for first in (0, 4, 8):
            batches.append(made.__getitems__(range(first, first + 4)).pos)
            torch.rand(draws)
        seen.append(torch.cat(batches))
    assert torch.equal(*seen)
    assert torch.equal(made[5].pos, made[5].pos)


def test_batches_draw_apart(loaded: LoadedRun) -> None:
    split = loaded.split("test")
    jitter = corrupted_split(loaded, split.subset([3, 3]), CORRUPTIONS[2], 0.1)
    assert CORRUPTIONS[2].name == "jitter" and not torch.equal(jitter[0].pos, jitter[1].pos)


def test_the_vertical_is_that_of_the_clouds_as_they_are_read(loaded: LoadedRun) -> None:
    turned = replace(loaded, checkpoint=replace(loaded.checkpoint, up_axis=1))
    split = turned.split("test")
    for cloud, clean in zip(
        clouds_of(corrupted_split(turned, split, CORRUPTIONS[0], 180)), clouds_of(split), strict=True
    ):
        assert torch.allclose(cloud[:, 1], clean[:, 1], atol=1e-6)


def test_clouds_that_were_turned_are_normalised_about_their_new_axis(tiny_run: Path) -> None:
    run = load_run(tiny_run, ["dataset.transform=[{name: RandomYawRotate, degrees: 5}]"])
    turned = replace(run, checkpoint=replace(run.checkpoint, up_axis=1))
    made = corrupted_split(turned, turned.split("test"), CORRUPTIONS[0], 10.0)
    assert made.transform is not None
    first, *_, last = made.transform.transforms
    assert first.transforms[0].transforms[0].up_axis == 2 and last.transforms[0].up_axis == 1


def test_each_value_is_kept_with_its_severity_and_their_mean_is_taken(loaded: LoadedRun) -> None:
    count = iter(range(100))
    result = measure_corruptions(loaded, loaded.split("test"), "accuracy", 12.345, lambda _: float(next(count)))
    assert result.metric == "mean accuracy under corruptions" and result.value == pytest.approx(sum(range(24)) / 24)
    assert result.protocol == {"corruptions": {c.name: c.severities for c in CORRUPTIONS}}
    assert (result.details["measure"], result.details["clean"]) == ("accuracy", 12.35)
    measured = result.details["corruptions"]
    assert [(found["name"], tuple(found["severities"])) for found in measured] == [
        (corruption.name, corruption.severities) for corruption in CORRUPTIONS
    ]
    assert [value for found in measured for value in found["values"]] == list(range(24))
