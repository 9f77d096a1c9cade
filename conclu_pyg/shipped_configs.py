"""The configs that come with the package."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent
SUFFIX = ".yaml"


def shipped_configs() -> dict[str, Path]:
    """Returns the file of each config by its name, such as ``conclu_pointnet`` or ``ablations/both``."""
    folder = PACKAGE / "configs"  # in a wheel
    folder = folder if folder.is_dir() else PACKAGE.parent / "configs"  # in a clone
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob(f"*{SUFFIX}"))}


def find_config(name: str) -> Path:
    """Returns the file that ``name`` means: a path, or the name of a config that comes with the package. A file takes
    precedence; the name of no config is returned as a path, which the reader refuses."""
    path = Path(name)
    return path if path.exists() else shipped_configs().get(name, path)
