"""Functions of files that run in other processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from conclu_pyg.errors import ConcluError, DataError, ReaderError
from conclu_pyg.io import parallel
from conclu_pyg.io.parallel import map_files

PATHS = [Path(f"cloud_{index:03d}.npy") for index in range(70)]


def stem(path: Path) -> str:
    if path.stem.endswith("7"):
        raise DataError(f"{path}: expected another name.", file=path, got=path.stem)
    return path.stem


def process(path: Path) -> int:
    return os.getpid()


def end(path: Path, fatal: frozenset[str], how: Callable[[], None]) -> str:
    if path.stem in fatal:
        how()
    return path.stem


def leave() -> None:
    os._exit(3)


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fail(path: Path) -> None:
    raise LookupError(path.name)


@pytest.mark.parametrize("workers", [0, 1, 3])
@pytest.mark.parametrize("count", [0, 1, 17, 70])
def test_results_and_errors_are_in_the_order_of_the_paths(workers: int, count: int) -> None:
    found = list(map_files(stem, PATHS[:count], workers))
    assert [path for path, _ in found] == PATHS[:count]
    for path, outcome in found:
        if path.stem.endswith("7"):
            assert isinstance(outcome, DataError) and outcome.file == str(path) and outcome.got == path.stem
        else:
            assert outcome == path.stem


def test_many_files_are_read_in_other_processes() -> None:
    few, many = ({outcome for _, outcome in map_files(process, PATHS[:count], 2)} for count in (parallel.FEW, 70))
    assert few == {os.getpid()}
    assert os.getpid() not in many and 1 <= len(many) <= 2


@pytest.mark.parametrize(("how", "code"), [(leave, "EXIT(3)"), (kill, "SIGKILL(-9)")])
def test_a_process_that_ends_takes_no_other_file_along(
    how: Callable[[], None], code: str, capfd: pytest.CaptureFixture[str]
) -> None:
    fatal = frozenset({"cloud_012", "cloud_013", "cloud_066"})
    found = dict(map_files(partial(end, fatal=fatal, how=how), PATHS, 2))
    assert list(found) == PATHS
    errors = {path.stem: outcome for path, outcome in found.items() if isinstance(outcome, ConcluError)}
    assert errors.keys() == fatal
    for error in errors.values():
        assert isinstance(error, ReaderError) and code in str(error)
    assert all(outcome == path.stem for path, outcome in found.items() if path.stem not in fatal)
    assert capfd.readouterr() == ("", "")


def test_a_process_that_ends_while_results_are_used_takes_no_other_file_along() -> None:
    found = {}
    for path, outcome in map_files(partial(end, fatal=frozenset({"cloud_012"}), how=leave), PATHS, 1):
        if not found:
            time.sleep(4)  # the process ends in the meantime, before other files are given to it
        found[path] = outcome
    assert list(found) == PATHS
    assert [path.stem for path, outcome in found.items() if isinstance(outcome, ConcluError)] == ["cloud_012"]


def test_other_errors_are_raised() -> None:
    with pytest.raises(LookupError, match=r"cloud_000\.npy"):
        list(map_files(fail, PATHS, 2))


def test_files_are_read_only_a_few_ahead(tmp_path: Path) -> None:
    paths = [tmp_path / str(index) for index in range(400)]
    results = map_files(Path.touch, paths, 1)
    next(results)
    results.close()
    assert 1 <= len(list(tmp_path.iterdir())) <= parallel.CHUNK * (parallel.AHEAD + 2)


def test_a_script_needs_no_main_guard(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\n"
        "from conclu_pyg.io.parallel import map_files\n"
        "print('begin')\n"
        "def name(path): return path.name\n"
        "print(len([each for _, each in map_files(name, [Path(str(i)) for i in range(40)], 2)]))\n"
    )
    answer = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120)
    assert (answer.stdout, answer.stderr) == ("begin\n40\n", "")


def test_processes_that_read_files_do_not_import_torch() -> None:
    modules = [
        *("conclu_pyg.io.sampling", "conclu_pyg.datasets.folders.read_file"),
        *("conclu_pyg.inference.cloud_summary", "conclu_pyg.inference.compare_files"),
        "conclu_pyg.data.sampled_mesh",
        "conclu_pyg.inference.read_some_points",
    ]
    code = f"import sys, {', '.join(modules)}; assert not {{'torch', 'torch_geometric'}} & {{*sys.modules}}"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
