"""Showing predictions as they come: pictures, a page, windows."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence

from conclu_pyg.errors import ConcluError, ConcluWarning
from conclu_pyg.inference.prediction import Prediction
from conclu_pyg.inference.written import Written
from conclu_pyg.open3d_library import check_open3d
from conclu_pyg.vis.page import MAX_CLOUDS, PageCloud, write_page
from conclu_pyg.vis.pictures import render_picture
from conclu_pyg.vis.window import display_problem, show_windows

logger = logging.getLogger(__name__)

PAGE = "clouds.html"


def check_library(png: bool, windows: bool, renderer: str) -> None:
    """Refuses, before anything is predicted, to draw with an Open3D that is missing.

    Args:
        png, windows, renderer: as for :class:`Show`.

    Raises:
        ConcluError: it is not installed.
    """
    if windows and not display_problem():
        check_open3d("a window", "or leave --show out")
    elif (png or windows) and renderer == "open3d":
        instead = "" if png else ", as --show does where no window can be opened,"
        check_open3d(f"drawing pictures{instead}", "or give --renderer matplotlib")


class Show:
    """Shows each cloud when it is predicted, and keeps none but those of the page, thinned to what that shows, so that
    memory does not grow with the number of clouds. Where windows are wanted and there is no display, the clouds are
    drawn as pictures, which is said; as is that a renderer has nothing to draw where windows are opened and no pictures
    are wanted.

    What cannot be shown keeps no cloud from being predicted: the first error ends the showing, and :meth:`finish`
    raises it.

    Args:
        names: the names of the labels.
        up_axis: which coordinate points up in the clouds as they were read.
        written: where pictures and the page are written.
        title: of the page.
        png: whether to draw pictures.
        html: whether to write a page of the first 60 clouds.
        windows: whether to open windows.
        renderer: of the pictures, ``open3d`` or ``matplotlib``; ``None`` for ``open3d``.
        window: which window, see :func:`~conclu_pyg.vis.window.show_windows`.
    """

    def __init__(
        self,
        names: Sequence[str],
        up_axis: int,
        written: Written,
        title: str,
        *,
        png: bool = False,
        html: bool = False,
        windows: bool = False,
        renderer: str | None = None,
        window: str = "open3d",
    ) -> None:
        problem = display_problem() if windows else ""
        if problem:
            logger.info(f"no window can be opened, for {problem}: the clouds are drawn as pictures")
        elif windows and renderer is not None and not png:
            logger.info(f"--renderer {renderer} is for pictures, and windows are opened: add --png to have both")
        self.names, self.up_axis, self.written, self.title = list(names), up_axis, written, title
        self.png, self.html, self.windows = png or bool(problem), html, windows and not problem
        self.renderer, self.window = renderer or "open3d", window
        self.shown = 0
        self._page: list[PageCloud] = []
        self._failed: Exception | None = None

    def add(self, prediction: Prediction) -> None:
        """Shows a cloud."""
        self.shown += 1
        if self.html and len(self._page) < MAX_CLOUDS:
            self._page.append(_for_page(prediction))
        if self._failed is None:
            try:
                self._draw(prediction)
            except (ConcluError, OSError) as error:
                self._failed = error
                warnings.warn(
                    "this cloud and those after it are predicted without being drawn; the reason comes at the end",
                    ConcluWarning,
                    stacklevel=2,
                )

    def finish(self) -> None:
        """Writes the page, and raises what went wrong before.

        Raises:
            ConcluError: a renderer finds no way to draw, or a library is missing.
            OSError: a picture could not be written.
        """
        if self._page:
            for cloud in self._page:
                page = self.written.file(cloud.name, PAGE)
            write_page(page, self._page, self.names, self.title, self.up_axis)
            left = f", the first {len(self._page)} of {self.shown} clouds" if self.shown > len(self._page) else ""
            logger.info(f"page: {page}{left}")
        if self._failed is not None:
            raise self._failed

    def _draw(self, prediction: Prediction) -> None:
        if self.png:
            picture = self.written.file(prediction.name, f"{prediction.name}.png")
            title = f"{prediction.name}: {prediction.answer}"
            render_picture(prediction.panels(), self.names, picture, self.up_axis, self.renderer, title=title)
            logger.info(f"picture: {picture}")
        if self.windows:
            show_windows(prediction.panels(), self.names, self.up_axis, self.window)


def _for_page(prediction: Prediction) -> PageCloud:
    """What a page shows of a cloud, so that the cloud itself need not be kept."""
    notes = [f"{prediction.answer}; {prediction.effort}", *prediction.notes]
    return PageCloud(prediction.name, prediction.panels(), notes).thinned()
