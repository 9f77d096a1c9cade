#!/usr/bin/env python3
"""Measure time and memory, compared with reference implementations: ``tools/benchmark.py [CASE ...] [--json FILE]``."""

import sys

from _launch import launch

if __name__ == "__main__":
    sys.exit(launch(module="benchmarks.cli"))
