"""The API reference lists every public module and name."""

import pkgutil
import re
from pathlib import Path

import pytest

import conclu_pyg

API = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text()
LISTED = re.findall(r"^   (conclu_pyg\.\w+)$", API, re.M)
# The command line has its --help, open3d_ml its page (its import needs Open3D), and the others serve the package only.
INTERNAL = {
    f"conclu_pyg.{name}"
    for name in [
        *(
            "__main__",
            "_version",
            "cli",
            "config_files",
            "csv_text",
            "extras",
            "files",
            "groups",
            "imports",
            "kernels",
            "launcher",
            "lazy_names",
            "open3d_library",
            "open3d_ml",
            "overrides",
        ),
        *("paths", "shipped_configs", "stage_configs", "suggestions", "text", "threads"),
    ]
}


def test_every_public_module_is_listed_once() -> None:
    modules = {module.name for module in pkgutil.iter_modules(conclu_pyg.__path__, "conclu_pyg.")}
    assert modules >= INTERNAL
    assert sorted(LISTED) == sorted(modules - INTERNAL)


@pytest.mark.parametrize("name", sorted(set(conclu_pyg.__all__) - {"__version__"}))
def test_every_name_of_the_package_is_listed(name: str) -> None:
    value = getattr(conclu_pyg, name)
    if isinstance(value, conclu_pyg.Registry):
        assert f"`{name}`" in API
    else:
        assert f"   ~{value.__module__}.{name}\n" in API
