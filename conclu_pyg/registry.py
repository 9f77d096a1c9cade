"""Names to objects: the registries that build everything a config names, and the decorator that adds to them.

.. code-block:: python

    @ENCODERS.register_module()
    class MyNet(torch.nn.Module): ...

    encoder = ENCODERS.build({"name": "MyNet", "out_channels": 256})
"""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from conclu_pyg.arguments import YAML_VALUES, check_arguments, parameters_of
from conclu_pyg.errors import ConcluError, Fault, RegistryError
from conclu_pyg.nearest import nearest

PLUGIN_GROUP = "conclu_pyg.plugins"

T = TypeVar("T", bound=Callable[..., Any])


class Named(NamedTuple):
    """What a config says: the class that it names, the arguments for it, and the options of the registry."""

    cls: Callable[..., Any]
    arguments: dict[str, Any]
    options: dict[str, str]


class Registry:
    """A table of classes (or functions) by name.

    Args:
        name: what the error messages call the registry.
        home: the package whose modules register the built-in classes; they are imported when the registry is first
            looked into, so that importing :mod:`conclu_pyg` stays light.
        options: what every config may say beside the arguments of its class, by name: ``module:function``, which is
            called as ``function(built, value, config)`` with the object that was built, the string in the config, and
            the config (default: none). A class that takes an argument of that name gets it itself.
    """

    def __init__(self, name: str, home: str | None = None, options: Mapping[str, str] | None = None) -> None:
        self.name = name
        self._home = home
        self._options = dict(options or {})
        self._classes: dict[str, Callable[..., Any]] = {}

    def register_module(self, name: str | None = None, *, force: bool = False) -> Callable[[T], T]:
        """Gives a decorator that registers a class and **returns it**.

        Args:
            name: the name used in configs (default: the class's own).
            force: replaces an earlier registration of the same name instead of refusing it.

        Raises:
            RegistryError: the name is taken by another class and ``force`` is false.
        """
        if name is not None and not isinstance(name, str):
            raise RegistryError(
                f"{self.name}.register_module takes a name, found {name!r}; write it with parentheses, as "
                f"@{self.name}.register_module()."
            )

        def register(cls: T) -> T:
            key = name or cls.__name__
            if self._home is not None and not f"{cls.__module__}.".startswith(f"{self._home}."):
                self._load()  # so that a clash with a built-in name is refused here, and not later
            if key in self._classes and not force:
                raise RegistryError(
                    f"{self.name} already holds {key!r}, which is {_qualified(self._classes[key])}; register "
                    f"{_qualified(cls)} by another name, or with force=True to replace it."
                )
            self._classes[key] = cls
            return cls

        return register

    def get(self, name: str) -> Callable[..., Any]:
        """Returns the class registered as ``name``.

        Raises:
            RegistryError: nothing is registered by that name; the message lists what is, and the nearest match.
        """
        self._load()
        if not isinstance(name, str) or name not in self._classes:
            choice = f"It has: {', '.join(sorted(self._classes)) or 'nothing yet'}."
            raise RegistryError(Fault(f"{self.name} has no {name!r}{nearest(str(name), self._classes)}", choice))
        return self._classes[name]

    def look_up(self, config: Any) -> Named:
        """Returns the class that ``config`` names, and what it says beside the name.

        Raises:
            RegistryError: ``config`` is not a mapping, its ``name`` is missing or unknown, or an option is no string.
        """
        if not isinstance(config, Mapping):
            raise RegistryError(f"{self.name} builds from a mapping with a 'name', found {config!r}.")
        arguments = dict(config)
        name = arguments.pop("name", None)
        if name is None:
            raise RegistryError(
                f"a config for {self.name} needs 'name', found the keys {sorted(map(str, config))}; {self.name} has: "
                f"{', '.join(self)}."
            )
        cls = self.get(name)
        options = {key: arguments.pop(key) for key in self.options_of(cls) if key in arguments}
        for key, value in options.items():
            if not isinstance(value, (str, type(None))):
                raise RegistryError(f"{self.name} takes {key} as a string, found {value!r} ({type(value).__name__}).")
        return Named(cls, arguments, {key: value for key, value in options.items() if value is not None})

    def options_of(self, cls: Callable[..., Any]) -> list[str]:
        """The options that a config of ``cls`` may have: those of the registry that are no arguments of the class."""
        return [key for key in self._options if key not in parameters_of(cls)]

    def build(self, config: Any, given: Mapping[str, Any] | None = None, /, **offers: Any) -> Any:
        """Builds the object that ``config`` describes.

        Args:
            config: a mapping with ``name`` and the arguments of that class, or an object that is built already and
                returned as it is.
            given: values that the surroundings settle (the size of another part's output, say), passed where the class
                takes an argument of that name. A config may repeat them.
            **offers: values that a config may replace (a data set's vertical axis, say), passed where the class takes
                an argument of that name and the config does not give it. One that no YAML can hold, such as a model,
                counts as given.

        Raises:
            RegistryError: ``config`` is a name or number alone, its ``name`` is missing or unknown, or an argument is
                unknown, missing, of another type, or another one than the surroundings give.
            ConcluError: the class refuses an argument itself. Either has the config in its ``building``.
        """
        if not isinstance(config, (Mapping, *YAML_VALUES)):
            return config
        try:
            return self._built(config, given or {}, offers)
        except ConcluError as error:
            if isinstance(config, Mapping):
                error.building.append(config)
            raise

    def _built(self, config: Any, given: Mapping[str, Any], offers: dict[str, Any]) -> Any:
        cls, arguments, options = self.look_up(config)
        offers = {**offers, **given}
        reserved = [key for key, value in offers.items() if not isinstance(value, YAML_VALUES)]
        check_arguments(cls, arguments, offers, reserved, self.options_of(cls))
        for key, value in given.items():
            if key in arguments and arguments[key] != value:
                raise RegistryError(
                    f"{cls.__name__} is given {key}={value!r} by the program, found {arguments[key]!r}; leave it out "
                    "of the config."
                )
        taken = {key: value for key, value in offers.items() if key in parameters_of(cls) and key not in arguments}
        built = cls(**arguments, **taken)
        for key, value in options.items():
            module, function = self._options[key].split(":")
            getattr(importlib.import_module(module), function)(built, value, config)
        return built

    def _load(self) -> None:
        """Imports the built-in modules and the plug-ins of other packages, once."""
        if self._home is not None:
            home, self._home = self._home, None  # those modules ask this registry to register them
            try:
                for module in pkgutil.iter_modules(importlib.import_module(home).__path__):
                    importlib.import_module(f"{home}.{module.name}")
            except BaseException:
                self._home = home
                raise
        load_plugins()

    def __contains__(self, name: object) -> bool:
        self._load()
        return name in self._classes

    def __iter__(self) -> Iterator[str]:
        self._load()
        return iter(sorted(self._classes))

    def __len__(self) -> int:
        self._load()
        return len(self._classes)

    def __repr__(self) -> str:
        rows = [f"{name:<24} {_qualified(self._classes[name])}" for name in self]
        return "\n  ".join([f"Registry {self.name}, {len(rows)} entries:", *rows])


def _qualified(cls: Callable[..., Any]) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def built_from(cls: Callable[..., Any]) -> dict[str, Registry]:
    """The arguments of ``cls`` that are configs, or lists of configs, themselves, by the registry that builds them.

    A class says so by ``built_from = {"encoder": ENCODERS}``, beside what the classes that it is derived from say.
    """
    registries: dict[str, Registry] = {}
    for base in reversed(inspect.getmro(cls) if inspect.isclass(cls) else ()):
        registries |= vars(base).get("built_from", {})
    return registries


_plugins_loaded = False


def load_plugins() -> None:
    """Imports the modules that installed packages name in the entry-point group ``conclu_pyg.plugins``, once.

    Raises:
        RegistryError: a plug-in cannot be imported; the message names it and its package.
    """
    global _plugins_loaded
    if _plugins_loaded:
        return
    _plugins_loaded = True  # before they are: each asks the registries to register its classes
    for entry_point in importlib.metadata.entry_points(group=PLUGIN_GROUP):
        try:
            entry_point.load()
        except Exception as error:
            _plugins_loaded = False  # so that the next look into a registry says it again
            package = entry_point.dist.name if entry_point.dist else "an unknown package"
            raise RegistryError(
                f"the plug-in {entry_point.name!r} of {package} ({entry_point.value}) cannot be imported: {error}; "
                f"mend or uninstall that package."
            ) from error


ENCODERS = Registry("ENCODERS", "conclu_pyg.encoders", {"checkpoint": "conclu_pyg.runs.pretrained:load_pretrained"})
METHODS = Registry("METHODS", "conclu_pyg.methods")
TASKS = Registry("TASKS", "conclu_pyg.tasks")
CLUSTERERS = Registry("CLUSTERERS", "conclu_pyg.clusterers")
HEADS = Registry("HEADS", "conclu_pyg.heads")
TRANSFORMS = Registry("TRANSFORMS", "conclu_pyg.transforms")
DATASETS = Registry("DATASETS", "conclu_pyg.datasets")
NEIGHBORS = Registry("NEIGHBORS", "conclu_pyg.neighbors")
PIPELINES = Registry("PIPELINES", "conclu_pyg.pipelines")
