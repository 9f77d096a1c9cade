#!/usr/bin/env python3
"""Compare altered copies of meshes: ``tools/duplicates_check.py`` counts the kinds of evidence for each alteration."""

import sys

from _launch import launch

if __name__ == "__main__":
    sys.exit(launch(module="duplicates.cli"))
