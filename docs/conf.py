"""Configuration of the documentation site: ``make docs`` builds it into ``build/docs``."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import conclu_pyg  # noqa: E402  (after the path)

project = "conclu_pyg"
author = "conclu_pyg authors"
project_copyright = author
version = release = conclu_pyg.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx.ext.mathjax",
]
root_doc = "index"
exclude_patterns = ["results/*.md", "_templates/*"]  # the notes in results/ are included in the results page
templates_path = ["_templates"]
suppress_warnings = ["ref.python"]  # attributes of the same name in several classes
html_theme = "furo"
html_title = f"conclu_pyg {release}"
html_static_path: list[str] = []

myst_heading_anchors = 3
myst_enable_extensions = ["dollarmath"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
autodoc_inherit_docstrings = False
autodoc_mock_imports = ["open3d", "torch_cluster", "torch_scatter"]
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_custom_sections = [("Shapes", "notes_style")]

INVENTORIES = {
    "python": ("https://docs.python.org/3", "docs.python.org"),
    "torch": ("https://docs.pytorch.org/docs/stable", "docs.pytorch.org"),
    "torch_geometric": ("https://pytorch-geometric.readthedocs.io/en/latest", "pytorch-geometric.readthedocs.io"),
}


def _is_online(host: str) -> bool:
    try:
        socket.create_connection((host, 443), timeout=3).close()
    except OSError:
        return False
    return True


# Links into the documentation of PyTorch and PyTorch Geometric need their inventories from the network. Without it the
# site is built all the same, with those names as plain text.
if all(_is_online(host) for _, host in INVENTORIES.values()):
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {name: (url, None) for name, (url, _) in INVENTORIES.items()}
