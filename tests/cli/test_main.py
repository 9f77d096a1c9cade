import argparse
import signal
from types import SimpleNamespace

import pytest

import conclu_pyg
from conclu_pyg import errors
from conclu_pyg.cli.main import COMMANDS, main
from conclu_pyg.pipelines.interrupt import Interrupt


def exits(arguments: list[str]) -> int:
    with pytest.raises(SystemExit) as exit:
        main(arguments)
    assert isinstance(exit.value.code, int)
    return exit.value.code


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "error: the following arguments are required: command; see conclu --help."),
        (
            ["trian"],
            "error: argument command: invalid choice: 'trian' (did you mean 'train'?), choose from train, evaluate, ",
        ),
        (["--nope"], "error: the following arguments are required: command; see conclu --help."),
        (["train"], "error: the following arguments are required: config; see conclu train --help."),
        (
            ["train", "a.yaml", "--epochs", "3"],
            "error: unrecognized arguments: --epochs; write a value of the config as section.key=value; see conclu",
        ),
        (
            ["evaluate", "a", "--probes", "svm"],
            "error: unrecognized arguments: --probes (did you mean '--probe'?); see",
        ),
        (
            ["evaluate", "--probes=svm", "a"],
            "error: unrecognized arguments: --probes=svm (did you mean '--probe'?); see",
        ),
        (
            ["evaluate", "a", "--labels-par-class", "5"],
            "error: unrecognized arguments: --labels-par-class (did you mean '--label-per-class'?); see",
        ),
        (["evaluate", "a", "-x"], "error: unrecognized arguments: -x; see conclu evaluate --help."),
        (
            ["predict", "a", "b", "--hmtl", "--pgn", "c"],
            "error: unrecognized arguments: --hmtl (did you mean '--html'?), --pgn (did you mean '--png'?); see",
        ),
        (
            ["evaluate", "a", "--on", "tst"],
            "error: argument --on: invalid choice: 'tst' (did you mean 'test'?), choose from test, validation; see "
            "conclu evaluate --help.",
        ),
        (["evaluate"], "error: the following arguments are required: run; see conclu evaluate --help."),
        (
            ["evaluate", "a", "--on", "xyz"],
            "error: argument --on: invalid choice: 'xyz', choose from test, validation; s",
        ),
    ],
)
def test_invalid_arguments_are_one_line_on_stderr_and_status_2(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exits(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith(sentence) and err.count("\n") == 1


def test_help_lists_the_commands_with_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert exits(["--help"]) == 0
    out = capsys.readouterr().out
    for name, module in COMMANDS.items():
        assert f"  {name:<12} {module.__doc__}" in out


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_its_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exits([name, "--help"]) == 0
    assert f"usage: conclu {name}" in capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_described_in_its_help(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    added: list[argparse.Action] = []

    class Recorder(argparse.ArgumentParser):
        def add_argument(self, *arguments: object, **options: object) -> argparse.Action:
            action = super().add_argument(*arguments, **options)  # type: ignore[arg-type]
            added.append(action)
            return action

    COMMANDS[name].add_arguments(Recorder())
    assert exits([name, "--help"]) == 0
    words = " ".join(capsys.readouterr().out.split())
    assert added and all(action.help and action.help is not argparse.SUPPRESS for action in added)
    assert not [action.dest for action in added if " ".join(str(action.help).split()[:3]) not in words]


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert exits(["--version"]) == 0
    assert capsys.readouterr().out == f"conclu_pyg {conclu_pyg.__version__}\n"


def failing(error: BaseException) -> SimpleNamespace:
    def run(options: argparse.Namespace) -> None:
        raise error

    return SimpleNamespace(__doc__="Fail.", add_arguments=lambda parser: None, run=run)


ERRORS = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, errors.ConcluError)]


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        *((cls("what was found."), 2, "error: what was found.\n") for cls in ERRORS),
        (
            OSError(28, "No space left on device", "a/last.safetensors"),
            2,
            "error: [Errno 28] No space left on device: 'a/last.safetensors'.\n",
        ),
        (KeyboardInterrupt(), 130, "stopped by Ctrl-C.\n"),
    ],
)
def test_an_error_of_the_user_is_one_line_and_a_status(
    error: BaseException, status: int, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(COMMANDS, "train", failing(error))
    assert main(["train"]) == status
    assert capsys.readouterr() == ("", line)


@pytest.mark.parametrize(
    ("number", "status", "line"),
    [(signal.SIGINT, 130, "stopped by Ctrl-C.\n"), (signal.SIGTERM, 143, "stopped by SIGTERM.\n")],
)
def test_an_interrupted_command_names_the_signal(
    number: signal.Signals,
    status: int,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(options: argparse.Namespace) -> None:
        with Interrupt() as interrupt:
            signal.raise_signal(number)
            assert interrupt.requested
            raise KeyboardInterrupt  # as a training does, once its state is saved

    monkeypatch.setitem(COMMANDS, "train", SimpleNamespace(__doc__="", add_arguments=lambda parser: None, run=run))
    assert main(["train"]) == status
    assert capsys.readouterr() == ("", line)


def test_a_fault_of_the_program_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS, "train", failing(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        main(["train"])
