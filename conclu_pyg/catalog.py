"""Names of what the package has, by kind: registered classes, encoders with weights, and configs."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from fnmatch import fnmatchcase

from conclu_pyg import registry
from conclu_pyg.errors import ArgumentError
from conclu_pyg.registry import Registry
from conclu_pyg.suggestions import suggest

WEIGHTS, CONFIGS = "weights", "configs"
MARKUP = {
    r"`([^`<]+) <[^`>]+>`_": r"\1",  # `text <address>`_
    r":\w+:`~(?:[\w.]+\.)?(\w+)`": r"\1",  # :class:`~package.module.Name`
    r":\w+:`([^`]+)`": r"\1",
    r"``([^`]+)``": r"\1",
}


def registries() -> dict[str, Registry]:
    """Return each registry by its kind, which is its name in lower case: ``encoders``."""
    return {each.name.lower(): each for each in vars(registry).values() if isinstance(each, Registry)}


def kinds() -> list[str]:
    """Return the kinds of names: ``weights``, ``configs``, and one for each registry."""
    return [WEIGHTS, CONFIGS, *registries()]


def list_names(kind: str, pattern: str = "*") -> list[str]:
    """Return the names of a kind that match a pattern, in alphabetical order.

    .. code-block:: python

        list_names("encoders", "*dgcnn*")

    Args:
        kind: one of :func:`kinds`.
        pattern: may hold ``*``, ``?`` and ``[...]``; the case of letters does not matter (default: all names).

    Raises:
        ArgumentError: there is no such kind.
    """
    return list(describe_names(kind, pattern))


def describe_names(kind: str, pattern: str = "*") -> dict[str, str]:
    """Return a line about each of the names that :func:`list_names` returns.

    Raises:
        ArgumentError: there is no such kind.
    """
    if kind not in kinds():
        expected = ", ".join(kinds())
        message = f"there is no kind {kind!r}{suggest(kind, kinds())}; expected one of: {expected}."
        raise ArgumentError(message, argument="kind", got=kind)
    describe = {WEIGHTS: _weights, CONFIGS: _configs}.get(kind) or _classes(registries()[kind])
    lines = describe()
    return {name: lines[name] for name in sorted(lines) if fnmatchcase(name.lower(), pattern.lower())}


def _weights() -> dict[str, str]:
    from conclu_pyg.runs.shipped_weights import read_card, shipped_weights

    cards = {name: read_card(name) for name in shipped_weights()}
    return {
        name: f"{card['encoder']['name']} pre-trained by {card['method']} on {card['data']}, epoch {card['epochs']}; "
        f"{card['licence']}"
        for name, card in cards.items()
    }


def _configs() -> dict[str, str]:
    from conclu_pyg.shipped_configs import shipped_configs

    return {name: _first_comment(path.read_text(encoding="utf-8")) for name, path in shipped_configs().items()}


def _first_comment(text: str) -> str:
    """Return the comment at the start of a config; none if it starts otherwise."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").strip())
    return _first_sentence(" ".join(lines))


def _classes(held: Registry) -> Callable[[], dict[str, str]]:
    return lambda: {name: _first_sentence(inspect.getdoc(held.get(name)) or "") for name in held}


def _first_sentence(text: str) -> str:
    """Return the first sentence of the first paragraph, on one line and without the markup of docstrings."""
    paragraph = " ".join(text.strip().split("\n\n")[0].split())
    for pattern, plain in MARKUP.items():
        paragraph = re.sub(pattern, plain, paragraph)
    return re.split(r"\. (?=[A-Z])", paragraph)[0].removesuffix(".")
