"""Pictures, pages and windows of predictions."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from conclu_pyg.errors import ConcluError
from conclu_pyg.inference.output_folder import PAGE, PredictionWriter
from conclu_pyg.inference.prediction import Prediction, Report
from conclu_pyg.open3d_library import check_open3d
from conclu_pyg.vis.page import MAX_CLOUDS, PageCloud, write_page
from conclu_pyg.vis.pictures import render_picture
from conclu_pyg.vis.window import display_problem, show_windows

logger = logging.getLogger(__name__)

WINDOW_POINTS = 200_000  # of a cloud in the window


def check_library(png: bool, windows: bool, renderer: str) -> None:
    """Checks that Open3D is installed if it will draw, before anything is predicted.

    Args:
        png, windows, renderer: as for :class:`Viewer`.

    Raises:
        ConcluError: it is not installed.
    """
    if windows and not display_problem():
        check_open3d("a window", "or open no windows")
    elif (png or windows) and renderer == "open3d":
        instead = "" if png else " instead of windows, since there is no display,"
        check_open3d(f"drawing pictures{instead}", "or draw with matplotlib")


class Viewer:
    """Draws each cloud as soon as it is predicted, and opens a window of the first 60 clouds at the end. It keeps only
    the clouds of the page and the window, thinned to the points that these show, so that memory does not grow with the
    number of clouds.

    It logs when it draws pictures instead of windows because there is no display, and when ``renderer`` has no effect
    because windows are opened. The first drawing error ends the drawing, is kept as ``report.drawing_error``, and does
    not stop the predictions.

    Args:
        label_names: the names of the labels.
        up_axis: the up axis of the clouds, 0 to 2.
        writer: the folder of the pictures and the page.
        report: where a drawing error is kept.
        title: the title of the page.
        png: draws a picture of each cloud (default: False).
        html: writes a page of the first 60 clouds (default: False).
        windows: opens a window of the first 60 clouds (default: False).
        renderer: of the pictures, ``open3d`` or ``matplotlib`` (default: open3d).
        window: the kind of window, see :func:`~conclu_pyg.vis.window.show_windows` (default: open3d).
    """

    def __init__(
        self,
        label_names: Sequence[str],
        up_axis: int,
        writer: PredictionWriter,
        report: Report,
        title: str,
        *,
        png: bool = False,
        html: bool = False,
        windows: bool = False,
        renderer: str | None = None,
        window: str | None = None,
    ) -> None:
        problem = display_problem() if windows else ""
        if problem:
            logger.info(f"drawing pictures instead of windows: {problem}")
        elif windows and renderer is not None and not png:
            logger.info(f"renderer {renderer} has no effect on windows; draw pictures too, or leave it out")
        self.label_names, self.up_axis, self.writer, self.report = list(label_names), up_axis, writer, report
        self.title, self.png, self.html, self.windows = title, png or bool(problem), html, windows and not problem
        self.renderer, self.window = renderer or "open3d", window or "open3d"
        self._num_clouds = 0
        self._page: dict[str, PageCloud] = {}  # by the name of their files
        self._window: list[PageCloud] = []

    def add(self, name: str, prediction: Prediction) -> None:
        """Shows a cloud. ``name`` is the unique name that the writer gave its files."""
        self._num_clouds += 1
        if self.html and len(self._page) < MAX_CLOUDS:
            notes = [f"{prediction.summary}; {prediction.size_and_time}", *prediction.notes]
            self._page[name] = PageCloud(prediction.title, prediction.panels(), notes).thinned()
        if self.report.drawing_error is None:
            try:
                self._draw(name, prediction)
            except (ConcluError, OSError) as error:
                self.report.drawing_error = error
                logger.warning("this cloud and the following ones are not drawn; the error is reported at the end")

    def finish(self) -> None:
        """Writes the page, then opens the window and returns when it is closed.

        Raises:
            ConcluError: plotly is missing.
        """
        self._write_page()
        if self._window and self.report.drawing_error is None:
            limit = f" of the first {len(self._window)} of {self._num_clouds} clouds"
            logger.info(f"a window{limit if self._num_clouds > MAX_CLOUDS else ''}; close it to go on")
            try:
                show_windows(self._window, self.label_names, self.up_axis, self.window)
            except ConcluError as error:
                self.report.drawing_error = error

    def _write_page(self) -> None:
        if not self._page:
            return
        for name in self._page:
            page = self.writer.file(name, PAGE)
        write_page(page, list(self._page.values()), self.label_names, self.title, self.up_axis)
        limit = f" (the first {len(self._page)} of {self._num_clouds} clouds)" if self._num_clouds > MAX_CLOUDS else ""
        logger.info(f"page: {page}{limit}")

    def _draw(self, name: str, prediction: Prediction) -> None:
        if self.png:
            picture = self.writer.file(name, f"{name}.png")
            title = f"{prediction.title}: {prediction.summary}"
            render_picture(prediction.panels(), self.label_names, picture, self.up_axis, self.renderer, title=title)
            logger.info(f"picture: {picture}")
        if self.windows and len(self._window) < MAX_CLOUDS:
            panels = [panel.thinned(WINDOW_POINTS) for panel in prediction.panels()]
            self._window.append(PageCloud(prediction.title, panels))
