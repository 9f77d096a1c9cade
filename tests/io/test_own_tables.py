"""Tables and embeddings that commands write are told from clouds."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from conclu_pyg.cli import clusters, duplicates
from conclu_pyg.data import read_report
from conclu_pyg.inference import anomaly_output, check_report, output_folder
from conclu_pyg.inference.embeddings import Embeddings
from conclu_pyg.inference.table import write_table
from conclu_pyg.io.find_files import find_files
from conclu_pyg.io.own_tables import own_kind

TABLES = {
    "anomaly": anomaly_output.COLUMNS,
    "check": check_report.COLUMNS,
    "clusters": [*clusters.COLUMNS, "label"],
    "duplicates": [*duplicates.COLUMNS, "labels_differ"],
    "skipped": read_report.COLUMNS,
    **output_folder.COLUMNS,
}


@pytest.mark.parametrize("columns", TABLES.values(), ids=TABLES)
def test_tables_of_commands_are_recognised(columns: Sequence[str], tmp_path: Path) -> None:
    write_table(tmp_path / "a.CSV", columns, [])
    assert own_kind(tmp_path / "a.CSV") == "table of a command"


@pytest.mark.parametrize("header", ["file,class", "\ufeffCLASS;file;notes", "file\tclass"])
def test_tables_of_classes_are_recognised(header: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"{header}\n", encoding="utf-8")
    assert own_kind(tmp_path / "a.csv") == "table of classes"


@pytest.mark.parametrize(
    "text", ["", "x,y,z\n0,1,2\n", "0,1,2\n", "cloud,x,y,z\n0,1,2,3\n", "a,b,c\n0,1,2\n", "\0\xff"]
)
def test_other_tables_may_hold_clouds(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(text)
    assert own_kind(tmp_path / "a.csv") == ""
    (tmp_path / "a.txt").write_text("file,class\n")
    assert own_kind(tmp_path / "a.txt") == "" and own_kind(tmp_path / "missing.csv") == ""


def test_embeddings_are_recognised(tmp_path: Path) -> None:
    path, other = tmp_path / "embeddings.npz", tmp_path / "other.npz"
    Embeddings(["a"], np.zeros((1, 2), np.float32), {}).save(path)
    assert own_kind(path) == "embeddings"
    np.savez(other, names=np.zeros(1), points=np.zeros((1, 3)))
    assert own_kind(other) == ""
    whole = path.read_bytes()
    entry = whole.index(b"PK\x01\x02")  # of the first member, with its version at byte 6, flags at 8 and name at 46
    new = whole[: entry + 6] + b"\xff" + whole[entry + 7 :]
    unnamed = whole[: entry + 9] + b"\x08" + whole[entry + 10 : entry + 46] + b"\xff" + whole[entry + 47 :]
    for content in (b"", whole[:100], new, unnamed):
        other.write_bytes(content)
        assert own_kind(other) == ""


def test_they_are_skipped_among_clouds(tmp_path: Path) -> None:
    write_table(tmp_path / "sizes.csv", check_report.COLUMNS, [])
    write_table(tmp_path / "to_label.csv", ["file", "class"], [])
    Embeddings(["a"], np.zeros((1, 2), np.float32), {}).save(tmp_path / "embeddings.npz")
    (tmp_path / "cloud.csv").write_text("x,y,z\n0,1,2\n")
    assert find_files(tmp_path) == (["cloud.csv"], "1 embeddings, 1 table of a command, 1 table of classes")
