from pathlib import Path

import pytest

from conclu_pyg.benchmarks.page import MARKED, render_page, write_page
from conclu_pyg.benchmarks.report import Report, Row, Run, write_report
from conclu_pyg.errors import ConcluError

FACTS = {"device": "CPU", "cpu": "A Processor", "threads": 2, "torch": "2.13.0", "python": "3.11.7"}
PAGE = """# Speed
Before.

<!-- benchmark: speed/a.json -->
old
<!-- /benchmark -->

Between.

<!-- benchmark: speed/b.json -->
<!-- /benchmark -->
After.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "speed").mkdir()
    for name, case in {"a": "step", "b": "views"}.items():
        report = Report(FACTS, [Run(case, "2026-01-01", f"conclu benchmark {case}", 1.0)], [Row(case, name, 1.0)])
        write_report(tmp_path / "speed" / f"{name}.json", report)
    (tmp_path / "speed.md").write_text(PAGE)
    return tmp_path


def test_each_place_gets_the_tables_of_its_file(folder: Path) -> None:
    write_page(folder / "speed.md")
    page = (folder / "speed.md").read_text()
    first, second = page.split("Between.")
    assert first.startswith("# Speed\nBefore.\n\n<!-- benchmark: speed/a.json -->\nMeasured on A Processor")
    assert "### `step`" in first and "old" not in first and "### `views`" in second and "`step`" not in second
    assert page.endswith("<!-- /benchmark -->\nAfter.\n")


def test_rendering_again_changes_nothing(folder: Path) -> None:
    page = render_page(PAGE, folder)
    assert render_page(page, folder) == page


def test_the_documents_page_has_the_tables_of_its_files() -> None:
    page = Path(__file__).parents[2] / "docs" / "speed.md"
    text = page.read_text(encoding="utf-8")
    assert MARKED.findall(text)
    assert render_page(text, page.parent) == text


def test_a_page_without_a_place_is_refused(folder: Path) -> None:
    with pytest.raises(ConcluError, match="has no place for tables; mark it by the lines <!-- benchmark: FILE"):
        render_page("# Speed\n", folder)


def test_a_missing_file_or_page_is_named_and_the_page_stays(folder: Path) -> None:
    (folder / "speed" / "b.json").unlink()
    with pytest.raises(ConcluError, match=r"b\.json cannot be read"):
        write_page(folder / "speed.md")
    assert (folder / "speed.md").read_text() == PAGE
    with pytest.raises(ConcluError, match=r"the page .*none\.md cannot be read: No such file"):
        write_page(folder / "none.md")
