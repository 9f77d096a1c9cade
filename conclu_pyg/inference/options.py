"""How predictions are made and shown, as the command line says it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from conclu_pyg.errors import ConfigError


@dataclass(frozen=True)
class Options:
    """How predictions are made and shown.

    Args:
        category: of all clouds; ``None`` takes it from the names of their files and folders.
        up: the coordinate that points up, ``x``, ``y`` or ``z``; ``None`` for that of the training's data.
        truth: a file or folder of true parts (see :class:`~conclu_pyg.inference.truth.Truth`).
        out: the folder to write into (default: ``predictions`` in the run's folder).
        num_points: how many points the model is given at a time (default: as many as in its training data).
        test: how many clouds of the run's test split to predict beside the files, with their truth (default: none).
        png, html, show: whether to draw pictures, a page, windows.
        renderer: of the pictures, those that ``show`` draws without a display among them, ``open3d`` or ``matplotlib``;
            ``None`` for ``open3d``.
        window: which window, see :func:`~conclu_pyg.vis.window.show_windows`; ``None`` for ``open3d``.

    Raises:
        ConfigError: a number of points or clouds that cannot be, or a renderer or window of what is not drawn.
    """

    category: str | None = None
    up: str | None = None
    truth: Path | None = None
    out: Path | None = None
    num_points: int | None = None
    test: int = 0
    png: bool = False
    html: bool = False
    show: bool = False
    renderer: str | None = None
    window: str | None = None

    def __post_init__(self) -> None:
        if self.num_points is not None and self.num_points < 1:
            raise ConfigError(f"--points must be at least 1, found {self.num_points}.")
        if self.test < 0:
            raise ConfigError(
                f"--test must be at least 1, or left out for no cloud of the test split; found {self.test}."
            )
        if self.renderer is not None and not (self.png or self.show):
            raise ConfigError(
                f"--renderer {self.renderer} draws pictures, and none are wanted; add --png, or leave it out."
            )
        if self.window is not None and not self.show:
            raise ConfigError(
                f"--window {self.window} opens windows, and none are wanted; add --show, or leave it out."
            )
