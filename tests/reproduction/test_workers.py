"""Worker processes at the end of a table; tests of whole tables cover the rest."""

from pathlib import Path

from conclu_pyg.reproduction.jobs import Job
from conclu_pyg.reproduction.workers import Workers


def test_no_process_is_started_after_the_end(tmp_path: Path) -> None:
    with Workers(1, tmp_path, []) as workers:
        pass
    assert "all jobs end" in workers._do(0, Job("cost", "x", str(tmp_path / "cost.json")))
    assert not any(tmp_path.iterdir())  # no log of a process
