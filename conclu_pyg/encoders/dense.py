"""The dense entry of encoders: features of clouds of equal size, as one tensor ``[B, N, 3]``.

Programs that run without this package, such as ONNX files, take clouds in this form. The two methods are optional, and
used by :mod:`conclu_pyg.export`:

- ``dense(pos)`` returns per-point features ``[B, N, C]`` and pooled features ``[B, C]``: those of the call, in
  evaluation mode and up to rounding;
- ``dense_layers(pos)`` returns the list of per-point features ``[B, N, c]`` of ``layers``, and the pooled features. An
  encoder whose class has no ``layers`` needs none.

``torch.export.export`` must trace them for any B and N: they read neither values nor sizes to decide what to do, and
call no code outside PyTorch. They run in float64, too. An encoder with a neighbour search takes
:class:`~conclu_pyg.nn.NearestInCloud`, stored as a submodule: an export then knows which neighbours were chosen, and
compares the exported program for these.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from conclu_pyg.encoders.base import channels_of, layer_channels
from conclu_pyg.encoders.checks import describe
from conclu_pyg.errors import ConfigError


def has_dense_entry(encoder: nn.Module) -> bool:
    """Return whether the encoder's class has the methods of the dense entry that its other methods ask for."""
    has_layers = callable(getattr(type(encoder), "layers", None))
    return callable(getattr(type(encoder), "dense", None)) and (
        not has_layers or callable(getattr(type(encoder), "dense_layers", None))
    )


def check_dense_entry(encoder: nn.Module) -> None:
    """Check that the encoder has a dense entry.

    Raises:
        ConfigError: it has none.
    """
    if not has_dense_entry(encoder):
        name = type(encoder).__name__
        needed = "dense(pos) and dense_layers(pos)" if hasattr(type(encoder), "layers") else "dense(pos)"
        raise ConfigError(
            f"{name}: expected a dense entry for clouds of equal size, got a class without it; write safetensors, "
            f"which need none, or add the method {needed}, described in conclu_pyg.encoders.dense, to {name}.",
            argument="encoder",
            got=name,
        )


def dense_features(encoder: nn.Module, pos: Tensor) -> tuple[Tensor, Tensor]:
    """Return the per-point and the pooled features of clouds of equal size.

    Shapes:
        - **pos:** ``[B, N, 3]``, **output:** ``[B, N, C]``, ``[B, C]``

    Raises:
        ConfigError: the encoder has no dense entry, is in training mode, or returns something else.
    """
    points, pooled = _call(encoder, "dense", pos)
    _check(encoder, "dense", pos, [points], [channels_of(encoder)], pooled)
    return points, pooled


def dense_layer_features(encoder: nn.Module, pos: Tensor) -> tuple[list[Tensor], Tensor]:
    """Return the per-point features of the encoder's layers, and the pooled features, of clouds of equal size.

    Shapes:
        - **pos:** ``[B, N, 3]``
        - **output:** ``[B, N, c]`` for each c of :func:`~conclu_pyg.encoders.base.layer_channels`; ``[B, C]``

    Raises:
        ConfigError: as :func:`dense_features`.
    """
    if not callable(getattr(type(encoder), "layers", None)):
        points, pooled = dense_features(encoder, pos)
        return [points], pooled
    layers, pooled = _call(encoder, "dense_layers", pos)
    _check(encoder, "dense_layers", pos, layers, layer_channels(encoder), pooled)
    return layers, pooled


def _call(encoder: nn.Module, method: str, pos: Tensor) -> tuple[Any, Any]:
    check_dense_entry(encoder)
    name = type(encoder).__name__
    if encoder.training:
        raise ConfigError(f"{name}.{method}: expected evaluation mode, got training mode; call {name}.eval() first.")
    output = getattr(encoder, method)(pos)
    if not isinstance(output, (tuple, list)) or len(output) != 2:
        raise ConfigError(
            f"{name}.{method}: expected a pair of per-point and pooled features, got {describe(output)}.",
            got=describe(output),
        )
    return output[0], output[1]


def _check(encoder: nn.Module, method: str, pos: Tensor, layers: Any, channels: list[int], pooled: Any) -> None:
    found = [*layers, pooled] if isinstance(layers, (tuple, list)) else [layers, pooled]
    expected = [(*pos.shape[:2], size) for size in channels] + [(pos.shape[0], channels_of(encoder))]
    if len(found) != len(expected) or any(
        not isinstance(x, Tensor) or x.dim() != len(shape) or x.shape[-1] != shape[-1]
        for x, shape in zip(found, expected, strict=False)
    ):
        raise ConfigError(
            f"{type(encoder).__name__}.{method}: expected features of shapes "
            f"{', '.join(str(list(shape)) for shape in expected)}, got {describe(found)}.",
            got=describe(found),
        )
