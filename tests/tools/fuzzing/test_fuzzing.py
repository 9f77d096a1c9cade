"""Altered files for the readers, and the counts of what the readers make of them."""

from pathlib import Path

import pytest
from fuzzing import campaign
from fuzzing.cli import main
from fuzzing.mutations import mutant, mutants
from fuzzing.outcome import read_file
from fuzzing.samples import SAMPLES, write_samples
from helpers import raises

from conclu_pyg.errors import DataError
from conclu_pyg.io.formats import SUFFIXES

FAKE_WORKER = """
import json, os, signal, sys
_, source, start, stop, seed, folder = sys.argv
for index in range(int(start), int(stop)):
    print(json.dumps({"index": index}), flush=True)
    if index in (3, 5):
        os.kill(os.getpid(), signal.SIGABRT if index == 3 else signal.SIGPROF)
    kind = "refused" if index % 2 else "read"
    print(json.dumps({"kind": kind, "detail": "", "grown_mb": index, "same": None if index % 2 else index != 6}))
"""


@pytest.mark.parametrize("name", [name for name in SAMPLES if name.endswith(SUFFIXES)])
def test_samples_are_read(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(SAMPLES[name]())
    outcome = read_file(tmp_path / name)
    assert outcome.kind == "read", outcome.detail
    assert all(len(cloud.points) in (40, 100) for cloud in outcome.clouds)


def test_every_format_has_samples(tmp_path: Path) -> None:
    aliases = {".asc", ".hdf5", ".tsv", ".xyzn", ".xyzrgb", ".gltf", ".step", ".stp", ".e57"}
    assert {suffix for suffix in SUFFIXES if not any(name.endswith(suffix) for name in SAMPLES)} <= aliases
    assert write_samples(tmp_path, ".none") == []


def test_mutants_differ_and_are_made_again_by_their_index() -> None:
    valid = SAMPLES["rows.txt"]()
    made = list(mutants(valid, 200, seed=1))
    assert made == [mutant(valid, 1, index) for index in range(200)]
    assert len(set(made)) > 180 and sum(each == valid for each in made) < 10
    assert made != list(mutants(valid, 200, seed=2))


def test_what_ends_the_worker_is_counted_and_the_others_follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fuzzing").mkdir()
    (tmp_path / "fuzzing" / "__init__.py").write_text("")
    (tmp_path / "fuzzing" / "worker.py").write_text(FAKE_WORKER)
    (tmp_path / "a.txt").write_text("1 2 3\n4 5 6\n")
    monkeypatch.setattr(campaign, "TOOLS", tmp_path)
    result = campaign.run_campaign(tmp_path / "a.txt", 8, 0, keep=tmp_path / "kept")
    assert result.counts == {"read": 4, "refused": 2, "crash": 1, "hang": 1, "same": 3, "other": 1}
    assert [index for index, _ in result.faults] == [3, 5, 6] and result.grown_mb == 7
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == ["a_0_3.txt", "a_0_5.txt", "a_0_6.txt"]


def test_the_command_prints_a_row_for_each_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.xyz").write_bytes(SAMPLES["rows.xyz"]())
    assert main(["npy", str(tmp_path / "mine.xyz"), "-n", "20"]) == 0
    _, *rows = capsys.readouterr().out.splitlines()
    for row, name in zip(rows, ("array.npy", "mine.xyz"), strict=True):
        found, read, refused, *faults = row.split()[:6]
        assert found == name and int(read) + int(refused) == 20 and set(faults) == {"0"}


def test_other_formats_and_files_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nothing"]) == 2 and "expected a file or one of .3mf, .asc, " in capsys.readouterr().err
    assert main(["npy", "-n", "0"]) == 2 and "-n must be >= 1, got 0" in capsys.readouterr().err
    (tmp_path / "bad.xyz").write_text("no numbers\n")
    with raises(DataError, file=tmp_path / "bad.xyz"):
        campaign.run_campaign(tmp_path / "bad.xyz", 1, 0)
