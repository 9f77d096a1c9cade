"""Import of the modules that a config names, which register their classes."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import zlib
from pathlib import Path
from typing import Any

from conclu_pyg.errors import ConcluError, ConfigError, Issue, one_line


def import_modules(imports: Any, folder: Path) -> list[str]:
    """Import the modules that a config names, so that they can register their classes.

    Args:
        imports: module names (``my_package.nets``) or paths of ``.py`` files, relative to ``folder``.
        folder: the folder of the config file.

    Returns:
        The same list with absolute file paths, so that the config of a run works from any working directory.

    Raises:
        ConfigError: ``imports`` is not a list of strings, or a module is missing or fails.
    """
    imports = [] if imports is None else resolve_paths(imports, folder)
    if not isinstance(imports, list) or not all(isinstance(item, str) for item in imports):
        message = f"'imports' must be a list of module names or .py files, got {imports!r}."
        raise ConfigError(Issue(message, argument="imports", got=imports, expected="a list of str"))
    for item in imports:
        if item.endswith(".py") and not Path(item).is_file():
            raise ConfigError(
                Issue(f"'imports' names {item!r}, but there is no such file.", argument="imports", got=item)
            )
        try:
            if item.endswith(".py"):
                _import_file(Path(item))
            else:
                importlib.import_module(item)
        except ConcluError:
            raise
        except Exception as error:
            message = f"'imports' names {item!r}, which cannot be imported: {type(error).__name__}: {one_line(error)}."
            raise ConfigError(Issue(message, argument="imports", got=item)) from error
    return imports


def resolve_paths(imports: Any, folder: Path) -> Any:
    """Return ``imports`` with absolute paths of ``.py`` files, which are relative to ``folder``."""
    if not isinstance(imports, list):
        return imports
    files = [isinstance(item, str) and item.endswith(".py") for item in imports]
    return [str((folder / item).resolve()) if file else item for item, file in zip(imports, files, strict=True)]


def _import_file(path: Path) -> None:
    """Import a ``.py`` file once, under a module name that depends on its path alone."""
    name = f"conclu_pyg_user_{path.stem}_{zlib.crc32(str(path).encode()):08x}"
    if name in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
