"""The check of the evidence for duplicates on altered copies."""

import numpy as np
import pytest
from duplicates.cli import main
from duplicates.copies import COPIES, EXPECTED, NEAR_MISSES, make_model, sample


def test_every_copy_is_judged_once() -> None:
    assert sorted([*EXPECTED, *NEAR_MISSES]) == sorted(COPIES)


def test_altered_copies_differ_from_the_model_by_what_their_name_says() -> None:
    model, rng = make_model(7, 0), np.random.default_rng(0)
    size = np.linalg.norm(np.ptp(sample(model, 4096, rng), axis=0))
    rescaled = np.linalg.norm(np.ptp(COPIES["rescaled"](model, 4096, rng), axis=0))
    assert abs(np.log(rescaled / size)) > 0.05
    moved = COPIES["moved"](model, 4096, rng)
    np.testing.assert_allclose(np.ptp(moved, axis=0), np.ptp(model.vertices, axis=0), rtol=0.1)
    assert np.linalg.norm(moved.mean(axis=0) - sample(model, 4096, rng).mean(axis=0)) > 0.1 * size


def test_tables_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("open3d")
    assert main(["-n", "1", "--points", "1024"]) == 0
    printed = capsys.readouterr().out
    assert all(f"| {name} |" in printed for name in COPIES)
    assert "near misses called the same" in printed


def test_a_number_below_1_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-n", "0"]) != 0
    assert "-n must be >= 1, got 0" in capsys.readouterr().err
