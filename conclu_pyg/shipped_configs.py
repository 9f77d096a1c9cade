"""The configs and the tables to reproduce that come with the package."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent
SUFFIX = ".yaml"
TABLES = "tables"  # the folder of tables, which are no configs


def shipped_configs() -> dict[str, Path]:
    """Returns the file of each config by its name, such as ``conclu_pointnet`` or ``ablations/both``."""
    folder = _folder()
    named = {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob(f"*{SUFFIX}"))}
    return {name: path for name, path in named.items() if not name.startswith(f"{TABLES}/")}


def shipped_tables() -> dict[str, Path]:
    """Returns the file of each table by its name, such as ``table1``."""
    return {path.stem: path for path in sorted((_folder() / TABLES).glob(f"*{SUFFIX}"))}


def find_config(name: str) -> Path:
    """Returns the file that ``name`` means: a path, or the name of a config that comes with the package. A file takes
    precedence; the name of no config is returned as a path, which the reader refuses."""
    path = Path(name)
    return path if path.exists() else shipped_configs().get(name, path)


def find_table(name: str) -> Path:
    """Returns the file that ``name`` means, as :func:`find_config` does for a config. A folder is none: results of
    ``table1`` may be in a folder of that name."""
    path = Path(name)
    return path if path.is_file() else shipped_tables().get(name, path)


def _folder() -> Path:
    folder = PACKAGE / "configs"  # in a wheel
    return folder if folder.is_dir() else PACKAGE.parent / "configs"  # in a clone
