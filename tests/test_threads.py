"""Settings of OpenMP's threads."""

import subprocess
import sys
from pathlib import Path

import pytest

from conclu_pyg.threads import available_cores, container_cores, set_up_threads, share_threads


def test_threads_do_not_spin_and_what_the_user_set_stays(tmp_path: Path) -> None:
    unlimited = tmp_path / "none"
    for given, expected in (
        ({}, {"GOMP_SPINCOUNT": "0"}),
        ({"GOMP_SPINCOUNT": "99"}, {"GOMP_SPINCOUNT": "99"}),
        ({"OMP_WAIT_POLICY": "active"}, {"OMP_WAIT_POLICY": "active"}),
    ):
        environment = dict(given)
        set_up_threads(environment, unlimited)
        assert environment == expected


@pytest.mark.parametrize(("text", "cores"), [("150000 100000\n", 1.5), ("max 100000\n", None), ("damaged", None)])
def test_a_container_limits_the_threads(
    text: str, cores: float | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quota = tmp_path / "cpu.max"
    quota.write_text(text)
    assert container_cores(quota) == cores
    monkeypatch.setattr("conclu_pyg.threads.available_cores", lambda: 64)
    environment: dict[str, str] = {}
    set_up_threads(environment, quota)
    assert environment.get("OMP_NUM_THREADS") == (None if cores is None else "2")
    environment = {"OMP_NUM_THREADS": "5"}
    set_up_threads(environment, quota)
    assert environment["OMP_NUM_THREADS"] == "5"
    assert available_cores() >= 1


@pytest.mark.parametrize(
    ("text", "threads", "processes", "share"),
    [
        ("800000 100000", "8", 3, 2),
        ("200000 100000", "2", 8, 1),
        ("800000 100000", "5", 3, None),  # the user's number
        ("max 100000", "8", 3, None),
    ],
)
def test_processes_share_the_cores_of_a_container(
    text: str, threads: str, processes: int, share: int | None, tmp_path: Path
) -> None:
    (tmp_path / "cpu.max").write_text(text)
    environment = {"OMP_NUM_THREADS": threads}
    assert share_threads(processes, environment, tmp_path / "cpu.max") == share
    assert environment["OMP_NUM_THREADS"] == (threads if share is None else str(share))


def test_the_command_line_sets_them_before_pytorch_is_imported() -> None:
    code = (
        "import sys, os, conclu_pyg.cli.main as main; assert 'torch' not in sys.modules; main.main(['doctor']);"
        "assert os.environ['GOMP_SPINCOUNT'] == '0'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "GOMP_SPINCOUNT=0" in done.stdout and "threads of PyTorch: " in done.stdout
