#!/usr/bin/env python3
"""Measure a frozen encoder: ``tools/evaluate.py RUN_OR_CHECKPOINT [--probe NAME] [--robustness] [--with-random]``."""

import sys

from _launch import launch

if __name__ == "__main__":
    sys.exit(launch("evaluate"))
