#!/usr/bin/env python3
"""Write the results page from committed records: ``tools/results.py docs/results docs/results.md``."""

import argparse
from pathlib import Path

from reports.page import write_page

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.replace("``", ""))
    parser.add_argument("folder", type=Path, help="folder with files of records, such as docs/results")
    parser.add_argument("page", type=Path, help="Markdown file to write, such as docs/results.md")
    options = parser.parse_args()
    for path in write_page(options.folder, options.page):
        print(f"written: {path}")
