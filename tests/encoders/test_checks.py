"""The contract of encoders: valid input, and the message for each violation."""

from collections.abc import Callable

import pytest
import torch
from helpers import raises
from torch import Tensor, nn

from conclu_pyg.encoders.base import layer_features, pooled_features
from conclu_pyg.encoders.checks import check_input, checked_input, checks_input
from conclu_pyg.errors import DataError
from conclu_pyg.testing.clouds import Clouds, invalid_clouds, random_clouds

POS, BATCH = torch.zeros(6, 3), torch.tensor([0, 0, 1, 1, 2, 2])


class Net(nn.Module):
    """The smallest encoder: features are coordinates."""

    out_channels = 3

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(3))

    def forward(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
        return pos * self.scale, pos.new_zeros(batch_size, 3).index_reduce(0, batch, pos, "amax", include_self=False)


class Checked(Net):
    @checked_input
    def forward(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
        return super().forward(pos, batch, batch_size)


def with_row(row: int, *values: float) -> Tensor:
    return POS.index_put((torch.tensor(row),), torch.tensor(values))


@pytest.mark.parametrize(
    ("pos", "batch", "batch_size", "message"),
    [
        (
            POS[:, :2],
            BATCH,
            3,
            "expected pos of shape [M, 3] with M >= 1, got torch.float32 of shape [6, 2]; pass the coordinates of all "
            "points, one cloud after another.",
        ),
        (None, BATCH, 3, "expected pos of shape [M, 3] with M >= 1, got an object of type NoneType; "),
        (POS.long(), BATCH, 3, "expected floating-point pos, got torch.int64; convert it by pos.float()."),
        (
            POS.double(),
            BATCH,
            3,
            "expected pos of torch.float32, the dtype of the weights, got torch.float64; convert it by "
            "pos.to(torch.float32), or the encoder by encoder.to(torch.float64).",
        ),
        (
            POS.to("meta"),
            BATCH,
            3,
            "expected pos on cpu, the device of the weights, got meta; move the clouds by clouds.to('cpu').",
        ),
        (POS, BATCH, 0, "expected batch_size as an int >= 1, got 0; pass the number of clouds."),
        (POS, BATCH, 3.0, "expected batch_size as an int >= 1, got 3.0; "),
        (
            POS,
            BATCH.int(),
            3,
            "expected an int64 batch of shape [6], got torch.int32 of shape [6]; pass the cloud of each point, as "
            "Batch.batch in PyTorch Geometric.",
        ),
        (POS, None, 3, "expected an int64 batch of shape [6], got an object of type NoneType; "),
        (
            POS,
            BATCH.to("meta"),
            3,
            "expected batch on cpu, the device of pos, got meta; move both to one device.",
        ),
        (
            POS,
            BATCH,
            2,
            "expected a batch with entries from 0 to batch_size - 1 = 1, got entries from 0 to 2; pass the number of "
            "clouds as batch_size.",
        ),
        (
            POS,
            torch.tensor([0, 1, 2, 0, 1, 2]),
            3,
            "expected a batch in ascending order, got entries that descend; sort the points by cloud, for example by "
            "order = batch.argsort(stable=True).",
        ),
        (POS, BATCH, 4, "expected at least one point per cloud, got none in cloud 3 of 4; remove empty clouds."),
        (
            with_row(3, 1, torch.nan, 2),
            BATCH,
            3,
            "expected finite pos, got 1 of 6 points with NaN or infinity, the first in cloud 1: [1.0, nan, 2.0]; "
            "remove them from the data.",
        ),
        (with_row(0, torch.inf, 0, 0), BATCH, 3, "the first in cloud 0: [inf, 0.0, 0.0]; "),
    ],
)
def test_each_violation_has_its_message(pos: Tensor, batch: Tensor, batch_size: int, message: str) -> None:
    with pytest.raises(DataError) as error:
        check_input(Net(), pos, batch, batch_size)
    assert message in str(error.value) and str(error.value).startswith("Net: ")


VALID = [
    (POS, BATCH, 3),
    (torch.full((1, 3), 3e38), torch.zeros(1, dtype=torch.long), 1),
    (torch.tensor([[3e38, -3e38, 0.0]] * 5), torch.tensor([0, 0, 1, 2, 2]), 3),
]


@pytest.mark.parametrize("clouds", VALID, ids=["equal", "one point", "large values, different sizes"])
def test_valid_input_is_accepted(clouds: tuple[Tensor, Tensor, int]) -> None:
    check_input(Net(), *clouds)
    check_input(Net(), clouds[0].requires_grad_(), *clouds[1:])
    check_input(Net().double(), clouds[0].double(), *clouds[1:])
    check_input(nn.Identity(), clouds[0].bfloat16(), *clouds[1:])  # without weights any floating type is right


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_with_autocast_any_type_but_float64_is_accepted(dtype: torch.dtype) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        check_input(Net(), POS.to(dtype), BATCH, 3)
        with raises(DataError, argument="pos", got=torch.float64):
            check_input(Net(), POS.double(), BATCH, 3)


@pytest.mark.parametrize("call", [pooled_features, layer_features])
@pytest.mark.parametrize("make", [Net, Checked])
def test_callers_check_the_input_of_any_encoder_once(
    call: Callable, make: type[Net], monkeypatch: pytest.MonkeyPatch
) -> None:
    valid = random_clouds(4, torch.float, torch.device("cpu"))["clouds of different sizes"]
    invalid = invalid_clouds(valid).values()
    assert len(invalid) > 5
    for clouds in invalid:
        with pytest.raises(DataError) as error:
            call(make(), clouds.as_batch())
        assert str(error.value).startswith(f"{make.__name__}: ")
    seen: list[Clouds] = []
    check = check_input
    for module in ("base", "checks"):
        monkeypatch.setattr(
            f"conclu_pyg.encoders.{module}.check_input", lambda *args: (seen.append(args), check(*args))
        )
    call(make(), valid.as_batch())
    assert len(seen) == 1


def test_the_decorator_keeps_name_and_arguments_and_an_overridden_method_is_not_decorated() -> None:
    class Derived(Checked):
        def forward(self, pos: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
            return Net.forward(self, pos, batch, batch_size)

    assert checks_input(Checked.forward) and checks_input(Checked().forward) and not checks_input(Derived().forward)
    assert Checked.forward.__name__ == "forward" and not checks_input(None)
    points, pooled = Checked()(pos=POS + 1, batch=BATCH, batch_size=3)
    assert torch.equal(points, POS + 1) and torch.equal(pooled, torch.ones(3, 3))
    with raises(DataError, argument="batch_size", got=-1):
        Checked()(POS, BATCH, -1)
