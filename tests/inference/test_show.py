"""What is said of how clouds can be shown here."""

from pathlib import Path

import pytest

from conclu_pyg.inference import show
from conclu_pyg.inference.show import Show
from conclu_pyg.inference.written import Written

pytestmark = pytest.mark.usefixtures("terminal")

UNUSED = "--renderer matplotlib is for pictures, and windows are opened: add --png to have both"


@pytest.mark.parametrize(
    ("problem", "png", "windows", "renderer", "said"),
    [
        ("", False, True, "matplotlib", UNUSED),
        ("", True, True, "matplotlib", ""),
        ("", True, False, "matplotlib", ""),
        ("", False, True, None, ""),
        ("there is none", False, True, "matplotlib", "no window can be opened, for there is none: the clouds are"),
    ],
)
def test_a_renderer_that_draws_nothing_is_said(
    problem: str,
    png: bool,
    windows: bool,
    renderer: str | None,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(show, "display_problem", lambda: problem)
    Show(["leg"], 2, Written(tmp_path, "runs/x", ["leg"]), "", png=png, windows=windows, renderer=renderer)
    out = " ".join(capsys.readouterr().out.split())
    assert out.startswith(said) and bool(out) == bool(said)
