#!/usr/bin/env python3
"""Train a linear SVM on a frozen encoder: ``tools/evaluate.py RUN_OR_CHECKPOINT [--with-random]``."""

import sys

from _launch import launch

if __name__ == "__main__":
    sys.exit(launch("evaluate"))
