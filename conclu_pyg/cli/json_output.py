"""The option ``--json`` of commands: one JSON document on the standard output, and nothing else there."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from conclu_pyg.cli.terminal import console


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of text")


def silence(options: argparse.Namespace) -> None:
    """Prints no text if a document is wanted."""
    if options.json:
        console.quiet = True


def print_json(document: Any) -> None:
    json.dump(document, sys.stdout, indent=1)
    sys.stdout.write("\n")
