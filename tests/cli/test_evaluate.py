import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conclu_pyg.cli.main import main
from conclu_pyg.registry import PROBES
from conclu_pyg.runs.records import read_records

DEFAULTS = {
    "probes": [],
    "with_random": False,
    "on": "test",
    "label_per_class": None,
    "votes": 1,
    "robustness": False,
}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """The arguments of each evaluation, in a folder with a run."""
    (tmp_path / "runs" / "a" / "checkpoints").mkdir(parents=True)
    (tmp_path / "runs" / "a" / "checkpoints" / "last.safetensors").touch()
    monkeypatch.chdir(tmp_path)
    calls: list[Any] = []
    monkeypatch.setattr("conclu_pyg.runs.loaded_run.load_run", lambda path, overrides, **_: (path, list(overrides)))

    def evaluation(run: tuple[str, list[str]], **options: Any) -> SimpleNamespace:
        calls.append((*run, options))
        return SimpleNamespace(raise_failures=lambda: None)

    monkeypatch.setattr("conclu_pyg.evaluation.evaluate.Evaluation", evaluation)
    for step in ("_measure", "_plot", "_list_files"):
        monkeypatch.setattr(f"conclu_pyg.cli.evaluate.{step}", lambda *_: None)
    return calls


def test_a_run_alone_is_measured_on_the_test_split(calls: list[Any]) -> None:
    assert main(["evaluate", "runs/a"]) == 0
    assert calls == [("runs/a", [], DEFAULTS)]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["--probe", "knn"], ["knn"]),
        (["--probe", "few-shot", "--probe", "mine", "--probe", "few-shot"], ["few-shot", "mine"]),
        (["--robustness"], []),
        (["--probe", "{name: few-shot, queries: 5, ways: [2]}"], [{"name": "few-shot", "queries": 5, "ways": [2]}]),
        (["--probe", "linear", "--robustness"], ["linear"]),
    ],
)
def test_probes_are_chosen_by_name_in_their_order(calls: list[Any], words: list[str], names: list[Any]) -> None:
    assert main(["evaluate", *words, "runs/a", "dataset.a=1"]) == 0
    assert calls[0][2]["probes"] == names
    assert calls[0][2]["robustness"] == ("--robustness" in words)


@pytest.mark.parametrize("word", ["{", "{a: 1}", "{name: [knn]}", "{knn}"])
def test_a_config_of_a_probe_without_a_name_is_refused(
    calls: list[Any], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "runs/a", "--probe", word]) == 2
    assert "error: --probe" in capsys.readouterr().err and not calls


def test_the_help_names_every_probe(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["evaluate", "--help"])
    out = capsys.readouterr().out
    assert all(name in out for name in PROBES)


def test_a_few_labels_are_passed_on_as_a_number(calls: list[Any]) -> None:
    assert main(["evaluate", "runs/a", "--label-per-class", "10"]) == 0
    assert calls[0][2]["label_per_class"] == 10


@pytest.mark.parametrize("word", ["0", "-1", "x", "2.5"])
def test_labels_that_are_no_number_above_0_are_refused_before_the_work(
    calls: list[Any], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["evaluate", "runs/a", "--label-per-class", word])
    err = capsys.readouterr().err
    assert f"argument --label-per-class: must be a whole number >= 1, got {word}" in err and not calls


ORDERS = [
    [word for group in order for word in group]
    for order in itertools.permutations([["dataset.a=1"], ["--with-random"], ["--on", "validation"], ["dataset.b=-2"]])
]


@pytest.mark.parametrize("words", ORDERS, ids=" ".join)
def test_options_and_overrides_can_have_any_order(calls: list[Any], words: list[str]) -> None:
    for position in range(len(words) + 1):
        if position and words[position - 1] == "--on":
            continue
        if any(word.startswith("dataset") for word in words[:position]):
            break  # the run comes before the overrides
        assert main(["evaluate", *words[:position], "runs/a", *words[position:]]) == 0
    for path, overrides, options in calls:
        assert (path, sorted(overrides)) == ("runs/a", ["dataset.a=1", "dataset.b=-2"])
        assert options == DEFAULTS | {"with_random": True, "on": "validation"}


def test_a_config_is_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yaml").touch()
    assert main(["evaluate", str(tmp_path / "a.yaml")]) == 2
    assert (
        f"error: {tmp_path / 'a.yaml'} is a config, not a run; train it with `conclu train" in capsys.readouterr().err
    )


def test_a_missing_run_is_one_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "nowhere"]) == 2
    assert capsys.readouterr() == (
        "",
        f"error: there is no checkpoint or run folder nowhere (in the working directory {Path.cwd()}).\n",
    )


WITHOUT_TORCH = """
import sys
from conclu_pyg.cli.main import main
from conclu_pyg.registry import PROBES
status = main(sys.argv[1:])
print(status, "torch" in sys.modules)
"""


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["evaluate", "runs/frist"], "no checkpoint or run folder runs/frist; did you mean 'runs/first'?"),
        (["train", "runs/frist.yaml"], "no config file runs/frist.yaml; did you mean 'runs/first.yaml'?"),
    ],
)
def test_a_misspelt_path_is_known_before_torch_is_loaded(calls: list[Any], words: list[str], sentence: str) -> None:
    Path("runs/first.yaml").touch()
    Path("runs/first/checkpoints").mkdir(parents=True)
    Path("runs/first/checkpoints/last.safetensors").touch()
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", WITHOUT_TORCH, *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("2 False\n", f"error: there is {sentence}\n")


@pytest.mark.slow
def test_a_probe_that_fails_is_named_last_and_the_others_are_written(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Path(shutil.copytree(tiny_run, tmp_path / "run"))
    assert main(["evaluate", str(run), "--probe", "few-shot", "--probe", "knn"]) == 2
    out, err = capsys.readouterr()
    assert "knn" in out or "nearest" in out
    assert [record.task for record in read_records(run / "results.json")] == ["knn"]
    assert err.startswith("error: few-shot could not be measured: few-shot needs 5 classes") and err.count("\n") == 1
