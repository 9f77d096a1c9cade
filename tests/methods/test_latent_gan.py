"""l-GAN: the losses of the game, and who moves when."""

from typing import Any

import pytest
import torch
from torch import Tensor

from conclu_pyg import METHODS
from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.methods.base import Progress
from conclu_pyg.pipelines.build import build_pipeline
from conclu_pyg.pipelines.gradients import compute_gradients
from conclu_pyg.transforms.clouds import cloud_range

ENCODER = {"name": "PointNet", "out_channels": 6, "input_transform": False, "feature_transform": False}
DECODER = {"name": "MLPDecoder", "num_points": 5, "hidden_channels": [8]}
SMALL = {"noise_channels": 4, "generator_channels": [7], "critic_channels": [8, 9]}


def make(**options: Any) -> Any:
    return METHODS.build({"name": "LatentGAN", "encoder": ENCODER, "decoder": DECODER, **SMALL, **options}).double()


def clouds(size: int = 5) -> dict[str, Any]:
    return {"cloud": batch_clouds(torch.randn(size, 12, 3, dtype=torch.double))}


def drawn(size: int = 5) -> tuple[Tensor, Tensor]:
    """The noise and the shares that a step draws from seed 0."""
    torch.manual_seed(0)
    return 0.2 * torch.randn(size, 4, dtype=torch.double), torch.rand(size, 1, dtype=torch.double)


def test_the_losses_are_those_of_a_wasserstein_gan_with_gradient_penalty() -> None:
    method, views = make(penalty=3.0), clouds()
    z = method.encoder(views["cloud"].pos, views["cloud"].batch, 5)[1].detach()
    noise, share = drawn()
    g = method.generator(noise).detach()
    expected_critic = expected_generator = 0.0
    for i in range(5):
        point = (share[i] * z[i] + (1 - share[i]) * g[i]).requires_grad_()
        step = 1e-6 * torch.eye(6, dtype=torch.double)
        slope = torch.stack([(method.critic(point + e) - method.critic(point - e)) / 2e-6 for e in step])
        real, fake = method.critic(z[i]).item(), method.critic(g[i]).item()
        expected_critic += (fake - real + 3 * (slope.norm().item() - 1) ** 2) / 5
        expected_generator -= fake / 5
    torch.manual_seed(0)
    losses, metrics = method(views)
    assert losses["critic"].item() == pytest.approx(expected_critic, rel=1e-6)
    assert losses["generator"].item() == pytest.approx(expected_generator)
    assert metrics["wasserstein"].item() == pytest.approx((method.critic(z).mean() - method.critic(g).mean()).item())


def test_without_gradients_the_losses_are_the_same() -> None:
    method, views = make(), clouds()
    torch.manual_seed(0)
    expected = method(views).losses
    torch.manual_seed(0)
    with torch.no_grad():
        losses = method(views).losses
    assert all(torch.equal(losses[name], expected[name]) and not losses[name].requires_grad for name in expected)


def test_a_step_in_parts_has_the_gradients_of_the_parts_losses(tiny_config: dict[str, Any]) -> None:
    tiny_config["model"] = {"name": "LatentGAN", "encoder": ENCODER, "decoder": DECODER, **SMALL}
    tiny_config["pipeline"] |= {"views": None, "accumulate": 2}
    pipeline = build_pipeline(tiny_config)
    pipeline.make_views = lambda clouds: {"cloud": clouds}
    batch = batch_clouds(torch.randn(6, 12, 3))
    torch.manual_seed(0)
    output = compute_gradients(pipeline, pipeline.fabric.setup_module(pipeline.method), batch)
    found = [parameter.grad.clone() for parameter in pipeline.method.critic.parameters()]
    pipeline.method.zero_grad()
    torch.manual_seed(0)
    parts = [pipeline.method({"cloud": cloud_range(batch, i, i + 3)}) for i in (0, 3)]
    total = torch.stack([part.total_loss() for part in parts]).mean()
    total.backward()
    assert output.total_loss().item() == pytest.approx(total.item(), rel=1e-5)
    expected = [parameter.grad for parameter in pipeline.method.critic.parameters()]
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(found, expected, strict=True))


def test_each_loss_moves_its_own_player_alone() -> None:
    method, views = make(), clouds()
    losses = method(views).losses
    for name, other in (("critic", "generator"), ("generator", "critic")):
        parameters = list(getattr(method, name).parameters()) + list(getattr(method, other).parameters())
        grads = torch.autograd.grad(losses[name], parameters, allow_unused=True)
        own = len(list(getattr(method, name).parameters()))
        # The critic's last bias cancels in its loss.
        assert all(grad is not None for grad in grads[:own]) and all(grad is None for grad in grads[own:])


def test_the_generator_moves_in_every_fifth_step() -> None:
    method, views = make(), clouds()
    optimizer = torch.optim.AdamW(method.parameter_groups(), lr=1e-3)
    moved = []
    for step in range(10):
        before = [parameter.clone() for parameter in method.parameters()]
        optimizer.zero_grad()
        method(views).total_loss().backward()
        method.before_step(Progress(step, 10, 0, 1))
        optimizer.step()
        changed = {
            name.split(".")[0]
            for (name, parameter), old in zip(method.named_parameters(), before, strict=True)
            if not torch.equal(parameter, old)
        }
        moved.append(changed)
    assert moved == [{"critic"}] * 4 + [{"critic", "generator"}] + [{"critic"}] * 4 + [{"critic", "generator"}]


def test_the_auto_encoder_stays_as_it_is() -> None:
    method = make().train()
    assert method.training and not method.encoder.training and not method.decoder.training
    before = {name: value.clone() for name, value in method.encoder.state_dict().items()}
    method(clouds())
    assert all(torch.equal(value, before[name]) for name, value in method.encoder.state_dict().items())


def test_clouds_are_decoded_from_generated_features() -> None:
    method, noise = make(), torch.randn(3, 4, dtype=torch.double)
    found = method.generate(noise)
    assert torch.equal(found, method.decoder(method.generator(0.2 * noise))) and found.shape == (3, 5, 3)


def test_training_lets_generated_features_come_nearer() -> None:
    method, views = make(critic_steps=1), clouds(32)
    real = method.encoder(views["cloud"].pos, views["cloud"].batch, 32)[1].detach().mean(dim=0)
    optimizer = torch.optim.AdamW(method.parameter_groups(), lr=2e-2, betas=(0.5, 0.9), weight_decay=0)

    def gap() -> float:
        with torch.no_grad():
            return float((method.generator(0.2 * torch.randn(64, 4, dtype=torch.double)).mean(dim=0) - real).norm())

    torch.manual_seed(0)
    first = gap()
    for _ in range(60):
        optimizer.zero_grad()
        method(views).total_loss().backward()
        optimizer.step()
    assert gap() < 0.7 * first
