#!/usr/bin/env python3
"""Write the reference of the commands: ``tools/commands.py docs/commands.md``."""

import argparse
from pathlib import Path

from conclu_pyg.cli.manual import manual

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.replace("``", ""))
    parser.add_argument("page", type=Path, help="Markdown file to write, such as docs/commands.md")
    options = parser.parse_args()
    options.page.write_text(manual(), encoding="utf-8")
    print(f"written: {options.page}")
