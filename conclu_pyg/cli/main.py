"""The ``conclu`` command."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import NoReturn

from conclu_pyg._version import __version__
from conclu_pyg.cli import (
    anomaly,
    check,
    clusters,
    compare,
    completion,
    config,
    doctor,
    duplicates,
    embed,
    evaluate,
    export,
    generate,
    index,
    listing,
    predict,
    push,
    report,
    reproduce,
    search,
    suggest,
    train,
)
from conclu_pyg.cli.outputs import check_outputs
from conclu_pyg.cli.terminal import terminal_output
from conclu_pyg.cli.values import did_you_mean, one_of
from conclu_pyg.errors import ConcluError
from conclu_pyg.extras import EXTRAS, missing_extra
from conclu_pyg.launcher import rank_at_launch
from conclu_pyg.pipelines.interrupt import Stopped
from conclu_pyg.text import printable
from conclu_pyg.threads import set_up_threads

COMMANDS = {
    "train": train,
    "evaluate": evaluate,
    "predict": predict,
    "embed": embed,
    "index": index,
    "search": search,
    "duplicates": duplicates,
    "clusters": clusters,
    "suggest": suggest,
    "anomaly": anomaly,
    "check": check,
    "push": push,
    "report": report,
    "compare": compare,
    "reproduce": reproduce,
    "export": export,
    "generate": generate,
    "config": config,
    "list": listing,
    "doctor": doctor,
    "completion": completion,
}
SIGNALLED = 128  # plus the number of the signal: the exit status by the shell's convention


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, with the most similar option or value."""

    def read(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Returns the options, which may be anywhere among the overrides."""
        options, unknown = self.parse_known_intermixed_args(arguments)
        if unknown:
            shown = [action for action in self._actions if action.help != argparse.SUPPRESS]
            known = [option for action in shown for option in action.option_strings]
            misspelt = [word for word in unknown if word.startswith("-")] or unknown  # and not the values behind them
            listed = ", ".join(word + did_you_mean(word, known) for word in misspelt)
            form = next((action.metavar for action in shown if action.dest == "overrides"), None)
            is_value = form and listed.startswith("--") and "did you mean" not in listed
            self.error(
                f"unrecognized arguments: {listed}{f'; write a value of the config as {form}' if is_value else ''}"
            )
        try:
            check_outputs(self._actions, options)
        except argparse.ArgumentError as error:
            self.error(str(error))
        return options

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {printable(message)}; see {self.prog} --help.\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit status: 0; 2 after an error that the user can fix; 130 after Ctrl-C; 143, 129
    or 138 after SIGTERM, SIGHUP or SIGUSR1 in a training, which saves its state first.

    Args:
        arguments: the command's name and its arguments (default: those of the process).
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    name = program_parser().parse_args(arguments[:1]).command

    return run_command(f"conclu {name}", COMMANDS[name], arguments[1:])


def program_parser() -> argparse.ArgumentParser:
    """Return the parser of ``conclu`` itself, which reads the name of a command."""
    lines = (f"  {name:<12} {summary_of(module)}" for name, module in COMMANDS.items())
    parser = _Parser(
        prog="conclu",
        description="Self-supervised pre-training of point cloud encoders.",
        epilog="\n".join(["commands:", *lines]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"conclu_pyg {__version__}")
    parser.add_argument("command", type=one_of(COMMANDS)["type"], help="what to do; each has its own --help")
    return parser


def command_parser(prog: str, command: ModuleType) -> _Parser:
    """Return the parser of a command; see :func:`run_command` for the arguments."""
    parser = _Parser(
        prog=prog,
        description=summary_of(command),
        epilog=getattr(command, "EXAMPLES", None),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_arguments(parser)
    return parser


def summary_of(command: ModuleType) -> str:
    return (command.__doc__ or "").split("\n")[0]


def run_command(prog: str, command: ModuleType, arguments: Sequence[str]) -> int:
    """Parse the arguments of a command, run it and return its exit status, see :func:`main`.

    Args:
        prog: name of the program in the help.
        command: module with a docstring, the functions ``add_arguments(parser)`` and ``run(options)``, and maybe the
            text ``EXAMPLES`` for the end of the help.
        arguments: without the name of the command.
    """
    set_up_threads()
    options = command_parser(prog, command).read(arguments)
    try:
        with terminal_output():
            command.run(options)
    except ConcluError as error:
        process = f"process {rank_at_launch()}: " if rank_at_launch() else ""
        print(f"error: {process}{error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRAS:
            raise
        print(f"error: {missing_extra(package)}.", file=sys.stderr)
        return 2
    except OSError as error:  # a full disk, a folder that may not be written
        print(f"error: {printable(error)}.", file=sys.stderr)
        return 2
    except KeyboardInterrupt as error:
        number = error.signal if isinstance(error, Stopped) else signal.SIGINT
        print(f"stopped by {'Ctrl-C' if number == signal.SIGINT else number.name}.", file=sys.stderr)
        return SIGNALLED + number
    return 0
