"""The comparison of suggested and random labels."""

import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import suggestion_check


@pytest.fixture
def modelnet(tmp_path: Path) -> Path:
    """A small data set in the layout of the h5 release: flat, long and round clouds."""
    rng, names = np.random.default_rng(0), ["flat", "long", "round"]
    extents = np.array([[1, 1, 0.05], [4, 0.3, 0.3], [1, 1, 1]])
    (tmp_path / "shape_names.txt").write_text("\n".join(names))
    for split, count in (("train", 60), ("test", 30)):
        label = np.arange(count) % 3
        with h5py.File(tmp_path / f"ply_data_{split}0.h5", "w") as file:
            file["data"] = (rng.normal(size=(count, 64, 3)) * extents[label][:, None]).astype(np.float32)
            file["label"] = label[:, None].astype(np.uint8)
        (tmp_path / f"{split}_files.txt").write_text(f"ply_data_{split}0.h5\n")
    return tmp_path


def test_it_prints_a_line_for_each_strategy(
    modelnet: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["suggestion_check.py", str(modelnet), "--share", "0.05", "--seeds", "2"])
    suggestion_check.main()
    first, *lines = capsys.readouterr().out.splitlines()
    assert first.startswith("3 of 60 clouds, 2 seeds")
    assert [line.partition(":")[0] for line in lines] == ["random", "typical", "k-center"]
    assert "3.0 classes" in lines[1] and float(lines[1].split()[1]) > 90
