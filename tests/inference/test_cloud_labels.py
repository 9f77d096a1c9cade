"""Labels of clouds by their names."""

from pathlib import Path

import pytest

from conclu_pyg.errors import DataError
from conclu_pyg.inference.cloud_labels import labels_of
from conclu_pyg.inference.table import write_table

NAMES = ["chair/a.ply", "table/deep/b.ply", "c.ply", "scans.h5:0001", "scans.h5:0002"]


def test_labels_of_folders_and_tables(tmp_path: Path) -> None:
    assert labels_of(NAMES, None) is None
    assert labels_of(NAMES, "folders") == ["chair", "table", "", "", ""]
    table = tmp_path / "labels.csv"
    table.write_text("\ufeffclass,file,more\nseat,chair/a.ply,1\n,c.ply,2\nscan,scans.h5,3\nbest,scans.h5:0002,4\n")
    assert labels_of(NAMES, table) == ["seat", "", "", "scan", "best"]


def test_tables_that_were_written_are_read(tmp_path: Path) -> None:
    names = ["=a.ply", "b\n.ply", "caf\udce9.ply"]
    write_table(tmp_path / "a.csv", ["file", "class"], zip(names, ["+x", "y", "z"], strict=True))
    assert labels_of(names, tmp_path / "a.csv") == ["+x", "y", "z"]
    assert "'=a.ply" in (tmp_path / "a.csv").read_text()


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"file,class\nother.ply,x\n", b"\xff\xfe\x00", None])
def test_other_tables_are_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError) as error:
        labels_of(NAMES, path)
    assert error.value.file == str(path)
