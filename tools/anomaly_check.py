#!/usr/bin/env python3
"""Measure the detection of anomalies: ``tools/anomaly_check.py`` prints the AUROC on damaged clouds or on classes."""

import sys

from _launch import launch

if __name__ == "__main__":
    sys.exit(launch(module="anomalies.cli"))
