#!/usr/bin/env python3
"""Pre-train an encoder without labels: ``tools/train.py CONFIG [section.key=value ...]``."""

import sys

from _launch import launch

if __name__ == "__main__":
    sys.exit(launch("train"))
