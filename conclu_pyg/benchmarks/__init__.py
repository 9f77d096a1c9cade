"""What the parts of a training step cost, measured beside their plain forms: what ``tools/benchmark.py`` calls."""
