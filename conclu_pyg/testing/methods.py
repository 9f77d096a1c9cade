"""Test suite for self-supervised methods."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from conclu_pyg.data.batch import batch_clouds
from conclu_pyg.methods.base import Method, Progress, as_method, clusters_of
from conclu_pyg.nn.evaluating import evaluating
from conclu_pyg.pipelines.views import compose_views
from conclu_pyg.registry import METHODS
from conclu_pyg.testing.report import expect, expect_close, run_checks

ENCODER = {"name": "PointNet", "out_channels": 32, "input_transform": False, "feature_transform": False}
SHARED_VIEWS = ({"name": "RandomHalfSpaceCrop"}, {"name": "FixedPoints", "num_points": 32})
STEPS = 20


def check_method(
    method: nn.Module | Mapping[str, Any],
    *,
    shared_views: Sequence[Mapping[str, Any]] = SHARED_VIEWS,
    num_points: int = 48,
    learns: bool = True,
) -> None:
    """Check that a method satisfies the interface in :mod:`conclu_pyg.methods.base`.

    Checks the losses and metrics in float32, under autocast to bfloat16 and without gradients, the gradients, the
    encoder, the saved weights, a few training steps with all hooks, the parameters to optimise, and the optional parts
    of the interface.
    ``before_epoch`` is called first, with six random clouds. ``forward`` may draw random numbers.

    A method's class can switch checks off itself: ``not_promised = ("learns",)``, or ``trains_encoder`` for one that
    works on an encoder which is trained already.

    Args:
        method: the method, which is not changed, or its config; a config without ``encoder`` gets a small PointNet.
        shared_views: configs of the transforms of the shared views.
        num_points: points of each of the random clouds.
        learns: whether twenty steps on the same views must lower the sum of the losses.

    Raises:
        AssertionError: lists all failed checks.
    """
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        built = METHODS.build({"encoder": ENCODER, **method}) if isinstance(method, Mapping) else copy.deepcopy(method)
        suite = _Suite(as_method(built), shared_views, num_points)
        checks: dict[str, Callable[[], None]] = {
            "losses and metrics": suite.outputs,
            "losses and metrics under autocast to bfloat16": suite.autocast_outputs,
            "losses without gradients": suite.outputs_without_gradients,
            "gradients": suite.gradients,
            "encoder": suite.encoder,
            "saved weights": suite.saved_weights,
            "parameters to optimise": suite.parameters,
            "names of the losses": suite.loss_names,
            "smallest batch": suite.smallest_batch,
            "clusters": suite.clusters,
            "warnings": suite.warnings,
        }
        if learns and "learns" not in suite.not_promised:
            checks["training steps"] = suite.training
        run_checks(type(built).__name__, checks)


class _Suite:
    """The checks of one method: methods that raise on failure."""

    def __init__(self, method: Method, shared_views: Sequence[Mapping[str, Any]], num_points: int) -> None:
        self.not_promised: Sequence[str] = getattr(method, "not_promised", ())
        self._method, self.shared_views, self.num_points = method.train(), shared_views, num_points
        with torch.random.fork_rng([]):
            method.before_epoch(_Clouds(method, num_points), Progress(0, STEPS, 0, 1))
        method.train()

    @property
    def method(self) -> Method:
        """A copy with the weights as they were given."""
        return copy.deepcopy(self._method)

    def views(self, size: int = 6) -> dict[str, Batch]:
        """The views of random clouds, made as the pipeline makes them."""
        clouds = batch_clouds(torch.randn(size, self.num_points, 3))
        clouds.cloud_id = torch.arange(size)
        is_shared = any(steps is None for steps in self._method.views.values())
        views = compose_views(self._method.views, list(self.shared_views) if is_shared else None, up_axis=2)
        return {name: transform(clouds.clone()) for name, transform in views.items()}

    def outputs(self) -> None:
        losses, metrics = self.method(self.views())
        expect(losses, "expected at least one loss, got none")
        expect(not losses.keys() & metrics.keys(), "expected different names for losses and metrics")
        for name, loss in losses.items():
            expect(loss.shape == () and bool(loss.isfinite()), f"loss {name}: expected a finite scalar, got {loss}")
            expect(loss.requires_grad, f"loss {name}: expected a loss with a gradient")
        for name, value in metrics.items():
            expect(
                value.shape == () and bool(value.isfinite()), f"metric {name}: expected a finite scalar, got {value}"
            )
            expect(not value.requires_grad, f"metric {name}: expected no gradient; detach it")

    def autocast_outputs(self) -> None:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            self.outputs()

    def outputs_without_gradients(self) -> None:
        views = self.views()
        expected = _seeded_losses(self.method, views)
        with torch.no_grad():  # as the first pass of a step in parts
            losses = _seeded_losses(self.method, views)
        for name, loss in losses.items():
            expect_close(loss, expected[name], f"loss {name} differs under torch.no_grad()")

    def gradients(self) -> None:
        method = self.method
        _total(method, self.views()).backward()
        for name, parameter in method.named_parameters():
            gradient = parameter.grad
            if not parameter.requires_grad:
                expect(gradient is None, f"{name} requires no gradient and received one")
                continue
            expect(gradient is not None, f"{name} requires a gradient and received none; use it or freeze it")
            assert gradient is not None
            expect(gradient.isfinite().all(), f"the gradient of {name} is not finite")

    def encoder(self) -> None:
        method = self.method
        module = dict(method.named_modules()).get("encoder")
        wrapped = getattr(method, "module", method)
        expect(module is method.encoder or hasattr(wrapped, "encoder"), "expected a submodule named `encoder`")
        expect(
            "trains_encoder" in self.not_promised
            or any(parameter.requires_grad for parameter in wrapped.encoder.parameters()),
            "expected an encoder with parameters that train",
        )

    def saved_weights(self) -> None:
        method, views = self.method, self.views()
        state = {name: value.clone() for name, value in method.state_dict().items()}
        first = _seeded_losses(method, views)
        with torch.no_grad():
            for value in method.state_dict().values():
                value.zero_()
        method.load_state_dict(state)
        for name, value in method.state_dict().items():
            expect(torch.equal(value, state[name]), f"{name} differs after saving and loading")
        for name, loss in _seeded_losses(method, views).items():
            expect_close(loss, first[name], f"loss {name} differs after saving and loading the weights")

    def training(self) -> None:
        method, untrained, views, totals = self.method, self.method, self.views(), list[float]()
        _total(untrained, views)
        untrained.after_step(Progress(STEPS, STEPS, 0, 1))  # weights of losses may depend on the progress
        first = _total(untrained, views).item()
        optimizer = torch.optim.AdamW(method.parameter_groups(), lr=1e-3)
        for step in range(STEPS):
            progress = Progress(step, STEPS, 0, 1)
            total = _total(method, views)
            optimizer.zero_grad()
            total.backward()
            method.before_step(progress)
            optimizer.step()
            method.after_step(progress._replace(step=step + 1))
            totals.append(total.item())
        expect(
            totals[-1] < 0.9 * first,
            f"expected {STEPS} steps on the same views to lower the loss, got {first:.4g} to {totals[-1]:.4g}",
        )

    def parameters(self) -> None:
        method = self.method
        listed = sorted(id(parameter) for group in method.parameter_groups() for parameter in group["params"])
        trainable = sorted(id(parameter) for parameter in method.parameters() if parameter.requires_grad)
        expect(listed == trainable, "expected each parameter that requires a gradient once in parameter_groups()")

    def loss_names(self) -> None:
        names, losses = self.method.loss_names(), list(self.method(self.views()).losses)
        expect(names in ([], losses), f"expected loss_names() to be the names of the losses, {losses}, got {names}")

    def smallest_batch(self) -> None:
        size = self.method.min_batch_size()
        expect(size >= 2, f"expected min_batch_size() of at least 2, for batch norm, got {size}")

    def clusters(self) -> None:
        clusters = clusters_of(self.method)
        if clusters is None:
            return
        log_gamma = clusters.assign(batch_clouds(torch.randn(6, self.num_points, 3)))
        expect(
            log_gamma.shape == (6, clusters.num_clusters),
            f"expected assign(clouds) of shape [6, {clusters.num_clusters}], got {list(log_gamma.shape)}",
        )
        expect_close(log_gamma.exp().sum(dim=1), torch.ones(6), "the assignments of a cloud do not sum to 1")

    def warnings(self) -> None:
        found = self.method.warnings({})
        expect(found == [], f"expected no warnings about metrics that were not measured, got {found}")


class _Clouds:
    """Six random clouds as the training data between epochs."""

    num_clouds, device = 6, torch.device("cpu")

    def __init__(self, method: Method, num_points: int) -> None:
        self._method = method
        self._clouds = batch_clouds(torch.randn(self.num_clouds, num_points, 3))

    @torch.no_grad()
    def map(self, function: Callable[[Batch], Tensor]) -> Tensor:
        with evaluating(self._method):
            return function(self._clouds)


def _seeded_losses(method: Method, views: Mapping[str, Batch]) -> Mapping[str, Tensor]:
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        return method(views).losses


def _total(method: Method, views: Mapping[str, Batch]) -> Tensor:
    return torch.stack(list(method(views).losses.values())).sum()
