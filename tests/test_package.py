"""The public names of the package."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import conclu_pyg


@pytest.mark.parametrize("name", conclu_pyg.__all__)
def test_every_public_name_can_be_imported_and_is_listed(name: str) -> None:
    assert getattr(conclu_pyg, name) is not None and name in dir(conclu_pyg)


def test_a_lazy_name_is_that_of_its_module_and_of_its_registry() -> None:
    from conclu_pyg.encoders.pointnet import PointNet

    assert conclu_pyg.PointNet is PointNet is conclu_pyg.ENCODERS.get("PointNet")


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(conclu_pyg, "PointNett")
    with pytest.raises(ImportError, match="cannot import name 'PointNett'"):
        exec("from conclu_pyg import PointNett")


def test_type_checkers_see_the_lazy_names() -> None:
    path = Path(conclu_pyg.__file__ or "")
    checked = next(node for node in ast.parse(path.read_text()).body if isinstance(node, ast.If))
    imports = {name.name: node.module for node in checked.body for name in getattr(node, "names", [])}
    assert imports == conclu_pyg._LAZY and (path.parent / "py.typed").is_file()


def test_importing_prints_nothing_and_imports_no_heavy_package() -> None:
    code = "import sys, conclu_pyg; print({'torch', 'numpy', 'omegaconf'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")
