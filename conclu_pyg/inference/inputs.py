"""Input files of predictions, and the files and folders that were skipped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.io.find_files import find_files, is_run, missing_path
from conclu_pyg.io.formats import CONVERT, SUFFIXES

MAX_FILES = 10_000


@dataclass(frozen=True)
class Inputs:
    """The input files of one call.

    Attributes:
        names: the files and folders as they were given.
        files: the files to read.
        input_roots: for each file the given folder that contains it; for a file that was given itself, its own folder.
        skipped: a sentence for each folder of which files were skipped.
    """

    names: tuple[str, ...]
    files: tuple[Path, ...]
    input_roots: Mapping[Path, Path]
    skipped: tuple[str, ...]

    def name_of(self, path: Path) -> str:
        """Returns the name of a file within the folder that was given; the whole path if several were."""
        return str(path) if self._has_several_roots else path.relative_to(self.input_roots[path]).as_posix()

    @cached_property
    def _has_several_roots(self) -> bool:
        return len(set(self.input_roots.values())) > 1


def find_inputs(names: str | Path | Sequence[str | Path], max_files: int | None = MAX_FILES) -> Inputs:
    """Finds the given files, and the files with a known suffix in the given folders, at any depth.

    In folders, hidden files and folders are ignored. Run folders, folders of earlier predictions and other files are
    skipped and counted.

    Args:
        names: files and folders.
        max_files: the largest number of files (default: 10,000; ``None``: any number).

    Raises:
        DataError: a name does not exist, a folder contains no clouds, or there are more files than ``max_files``.
    """
    files: list[Path] = []
    input_roots: dict[Path, Path] = {}
    skipped = []
    names = [names] if isinstance(names, str | Path) else names
    for path in map(Path, names):
        if path.is_dir():
            relative, others = find_files(path)
            found = [path / name for name in relative]
            if not found:
                hint = f" (skipped {others})" if others else ""
                raise DataError(
                    f"{path} contains no clouds{hint}; supported suffixes: {', '.join(SUFFIXES)}.", file=path
                )
            files += found
            input_roots.update(dict.fromkeys(found, path))
            if others:
                skipped.append(f"skipped in {path}: {others}.")
        elif path.exists():
            files.append(path)
            input_roots[path] = path.parent
        else:
            raise DataError(missing_path(path), file=path)
    if max_files is not None and len(files) > max_files:
        raise DataError(
            f"expected at most {max_files:,} input files, got {len(files):,}; split them over several calls.",
            got=len(files),
        )
    return Inputs(tuple(map(str, names)), tuple(files), input_roots, tuple(skipped))


def check_order(run: str, names: Sequence[str]) -> None:
    """Checks that the run comes before the clouds.

    Raises:
        ConfigError: the run is missing or comes later.
    """
    if is_run(Path(run)):
        return
    later = next((name for name in names if is_run(Path(name))), None)
    if later is not None:
        raise ConfigError(f"the run must come before the clouds; put {later} before {run}.")
    if Path(run).suffix.lower() in (*SUFFIXES, *CONVERT):
        raise ConfigError(
            f"the run must come first, got the cloud file {run}; give the folder of a run that was trained on labels, "
            f"such as runs/segmenter, and then {run}."
        )


def check_out(out: Path, read: Sequence[str | Path]) -> None:
    """Checks that writing into a folder cannot replace a file that is read.

    Args:
        out: the output folder, which may not exist yet.
        read: the files and folders that are read.

    Raises:
        ConfigError: ``out`` is one of them, lies above one, or is not a folder.
    """
    folder = out.resolve()
    for path in map(Path, read):
        # A link counts at its own place and at that of its target.
        for place in (path.resolve(), path.parent.resolve() / path.name):
            if folder == place or folder in place.parents:
                raise ConfigError(
                    f"the output folder {out} contains the input {path} and could overwrite it; give another folder.",
                    argument="out",
                    got=out,
                )
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    if not existing.is_dir():
        raise ConfigError(
            f"the output {out} must be a folder, but {existing} is a file; give another folder.",
            argument="out",
            got=out,
        )
