"""Print a script that completes commands, options and names in a shell: conclu completion SHELL."""

from __future__ import annotations

import argparse
import re
import sys
from typing import Any

from conclu_pyg.catalog import CONFIGS, WEIGHTS, list_names
from conclu_pyg.cli.values import one_of

SHELLS = ("bash", "zsh", "fish")
NAMES = {
    "config": CONFIGS,
    "encoder": WEIGHTS,
    "probe": "probes",
    "source": WEIGHTS,
}  # kinds of names by the argument that takes them
PATHS = re.compile(r"file|folder|run|index|config|encoder|normal|new|sources?", re.IGNORECASE)
EXAMPLES = """examples:
  source <(conclu completion bash)                                        bash, for this session
  eval "$(conclu completion zsh)"                                         zsh, for this session, after compinit
  conclu completion bash > ~/.local/share/bash-completion/completions/conclu
  conclu completion zsh > ~/.zfunc/_conclu                                with ~/.zfunc in fpath
  conclu completion fish > ~/.config/fish/completions/conclu.fish

The names are those of this installation; print the script again after a plug-in was installed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", **one_of(SHELLS), help="shell that the script is for")


def run(options: argparse.Namespace) -> None:
    sys.stdout.write(completion_script(options.shell))


def completion_script(shell: str) -> str:
    """Return the script for a shell, generated from the parsers of the commands."""
    import shtab

    from conclu_pyg._version import __version__
    from conclu_pyg.cli.main import COMMANDS, summary_of

    parser = argparse.ArgumentParser("conclu")
    parser.add_argument("--version", action="version", version=__version__, help="print the version")
    commands = parser.add_subparsers()
    for name, module in COMMANDS.items():
        own = commands.add_parser(name, help=_plain(summary_of(module)), description=_plain(summary_of(module)))
        module.add_arguments(own)
        for action in own._actions:
            _complete(action)
    return f"{shtab.complete(parser, shell)}\n"


def _complete(action: argparse.Action) -> None:
    """Tell shtab what completes an argument besides its choices: names that are registered, and paths."""
    action.help = _plain(action.help or "")
    value = f"{action.metavar or ''} {action.dest}"
    takes_path = bool(PATHS.search(value)) and action.nargs != 0 and not action.choices
    kind = getattr(action, "names", NAMES.get(action.dest))
    names = list_names(kind) if kind else []
    if names:
        vars(action)["complete"] = _names_or_files(action.dest, names, takes_path)
    elif takes_path:
        vars(action)["complete"] = "file"


def _names_or_files(what: str, names: list[str], files: bool) -> dict[str, Any]:
    """Return the completion by names, and by files too if they are possible, in each shell."""
    function, words = f"_conclu_{what}", " ".join(names)
    bash = f'  compgen -W "{words}" -- "$1"\n' + ('  compgen -f -- "$1"\n' if files else "")
    zsh = f"  compadd {words}\n" + ("  _files\n" if files else "")
    fish = f"  printf '%s\\n' {words}\n" + ("  __fish_complete_path (commandline -ct)\n" if files else "")
    return {
        "bash": function,
        "zsh": function,
        "fish": f"({function})",
        "preamble": {
            "bash": f"{function}() {{\n{bash}}}",
            "zsh": f"{function}() {{\n{zsh}}}",
            "fish": f"function {function}\n{fish}end",
        },
    }


def _plain(text: str) -> str:
    """Return a text without the characters that a shell acts on between double quotes."""
    return re.sub(r"[`$\"\\]", "", text).replace("%%", "%")
