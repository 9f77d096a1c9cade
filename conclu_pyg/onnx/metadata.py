"""The description of an exported model, as JSON texts in its metadata."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from conclu_pyg.errors import DataError

PREFIX = "conclu_pyg."  # of the keys of the metadata, whose values are JSON
FORMAT = 1
POINTS, CATEGORY = "points", "category"  # inputs
EMBEDDING, POINT_FEATURES, LOG_PROBABILITIES = "embedding", "point_features", "log_probabilities"  # outputs
EMBED, CLASSIFY, SEGMENT = "embedding", "classification", "part_segmentation"  # tasks
MAX_TEXT = 1 << 22  # characters of an entry


@dataclass(frozen=True)
class Metadata:
    """The description of an exported model.

    Attributes:
        task: ``embedding``, ``classification`` or ``part_segmentation``.
        channels: number of features of an embedding.
        num_points: points of each cloud in the training.
        data_axis: the up axis of the data set of the training, which clouds have unless a call says otherwise.
        up_axis: the up axis of the clouds that the model takes.
        steps: names of the transforms of each cloud, and their arguments.
        classes: names of the classes.
        parts: names of the parts.
        fingerprint: that of the encoder: encoders with the same fingerprint give the same embeddings.
        card: the licence, the data, the method and more, as far as they are known.
        opset: version of the ONNX operators; 0 in other formats.
        version: version of conclu_pyg that wrote the file.
    """

    task: str
    channels: int
    num_points: int
    data_axis: str
    up_axis: str
    steps: tuple[Mapping[str, Any], ...]
    classes: tuple[str, ...]
    parts: tuple[str, ...]
    fingerprint: str
    card: Mapping[str, Any]
    opset: int
    version: str

    @classmethod
    def parse(cls, entries: Mapping[str, str], source: str) -> Metadata:
        """Reads the entries of an untrusted file.

        Args:
            entries: JSON texts by key.
            source: the name of the file in messages.

        Raises:
            DataError: an entry is missing, is no JSON, is too long, or has another type.
        """

        def read(name: str, kind: type, valid: Callable[[Any], bool] = lambda value: True) -> Any:
            text = entries.get(PREFIX + name)
            if text is None:
                raise DataError(
                    f"{source}: expected an ONNX file of `conclu export`, got one without the metadata "
                    f"{PREFIX}{name}; export the model again.",
                    file=source,
                )
            try:
                value = json.loads(text) if len(text) <= MAX_TEXT else None
            except (ValueError, RecursionError):
                value = None
            if type(value) is not kind or not valid(value):
                raise DataError(
                    f"{source}: expected the metadata {PREFIX}{name} as a valid {kind.__name__}, got {text!r:.60}; the "
                    "file is damaged, so export the model again.",
                    file=source,
                    argument=PREFIX + name,
                )
            return value

        def names(value: list[Any]) -> bool:
            return all(type(name) is str for name in value)

        if (found := read("format", int)) != FORMAT:
            raise DataError(
                f"{source}: expected format {FORMAT} of exported models, got {found}; use the version of conclu_pyg "
                "that wrote it.",
                file=source,
                got=found,
            )
        preprocessing = read("preprocessing", dict, lambda value: _is_preprocessing(value))
        return cls(
            task=read("task", str, lambda value: value in (EMBED, CLASSIFY, SEGMENT)),
            channels=read("channels", int, lambda value: value >= 1),
            num_points=preprocessing["num_points"],
            data_axis=preprocessing["data_axis"],
            up_axis=preprocessing["up_axis"],
            steps=tuple(preprocessing["steps"]),
            classes=tuple(read("classes", list, names)),
            parts=tuple(read("parts", list, names)),
            fingerprint=read("fingerprint", str),
            card=read("card", dict),
            opset=read("opset", int),
            version=read("version", str),
        )

    def entries(self) -> dict[str, str]:
        """Returns the JSON texts that :meth:`parse` reads."""
        values = {
            "format": FORMAT,
            "task": self.task,
            "channels": self.channels,
            "preprocessing": {
                "steps": [dict(step) for step in self.steps],
                "data_axis": self.data_axis,
                "up_axis": self.up_axis,
                "num_points": self.num_points,
            },
            "classes": list(self.classes),
            "parts": list(self.parts),
            "fingerprint": self.fingerprint,
            "card": dict(self.card),
            "opset": self.opset,
            "version": self.version,
        }
        return {PREFIX + key: json.dumps(value) for key, value in values.items()}


def _is_preprocessing(value: dict[str, Any]) -> bool:
    steps, num_points = value.get("steps"), value.get("num_points")
    return (
        isinstance(steps, list)
        and all(isinstance(step, dict) and isinstance(step.get("name"), str) for step in steps)
        and type(num_points) is int
        and num_points >= 1
        and all(value.get(key) in ("x", "y", "z") for key in ("data_axis", "up_axis"))
    )
