"""Import of the parts of Open3D-ML that do not depend on its compiled operators."""

from __future__ import annotations

from typing import Any

from conclu_pyg.open3d_library import import_open3d

OTHERWISE = "or train by `conclu train`, which does not need it"


def import_open3d_ml(module: str) -> Any:
    """Import a module of Open3D-ML, such as ``utils``.

    Raises:
        ConcluError: Open3D or a package of Open3D-ML is not installed.
    """
    return import_open3d("Open3D-ML's registries", OTHERWISE, f"open3d.ml.{module}")
