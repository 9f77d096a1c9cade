"""Write the page of results from their records: conclu results FOLDER PAGE"""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="holds files of records, such as docs/results")
    parser.add_argument("page", type=Path, help="the Markdown file to write, such as docs/results.md")


def run(options: argparse.Namespace) -> None:
    from conclu_pyg.evaluation.results_page import IMAGES, results_page
    from conclu_pyg.files import atomic_write
    from conclu_pyg.vis.label_efficiency import plot_label_efficiency

    page = results_page(options.folder)
    options.page.parent.mkdir(parents=True, exist_ok=True)
    for name, curves in page.pictures.items():
        picture = options.page.parent / IMAGES / name
        picture.parent.mkdir(exist_ok=True)
        plot_label_efficiency(curves, picture)
        print(f"written: {picture}")
    with atomic_write(options.page) as file:
        file.write(page.text.encode())
    print(f"written: {options.page}")
