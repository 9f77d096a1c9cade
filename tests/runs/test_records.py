import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pytest
from helpers import raises

import conclu_pyg
from conclu_pyg.errors import ConcluError
from conclu_pyg.runs.provenance import EncoderOrigin
from conclu_pyg.runs.records import Record, append_records, command_line, read_records, versions

MakeRecord = Callable[..., Record]


@pytest.fixture
def record(make_record: MakeRecord) -> Record:
    return make_record(details={"per_class": {"chair": 99.0, "lamp": None}})


def test_a_record_has_every_field_that_the_specification_names() -> None:
    named = "task dataset encoder method initialisation metric value seed epochs protocol command seconds versions"
    assert set(named.split()) <= {field.name for field in fields(Record)}


def test_records_are_appended_to_earlier_ones_and_come_back(tmp_path: Path, record: Record) -> None:
    path = tmp_path / "results.json"
    append_records(path, [record])
    append_records(path, [replace(record, seed=1), replace(record, seed=2)])
    assert read_records(path) == [record, replace(record, seed=1), replace(record, seed=2)]
    assert json.loads(path.read_text())[0]["details"]["per_class"]["lamp"] is None


def test_records_of_two_threads_are_all_kept(tmp_path: Path, record: Record) -> None:
    path = tmp_path / "results.json"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda seed: append_records(path, [replace(record, seed=seed)]), range(20)))
    assert sorted(record.seed for record in read_records(path)) == list(range(20))
    assert {file.name for file in tmp_path.iterdir()} <= {"results.json", ".results.json.lock"}


def test_values_that_json_cannot_hold_leave_the_earlier_records(tmp_path: Path, record: Record) -> None:
    path = tmp_path / "results.json"
    append_records(path, [record])
    with pytest.raises(ValueError, match="JSON"):
        append_records(path, [replace(record, value=float("nan"))])
    assert read_records(path) == [record]
    assert {file.name for file in tmp_path.iterdir()} <= {"results.json", ".results.json.lock"}


@pytest.mark.parametrize(
    "content",
    [b"", b"[", b"{}", b"[1]", b"[{}]", b"\xff\xfe", b'[{"task": "svm"}]', b"[" * 100_000],
)
def test_a_damaged_file_is_refused_by_name_and_unchanged(tmp_path: Path, content: bytes, record: Record) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(content)
    with raises(ConcluError, file=path) as error:
        append_records(path, [record])
    assert str(error.value).startswith(f"{path} is not a list of records: ")
    assert str(error.value).endswith("; move it away to start a new one.")
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "wrong",
    [
        {"extra": 1},
        {"value": "87"},
        {"value": True},
        {"seed": 0.5},
        {"losses": "contrast"},
        {"details": []},
        {"training": {"command": "a"}},
        {"pretraining": {"dataset": "ModelNet40"}},
        {"protocol": "linear SVM on frozen features"},
    ],
)
def test_a_record_with_a_wrong_field_is_refused_by_name(tmp_path: Path, record: Record, wrong: dict[str, Any]) -> None:
    (tmp_path / "results.json").write_text(json.dumps([asdict(record) | wrong]))
    with raises(ConcluError, file=tmp_path / "results.json") as error:
        read_records(tmp_path / "results.json")
    reason = str(error.value).partition(" is not a list of records: ")[2]
    assert reason.startswith("record 0") and next(iter(wrong)) in reason and ", got " in reason


def test_the_data_sets_of_a_chain_of_trainings_are_in_their_order(make_record: MakeRecord) -> None:
    def origin(dataset: str, before: EncoderOrigin | None = None) -> EncoderOrigin:
        return EncoderOrigin("a.pt", dataset, "ConClu", 1, "train", 1.0, "abc", before=before)

    chain = origin("Scans", before=origin("ModelNet40"))
    assert make_record().pretrained_on == ["ModelNet40"] and make_record(random=True).pretrained_on == []
    assert make_record(pretraining=chain, initialisation="B").pretrained_on == ["ModelNet40", "Scans", "B"]
    supervised: dict[str, Any] = {"protocol": {"model": "Classifier"}, "initialisation": "Scans"}
    assert make_record(pretraining=chain, **supervised).pretrained_on == ["ModelNet40", "Scans"]
    assert make_record(protocol={"model": "Classifier"}, initialisation="random").pretrained_on == []


def test_versions_list_python_the_package_and_its_numerical_libraries() -> None:
    assert versions().keys() == {"python", "conclu_pyg", "torch", "torch-geometric", "scikit-learn", "numba"}
    assert versions()["conclu_pyg"] == conclu_pyg.__version__


@pytest.mark.parametrize(
    ("arguments", "typed"),
    [
        (["/home/me/conclu_pyg/tools/train.py", "a.yaml"], "tools/train.py a.yaml"),
        (["/usr/bin/conclu", "evaluate", "my run"], "conclu evaluate 'my run'"),
    ],
)
def test_the_command_is_recorded(arguments: list[str], typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", arguments)
    assert command_line() == typed
