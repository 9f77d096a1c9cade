#!/usr/bin/env bash
# Guess: torch.Generator takes a seed of 64 bits (initial_seed() returns all of them), so seeds that differ anywhere in
# these bits give different streams, and `seed + (rank << 32)` is a safe way to give each process of a training a stream
# of its own.
# Found: the generator of the CPU uses the lower 32 bits only. Seeds that are equal there give the same numbers, without
# a word, so all processes would draw the same augmentations and dropout masks.
# What helps: mix the seed and the rank into 32 bits, for example by numpy.random.SeedSequence([seed, rank]).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.3.5
"$work/venv/bin/python" - <<'PY'
import platform
import sys

import numpy as np
import torch

print("torch", torch.__version__, "numpy", np.__version__, "Python", platform.python_version())


def stream(seed: int) -> list[float]:
    return torch.rand(4, generator=torch.Generator().manual_seed(seed)).tolist()


seed, found = 5, True
for rank in range(3):
    derived = seed + (rank << 32)
    kept = torch.Generator().manual_seed(derived).initial_seed()
    print(f"rank {rank}: seed {derived}, initial_seed() {kept}, numbers {[round(x, 4) for x in stream(derived)]}")
    found &= stream(derived) == stream(seed) and kept == derived
mixed = [int(np.random.SeedSequence([seed, rank]).generate_state(1)[0]) for rank in range(3)]
print("mixed by SeedSequence:", [[round(x, 4) for x in stream(value)[:2]] for value in mixed])
found &= len({tuple(stream(value)) for value in mixed}) == 3
print("as found: seeds that differ above bit 31 give the same numbers" if found else "changed: the streams differ")
sys.exit(not found)
PY
