"""The ``conclu`` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from conclu_pyg import __version__
from conclu_pyg.cli import benchmark, evaluate, predict, results, train
from conclu_pyg.engine.interrupt import Terminated
from conclu_pyg.errors import ConcluError

COMMANDS = {"train": train, "evaluate": evaluate, "predict": predict, "results": results, "benchmark": benchmark}
INTERRUPTED, TERMINATED = 130, 143  # what a shell expects of a command that Ctrl-C or SIGTERM ended


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}; see {self.prog} --help.\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and gives its exit status: 0, 2 after an error that the user can mend, 130 after Ctrl-C, and
    143 after SIGTERM where it was waited for, as a training does.

    Args:
        arguments: the command's name and its arguments (default: those of the process).
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    summaries = {name: (module.__doc__ or "").split("\n")[0] for name, module in COMMANDS.items()}
    parser = _Parser(
        prog="conclu",
        description="Pre-training of point cloud encoders without labels.",
        epilog="\n".join(["commands:", *(f"  {name:<12} {summary}" for name, summary in summaries.items())]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"conclu_pyg {__version__}")
    parser.add_argument("command", choices=COMMANDS, help="what to do; each has its own --help")
    name = parser.parse_args(arguments[:1]).command

    command = _Parser(prog=f"conclu {name}", description=summaries[name])
    COMMANDS[name].add_arguments(command)
    options = command.parse_intermixed_args(arguments[1:])  # options may stand between overrides
    try:
        COMMANDS[name].run(options)
    except ConcluError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:  # a full disk, a folder that may not be written
        print(f"error: {error}.", file=sys.stderr)
        return 2
    except Terminated:
        print("stopped by SIGTERM.", file=sys.stderr)
        return TERMINATED
    except KeyboardInterrupt:
        print("stopped by Ctrl-C.", file=sys.stderr)
        return INTERRUPTED
    return 0
