import json
from pathlib import Path
from typing import Any

import pytest

from conclu_pyg.benchmarks.report import Report, write_report
from conclu_pyg.cli.main import main


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the benchmark was called with."""
    calls: list[Any] = []
    monkeypatch.setattr("conclu_pyg.benchmarks.run.run_benchmarks", lambda *arguments: calls.append(arguments))
    return calls


def test_without_arguments_everything_is_measured_on_the_cpu(calls: list[Any]) -> None:
    assert main(["benchmark"]) == 0
    assert calls == [([], None, "cpu", False, None)]


def test_cases_and_options_may_stand_in_any_order(calls: list[Any]) -> None:
    options = ["--json", "a.json", "--device", "cuda", "--quick", "--plots", "pictures"]
    assert main(["benchmark", "step", *options, "views"]) == 0
    assert main(["benchmark", *options, "step", "views"]) == 0
    assert calls == [(["step", "views"], Path("a.json"), "cuda", True, Path("pictures"))] * 2


def test_a_case_is_measured_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.json"
    assert main(["benchmark", "pooled_linear", "--quick", "--json", str(path), "--plots", str(tmp_path)]) == 0
    content = json.loads(path.read_text())
    assert {row["case"] for row in content["rows"]} == {"pooled_linear"} and content["machine"]["quick"] is True
    assert f"written: {path}" in capsys.readouterr().out and (tmp_path / "ratios.png").exists()


def test_a_page_is_written_without_measuring(
    tmp_path: Path, calls: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    facts = {"device": "CPU", "cpu": "A Processor", "threads": 2, "torch": "2.13.0", "python": "3.11.7"}
    write_report(tmp_path / "a.json", Report(facts))
    page = tmp_path / "speed.md"
    page.write_text("<!-- benchmark: a.json -->\n<!-- /benchmark -->\n")
    assert main(["benchmark", "--page", str(page)]) == 0
    assert "A Processor" in page.read_text() and capsys.readouterr().out == f"written: {page}\n" and calls == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["poled_linear"], "error: there is no benchmark 'poled_linear'; did you mean 'pooled_linear'? There are: "),
        (["views", "--json", "{folder}"], "error: {folder} cannot be written: it is a folder; give another path.\n"),
        (
            ["step", "views", "--page", "{folder}/a.md"],
            "error: --page measures nothing and stands alone, found step, views beside it; measure first, by a command "
            "without --page.\n",
        ),
        (
            ["--page", "{folder}/a.md", "--json", "a.json"],
            "error: --page measures nothing and stands alone, found --json ",
        ),
        (
            ["--page", "a.md", "--plots", ".", "--quick", "--device", "cuda"],
            "error: --page measures nothing and stands alone, found --plots, --quick, --device cuda beside",
        ),
        (["--page", "{folder}/none.md"], "error: the page {folder}/none.md cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_done_is_one_line_on_stderr(
    arguments: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["benchmark", *(word.format(folder=tmp_path) for word in arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith(sentence.format(folder=tmp_path)) and err.count("\n") == 1
