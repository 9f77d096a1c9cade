"""The measurement of retrieval of parts with the same machining features."""

import json
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import retrieval_check


@pytest.fixture
def mfcad(tmp_path: Path) -> Path:
    """Flat parts with the features 1 and 2, and long ones with 3, in the layout of ShapeNetPart's HDF5 release."""
    rng = np.random.default_rng(0)
    (tmp_path / "all_object_categories.txt").write_text("part\t0\n")
    parts = [{"category": "part", "part": f"f{number}", "id": number} for number in range(4)]
    (tmp_path / "overallid_to_category_part.json").write_text(json.dumps(parts))
    for split, count in (("train", 20), ("test", 8)):
        is_long = np.arange(count) % 2
        extents = np.where(is_long[:, None, None] == 1, [0.1, 0.1, 2.0], [1.0, 1.0, 0.1])
        with h5py.File(tmp_path / f"ply_data_{split}0.h5", "w") as file:
            file["data"] = (rng.normal(size=(count, 64, 3)) * extents).astype(np.float32)
            file["label"] = np.zeros((count, 1), np.uint8)
            file["pid"] = np.tile(np.arange(64) % 4, (count, 1)).astype(np.uint8)
        names = [f"part/{'3-3' if each else '2-1'}-{number}" for number, each in enumerate(is_long)]
        (tmp_path / f"ply_data_{split}_0_id2file.json").write_text(json.dumps(names))
        (tmp_path / f"{split}_hdf5_file_list.txt").write_text(f"ply_data_{split}0.h5\n")
    return tmp_path


def test_sets_of_features() -> None:
    assert retrieval_check.feature_set("part/3-6-8-8-23") == {"3", "6", "8"}
    assert retrieval_check.feature_set("3-23") == {"3"}


def test_similarity_of_hits_is_that_of_the_nearest() -> None:
    x = np.array([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]])
    jaccard = np.array([[1, 0.5, 0, 0], [0.5, 1, 0, 0.2], [0, 0, 1, 0.25], [0, 0.2, 0.25, 1]])
    assert retrieval_check.similarity_of_hits(x, jaccard, 1) == pytest.approx((0.5 + 0.5 + 0.25 + 0.25) / 4)
    assert retrieval_check.similarity_of_hits(x, jaccard, 3) == pytest.approx((jaccard.sum() - 4) / 12)


def test_it_prints_a_row_for_each_encoder(
    mfcad: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["retrieval_check.py", str(mfcad), "--random", "1"])
    retrieval_check.main()
    first, header, *rows = capsys.readouterr().out.splitlines()
    assert first == "8 parts, 8 with another one of the same features" and header.split()[:2] == ["encoder", "mAP"]
    titles = ["chance", "conclu_pointnet_shapes", "random weights of conclu_pointnet_shapes, seed 0"]
    assert [row[:40].strip()[:30] for row in rows] == [title[:30] for title in titles]
    assert float(rows[1].split()[1]) == 100 and float(rows[0].split()[1]) < 90
