#!/usr/bin/env bash
# Guess: ProcessPoolExecutor(env={"PYTHONFAULTHANDLER": "0"}) of loky switches the fault handler of its workers off, so
# that a worker that ends prints nothing to the terminal of the program. A comment in loky's source names this value
# for this purpose.
# Found: loky leaves the handler alone if the variable exists, and Python itself switches the handler on for every
# value but the empty one. So with "0" the handler is on in the workers, as it is with "1" and without the variable.
# What helps: an empty value. loky finds the variable, and Python takes it as absent.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet loky==3.5.6
"$work/venv/bin/python" - <<'PY'
import faulthandler
import platform
import sys
from importlib.metadata import version

from loky import ProcessPoolExecutor

print("loky", version("loky"), "Python", platform.python_version())
found = {}
for value in ("0", "", None):
    executor = ProcessPoolExecutor(1, env={} if value is None else {"PYTHONFAULTHANDLER": value})
    found[value] = executor.submit(faulthandler.is_enabled).result()
    executor.shutdown()
    print(f"PYTHONFAULTHANDLER={'absent' if value is None else repr(value)}: the handler is on in the worker: {found[value]}")
expected = {"0": True, "": False, None: True}
print("as described above" if found == expected else f"changed: expected {expected}")
sys.exit(found != expected)
PY
