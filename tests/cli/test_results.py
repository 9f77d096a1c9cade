from pathlib import Path

import pytest

from conclu_pyg.cli.main import main
from conclu_pyg.runs.records import Record, append_records


@pytest.fixture
def records(tmp_path: Path) -> Path:
    record = Record("svm", "A", "PointNet", "ConClu", "A", "accuracy", 50.0, 0, 1, "protocol", "command", 1.0)
    (tmp_path / "results").mkdir()
    append_records(tmp_path / "results" / "a.json", [record])
    return tmp_path / "results"


def test_the_page_is_written_and_its_folder_made(
    records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "new" / "page.md"
    assert main(["results", str(records), str(page)]) == 0
    assert page.read_text().startswith("# Results\n") and "**50.0**" in page.read_text()
    assert capsys.readouterr().out == f"written: {page}\n"


def test_what_more_labels_give_is_drawn_beside_the_page(
    records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for share, value in ((0.1, 40.0), (1, 60.0)):
        details = {"labels": {"fraction": share}, "per_class": {}, "setting": str(share)}
        record = Record("parts", "A", "PointNet", "ConClu", "A", "mIoU", value, 0, 1, "", "", 1.0, details=details)
        append_records(records / "few labels.json", [record])
    assert main(["results", str(records), str(tmp_path / "page.md")]) == 0
    picture = tmp_path / "images" / "labels_few_labels.png"
    assert picture.stat().st_size > 1000 and str(picture) in capsys.readouterr().out
    assert "(images/labels_few_labels.png)" in (tmp_path / "page.md").read_text()


def test_a_page_that_cannot_be_written_is_one_line(records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["results", str(records), str(records)]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: [Errno 21] Is a directory") and err.count("\n") == 1


def test_a_folder_without_records_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["results", str(tmp_path / "none"), str(tmp_path / "page.md")]) == 2
    assert "holds no .json files of records" in capsys.readouterr().err
    assert not (tmp_path / "page.md").exists()
