"""Pictures by both renderers."""

from pathlib import Path

import numpy as np
import pytest
from helpers import raises
from matplotlib.figure import Figure
from matplotlib.image import imread

from conclu_pyg.errors import ConcluError, ConfigError
from conclu_pyg.vis import pictures, renderers
from conclu_pyg.vis.camera import camera_axes, fit_camera
from conclu_pyg.vis.colors import color_of
from conclu_pyg.vis.panel import Panel, panels_of
from conclu_pyg.vis.pictures import RENDERERS, render_picture

RNG = np.random.default_rng(0)
# Part 0 below, part 5 above; y is up.
POS = RNG.uniform(-1, 1, (16000, 3)) * [0.3, 1, 0.3]
LABELS = np.where(POS[:, 1] > 0, 5, 0)


def drawn(renderer: str, pos: np.ndarray, labels: np.ndarray) -> np.ndarray:
    if renderer == "open3d":
        pytest.importorskip("open3d", reason="needs Open3D")
    (image,) = RENDERERS[renderer]([(fit_camera(pos, 1), labels)], 120)
    return image


@pytest.mark.parametrize("renderer", list(RENDERERS))
@pytest.mark.parametrize("size", [4000, 16000])
def test_parts_are_where_they_should_be_in_their_colors(renderer: str, size: int) -> None:
    image = drawn(renderer, POS[:size], LABELS[:size]).astype(int)  # as balls, and as squares
    assert image.shape == (120, 120, 3) and (image[0] == 255).all() and (image[:, 0] == 255).all()
    low, high = (np.abs(image - color).sum(axis=-1) < 30 for color in color_of(np.array([0, 5])).astype(int))
    assert low.sum() > 100 and high.sum() > 100
    assert np.nonzero(high)[0].mean() < 55 < 65 < np.nonzero(low)[0].mean()  # above, below
    filled = np.nonzero((image < 250).any(axis=-1))[0]
    assert filled.min() < 15 and filled.max() > 105


@pytest.mark.parametrize("renderer", list(RENDERERS))
def test_near_points_hide_far_ones(renderer: str) -> None:
    plane = RNG.uniform(-1, 1, (4000, 3)) * [1, 1, 0]
    right, up, towards = camera_axes(1)
    front = plane[:, :1] * right + plane[:, 1:2] * up + 0.5 * towards
    back = front - towards
    order = RNG.permutation(8000)
    pos, labels = np.vstack([front, back])[order], np.repeat([3, 2], 4000)[order]
    middle = drawn(renderer, pos, labels)[50:70, 50:70].reshape(-1, 3).astype(int)
    red, green = color_of(np.array([3, 2])).astype(int)
    assert (
        np.abs(middle - red).sum(1) < np.abs(middle - green).sum(1)
    ).mean() > 0.65  # of random points, which leave gaps; half without an order


def test_a_picture_has_a_frame_for_each_panel(tmp_path: Path) -> None:
    names = ["a $x_[ name", "b"]
    panels = panels_of(POS, LABELS, np.zeros(16000, int))
    render_picture(panels, names, tmp_path / "a.png", 1, "matplotlib", size=150)
    one = Panel("weird $_{ \n title" * 9, POS, LABELS)
    render_picture([one], names, tmp_path / "b.png", 1, "matplotlib", size=150)
    render_picture([one], names, tmp_path / "c.png", 1, "matplotlib", size=150, title="$x_{ a long title " * 9)
    assert imread(tmp_path / "c.png").shape[0] > imread(tmp_path / "b.png").shape[0] + 100  # its lines stand above
    wide, narrow = imread(tmp_path / "a.png"), imread(tmp_path / "b.png")
    assert abs(wide.shape[1] - 450) <= 1 and abs(narrow.shape[1] - 150) <= 1
    assert all(wide[:, start : start + 150, :3].min() < 0.8 for start in (0, 150, 300))


def test_no_line_of_a_title_begins_with_the_sign_of_the_number_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures: list[Figure] = []
    monkeypatch.setattr(pictures, "save_figure", lambda figure, *_: figures.append(figure))
    title = "chair: predicted " + ", ".join(f"{'leg' * i} {i} %" for i in range(1, 6))
    for size in range(150, 300, 10):  # each breaks the lines elsewhere
        render_picture([Panel("a", POS, LABELS)], ["a"], tmp_path / "a.png", 1, "matplotlib", size=size, title=title)
        lines = figures[-1].texts[0].get_text().split("\n")
        assert len(lines) > 1 and not any(line.startswith("%") for line in lines)
        assert " ".join(" ".join(lines).split()) == title


def test_invalid_pictures_are_refused(tmp_path: Path) -> None:
    panel = Panel("a", POS, LABELS)
    with raises(ConfigError, argument="renderer", got="egl"):
        render_picture([panel], [], tmp_path / "a.png", renderer="egl")
    with raises(ConfigError, got=0):
        render_picture([], [], tmp_path / "a.png")


class Window:
    def create_window(self, *_: object, **__: object) -> bool:
        return False


def test_without_egl_the_error_has_a_hint_and_no_file_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Fake:
        class utility:
            class VerbosityLevel:
                Error = 0

            class VerbosityContextManager:
                def __init__(self, level: int) -> None: ...
                def __enter__(self) -> None: ...
                def __exit__(self, *_: object) -> None: ...

        class visualization:
            Visualizer = Window

    monkeypatch.setattr(renderers, "import_open3d", lambda *_: Fake)
    with pytest.raises(ConcluError, match=r"neither on a display nor through EGL.*libegl1 libgl1-mesa.*'matplotlib'"):
        render_picture([Panel("a", POS, LABELS)], [], tmp_path / "a.png")
    assert not list(tmp_path.iterdir())
