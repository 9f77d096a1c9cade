"""The sizes of layers that a config gives."""

from __future__ import annotations

from conclu_pyg.errors import ConfigError


def check_sizes(owner: object, **sizes: int) -> None:
    """Refuses sizes that no layer can have, in the name of the class of ``owner``.

    Raises:
        ConfigError: a size below 1.
    """
    for key, size in sizes.items():
        if size < 1:
            raise ConfigError(f"{type(owner).__name__} takes {key} of at least 1, found {size}.")
