"""List the encoders and configs of the package, and the classes of the registries: conclu list."""

from __future__ import annotations

import argparse

from conclu_pyg import registry
from conclu_pyg.cli.json_output import add_json, print_json, silence
from conclu_pyg.cli.terminal import console
from conclu_pyg.registry import Registry

EXAMPLES = """examples:
  conclu list
  conclu list --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    from conclu_pyg.runs.shipped_weights import read_card, shipped_weights
    from conclu_pyg.shipped_configs import shipped_configs

    silence(options)
    cards = {name: read_card(name) for name in shipped_weights()}
    configs = sorted(shipped_configs())
    registries = {each.name: sorted(each) for each in vars(registry).values() if isinstance(each, Registry)}
    console.print("encoders with weights (--encoder, load_encoder, model.encoder.checkpoint):")
    for name, card in cards.items():
        console.print(
            f"  {name}: {card['encoder']['name']} pre-trained by {card['method']} on {card['data']}, epoch "
            f"{card['epochs']}; {card['licence']}"
        )
    console.print("configs (conclu train NAME):")
    console.print(f"  {', '.join(configs)}")
    for name, names in registries.items():
        console.print(f"{name}:")
        console.print(f"  {', '.join(names)}")
    if options.json:
        print_json({"encoders": cards, "configs": configs, "registries": registries})
