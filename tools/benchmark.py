#!/usr/bin/env python3
"""Measure time and memory beside the plain forms: ``tools/benchmark.py [CASE ...] [--json FILE]``."""

import sys

from _launch import launch

if __name__ == "__main__":
    sys.exit(launch("benchmark"))
