import io
from types import SimpleNamespace

import pytest
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from conclu_pyg import progress
from conclu_pyg.progress import console, epoch_line, progress_bar, step_status, warn


def test_a_step_shows_the_loss_its_terms_and_the_speed() -> None:
    assert (
        step_status({"contrast": 1.5, "cluster": 2.0}, 1234.5)
        == "loss 3.500  contrast 1.500  cluster 2.000  1,234 clouds/s"
    )


def test_an_epoch_shows_its_number_terms_and_spread() -> None:
    line = epoch_line(
        {"epoch": 3, "loss": 1.5, "loss/contrast": 1.5, "clouds_per_second": 80, "projection_std": 0.9},
        12,
        {"projection_std": "spread {:.2f}", "validation/accuracy": "accuracy {:.1f} %"},
    )
    assert line == "epoch 3/12  loss 1.500  contrast 1.500  80 clouds/s  spread 0.90"


def test_an_epoch_of_a_method_without_statistics_is_shown_too() -> None:
    line = epoch_line({"epoch": 1, "loss": 1.0, "loss/mine": 1.0, "clouds_per_second": 80}, 1, {})
    assert line == "epoch 1/1  loss 1.000  mine 1.000  80 clouds/s"


def test_one_bar_may_stand_within_another_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A training shows its epoch and, within it, how far the validation is."""
    monkeypatch.setattr(progress, "console", Console(force_terminal=True, file=io.StringIO()))
    with progress_bar() as outer, progress_bar() as inner:
        assert not outer.disable and not inner.disable


def test_brackets_and_colons_in_names_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("class")
    table.add_row("old [red] :car: [/x]")
    console.print(table)
    warn("[bold]a[/bold] :smile:")
    out = capsys.readouterr().out
    assert "old [red] :car: [/x]" in out and "warning: [bold]a[/bold] :smile:" in out


def test_a_terminal_of_80_columns_shows_the_bar_and_every_term() -> None:
    terminal = Console(width=80, force_terminal=True, color_system=None)
    status = step_status({"contrast": 1.234, "cluster": 12.345, "orthogonality": 0.123}, 1234.0)
    with progress_bar() as bar, terminal.capture() as capture:
        bar.add_task("epoch 12/200", total=153, completed=7, status=status)
        terminal.print(bar)
    first, second = capture.get().splitlines()
    assert first.startswith("epoch 12/200 ━") and "7/153" in first
    assert second.rstrip() == status


@pytest.mark.parametrize(("in_bytes", "counted"), [(False, "1000/2000"), (True, "1.0/2.0 kB")])
def test_a_bar_without_a_status_is_one_line_of_things_or_bytes(in_bytes: bool, counted: str) -> None:
    terminal = Console(width=80, force_terminal=True, color_system=None)
    with progress_bar(in_bytes=in_bytes) as bar, terminal.capture() as capture:
        bar.add_task("Fetching", total=2000, completed=1000)
        terminal.print(bar)
    (line,) = capture.get().splitlines()
    assert line.startswith("Fetching ━") and counted in line


def test_without_a_terminal_the_bar_is_silent_until_a_minute_has_passed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: now))
    with progress_bar() as bar, progress_bar(in_bytes=True) as of_bytes:
        task, unknown = bar.add_task("features", total=2000), bar.add_task("measuring", total=None, status="a part")
        fetched = of_bytes.add_task("Fetching", total=2000)
        for now in (0.0, 59.0):  # noqa: B007 - read by the clock
            assert not bar.speaks
            bar.update(task, advance=500)
            assert capsys.readouterr().out == ""
        now = 61.0
        assert bar.speaks
        bar.update(task, advance=500, status="loss 1.0")
        of_bytes.advance(fetched, 1000)
        now = 100.0
        bar.advance(task)  # within a minute of the last line
        assert capsys.readouterr().out == "features: 1,500 of 2,000  loss 1.0\nFetching: 1.0 kB of 2.0 kB\n"
        now = 200.0
        bar.update(unknown)
    assert capsys.readouterr().out == "measuring  a part\n"


@pytest.mark.parametrize(("patience", "drawn"), [(-1.0, 1), (3600.0, 0)])
def test_a_bar_is_drawn_only_where_one_has_to_wait(
    patience: float, drawn: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bars = []

    def remembered() -> Progress:
        bars.append(progress_bar())
        return bars[-1]

    monkeypatch.setattr(progress, "progress_bar", remembered)
    assert list(progress.track_slow(iter("abc"), 3, "letters", patience)) == ["a", "b", "c"]
    assert [bar.tasks[0].completed for bar in bars] == [2] * drawn and all(bar.finished is False for bar in bars)
    assert not any(bar.live.is_started for bar in bars)


def test_things_are_counted_in_the_singular_and_the_plural() -> None:
    assert [progress.counted(number, "file") for number in (0, 1, 2, 1000)] == [
        "0 files",
        "1 file",
        "2 files",
        "1,000 files",
    ]
