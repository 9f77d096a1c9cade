import argparse
from pathlib import Path

import numpy as np
import pytest

from conclu_pyg.cli.main import COMMANDS, command_parser, main
from conclu_pyg.cli.outputs import CLOUDS, output_file
from conclu_pyg.vis.cards import write_cards
from conclu_pyg.vis.generator import is_own_page
from conclu_pyg.vis.page import PageCloud, write_page
from conclu_pyg.vis.panel import Panel
from conclu_pyg.vis.report.page import write_report

REQUIRED = {
    "anomaly": ["a", "b"],
    "check": ["a"],
    "clusters": ["a"],
    "compare": ["a", "b"],
    "config": ["a"],
    "duplicates": ["a"],
    "embed": ["a"],
    "export": ["a"],
    "report": ["a"],
    "search": ["a", "b"],
    "suggest": ["a", "--budget", "1"],
}
OUTPUTS = [
    (name, option.option_strings[0])
    for name, module in COMMANDS.items()
    for option in command_parser(name, module)._actions
    if option.type is output_file
]


def test_output_files_are_checked(tmp_path: Path) -> None:
    assert output_file(str(tmp_path / "a.csv")) == tmp_path / "a.csv"
    for text, words in ((tmp_path / "missing/a.csv", "there is no folder"), (tmp_path, "expected a file")):
        with pytest.raises(argparse.ArgumentTypeError, match=words):
            output_file(str(text))


@pytest.mark.parametrize("suffix", sorted(CLOUDS))
def test_a_file_that_may_hold_clouds_is_never_replaced(
    suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"part{suffix.upper()}"
    assert output_file(str(path)) == path
    path.write_bytes(b"points")
    with pytest.raises(SystemExit):
        command_parser("check", COMMANDS["check"]).read(["a", "--html", str(path), "--force"])
    assert f"{path} exists, and may hold clouds" in capsys.readouterr().err and path.read_bytes() == b"points"


def test_all_commands_that_write_a_file_are_tested() -> None:
    assert {name for name, _ in OUTPUTS} == {*REQUIRED}


@pytest.mark.parametrize(("name", "option"), OUTPUTS)
def test_an_existing_file_is_replaced_only_by_force(
    name: str, option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "notes.html"
    path.write_text("<html><body>my notes</body></html>")
    arguments = [*REQUIRED[name], option, str(path)]
    with pytest.raises(SystemExit) as stopped:
        main([name, *arguments])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert f"{path} exists and is no page of conclu; give another name, or replace it by --force" in error
    assert error.count("\n") == 1 and path.read_text() == "<html><body>my notes</body></html>"

    parser = command_parser(name, COMMANDS[name])
    assert parser.read([*arguments, "--force"]).force
    write_cards(path, "Mine", [])
    assert not parser.read(arguments).force


def test_the_default_name_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("report.html").touch()
    with pytest.raises(SystemExit):
        main(["report", "a"])
    assert "report.html exists and is no page of conclu" in capsys.readouterr().err


def test_every_kind_of_page_has_the_mark(tmp_path: Path) -> None:
    panel = Panel("a", np.zeros((1, 3), np.float32), np.zeros(1, np.int64))
    write_cards(tmp_path / "cards.html", "<x>" * 2000, [])
    write_page(tmp_path / "page.html", [PageCloud("a", [panel])], ["part"], "<x>" * 2000)
    write_report(tmp_path / "report.html", "<x>" * 2000, [])
    assert all(map(is_own_page, tmp_path.iterdir()))
    (tmp_path / "other.html").write_text("<p>conclu_pyg</p>")
    assert not is_own_page(tmp_path / "other.html")
