"""The measured tables in a page of the documents, between markers that name their files."""

from __future__ import annotations

import re
from pathlib import Path

from conclu_pyg.benchmarks.report import read_report
from conclu_pyg.benchmarks.table import markdown_tables
from conclu_pyg.errors import ConcluError
from conclu_pyg.files import atomic_write

MARKED = re.compile(r"(<!-- benchmark: (\S+) -->\n).*?(<!-- /benchmark -->)", re.DOTALL)


def render_page(text: str, folder: Path) -> str:
    """The page with the tables of each ``<!-- benchmark: FILE -->`` up to ``<!-- /benchmark -->`` made anew.

    Args:
        text: the page in Markdown.
        folder: what the files are relative to.

    Raises:
        ConcluError: there are no markers, or a file is missing or no benchmark's.
    """
    if not MARKED.search(text):
        raise ConcluError(
            "the page has no place for tables; mark it by the lines <!-- benchmark: FILE.json --> and "
            "<!-- /benchmark -->."
        )
    return MARKED.sub(lambda match: f"{match[1]}{markdown_tables(read_report(folder / match[2]))}\n{match[3]}", text)


def write_page(path: Path) -> None:
    """Renders a page in place.

    Raises:
        ConcluError: as :func:`render_page`, or the page cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConcluError(f"the page {path} cannot be read: {error.strerror}.") from error
    page = render_page(text, path.parent)
    with atomic_write(path) as file:
        file.write(page.encode())
