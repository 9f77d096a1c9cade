#!/usr/bin/env bash
# Guess: lightning_fabric uses torchmetrics in one optional callback, so `import lightning_fabric` does not import it; versions of
# optional packages are read from their metadata.
# Found: it compares the version of torchmetrics by importing torchmetrics, wherever that is installed. With SciPy and matplotlib
# next to it, torchmetrics imports scipy.signal, scipy.stats and matplotlib, so the import of lightning_fabric executes about a
# thousand more modules, which it does not use.
# What helps: import lightning_fabric only where a training begins, not at the head of a package.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6 lightning-fabric==2.6.6 scipy==1.17.1 matplotlib==3.11.2
cat > "$work/modules.py" <<'PY'
import json
import sys

import torch

before = set(sys.modules)
import lightning_fabric

new = set(sys.modules) - before
heads = ("torchmetrics", "scipy", "matplotlib")
print(json.dumps({head: sum(name.split(".")[0] == head for name in new) for head in heads} | {"all": len(new)}))
PY
"$work/venv/bin/python" - <<'PY'
import platform
from importlib.metadata import version

print(*(f"{name} {version(name)}" for name in ("lightning-fabric", "torch", "scipy", "matplotlib")), "Python", platform.python_version())
PY
without=$("$work/venv/bin/python" "$work/modules.py")
"$work/venv/bin/pip" install --quiet torchmetrics==1.9.0
with=$("$work/venv/bin/python" "$work/modules.py")
"$work/venv/bin/pip" list 2>/dev/null | grep -i torchmetrics
echo "modules that import lightning_fabric adds, without torchmetrics: $without"
echo "modules that import lightning_fabric adds, with torchmetrics:    $with"
"$work/venv/bin/python" - "$without" "$with" <<'PY'
import json
import sys

without, with_it = (json.loads(text) for text in sys.argv[1:])
as_found = not without["torchmetrics"] and not without["scipy"] and with_it["torchmetrics"] > 100 and with_it["scipy"] > 100
print("as found: lightning_fabric imports torchmetrics and what that imports" if as_found else "changed: see the counts")
sys.exit(not as_found)
PY
