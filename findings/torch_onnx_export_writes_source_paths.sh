#!/usr/bin/env bash
# Guess: an exported model holds its graph and its weights, so a file that is published tells nothing about the machine that
# exported it.
# Found: torch.onnx.export(dynamo=True) writes a stack trace into the metadata of each node, and torch.export.save one for
# each node of the program: absolute paths of source files, which hold the user name or the layout of the machine, with
# the lines of code there. The ONNX file keeps them also with optimize=True, and verbose=False does not leave them out.
# What helps: for ONNX, delete metadata_props of nodes, values, graph and functions before the file is written. For a
# program, remove "stack_trace" from node.meta of every node in graph_module.graph before torch.export.save.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6 onnx==1.23.2 onnxscript==0.7.2
mkdir -p "$work/home/someone/secret_project"
cat > "$work/home/someone/secret_project/net.py" <<'PY'
import torch


class Net(torch.nn.Module):
    def forward(self, x):
        return (2 * x).relu()
PY
PYTHONPATH="$work/home/someone/secret_project" "$work/venv/bin/python" - "$work" <<'PY'
import platform
import sys
import zipfile
from pathlib import Path

import onnx
import torch
from net import Net

work = Path(sys.argv[1])
print("torch", torch.__version__, "onnx", onnx.__version__, "Python", platform.python_version())
SECRET = b"home/someone/secret_project/net.py"


def members(path: Path) -> dict[str, bytes]:
    """Returns the contents of a file, or of the files in an archive."""
    if not zipfile.is_zipfile(path):
        return {path.name: path.read_bytes()}
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def count(path: Path) -> int:
    return sum(content.count(SECRET) for content in members(path).values())


example = (torch.ones(2, 3),)
counts = {}
for optimize in (False, True):
    path = work / f"optimize_{optimize}.onnx"
    torch.onnx.export(Net().eval(), example, path, dynamo=True, optimize=optimize, verbose=False)
    counts[path.name] = count(path)
model = onnx.load(path)
for prop in model.graph.node[-1].metadata_props:
    if SECRET.decode() in prop.value:
        print("for example, in metadata_props of a node:", prop.key, "=", prop.value.strip().splitlines()[0][:200])
for node in model.graph.node:
    del node.metadata_props[:]
for value in [*model.graph.value_info, *model.graph.input, *model.graph.output]:
    del value.metadata_props[:]
del model.graph.metadata_props[:]
onnx.save(model, work / "cleaned.onnx")

program = torch.export.export(Net().eval(), example)
torch.export.save(program, work / "program.pt2")
counts["program.pt2"] = count(work / "program.pt2")
for node in program.graph_module.graph.nodes:
    node.meta.pop("stack_trace", None)
torch.export.save(program, work / "cleaned.pt2")

for name, found in counts.items():
    print(f"{name}: the path of the source file {found} times")
cleaned = {name: count(work / name) for name in ("cleaned.onnx", "cleaned.pt2")}
print("after the cleaning:", cleaned)
as_found = all(counts.values()) and not any(cleaned.values())
print("as found: exported files hold absolute paths of source files" if as_found else "changed: see the counts")
sys.exit(not as_found)
PY
