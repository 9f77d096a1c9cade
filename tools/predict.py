#!/usr/bin/env python3
"""Predict parts or classes of clouds: ``tools/predict.py RUN FILE_OR_FOLDER ...``."""

import sys

from _launch import launch

if __name__ == "__main__":
    sys.exit(launch("predict"))
