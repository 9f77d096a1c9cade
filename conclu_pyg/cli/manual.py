"""The reference of the commands as a document, generated from their parsers."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from textwrap import wrap
from types import ModuleType

from conclu_pyg.cli.main import COMMANDS, command_parser, summary_of

WIDTH, INDENT = 100, 6
INTRODUCTION = """# Commands

Every command of `conclu`, generated from the commands themselves by `tools/commands.py`. `conclu COMMAND --help`
shows the same. The exit status is 0; 2 after an error that can be fixed; 130 after Ctrl-C, and 143, 129 or 138 after a
training was stopped by SIGTERM, SIGHUP or SIGUSR1.

Completion in a shell: `source <(conclu completion bash)`, or in zsh `eval "$(conclu completion zsh)"`; `conclu
completion --help` shows how to keep it, and fish's form.
"""


def manual() -> str:
    """Return the reference in Markdown."""
    return "\n".join([INTRODUCTION, *(_section(name, module) for name, module in COMMANDS.items())])


def _section(name: str, module: ModuleType) -> str:
    actions = [each for each in command_parser(f"conclu {name}", module)._actions if each.help != argparse.SUPPRESS]
    positional = [each for each in actions if not each.option_strings]
    options = [each for each in actions if each.option_strings and each.dest != "help"]
    required = [_invocation(each, short=True) for each in options if each.required]
    usage = " ".join(["conclu", name, *map(_usage, positional), *required, "[options]"])
    blocks = [usage, *("\n".join(_entry(each)) for each in (*positional, *options))]
    summary = summary_of(module).partition(": conclu")[0].removesuffix(".")
    parts = [f"## conclu {name}\n\n{summary}.\n", "```text\n" + "\n\n".join(blocks) + "\n```\n"]
    if examples := getattr(module, "EXAMPLES", ""):
        parts.append(f"```text\n{examples}\n```\n")
    return "\n".join(parts)


def _entry(action: argparse.Action) -> Iterator[str]:
    """Yield the lines about an argument or option."""
    yield f"  {_invocation(action) if action.option_strings else _usage(action)}"
    text = (action.help or "") % {**vars(action), "prog": "conclu"}
    yield from wrap(text, WIDTH, initial_indent=" " * INDENT, subsequent_indent=" " * INDENT, break_on_hyphens=False)


def _invocation(action: argparse.Action, short: bool = False) -> str:
    """Return ``-o, --out FILE``, or ``-o FILE`` alone."""
    names = action.option_strings[:1] if short else action.option_strings
    return " ".join([", ".join(names), *_values(action)])


def _values(action: argparse.Action) -> list[str]:
    """Return how the values of an option are written."""
    if action.nargs == 0:
        return []
    metavar = action.metavar or action.dest.upper()
    return list(metavar) if isinstance(metavar, tuple) else [f"{metavar} ..." if action.nargs == "+" else metavar]


def _usage(action: argparse.Action) -> str:
    """Return a positional argument as in a usage line: ``[pattern]``, ``file ...``."""
    name = str(action.metavar or action.dest)
    return {"?": f"[{name}]", "*": f"[{name} ...]", "+": f"{name} ..."}.get(str(action.nargs), name)
