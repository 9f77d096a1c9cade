#!/usr/bin/env python3
"""Train a model as a config describes it: ``tools/train.py CONFIG [section.key=value ...]``."""

import sys

from _launch import launch

if __name__ == "__main__":
    sys.exit(launch("train"))
