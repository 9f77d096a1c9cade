"""Import of the modules that a config names, which register their classes: those of a user's own config, and those of
a trained run, which are code from elsewhere, only where the user allows it."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conclu_pyg.errors import ConcluError, ConfigError, Issue, one_line

MAX_SHOWN = 8


class WithheldImportsError(ConfigError):
    """A trained run needs a class of modules that its config imports, which the user has not allowed."""


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
    imports = _checked(imports, folder)
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
        except (Exception, SystemExit) as error:
            message = f"'imports' names {item!r}, which cannot be imported: {type(error).__name__}: {one_line(error)}."
            raise ConfigError(Issue(message, argument="imports", got=item)) from error
    return imports


def make_imports(config: dict[str, Any], overrides: Sequence[str], folder: Path, allow: bool) -> list[str]:
    """Import the modules that a resolved config names, and return those that are withheld instead.

    Args:
        config: changed, so that the paths of files among its ``imports`` are absolute.
        overrides: those of the user, who may name modules by ``imports=[...]``: these are always imported, and their
            files are relative to the working directory.
        folder: what the files that the config itself names are relative to.
        allow: whether to import the modules that the config itself names.

    Raises:
        ConfigError: as :func:`import_modules`.
    """
    if "imports" not in config:
        return []
    own = any(override.startswith("imports=") for override in overrides)
    if own or allow:
        config["imports"] = import_modules(config["imports"], Path() if own else folder)
        return []
    config["imports"] = _checked(config["imports"], folder)
    return list(config["imports"])


def _checked(imports: Any, folder: Path) -> list[str]:
    """Return ``imports`` with absolute file paths, as :func:`import_modules` does, without importing anything."""
    imports = [] if imports is None else resolve_paths(imports, folder)
    if not isinstance(imports, list) or not all(isinstance(item, str) for item in imports):
        message = f"'imports' must be a list of module names or .py files, got {imports!r:.200}."
        raise ConfigError(Issue(message, argument="imports", got=imports, expected="a list of str"))
    return imports


@contextmanager
def withheld_imports(imports: Sequence[str], source: str) -> Iterator[None]:
    """Explain an unknown name in a config by the imports that were not run.

    Args:
        imports: the modules and files that the config names and that were not imported.
        source: what messages call the config.

    Raises:
        WithheldImportsError: in place of the error about the first name that is not registered.
    """
    try:
        yield
    except ConfigError as error:
        unknown = [issue.got for issue in error.issues if issue.argument == "name" and isinstance(issue.got, str)]
        if not unknown or not imports:
            raise
        shown = ", ".join(imports[:MAX_SHOWN]) + (f" and {len(imports) - MAX_SHOWN} more" * (len(imports) > MAX_SHOWN))
        message = (
            f"{source} needs {unknown[0]!r:.80}, which is not registered, and imports code that runs only if you allow "
            f"it: {shown}; read it, and give --allow-imports (allow_imports=True in Python), or import it yourself."
        )
        raise WithheldImportsError(Issue(message, argument="imports", got=list(imports))) from error


def resolve_paths(imports: Any, folder: Path) -> Any:
    """Return ``imports`` with absolute paths of ``.py`` files, which are relative to ``folder``."""
    if not isinstance(imports, list):
        return imports
    return [os.path.realpath(folder / item) if _is_file_name(item) else item for item in imports]


def relative_paths(imports: Any, folder: Path) -> Any:
    """Return ``imports`` with paths of ``.py`` files relative to ``folder``, where both lie in the working directory:
    so a project can be moved as a whole. :func:`resolve_paths` is the inverse."""
    here, base = os.path.realpath("."), os.path.realpath(folder)
    if not isinstance(imports, list) or not Path(base).is_relative_to(here):
        return imports
    inside = [_is_file_name(item) and Path(item).is_absolute() and Path(item).is_relative_to(here) for item in imports]
    return [os.path.relpath(item, base) if found else item for item, found in zip(imports, inside, strict=True)]


def _is_file_name(item: Any) -> bool:
    return isinstance(item, str) and item.endswith(".py") and "\0" not in item


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
