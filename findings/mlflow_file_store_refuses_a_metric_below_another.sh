#!/usr/bin/env bash
# Guess: MLflow's names of metrics may have slashes, which its pages show as groups, so that the metrics "loss" and
# "loss/contrast" of a training can be logged to a folder (file store) as to a server.
# Found: the file store keeps each metric in a file of its name. The one that is logged second fails with
# NotADirectoryError or IsADirectoryError of the operating system, in either order; the SQLite store takes both.
# What helps: another separator, such as loss.contrast, or a group for the total too, such as loss/total.
# MLflow 3.17 also refuses a file store unless MLFLOW_ALLOW_FILE_STORE=true is set.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet mlflow-skinny==3.17.2 sqlalchemy==2.0.44 alembic==1.17.2
cd "$work"
MLFLOW_ALLOW_FILE_STORE=true "$work/venv/bin/python" - <<'PY'
import platform
import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")
import mlflow
from mlflow.tracking import MlflowClient

print("MLflow", mlflow.__version__, "Python", platform.python_version())


def log(place: str, names: list[str]) -> str:
    client = MlflowClient(place)
    run = client.create_run(client.create_experiment("trial")).info.run_id
    try:
        for name in names:
            client.log_metric(run, name, 1.0)
    except Exception as error:  # which kind of error is part of what is shown
        return type(error).__name__
    return "both are kept"


folder = Path.cwd().as_uri()
results = {
    "file store, loss first": log(f"{folder}/first", ["loss", "loss/contrast"]),
    "file store, loss/contrast first": log(f"{folder}/second", ["loss/contrast", "loss"]),
    "file store, loss.contrast": log(f"{folder}/third", ["loss", "loss.contrast"]),
}
for name, result in results.items():
    print(f"{name}: {result}")
found = [result == "both are kept" for result in results.values()] == [False, False, True]
print("as found: a metric cannot lie below another" if found else "changed: both metrics are kept")
sys.exit(not found)
PY
