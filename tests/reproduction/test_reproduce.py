"""A small table from end to end: failures of one row, and a call that is killed and repeated."""

import json
import multiprocessing
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers import raises

from conclu_pyg.cli.main import main
from conclu_pyg.errors import ConfigError
from conclu_pyg.reproduction.reproduce import reproduce

pytestmark = pytest.mark.slow

METHODS = """
import os
from conclu_pyg import METHODS
from conclu_pyg.methods.simsiam import SimSiam

os.write(1, b"this is no answer of a worker\\n")

@METHODS.register_module()
class Faulty(SimSiam):
    def forward(self, views):
        raise RuntimeError("no losses")

@METHODS.register_module()
class Deadly(SimSiam):
    def forward(self, views):
        os._exit(3)
"""
Write = Callable[..., Path]
EPOCHS = 6


def with_own_methods(table: dict[str, Any]) -> None:
    rows = {row["method"]: row for row in table["rows"]}
    own = [{**rows["SimSiam"], "method": name, "config": f"{name.lower()}.yaml"} for name in ("Faulty", "Deadly")]
    table["rows"] = [rows["Random"], *own, rows["ConClu"], rows["LatentGAN"], rows["Supervised"]]


def write_methods(folder: Path) -> None:
    (folder / "methods.py").write_text(METHODS)
    for name in ("Faulty", "Deadly"):
        parts = "projector: {name: ProjectionHead}, predictor: {name: PredictionHead}"
        model = f"{{name: {name}, encoder: {{name: PointNet}}, {parts}}}"
        text = f"_base_: simsiam_pointnet\nimports: [methods.py]\nmodel: {model}\n"
        (folder / f"{name.lower()}.yaml").write_text(text)


@pytest.mark.usefixtures("forget_registered")
def test_a_table_goes_on_when_rows_fail_and_names_them(
    table_file: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_methods(tmp_path)
    words = ["reproduce", str(table_file(with_own_methods)), "-o", str(tmp_path / "out")]
    assert main([*words, "--json"]) == 2
    output = capsys.readouterr()
    document = json.loads(output.out)
    values = {row["method"]: {each["column"] for each in row["values"]} for row in document["rows"]}
    both = {"equal clouds", "equal CPU time"}
    assert values == {
        **dict.fromkeys(("Random", "ConClu", "LatentGAN", "Supervised"), both),
        "Faulty": set(),
        "Deadly": set(),
    }
    assert "4 jobs failed" in output.err and "RuntimeError: no losses" in output.err
    assert "its process ended with status 3" in document["failures"]["cost of Deadly, PointNet"]
    conclu = next(row for row in document["rows"] if row["method"] == "ConClu")
    metrics = {each["metric"] for each in conclu["values"]}
    scores = [f"{kind} {score}" for kind in ("k-means", "own clusters") for score in ("NMI", "ARI", "purity")]
    assert metrics == {"accuracy", *scores}
    for name in ("table.md", "table.html", "table.json", "results.json"):
        assert (tmp_path / "out" / name).is_file()
    assert main([*words, "--only", "Random,Supervised"]) == 0  # from the cells that are there
    assert "| Random | PointNet |" in capsys.readouterr().out


def start(table: Path, folder: Path) -> multiprocessing.process.BaseProcess:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["conclu_pyg.reproduction.reproduce", "conclu_pyg.methods", "conclu_pyg.datasets"])
    words = ["reproduce", str(table), "-o", str(folder), "--jobs", "2"]
    process = context.Process(target=main, args=(words,))
    process.start()
    return process


def values_of(folder: Path) -> Any:
    """Return the table without the costs, which each call measures again."""
    rows = json.loads((folder / "table.json").read_text())["rows"]
    return [(row["method"], row["values"]) for row in rows]


def test_a_call_that_is_killed_and_repeated_gives_the_same_table(table_file: Write, tmp_path: Path) -> None:
    def change(table: dict[str, Any]) -> None:
        table["rows"] = [row for row in table["rows"] if row["method"] in ("Random", "ConClu", "SimSiam")]
        table["budgets"]["quick"] |= {"epochs": EPOCHS, "equal_cpu": False}

    table = table_file(change)
    reproduce(table, folder=tmp_path / "unbroken")
    broken = tmp_path / "broken"
    broken.mkdir()
    shutil.copytree(tmp_path / "unbroken" / "costs", broken / "costs")  # so that the trainings begin at once
    process = start(table, broken)
    checkpoint = "cells/ConClu_PointNet/*/pretrained/checkpoints/last.safetensors"
    deadline = time.monotonic() + 200
    while not any(broken.glob(checkpoint)) and time.monotonic() < deadline and process.is_alive():
        time.sleep(0.02)
    time.sleep(random.random() * 0.5)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    assert not (broken / "table.json").exists() or values_of(broken) != values_of(tmp_path / "unbroken")
    reproduce(table, folder=broken)
    assert values_of(broken) == values_of(tmp_path / "unbroken")
    with raises(ConfigError, path="budgets.quick.epochs", got=9):  # another table never continues this one
        reproduce(table, folder=broken, overrides=["budgets.quick.epochs=9"])
