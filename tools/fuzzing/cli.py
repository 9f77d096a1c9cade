"""Read altered files and count refusals, clouds, other exceptions, crashes, hangs and memory: tools/fuzz_readers.py"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from conclu_pyg.cli.main import run_command
from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.io.formats import SUFFIXES
from conclu_pyg.text import pluralize
from fuzzing.campaign import Result, run_campaign
from fuzzing.samples import sampled_suffixes, write_samples

BAD = ("fault", "crash", "hang", "other")
SHOWN = 5  # faults of a file
COLUMNS = (
    f"{'file':<16}{'read':>7}{'refused':>9}{'fault':>7}{'crash':>7}{'hang':>6}{'same':>7}{'other':>7}{'MB':>6}{'s':>7}"
)


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status, as ``conclu`` does."""
    return run_command("tools/fuzz_readers.py", sys.modules[__name__], arguments)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "formats",
        nargs="*",
        metavar="FORMAT_OR_FILE",
        help=f"any of {', '.join(SUFFIXES)}, or valid files (default: all formats)",
    )
    parser.add_argument(
        "-n", "--number", type=int, default=10_000, help="altered files of each valid one (default: 10000)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the alterations (default: 0)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the files that are faults in FOLDER")


def run(options: argparse.Namespace) -> None:
    """Read the altered files and print a row for each valid one.

    Raises:
        ConfigError: an argument is wrong.
        DataError: there were faults, crashes, hangs or differences, or a valid file is not read.
    """
    if options.number < 1:
        raise ConfigError(f"-n must be >= 1, got {options.number}.", argument="number", got=options.number)
    faults = 0
    print(COLUMNS)
    with tempfile.TemporaryDirectory() as folder:
        for name in options.formats or sampled_suffixes():
            for source in _sources(name, Path(folder)):
                start = time.perf_counter()
                result = run_campaign(source, options.number, options.seed, options.keep)
                print(_row(result, time.perf_counter() - start), flush=True)
                for index, fault in result.faults[:SHOWN]:
                    print(f"  {index}: {fault:.300}")
                faults += sum(result.counts[kind] for kind in BAD)
    if faults:
        raise DataError(f"{pluralize(faults, 'altered file')} were a fault, crash, hang or difference; see above.")


def _sources(name: str, folder: Path) -> list[Path]:
    if Path(name).is_file():
        return [Path(name)]
    suffix = f".{name.removeprefix('.').lower()}"
    if suffix not in SUFFIXES:
        raise ConfigError(f"expected a file or one of {', '.join(SUFFIXES)}, got {name}.", argument="formats", got=name)
    paths = write_samples(folder, suffix)
    if not paths:
        raise ConfigError(f"there is no sample of {suffix}; give a valid file instead.", argument="formats", got=name)
    return paths


def _row(result: Result, seconds: float) -> str:
    counts = result.counts
    return (
        f"{result.source.name:<16}{counts['read']:>7}{counts['refused']:>9}{counts['fault']:>7}{counts['crash']:>7}"
        f"{counts['hang']:>6}{counts['same']:>7}{counts['other']:>7}{result.grown_mb:>6.0f}{seconds:>7.0f}"
    )
