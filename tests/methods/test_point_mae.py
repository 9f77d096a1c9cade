"""Point-MAE: the choice of hidden patches, what the encoder sees, and the loss, against loops."""

import math
from typing import Any

import pytest
import torch
from helpers import PATCH_ENCODER, raises
from torch import Tensor
from torch_geometric.data import Batch, Data

from conclu_pyg import METHODS
from conclu_pyg.errors import ArgumentError, ConfigError
from conclu_pyg.nn.patches import Patches
from conclu_pyg.pipelines.views import compose_views

ENCODER = {"name": "PointNet", "out_channels": 8, "input_transform": False, "feature_transform": False}


def make(**options: Any) -> Any:
    return METHODS.build({"name": "PointMAE", "encoder": PATCH_ENCODER, "num_points": 40, **options}).double()


def clouds(*sizes: int) -> Batch:
    return Batch.from_data_list([Data(pos=torch.randn(n, 3).double()) for n in sizes])


def rows(centers: Tensor, valid: Tensor) -> list[set[tuple[float, ...]]]:
    return [{tuple(p) for p in cloud[mask].tolist()} for cloud, mask in zip(centers, valid, strict=True)]


@pytest.mark.parametrize(
    ("ratio", "hidden"), [(0.6, [4, 1, 1]), (0.01, [1, 1, 1]), (0.75, [6, 2, 1]), (0.99, [7, 2, 1])]
)
def test_the_share_of_hidden_patches_is_exact(ratio: float, hidden: list[int]) -> None:
    method = make(mask_ratio=ratio)
    patches = method.divide(clouds(30, 3, 2))  # of 8, 3 and 2 patches
    for _ in range(5):
        seen, masked = method.mask(patches)
        assert masked.valid.sum(dim=1).tolist() == hidden
        assert seen.valid.sum(dim=1).tolist() == [8 - hidden[0], 3 - hidden[1], 2 - hidden[2]]
        every, parts = rows(patches.centers, patches.valid), [rows(p.centers, p.valid) for p in (seen, masked)]
        assert [a | b for a, b in zip(*parts, strict=True)] == every and not any(
            a & b for a, b in zip(*parts, strict=True)
        )


def test_every_patch_is_hidden_as_often_in_each_cloud() -> None:
    method = make(mask_ratio=0.25)
    patches = method.divide(clouds(30, 30))
    count = torch.zeros(2, 8)
    for _ in range(400):
        count += (patches.centers[:, :, None] == method.mask(patches)[1].centers[:, None]).all(dim=3).sum(dim=2)
    assert count.sum() == 2 * 2 * 400 and (count / 400 - 0.25).abs().max() < 0.1


def test_the_loss_is_that_of_each_hidden_patch() -> None:
    method = make().eval()
    view = clouds(30, 4)
    torch.manual_seed(3)
    found = method({"cloud": view}).losses["reconstruction"].item()
    torch.manual_seed(3)
    visible, hidden = method.mask(method.divide(view))
    distances = []
    for cloud in range(2):
        seen, masked = visible.valid[cloud], hidden.valid[cloud]
        tokens = method.encoder.encode_patches(Patches(*(part[cloud, seen][None] for part in visible)))
        centers = torch.cat([visible.centers[cloud, seen], hidden.centers[cloud, masked]])[None]
        num = int(masked.sum())
        x = torch.cat([tokens, method.mask_token.expand(1, num, -1)], dim=1)
        decoded = method.decoder(x, centers, torch.ones(1, x.size(1), dtype=torch.bool))[0, -num:]
        for token, target in zip(decoded, hidden.points[cloud, masked], strict=True):
            a, b = method.last(token).view(8, 3).tolist(), target.tolist()
            there = sum(min(math.dist(p, q) ** 2 for q in b) for p in a) / 8
            distances.append(there + sum(min(math.dist(p, q) ** 2 for q in a) for p in b) / 8)
    assert len(distances) == 6 and found == pytest.approx(sum(distances) / 6, rel=1e-9)


def test_the_encoder_does_not_see_what_is_hidden() -> None:
    """Hidden points and positions do not change the tokens, even by the batch norms' statistics; visible ones do."""
    method = make().train()
    tokens: list[Tensor] = []
    encode = method.encoder.encode_patches

    def record(patches: Patches) -> Tensor:
        tokens.append(encode(patches))
        return tokens[-1]

    method.encoder.encode_patches = record
    patches = method.divide(clouds(30, 25))
    for moved in (False, True):  # first hidden patches move, then visible ones
        torch.manual_seed(1)
        visible, hidden = method.mask(patches)
        chosen = (patches.centers[:, :, None] == hidden.centers[:, None]).all(dim=3).any(dim=2)[..., None]
        noise = torch.randn_like(patches.centers) * (chosen ^ moved)
        other = Patches(patches.centers + noise, patches.points + noise[:, :, None], patches.valid)
        for each in (patches, other):
            torch.manual_seed(1)
            method.predict(*method.mask(each))
    assert torch.equal(tokens[0], tokens[1]) and not torch.allclose(tokens[2], tokens[3])
    assert tokens[0].shape[1] == visible.valid.size(1) == 4


def test_the_prediction_knows_where_hidden_patches_are_but_not_their_points() -> None:
    method = make().eval()
    visible, hidden = method.mask(method.divide(clouds(30)))
    before = method.predict(visible, hidden)
    assert torch.equal(method.predict(visible, hidden._replace(points=hidden.points + 1)), before)
    assert not torch.allclose(method.predict(visible, hidden._replace(centers=hidden.centers + 1)), before)


def test_clouds_of_one_position_have_nothing_to_predict() -> None:
    view = Batch.from_data_list([Data(pos=torch.ones(5, 3).double())] * 2)
    loss = make()({"cloud": view}).losses["reconstruction"]
    loss.backward()
    assert loss == 0


def test_the_view_is_scaled_and_moved() -> None:
    whole = clouds(40, 40)
    view = compose_views(make().views, None, up_axis=2)["cloud"](whole.clone())
    assert view.pos.shape == (80, 3)
    for before, after in zip(whole.pos.split(40), view.pos.split(40), strict=True):
        before, after = before.sort(dim=0).values, after.sort(dim=0).values
        scale = (after[-1] - after[0]) / (before[-1] - before[0])
        shift = after[0] - scale * before[0]
        torch.testing.assert_close(after, scale * before + shift)
        assert (scale > 2 / 3).all() and (scale < 1.5).all() and len(set(scale.tolist())) == 3
        assert (shift.abs() <= 0.2).all() and (shift != 0).all()


def test_an_encoder_without_patches_is_refused() -> None:
    with raises(ConfigError, argument="encoder", got="PointNet") as error:
        make(encoder=ENCODER)
    assert "use one of: PointTransformer." in str(error.value)
    for ratio in (0.0, 1.0):
        with raises(ArgumentError, argument="mask_ratio", got=ratio):
            make(mask_ratio=ratio)
