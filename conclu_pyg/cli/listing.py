"""List what there is by name: encoders, methods, transforms, weights, configs: conclu list."""

from __future__ import annotations

import argparse
from textwrap import shorten

from conclu_pyg.catalog import CONFIGS, WEIGHTS, describe_names, kinds, list_names, registries
from conclu_pyg.cli.json_output import add_json, print_json, silence
from conclu_pyg.cli.terminal import console
from conclu_pyg.cli.values import one_of
from conclu_pyg.errors import RegistryError

WIDTH = 100  # of the line about a name on a terminal
EXAMPLES = """examples:
  conclu list
  conclu list encoders
  conclu list encoders "*dgcnn*"
  conclu list configs "*modelnet40*" --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", nargs="?", **one_of(kinds()), help="what to list (default: the names of every kind)")
    parser.add_argument(
        "pattern",
        nargs="?",
        default="*",
        help="names that match it, in which * stands for any text, in either case; in quotes, so that the shell leaves "
        "it alone (default: all)",
    )
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    silence(options)
    if options.kind is None:
        _list_all(options.json)
        return
    found = describe_names(options.kind, options.pattern)
    if not found:
        known = ", ".join(list_names(options.kind)) or "nothing yet"
        raise RegistryError(f"none of the {options.kind} match {options.pattern!r}; there are: {known}.")
    width = max(map(len, found))
    for name, line in found.items():
        text = shorten(line, WIDTH, placeholder=" ...") if console.is_terminal else line
        console.print(f"{name:<{width}}  {text}".rstrip())
    if options.json:
        print_json({options.kind: found})


def _list_all(as_json: bool) -> None:
    from conclu_pyg.runs.shipped_weights import read_card, shipped_weights

    configs = list_names(CONFIGS)
    held = {each.name: list(each) for each in registries().values()}
    console.print("encoders with weights (--encoder, load_encoder, model.encoder.checkpoint):")
    for name, line in describe_names(WEIGHTS).items():
        console.print(f"  {name}: {line}")
    console.print("configs (conclu train NAME):")
    console.print(f"  {', '.join(configs)}")
    for name, names in held.items():
        console.print(f"{name}:")
        console.print(f"  {', '.join(names)}")
    if as_json:
        cards = {name: read_card(name) for name in shipped_weights()}
        print_json({"weights": cards, "configs": configs, "registries": held})
