"""Test suite for encoders."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from conclu_pyg.encoders.base import Encoder, channels_of, layer_features, pooled_features
from conclu_pyg.encoders.checks import checks_input
from conclu_pyg.encoders.dense import dense_features, dense_layer_features, has_dense_entry
from conclu_pyg.errors import DataError
from conclu_pyg.registry import ENCODERS
from conclu_pyg.testing.clouds import Clouds, invalid_clouds, random_clouds
from conclu_pyg.testing.report import expect, expect_close, expect_error, run_checks


def check_encoder(
    encoder: Encoder | Mapping[str, Any],
    *,
    permutation_equivariant: bool = True,
    batch_independent: bool = True,
    deterministic: bool = True,
    float64_gradients: bool = True,
    picklable: bool = True,
    compilable: bool = True,
    num_points: int = 24,
) -> None:
    """Check that an encoder satisfies the interface and the contract in :mod:`conclu_pyg.encoders.base`.

    Checks shapes and dtypes of the outputs, gradients of all points and trainable parameters, gradients against finite
    differences, ``pool``, ``layers`` and the dense entry (if there is one) against the call, evaluation mode, the
    refusal of invalid input, and copies, pickles and compiled versions after a training step. The suite works on copies
    with perturbed weights; the encoder and the random state of the program do not change.

    An encoder's class can switch checks off itself, by their argument here: ``not_promised =
    ("permutation_equivariant",)``. The tests of this package run the suite on every registered encoder.

    Args:
        encoder: the encoder, or its config.
        permutation_equivariant: reordering the points of a cloud reorders their features and keeps the pooled features.
            Pass False if the result depends on the order, for example after a serialisation of the points.
        batch_independent: in evaluation mode, the features of a cloud do not depend on the other clouds of its batch.
        deterministic: in evaluation mode, calls repeat their result. Pass False if the encoder samples.
        float64_gradients: the encoder runs in float64 and its gradients equal finite differences. If False, the suite
            runs in float32.
        picklable: pass False if the class cannot be imported by its name.
        compilable: pass False if ``torch.compile`` fails.
        num_points: number of points of the smallest cloud.

    Raises:
        AssertionError: lists all failed checks.
    """
    module: Any = ENCODERS.build(encoder)
    promises = {
        "permutation_equivariant": permutation_equivariant,
        "batch_independent": batch_independent,
        "deterministic": deterministic,
        "float64_gradients": float64_gradients,
        "picklable": picklable,
        "compilable": compilable,
    }
    not_promised = getattr(type(module), "not_promised", ())
    expect(set(not_promised) <= set(promises), f"not_promised must be among {', '.join(promises)}, got {not_promised}.")
    promised = {name for name, value in promises.items() if value and name not in not_promised}
    device = next((parameter.device for parameter in module.parameters()), torch.device("cpu"))
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        dtype = torch.double if "float64_gradients" in promised else torch.float
        suite = _Suite(module, dtype, device, num_points)
        checks: dict[str, Callable[[], None]] = {
            "outputs": suite.outputs,
            "gradients": suite.gradients,
            "pooled features": suite.pooled,
            "layers": suite.layers,
            "evaluation mode": suite.evaluation_mode,
            "invalid input": suite.invalid_input,
            "deep copies": partial(suite.converted, copy.deepcopy),
        }
        if "float64_gradients" in promised and has_dense_entry(module):
            checks["dense entry"] = suite.dense
        if "float64_gradients" in promised:
            checks["finite differences"] = suite.finite_differences
        if "permutation_equivariant" in promised:
            checks["permutation equivariance"] = suite.permutation
        if "deterministic" in promised:
            checks["determinism"] = suite.determinism
        if {"deterministic", "batch_independent"} <= promised:
            checks["batch independence"] = suite.independence
        if "picklable" in promised:
            checks["pickling"] = partial(suite.converted, lambda encoder: pickle.loads(pickle.dumps(encoder)))
        if "compilable" in promised:
            checks["torch.compile"] = suite.compilation
        run_checks(type(module).__name__, checks)


class _Suite:
    """The checks: methods that raise on failure."""

    def __init__(self, encoder: nn.Module, dtype: torch.dtype, device: torch.device, num_points: int) -> None:
        self.encoder, self.dtype = encoder, dtype
        torch.manual_seed(0)
        self.clouds = random_clouds(num_points, dtype, device)

    def make(self, *, training: bool) -> Any:
        """Return a copy of the encoder with weights and statistics unlike the initial ones."""
        torch.manual_seed(1)
        encoder = copy.deepcopy(self.encoder).to(self.dtype).train(training)
        with torch.no_grad():
            for parameter in encoder.parameters():
                if parameter.is_floating_point() and parameter.requires_grad:
                    parameter.add_(torch.randn_like(parameter), alpha=0.1)
            for layer in encoder.modules():
                if isinstance(layer, nn.modules.batchnorm._BatchNorm) and layer.running_var is not None:
                    layer.get_buffer("running_mean").normal_(std=0.1)
                    layer.get_buffer("running_var").uniform_(0.5, 2)
        return encoder

    def cases(self, *modes: bool) -> Iterator[tuple[str, Any, Clouds]]:
        """Yield a description, an encoder and clouds for each kind of clouds and each ``training`` mode."""
        for training in modes or (True, False):
            for name, clouds in self.clouds.items():
                yield f"{name}, {'training' if training else 'evaluation'} mode", self.make(training=training), clouds

    def outputs(self) -> None:
        for dtype in dict.fromkeys([self.dtype, torch.float]):
            for name, encoder, clouds in self.cases():
                given = clouds._replace(pos=clouds.pos.to(dtype, copy=True))
                outputs, sizes = _call(encoder.to(dtype), given), (len(given.pos), given.batch_size)
                for kind, x, size in zip(("per-point", "pooled"), outputs, sizes, strict=True):
                    shape = [size, channels_of(encoder)]
                    expected = f"{name}: expected finite {kind} features of {dtype} and shape {shape}"
                    expect(x.dtype == dtype and list(x.shape) == shape, f"{expected}, got {x.dtype}, {list(x.shape)}")
                    expect(x.isfinite().all(), f"{expected}, got NaN or infinity")
                expect(torch.equal(given.pos, clouds.pos.to(dtype)), f"{name}: the call modifies pos")

    def gradients(self) -> None:
        for name, encoder, clouds in self.cases(True):
            pos = clouds.pos.clone().requires_grad_()
            points, pooled = _call(encoder, clouds._replace(pos=pos))
            (points * torch.randn_like(points)).sum().backward(retain_graph=True)
            (pooled * torch.randn_like(pooled)).sum().backward()
            for key, leaf in [("pos", pos), *encoder.named_parameters()]:
                usable = leaf.grad is not None and leaf.grad.isfinite().all() and leaf.grad.any()
                expected = f"expected a finite, non-zero gradient of {key}; set requires_grad=False if it is unused"
                expect(usable or not leaf.requires_grad, f"{name}: {expected}")

    def finite_differences(self) -> None:
        for name, encoder, clouds in self.cases():

            def function(pos: Tensor, encoder: Any = encoder, clouds: Clouds = clouds) -> Any:
                return _call(encoder, clouds._replace(pos=pos))

            pos = clouds.pos.clone().requires_grad_()
            equal = torch.autograd.gradcheck(function, pos, fast_mode=True, raise_exception=False)
            hint = "pass float64_gradients=False if that is intended"
            expect(equal, f"{name}: gradients differ from finite differences; {hint}")

    def permutation(self) -> None:
        hint = "when points are reordered; pass permutation_equivariant=False if that is intended"
        for name, encoder, clouds in self.cases():
            shuffled, order = clouds.shuffled()
            points, pooled = _all_features(encoder, clouds)
            for before, after in zip(points, _all_features(encoder, shuffled)[0], strict=True):
                expect_close(after, before[order], f"{name}: per-point features change {hint}")
            expect_close(_all_features(encoder, shuffled)[1], pooled, f"{name}: pooled features change {hint}")

    def independence(self) -> None:
        hint = "depend on the other clouds of the batch; pass batch_independent=False if that is intended"
        for name, encoder, clouds in self.cases(False):
            points, pooled = _all_features(encoder, clouds)
            alone = [_all_features(encoder, cloud) for cloud in clouds.split()]
            for together, *apart in zip(points, *(features for features, _ in alone), strict=True):
                expect_close(torch.cat(apart), together, f"{name}: per-point features {hint}")
            expect_close(torch.cat([x for _, x in alone]), pooled, f"{name}: pooled features {hint}")

    def determinism(self) -> None:
        for name, encoder, clouds in self.cases(False):
            same = torch.equal(encoder(*clouds)[1], encoder(*clouds)[1])
            expect(same, f"{name}: two calls differ; pass deterministic=False if that is intended")

    def evaluation_mode(self) -> None:
        for name, encoder, clouds in self.cases(False):
            before = _state(encoder)
            first, second, _ = _call(encoder, clouds)[1]
            changed = [key for key, value in _state(encoder).items() if not torch.equal(value, before[key])]
            expect(not changed, f"{name}: the call changes {', '.join(changed)}")
            expect(not torch.allclose(first, second, atol=1e-3), f"{name}: different clouds have the same features")

    def pooled(self) -> None:
        for name, encoder, clouds in self.cases():
            before = _state(encoder)
            results = []
            for method in (_pooled_features, lambda encoder, clouds: encoder(*clouds)[1]):
                encoder.load_state_dict(before)
                pooled = _call(encoder, clouds, method)
                leaves = {f"gradient of {key}": leaf for key, leaf in encoder.named_parameters() if leaf.requires_grad}
                loss = (pooled * torch.linspace(-1, 1, pooled.numel()).view_as(pooled).to(pooled)).sum()
                grads = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True) if leaves else ()
                results.append({"features": pooled, **dict(zip(leaves, grads, strict=True)), **_state(encoder)})
            for key, value in results[0].items():
                other = results[1][key]
                expect((value is None) == (other is None), f"{name}: pool and the call differ in {key}")
                if value is not None:
                    expect_close(value, other, f"{name}: pool and the call differ in {key}")

    def layers(self) -> None:
        for name, encoder, clouds in self.cases():
            pos = clouds.pos.clone().requires_grad_()
            layers, pooled = _call(encoder, clouds._replace(pos=pos), _layer_features)
            for i, x in enumerate(layers):
                expect(x.dtype == self.dtype and x.isfinite().all(), f"{name}: layer {i} is {x.dtype}, or not finite")
                (grad,) = torch.autograd.grad((x * torch.randn_like(x)).sum(), pos, retain_graph=True)
                expect(
                    grad.isfinite().all() and grad.any(), f"{name}: layer {i} has no finite, non-zero gradient of pos"
                )
            expect_close(pooled, _call(encoder, clouds)[1], f"{name}: layers and the call differ in pooled features")

    def dense(self) -> None:
        for name, encoder, clouds in self.cases(False):
            sizes = clouds.batch.bincount()
            if len(sizes.unique()) > 1:
                continue
            pos = clouds.pos.view(clouds.batch_size, -1, 3)
            points, pooled = dense_features(encoder, pos)
            layers, again = dense_layer_features(encoder, pos)
            features, expected = _all_features(encoder, clouds)
            for found, other in zip([points, *layers], features, strict=True):
                expect_close(found.flatten(0, 1), other, f"{name}: the dense entry and the call differ")
            expect_close(pooled, expected, f"{name}: the dense entry and the call differ in pooled features")
            expect_close(again, expected, f"{name}: dense_layers and the call differ in pooled features")

    def invalid_input(self) -> None:
        encoder = self.make(training=False)
        calls: dict[str, Callable[[Any, Clouds], Any]] = {
            "pooled_features": _pooled_features,
            "layer_features": _layer_features,
        }
        for method in ("forward", "pool", "layers"):
            if checks_input(getattr(encoder, method, None)):
                calls[method] = partial(_call_method, method=method)
        for clouds in self.clouds.values():
            for violation, invalid in invalid_clouds(clouds).items():
                for name, call in calls.items():
                    expect_error(DataError, partial(call, encoder, invalid), f"{name} on {violation}")

    def compilation(self) -> None:
        self.clouds = dict(list(self.clouds.items())[:1])  # a compilation takes seconds
        self.converted(partial(torch.compile, backend="eager"), modes=(True,))

    def converted(self, convert: Callable[[Any], Any], modes: tuple[bool, ...] = (False, True)) -> None:
        """Convert an encoder after a training step, and compare the results of both in each mode."""
        for name, encoder, clouds in self.cases(True):
            loss = _call(encoder, clouds)[1].square().mean()
            parameters = [parameter for parameter in encoder.parameters() if parameter.requires_grad]
            if parameters:
                loss.backward()
                torch.optim.SGD(parameters, lr=1e-3).step()
            other = convert(encoder)
            state = _state(encoder)
            for training in modes:
                encoder.load_state_dict(state)
                expected = _call(encoder.train(training), clouds)
                encoder.load_state_dict(state)
                for ours, theirs in zip(_call(other.train(training), clouds), expected, strict=True):
                    expect_close(ours, theirs, f"{name}: the result differs from the encoder's")


def _call(
    encoder: Any, clouds: Clouds, method: Callable[[Any, Clouds], Any] = lambda encoder, clouds: encoder(*clouds)
) -> Any:
    """Call an encoder or a function of it, with the same random draws each time."""
    torch.manual_seed(2)
    return method(encoder, clouds)


def _call_method(encoder: Any, clouds: Clouds, method: str) -> Any:
    return getattr(encoder, method)(*clouds)


def _pooled_features(encoder: nn.Module, clouds: Clouds) -> Tensor:
    return pooled_features(encoder, clouds.as_batch())


def _layer_features(encoder: nn.Module, clouds: Clouds) -> tuple[list[Tensor], Tensor]:
    return layer_features(encoder, clouds.as_batch())


def _all_features(encoder: Any, clouds: Clouds) -> tuple[list[Tensor], Tensor]:
    """Return the per-point features of the call and of all layers, and the pooled features."""
    points, pooled = _call(encoder, clouds)
    return [points, *_call(encoder, clouds, _layer_features)[0]], pooled


def _state(encoder: nn.Module) -> dict[str, Tensor]:
    return {key: value.clone() for key, value in encoder.state_dict().items()}
