import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conclu_pyg.progress import progress_bar, report_progress, track


class Recorder:
    """A reporter that records its calls."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    @contextmanager
    def __call__(self, description: str, total: float | None, in_bytes: bool) -> Iterator["Recorder"]:
        self.lines.append(f"open {description} {total} {in_bytes}")
        yield self
        self.lines.append("close")

    should_report = True

    def update(self, advance: float = 1, status: str = "") -> None:
        self.lines.append(f"{advance:g} {status}".strip())


def test_the_active_reporter_gets_every_update() -> None:
    recorder = Recorder()
    with report_progress(recorder), progress_bar("Fetching", 20, in_bytes=True) as bar:
        bar.update(8)
        bar.update(12, status="last block")
    assert recorder.lines == ["open Fetching 20 True", "8", "12 last block", "close"]


def test_without_a_reporter_a_bar_never_asks_for_a_status(capfd: pytest.CaptureFixture[str]) -> None:
    with report_progress(Recorder()):
        pass
    with progress_bar("Fetching", 20) as bar:
        assert not bar.should_report
        bar.update(8, status="a status")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("delay", "lines"), [(0.0, ["open letters 3 False", "0", "1", "1", "1", "close"]), (3600.0, [])]
)
def test_a_loop_is_tracked_after_the_delay(delay: float, lines: list[str]) -> None:
    recorder = Recorder()
    with report_progress(recorder):
        assert list(track(iter("abc"), "letters", 3, delay)) == ["a", "b", "c"]
    assert recorder.lines == lines


def test_a_training_through_the_library_prints_nothing(tiny_run: Path, tmp_path: Path) -> None:
    code = f"""if True:
        from conclu_pyg.config import load_config
        from conclu_pyg.pipelines.build import build_pipeline
        overrides = ["pipeline.run_dir={tmp_path / "run"}", "pipeline.epochs=1"]
        build_pipeline(load_config("{tiny_run / "config.yaml"}", overrides)).run_train()"""
    # Warnings are left to Python, which prints them unless told otherwise: of a short training there is one.
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
