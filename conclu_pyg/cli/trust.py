"""The option that lets a run from elsewhere import modules."""

from __future__ import annotations

import argparse


def add_allow_imports(parser: argparse.ArgumentParser, named: str = "the run names") -> None:
    parser.add_argument(
        "--allow-imports",
        action="store_true",
        help=f"import the modules and .py files that {named}, which runs their code (default: classes of the package, "
        "of plug-ins and of imports=[...] only)",
    )
