"""Which clouds are meant by files and folders, and what of the folders is passed over."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from conclu_pyg.errors import ConfigError, DataError
from conclu_pyg.inference.written import holds_predictions
from conclu_pyg.io.clouds import CONVERT, SUFFIXES
from conclu_pyg.paths import with_cwd
from conclu_pyg.runs.folder import LAST
from conclu_pyg.suggestions import suggest

MAX_FILES = 10_000
# What the releases of ModelNet and ShapeNetPart list in text files: no clouds. (Their layouts know these names too, but
# are not loaded before it is known what the call means.)
LISTS = re.compile(
    r"synsetoffset2category\.txt|all_object_categories\.txt|shape_names\.txt|filelist\.txt"
    r"|(train|val|test)_(hdf5_file_list|files)\.txt|modelnet\d+_(shape_names|train|test)\.txt"
)


@dataclass(frozen=True)
class Inputs:
    """What is to be predicted.

    Attributes:
        named: the files and folders as they were named.
        files: those that are meant by them.
        tops: for each file, the named folder that it was found in, or its own folder where the file itself was named.
        passed_over: a sentence for each folder of which not all was taken.
    """

    named: tuple[str, ...]
    files: tuple[Path, ...]
    tops: Mapping[Path, Path]
    passed_over: tuple[str, ...]


def find_inputs(names: Sequence[str]) -> Inputs:
    """The files that are named, and those in named folders, at any depth, whose suffix is known.

    In folders, whatever is hidden is not looked at. Run folders and folders of earlier predictions are passed over, as
    other files are, which is said.

    Raises:
        DataError: a name that is neither file nor folder, a folder without clouds, or more than 10,000 files.
    """
    files: list[Path] = []
    tops: dict[Path, Path] = {}
    passed_over = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            found, others = _in_folder(path)
            if not found:
                has = f", but {others}" if others else ""
                raise DataError(f"{path} holds no clouds{has}; looked for files of the kinds {', '.join(SUFFIXES)}.")
            files += found
            tops.update(dict.fromkeys(found, path))
            if others:
                passed_over.append(f"passed over in {path}: {others}.")
        elif path.exists():
            files.append(path)
            tops[path] = path.parent
        else:
            raise DataError(_missing(path))
    if len(files) > MAX_FILES:
        raise DataError(f"{len(files):,} files are meant, more than the {MAX_FILES:,} of one call; name fewer.")
    return Inputs(tuple(names), tuple(files), tops, tuple(passed_over))


def _in_folder(top: Path) -> tuple[list[Path], str]:
    """The files of clouds in a folder, and what else it holds, in words."""
    files, others, made = [], Counter[str](), []
    for place, folders, names in os.walk(top):
        here = Path(place)
        if is_run(here) or holds_predictions(here):
            made.append(f"the {'run' if is_run(here) else 'predictions'} in {here}")
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        others["linked as a folder"] += sum((here / name).is_symlink() for name in folders)
        for file in (here / name for name in names if not name.startswith(".")):
            if LISTS.fullmatch(file.name):
                others["list of a release"] += 1
            elif file.suffix.lower() in SUFFIXES and file.is_file():
                files.append(file)
            else:
                others[(file.suffix.lower() or "without a suffix") if file.exists() else "linked to nothing"] += 1
    return sorted(files), "; ".join([*_counted(+others), *made])


def _counted(kinds: Mapping[str, int]) -> list[str]:
    """How many of each kind, and what to do with those that can be converted."""
    if not kinds:
        return []
    hints = [f"{kind} files: {CONVERT[kind]}" for kind in sorted(kinds) if kind in CONVERT]
    return [", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items())), *hints]


def _missing(path: Path) -> str:
    """That nothing has this name, with the nearest name beside it."""
    pattern = ", and no shell has expanded the pattern" if any(sign in path.name for sign in "*?[") else ""
    there = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    hint = suggest(path.name, there)
    return f"there is no file or folder {path if hint.endswith('?') else with_cwd(path)}{pattern}{hint}"


def is_run(path: Path) -> bool:
    """Whether this is a run folder, or named as a checkpoint."""
    return (path / LAST).is_file() or path.suffix == ".safetensors"


def check_order(run: str, names: Sequence[str]) -> None:
    """Refuses clouds where the run is expected.

    Raises:
        ConfigError: the run was forgotten, or comes after the clouds.
    """
    if is_run(Path(run)):
        return
    later = next((name for name in names if is_run(Path(name))), None)
    if later is not None:
        raise ConfigError(f"the run comes first, and then the clouds: name {later} before {run}.")
    if Path(run).suffix.lower() in (*SUFFIXES, *CONVERT):
        raise ConfigError(
            f"the run comes first, and {run} is a file of clouds; name the folder of a run that was trained on labels, "
            f"such as runs/segmenter, and then {run}."
        )


def check_out(out: Path, read: Sequence[str | Path]) -> None:
    """Refuses to write where something is read from, so that no answer takes the place of a user's file.

    Args:
        out: the folder to write into, which need not be there yet.
        read: the files and folders that are read.

    Raises:
        ConfigError: ``out`` is one of them, lies above one, or is no folder.
    """
    folder = out.resolve()
    for path in map(Path, read):
        # A link is there by its own place, and by that of what it leads to.
        for place in (path.resolve(), path.parent.resolve() / path.name):
            if folder == place or folder in place.parents:
                raise ConfigError(
                    f"--out {out} would write among what is read, {path}, and could replace it; name another folder."
                )
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not there.is_dir():
        raise ConfigError(f"--out {out} cannot be a folder, for {there} is a file; name another one.")
