"""Configuration of the documentation site: ``make docs`` builds it into ``build/docs``."""

from __future__ import annotations

import sys
import urllib.request
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

MAX_INVENTORY = 32 * 2**20  # bytes
INVENTORIES = {
    "python": "https://docs.python.org/3",
    "torch": "https://docs.pytorch.org/docs/stable",
    "torch_geometric": "https://pytorch-geometric.readthedocs.io/en/latest",
}


def _fetch_inventory(name: str, url: str) -> Path | None:
    """Returns the file of an inventory in ``build/inventories``, which is downloaded once, or None without network."""
    file = ROOT / "build" / "inventories" / f"{name}.inv"
    if not file.exists():
        try:
            with urllib.request.urlopen(f"{url}/objects.inv", timeout=10) as response:
                data = response.read(MAX_INVENTORY)
        except OSError:
            return None
        if not data.startswith(b"# Sphinx inventory version 2"):  # such as the login page of a network
            return None
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return file


# Names of PyTorch and PyTorch Geometric become links into their documentation. An inventory that cannot be fetched is
# left out, and its names become plain text: the build must not fail without network.
extensions.append("sphinx.ext.intersphinx")
intersphinx_mapping = {
    name: (url, str(file)) for name, url in INVENTORIES.items() if (file := _fetch_inventory(name, url)) is not None
}
