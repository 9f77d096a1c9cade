#!/usr/bin/env python3
"""Read altered files: ``tools/fuzz_readers.py FORMAT_OR_FILE ... [-n 10000]`` counts what the readers make of them."""

import sys

from _launch import launch

if __name__ == "__main__":
    sys.exit(launch(module="fuzzing.cli"))
