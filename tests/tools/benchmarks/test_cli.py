import json
from pathlib import Path

import pytest

from benchmarks import cli
from benchmarks.cases import CASES
from benchmarks.cli import main
from benchmarks.report import Line, Report, Row, read_report, write_report
from benchmarks.runner import Runner
from conclu_pyg.cli.main import COMMANDS

FACTS = {"device": "CPU", "cpu": "A Processor", "threads": 2, "torch": "2.13.0", "python": "3.11.7"}


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[Runner]:
    """Replace the cases by ones that take no time, and return the runners they are called with."""
    measured: list[Runner] = []

    def run(runner: Runner) -> None:
        measured.append(runner)
        runner.report.rows.append(Row(runner.case, f"run {len(measured)}", 1.0, 2.0, 2.0, 1.0, 1.0))
        runner.note(f"A sentence on {runner.case}.")
        if runner.case == "scaling":
            runner.report.lines.append(Line("scaling", "DGCNN", "N", [1, 2], [1.0, 2.0], [1.0, 2.0], 1.0, 1.0))

    for name in CASES:
        monkeypatch.setitem(CASES, name, run)
    return measured


def test_a_case_is_measured_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.json"
    assert main(["pooled_linear", "--quick", "--json", str(path), "--plots", str(tmp_path)]) == 0
    content = json.loads(path.read_text())
    assert {row["case"] for row in content["rows"]} == {"pooled_linear"} and content["machine"]["quick"] is True
    assert f"written: {path}" in capsys.readouterr().out and (tmp_path / "ratios.png").exists()


def test_the_installed_command_has_no_benchmarks() -> None:
    assert "benchmark" not in COMMANDS


def test_without_names_all_cases_are_measured_on_the_cpu(measured: list[Runner]) -> None:
    assert main([]) == 0
    assert [runner.case for runner in measured] == list(CASES)
    assert all(runner.device.type == "cpu" and not runner.quick for runner in measured)


def test_named_cases_are_measured_once_each_in_a_fixed_order(measured: list[Runner]) -> None:
    assert main(["step", "--quick", "neighbors", "step"]) == 0
    assert [runner.case for runner in measured] == ["neighbors", "step"] and all(runner.quick for runner in measured)


def test_tables_and_notes_are_printed(measured: list[Runner], capsys: pytest.CaptureFixture[str]) -> None:
    main(["step"])
    out = capsys.readouterr().out
    assert "measuring step" in out and "run 1" in out and "A sentence on step." in out


def test_other_cases_of_the_file_are_kept(tmp_path: Path, measured: list[Runner]) -> None:
    path = tmp_path / "new" / "folder" / "a.json"
    assert main(["step", "scaling", "--json", str(path)]) == 0
    first = read_report(path)
    assert main(["step", "--json", str(path)]) == 0
    second = read_report(path)
    assert second.machine == first.machine and second.machine["quick"] is False
    assert [(row.case, row.setting) for row in second.rows] == [("scaling", "run 2"), ("step", "run 3")]
    assert [run.case for run in second.runs] == ["scaling", "step"] and len(second.notes) == 2
    assert second.lines == first.lines != []


def test_finished_cases_are_kept_when_a_later_one_is_interrupted(
    tmp_path: Path, measured: list[Runner], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(runner: Runner) -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(CASES, "step", interrupt)
    assert main(["views", "step", "--json", str(tmp_path / "a.json")]) == 130
    assert [row.case for row in read_report(tmp_path / "a.json").rows] == ["views"]


def test_figures_of_another_machine_are_refused_before_measuring(tmp_path: Path, measured: list[Runner]) -> None:
    path = tmp_path / "a.json"
    main(["step", "--json", str(path)])
    report = read_report(path)
    report.machine["threads"] = 99
    write_report(path, report)
    assert main(["views", "--json", str(path)]) == 2
    assert len(measured) == 1 and read_report(path) == report
    assert main(["step", "--json", str(path)]) == 0  # all its cases are measured again


def test_plots_show_the_whole_file(tmp_path: Path, measured: list[Runner]) -> None:
    main(["scaling", "--json", str(tmp_path / "a.json")])
    main(["step", "--json", str(tmp_path / "a.json"), "--plots", str(tmp_path / "plots")])
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {"ratios.png", "scaling.png"}


def test_a_page_is_written_without_measuring(
    tmp_path: Path, measured: list[Runner], capsys: pytest.CaptureFixture[str]
) -> None:
    write_report(tmp_path / "a.json", Report(FACTS))
    page = tmp_path / "speed.md"
    page.write_text("<!-- benchmark: a.json -->\n<!-- /benchmark -->\n")
    assert main(["--page", str(page)]) == 0
    assert "A Processor" in page.read_text() and capsys.readouterr().out == f"written: {page}\n" and measured == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["reading", "--against", "docs"],
            "error: expected a checkout with the folder conclu_pyg, got --against docs.",
        ),
        (["poled_linear"], "error: unknown benchmark 'poled_linear'; did you mean 'pooled_linear'? Available: "),
        (["views", "--json", "{folder}"], "error: [Errno 21] Is a directory: "),
        (["views", "--json", "{folder}/file/a.json"], "error: [Errno 17] File exists: "),
        (["views", "--plots", "{folder}/file"], "error: [Errno 17] File exists: "),
        (["views", "--json", "{folder}/file"], "error: {folder}/file was not written by tools/benchmark.py; "),
        (["step", "views", "--page", "{folder}/a.md"], "error: --page measures nothing and must be the only option; "),
        (["--page", "{folder}/a.md", "--json", "a.json"], "error: --page measures nothing and must be the only option"),
        (["--page", "a.md", "--quick"], "error: --page measures nothing and must be the only option; "),
        (["--page", "a.md", "--device", "cuda"], "error: --page measures nothing and must be the only option; "),
        (["--page", "{folder}/none.md"], "error: [Errno 2] No such file or directory: "),
        (["--device", "cuda"], "error: PyTorch "),
    ],
)
def test_errors_are_one_line_on_stderr_before_measuring(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    measured: list[Runner],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cli.torch.cuda, "is_available", lambda: False)
    (tmp_path / "file").write_text("some notes")
    assert main([word.format(folder=tmp_path) for word in arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith(message.format(folder=tmp_path)) and err.count("\n") == 1
    assert measured == [] and (tmp_path / "file").read_text() == "some notes"
