from pathlib import Path

import pytest

from conclu_pyg.shipped_configs import find_config, find_table, shipped_configs, shipped_tables

ROOT = Path(__file__).resolve().parents[1]


def test_every_config_and_table_of_the_project_has_a_name() -> None:
    named = [*shipped_configs().values(), *shipped_tables().values()]
    assert sorted(path.resolve() for path in named) == sorted((ROOT / "configs").rglob("*.yaml"))
    assert {"conclu_pointnet", "ablations/both"} <= shipped_configs().keys()
    assert {"table1", "table2", "table3"} <= shipped_tables().keys()
    assert find_table("table1").samefile(ROOT / "configs" / "tables" / "table1.yaml")


def test_a_file_takes_precedence_over_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_config("conclu_pointnet").samefile(ROOT / "configs" / "conclu_pointnet.yaml")
    Path("conclu_pointnet").touch()
    assert find_config("conclu_pointnet") == Path("conclu_pointnet")
    assert find_config("unknown.yaml") == Path("unknown.yaml")


def test_a_folder_with_the_name_of_a_table_is_no_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("table1").mkdir()
    assert find_table("table1") == shipped_tables()["table1"]
    Path("table2").touch()
    assert find_table("table2") == Path("table2")
