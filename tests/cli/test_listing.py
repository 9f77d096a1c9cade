import json

import pytest

from conclu_pyg import ENCODERS
from conclu_pyg.cli.main import main
from conclu_pyg.cli.terminal import console
from conclu_pyg.runs.shipped_weights import read_card


def test_everything_is_listed_without_a_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    shown = capsys.readouterr().out
    assert f"\nENCODERS:\n  {', '.join(ENCODERS)}" in shown and "conclu_pointnet_modelnet40" in shown
    assert main(["list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["weights"]["conclu_pointnet_shapes"] == read_card("conclu_pointnet_shapes")
    assert "conclu_pointnet" in found["configs"] and "svm" in found["registries"]["PROBES"]


def test_a_kind_and_a_pattern_give_a_line_for_each_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "encoders", "*dgcnn*"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("DGCNN  The classification network of DGCNN")
    assert main(["list", "--json", "encoders", "*DGCNN*"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["encoders"] and list(found["encoders"]) == ["DGCNN"]


def test_lines_are_cut_on_a_terminal_only(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["list", "encoders", "dgcnn"]) == 0
    whole = capsys.readouterr().out
    assert whole.endswith("and the maximum over the points\n")
    monkeypatch.setattr(console, "_force_terminal", True)
    assert main(["list", "encoders", "dgcnn"]) == 0
    cut = capsys.readouterr().out
    assert cut.endswith(" ...\n") and len(cut) < 120 and whole.startswith(cut.removesuffix(" ...\n"))


def test_a_pattern_without_matches_is_an_error_with_the_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "encoders", "pointnext"]) == 2
    names = ", ".join(ENCODERS)
    assert capsys.readouterr().err == f"error: none of the encoders match 'pointnext'; there are: {names}.\n"


def test_descriptions_are_printed_literally(capsys: pytest.CaptureFixture[str], forget_registered: None) -> None:
    ENCODERS.register_module(name="Red")(type("Red", (), {"__doc__": "A [red]net[/red] \x1b[31m."}))
    assert main(["list", "encoders", "red"]) == 0
    assert capsys.readouterr().out == "Red  A [red]net[/red] \\x1b[31m\n"
