import io
import logging
import warnings
from types import SimpleNamespace

import pytest
from rich.console import Console
from rich.table import Table

from conclu_pyg.cli import terminal
from conclu_pyg.cli.terminal import open_bar, terminal_output
from conclu_pyg.errors import ConcluWarning
from conclu_pyg.progress import progress_bar

logger = logging.getLogger("conclu_pyg.somewhere")


def test_records_and_warnings_are_printed_literally_within_the_context_only(capsys: pytest.CaptureFixture[str]) -> None:
    with terminal_output():
        logger.info("old [red] :car: [/x]")
        logger.warning("a warning by logging")
        warnings.warn("[bold]a[/bold] :smile:", ConcluWarning, stacklevel=1)
        warnings.warn("[bold]a[/bold] :smile:", ConcluWarning, stacklevel=1)  # not once for each place
    logger.info("afterwards")
    with pytest.warns(ConcluWarning):
        warnings.warn("afterwards", ConcluWarning, stacklevel=1)
    assert capsys.readouterr().out.splitlines() == [
        "old [red] :car: [/x]",
        "warning: a warning by logging",
        "warning: [bold]a[/bold] :smile:",
        "warning: [bold]a[/bold] :smile:",
    ]


def test_warnings_of_other_libraries_are_shown_as_python_shows_them(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings(record=True) as caught, terminal_output():
        warnings.warn("from elsewhere", RuntimeWarning, stacklevel=1)
    assert [item.category for item in caught] == [RuntimeWarning]
    assert capsys.readouterr().out == ""


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """A terminal of 80 columns."""
    file = io.StringIO()
    monkeypatch.setattr(terminal, "console", Console(width=80, force_terminal=True, color_system=None, file=file))
    return file


def test_a_terminal_of_80_columns_shows_the_bar_and_every_loss(screen: io.StringIO) -> None:
    status = "loss 13.701  contrast 1.234  cluster 12.345  orthogonality 0.123  1,234 clouds/s"
    with terminal.open_bar("epoch 12/200", 153, False) as bar:
        bar.update(7, status=status)
        assert bar.should_report
    lines = [line.rstrip() for line in screen.getvalue().splitlines()]
    assert any("epoch 12/200 ━" in line and "7/153" in line for line in lines)
    assert any(status in line for line in lines)


@pytest.mark.parametrize(("in_bytes", "counted"), [(False, "1000/2000"), (True, "1.0/2.0 kB")])
def test_steps_and_bytes_are_counted(in_bytes: bool, counted: str, screen: io.StringIO) -> None:
    with open_bar("Fetching", 2000, in_bytes) as bar:
        bar.update(1000)
    assert any("Fetching ━" in line and counted in line for line in screen.getvalue().splitlines())


def test_one_bar_may_be_nested_in_another(screen: io.StringIO) -> None:
    """A training shows its epoch and, below it, the progress of the validation."""
    with open_bar("epoch", 2, False) as outer, open_bar("features", 2, False) as inner:
        inner.update()
        outer.update()
    assert "epoch ━" in screen.getvalue()


def test_a_log_file_gets_a_line_each_minute(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(terminal, "time", SimpleNamespace(monotonic=lambda: now))
    with (
        terminal_output(),
        progress_bar("features", 2000) as bar,
        progress_bar("measuring") as unknown,
        progress_bar("Fetching", 2000, in_bytes=True) as download,
    ):
        for now in (0.0, 59.0):  # noqa: B007 - read by the clock
            assert not bar.should_report
            bar.update(500)
            assert capsys.readouterr().out == ""
        now = 61.0
        assert bar.should_report
        bar.update(500, status="loss 1.0")
        download.update(1000)
        now = 100.0
        bar.update()  # within a minute of the last line
        assert capsys.readouterr().out == "features: 1,500 of 2,000  loss 1.0\nFetching: 1.0 kB of 2.0 kB\n"
        now = 200.0
        unknown.update(status="a part")
    assert capsys.readouterr().out == "measuring  a part\n"


def test_control_characters_are_escaped_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("a\x1b[2J")
    table.add_row("\udce9\x9b")
    with terminal_output():
        logger.info("a\x1b[2J\nerror: b")
        warnings.warn("a\x1b[2J\nerror: b", ConcluWarning, stacklevel=1)
        terminal.console.print("\udce9", table)
    printed = capsys.readouterr().out
    assert printed.startswith("a\\x1b[2J\\nerror: b\nwarning: a\\x1b[2J\\nerror: b\n")
    assert all(line.isprintable() for line in printed.split("\n")) and printed.count("\\xe9") == 2
