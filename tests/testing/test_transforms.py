"""The suite for transforms reports each kind of violation."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from conclu_pyg.testing import check_transform
from conclu_pyg.transforms.clouds import cloud_layout


class Stretch(BaseTransform):
    """A correct transform: stretches each cloud by its own random factor."""

    def forward(self, data: Data) -> Data:
        clouds = cloud_layout(data)
        factor = 1 + torch.rand(clouds.size, 1, dtype=data.pos.dtype)
        data.pos = data.pos * factor[clouds.batch]
        return data


class Changed(BaseTransform):
    """Stretch, with a change of its result."""

    def __init__(self, change: Callable[[Data], Any]) -> None:
        self.change = change

    def __repr__(self) -> str:
        return "Changed()"

    def forward(self, data: Data) -> Data:
        out = Stretch()(data)
        self.change(out)
        return out


class InPlace(Stretch):
    def __call__(self, data: Data) -> Data:
        data.pos *= 2
        return super().__call__(data)


class Unchecked(BaseTransform):
    def forward(self, data: Data) -> Data:
        data.pos = data.pos * torch.rand(())
        return data


def update(**values: Callable[[Data], Any]) -> Changed:
    return Changed(lambda data: [setattr(data, key, value(data)) for key, value in values.items()])


def test_a_correct_transform_passes_and_the_random_state_stays() -> None:
    state = torch.get_rng_state()
    check_transform(Stretch())
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        (update(pos=lambda data: data.pos.float()), "dtype and device: equal clouds: expected pos of torch.float64"),
        (update(pos=lambda data: data.pos / 0), "pos is not finite"),
        (update(y=lambda data: data.y + 1), "the labels y of the clouds change"),
        (update(intensity=lambda data: data.intensity.flip(0)), "attributes do not follow their points"),
        (update(batch=lambda data: torch.zeros(len(data.pos), dtype=torch.long)), "or a cloud is empty"),
        (InPlace(), "unchanged input: equal clouds: the transform modifies its input in pos"),
        (Unchecked(), "invalid input: "),
        (Unchecked(), "equal clouds give equal results in one batch"),
    ],
)
def test_each_violation_is_reported(transform: BaseTransform, expected: str) -> None:
    with pytest.raises(AssertionError) as error:
        check_transform(transform)
    assert expected in str(error.value)


def test_a_wrong_claim_of_determinism_is_reported() -> None:
    with pytest.raises(AssertionError, match="two seeds give two results"):
        check_transform(Stretch(), deterministic=True)
    with pytest.raises(AssertionError, match="two seeds give one result; pass deterministic=True"):
        check_transform({"name": "NormalizeUnitSphere"})
    check_transform({"name": "NormalizeUnitSphere"}, deterministic=True)


def test_flags_switch_checks_off() -> None:
    with pytest.raises(AssertionError) as error:
        check_transform(Unchecked(), checks_input=False)
    assert "invalid input" not in str(error.value)
    with pytest.raises(AssertionError, match="attributes of points"):
        check_transform(update(part=lambda data: data.part * 0))
