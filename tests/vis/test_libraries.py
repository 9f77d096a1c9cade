"""Libraries of the extra ``vis``: imported late, and named if they are missing."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from conclu_pyg.errors import ConcluError
from conclu_pyg.vis.libraries import import_vis
from conclu_pyg.vis.page import PageCloud, write_page
from conclu_pyg.vis.panel import panels_of
from conclu_pyg.vis.pictures import render_picture


def test_a_missing_library_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    panels = panels_of(np.zeros((3, 3)), np.zeros(3, int))
    for module in ("plotly", "plotly.graph_objects", "matplotlib", "matplotlib.figure", "matplotlib.backends"):
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    with pytest.raises(ConcluError, match=r"^writing a page needs plotly, .* run `pip install 'conclu_pyg\[vis\]'`\.$"):
        write_page(tmp_path / "a.html", [PageCloud("a", panels)], ["x"])
    with pytest.raises(ConcluError, match=r"^drawing a picture needs matplotlib, .*conclu_pyg\[vis\]"):
        render_picture(panels, ["x"], tmp_path / "a.png", renderer="matplotlib")
    assert list(tmp_path.iterdir()) == []


def test_an_installed_module_is_imported() -> None:
    assert import_vis("matplotlib.figure", "drawing a figure").Figure is not None


def test_importing_the_package_imports_none_of_them() -> None:
    modules = "camera colors confusion curves figures gallery page panel pictures ply renderers robustness window"
    code = "; ".join(f"import conclu_pyg.vis.{name}" for name in modules.split())
    check = "import sys; print(sorted({'matplotlib', 'plotly', 'open3d'} & {*sys.modules}))"
    done = subprocess.run([sys.executable, "-c", f"{code}; {check}"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
