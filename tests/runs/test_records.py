import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, fields, replace
from pathlib import Path

import pytest

import conclu_pyg
from conclu_pyg.errors import ConcluError
from conclu_pyg.runs.records import Record, append_records, command_line, read_records, versions

RECORD = Record(
    task="svm",
    dataset="ModelNet40",
    encoder="PointNet",
    method="ConClu",
    initialisation="ModelNet40",
    metric="accuracy",
    value=87.5,
    seed=0,
    epochs=12,
    protocol="linear SVM",
    command="tools/evaluate.py runs/a",
    seconds=3.5,
    details={"per_class": {"chair": 99.0, "lamp": None}},
)


def test_a_record_has_every_field_that_the_specification_names() -> None:
    named = "task dataset encoder method initialisation metric value seed epochs protocol command seconds versions"
    assert set(named.split()) <= {field.name for field in fields(Record)}


def test_records_are_appended_to_earlier_ones_and_come_back(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    append_records(path, [RECORD])
    append_records(path, [replace(RECORD, seed=1), replace(RECORD, seed=2)])
    assert read_records(path) == [RECORD, replace(RECORD, seed=1), replace(RECORD, seed=2)]
    assert json.loads(path.read_text())[0]["details"]["per_class"]["lamp"] is None


def test_records_of_two_threads_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda seed: append_records(path, [replace(RECORD, seed=seed)]), range(20)))
    assert sorted(record.seed for record in read_records(path)) == list(range(20))
    assert [file.name for file in tmp_path.iterdir()] == ["results.json"]


def test_what_json_cannot_hold_leaves_the_earlier_records(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    append_records(path, [RECORD])
    with pytest.raises(ValueError, match="JSON"):
        append_records(path, [replace(RECORD, value=float("nan"))])
    assert read_records(path) == [RECORD]
    assert [file.name for file in tmp_path.iterdir()] == ["results.json"]


@pytest.mark.parametrize(
    "content",
    [b"", b"[", b"{}", b"[1]", b"[{}]", b"\xff\xfe", json.dumps([asdict(RECORD) | {"extra": 1}]).encode()],
)
def test_a_damaged_file_is_refused_by_name_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(content)
    with pytest.raises(
        ConcluError, match=r"results\.json is no list of records: .*; move it away to begin a new one\."
    ):
        append_records(path, [RECORD])
    assert path.read_bytes() == content


def test_versions_name_python_the_package_and_what_results_depend_on() -> None:
    assert versions().keys() == {"python", "conclu_pyg", "torch", "torch-geometric", "scikit-learn"}
    assert versions()["conclu_pyg"] == conclu_pyg.__version__


@pytest.mark.parametrize(
    ("arguments", "typed"),
    [
        (["/home/me/conclu_pyg/tools/train.py", "a.yaml"], "tools/train.py a.yaml"),
        (["/usr/bin/conclu", "evaluate", "my run"], "conclu evaluate 'my run'"),
    ],
)
def test_the_command_is_what_was_typed(arguments: list[str], typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", arguments)
    assert command_line() == typed
