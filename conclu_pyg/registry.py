"""Registries: names to classes, and configs to objects.

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

from conclu_pyg.arguments import check_arguments, parameters_of
from conclu_pyg.constraints import YAML_VALUES
from conclu_pyg.errors import ArgumentError, ConcluError, Issue, RegistryError
from conclu_pyg.suggestions import closest_match, suggest

PLUGIN_GROUP = "conclu_pyg.plugins"

T = TypeVar("T", bound=Callable[..., Any])


class Spec(NamedTuple):
    """A parsed config: the class that it names, the arguments of the class, and the options of the registry."""

    cls: Callable[..., Any]
    arguments: dict[str, Any]
    options: dict[str, str]


class Registry:
    """A table of classes (or functions) by name.

    Args:
        name: what the error messages call the registry.
        home: the package whose modules register the built-in classes; they are imported when the registry is first
            used, so that importing :mod:`conclu_pyg` stays light.
        options: keys with a string that every config may have in addition to the arguments of its class, each with
            what to do without it. The program acts on them and leaves them out of what it builds (default: none). A
            class with a parameter of that name gets the value itself.
    """

    def __init__(self, name: str, home: str | None = None, options: Mapping[str, str] | None = None) -> None:
        self.name = name
        self._home = home
        self._options = dict(options or {})
        self._classes: dict[str, Callable[..., Any]] = {}

    def register_module(self, name: str | None = None, *, force: bool = False) -> Callable[[T], T]:
        """Return a decorator that registers a class and **returns it**.

        Args:
            name: the name used in configs (default: the class's own).
            force: replaces an earlier registration of the same name instead of refusing it.

        Raises:
            RegistryError: the name is taken by another class and ``force`` is false.
        """
        if name is not None and not isinstance(name, str):
            raise RegistryError(
                f"{self.name}.register_module: name must be a string, got {name!r}; write the decorator with "
                f"parentheses, as @{self.name}.register_module()."
            )

        def register(cls: T) -> T:
            key = name or cls.__name__
            if self._home is not None and not f"{cls.__module__}.".startswith(f"{self._home}."):
                self._load()  # so that a clash with a built-in name is refused here, and not later
            if key in self._classes and not force:
                raise RegistryError(
                    f"{self.name} already has {key!r}, which is {_qualified(self._classes[key])}; register "
                    f"{_qualified(cls)} by another name, or with force=True to replace it.",
                    argument="name",
                    got=key,
                )
            self._classes[key] = cls
            return cls

        return register

    def get(self, name: str) -> Callable[..., Any]:
        """Return the class registered as ``name``.

        Raises:
            RegistryError: nothing is registered by that name; the message lists what is, and the closest match.
        """
        self._load()
        if not isinstance(name, str) or name not in self._classes:
            hint = f"It has: {', '.join(sorted(self._classes)) or 'nothing yet'}."
            message = f"{self.name} has no {name!r}{suggest(str(name), self._classes)}"
            raise RegistryError(Issue(message, hint, argument="name", got=name))
        return self._classes[name]

    def parse(self, config: Any) -> Spec:
        """Return the class that ``config`` names, with its arguments and options; neither is checked against the class.

        Raises:
            RegistryError: ``config`` is not a mapping, its ``name`` is missing or unknown, or an option is not a
                string.
        """
        if not isinstance(config, Mapping):
            message = f"{self.name} builds from a mapping with a 'name', got {config!r}"
            if isinstance(config, str):
                message += f"; write {{'name': {closest_match(config, self) or config!r}}}"
            raise RegistryError(Issue(f"{message}.", got=config))
        arguments = dict(config)
        name = arguments.pop("name", None)
        if name is None:
            keys = sorted(map(str, config))
            message = f"a config for {self.name} needs 'name', got the keys {keys}; {self.name} has: {', '.join(self)}."
            raise RegistryError(Issue(message, argument="name"))
        cls = self.get(name)
        options = {key: arguments.pop(key) for key in self.options_of(cls) if key in arguments}
        for key, value in options.items():
            if not isinstance(value, (str, type(None))):
                message = f"{cls.__name__}: {key} must be str, got {value!r} ({type(value).__name__})."
                raise ArgumentError(Issue(message, argument=key, got=value, expected="str"))
        return Spec(cls, arguments, {key: value for key, value in options.items() if value is not None})

    def options_of(self, cls: Callable[..., Any]) -> list[str]:
        """Return the options that a config of ``cls`` may have: those of the registry that are no parameters of it."""
        return [key for key in self._options if key not in parameters_of(cls)]

    def build(self, config: Any, context: Mapping[str, Any] | None = None, /, **defaults: Any) -> Any:
        """Build the object that ``config`` describes.

        Args:
            config: a mapping with ``name`` and the arguments of that class, or an object that is built already and
                returned as it is.
            context: arguments that other parts determine (the size of their output, say), passed where the class has a
                parameter of that name. A config may repeat them, but not contradict them.
            **defaults: arguments that a config may replace (a data set's up axis, say), passed where the class has a
                parameter of that name and the config does not give it. A value that YAML cannot hold, such as a model,
                cannot be replaced.

        Raises:
            RegistryError: ``config`` is a name, number or class alone, or its ``name`` is missing or unknown.
            ArgumentError: an argument is unknown, missing, of another type, out of bounds or contradicts ``context``.
            ConcluError: the class refuses an argument itself. All of them have the config in their ``building``.
        """
        if isinstance(config, type):
            name = config.__name__
            message = f"{self.name} takes an object or a mapping with a 'name', got the class {name}; give {name}(...)."
            raise RegistryError(Issue(message, got=config))
        if not isinstance(config, (Mapping, *YAML_VALUES)):
            return config
        try:
            return self._build(config, context or {}, defaults)
        except ConcluError as error:
            if isinstance(config, Mapping):
                error.building.append(config)
            raise

    def _build(self, config: Any, context: Mapping[str, Any], defaults: dict[str, Any]) -> Any:
        cls, arguments, options = self.parse(config)
        defaults = {**defaults, **context}
        reserved = [key for key, value in defaults.items() if not isinstance(value, YAML_VALUES)]
        check_arguments(cls, arguments, defaults, reserved, self.options_of(cls))
        for key in options:
            message = f"{cls.__name__}: {key!r} is for build_pipeline, not for {self.name}.build; {self._options[key]}."
            raise ArgumentError(Issue(message, argument=key, got=options[key]))
        for key, value in context.items():
            if key in arguments and arguments[key] != value:
                message = (
                    f"{cls.__name__}: {key} is set to {value!r} by the program, got {arguments[key]!r}; leave it out "
                    "of the config."
                )
                raise ArgumentError(Issue(message, argument=key, got=arguments[key], expected=repr(value)))
        added = {key: value for key, value in defaults.items() if key in parameters_of(cls) and key not in arguments}
        return cls(**arguments, **added)

    def _load(self) -> None:
        """Import the built-in modules and the plug-ins of other packages, once."""
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
        return isinstance(name, str) and name in self._classes

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


def components_of(cls: Callable[..., Any]) -> dict[str, Registry]:
    """Return the parameters of ``cls`` that are configs, or lists of configs, with the registry that builds them.

    A class declares them as ``components = {"encoder": ENCODERS}``, in addition to those of its base classes.
    """
    registries: dict[str, Registry] = {}
    for base in reversed(inspect.getmro(cls) if inspect.isclass(cls) else ()):
        registries |= vars(base).get("components", {})
    return registries


_plugins_loaded = False


def load_plugins() -> None:
    """Import the modules that installed packages name in the entry-point group ``conclu_pyg.plugins``, once.

    Raises:
        RegistryError: a plug-in cannot be imported; the message names it and its package.
    """
    global _plugins_loaded
    if _plugins_loaded:
        return
    _plugins_loaded = True  # first, since each plug-in uses the registries
    for entry_point in importlib.metadata.entry_points(group=PLUGIN_GROUP):
        try:
            entry_point.load()
        except (Exception, SystemExit) as error:
            _plugins_loaded = False  # so that the next use of a registry raises it again
            package = entry_point.dist.name if entry_point.dist else "an unknown package"
            raise RegistryError(
                f"the plug-in {entry_point.name!r} of {package} ({entry_point.value}) cannot be imported: {error}; "
                f"fix or uninstall that package."
            ) from error


ENCODERS = Registry(
    "ENCODERS", "conclu_pyg.encoders", {"checkpoint": "use load_encoder for the encoder of a run, with its weights"}
)
METHODS = Registry("METHODS", "conclu_pyg.methods")
TASKS = Registry("TASKS", "conclu_pyg.tasks")
CLUSTERERS = Registry("CLUSTERERS", "conclu_pyg.clusterers")
HEADS = Registry("HEADS", "conclu_pyg.heads")
DECODERS = Registry("DECODERS", "conclu_pyg.decoders", {"checkpoint": "use load_run for the decoder of a run"})
TRANSFORMS = Registry("TRANSFORMS", "conclu_pyg.transforms")
DATASETS = Registry("DATASETS", "conclu_pyg.datasets")
NEIGHBORS = Registry("NEIGHBORS", "conclu_pyg.neighbors")
PIPELINES = Registry("PIPELINES", "conclu_pyg.pipelines")
PROBES = Registry("PROBES", "conclu_pyg.evaluation.probes")
LOGGERS = Registry("LOGGERS", "conclu_pyg.loggers")
