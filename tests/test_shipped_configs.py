from pathlib import Path

import pytest

from conclu_pyg.shipped_configs import find_config, shipped_configs

ROOT = Path(__file__).resolve().parents[1]


def test_every_config_of_the_project_has_a_name() -> None:
    assert {path.resolve() for path in shipped_configs().values()} == {*(ROOT / "configs").rglob("*.yaml")}
    assert {"conclu_pointnet", "ablations/both"} <= shipped_configs().keys()


def test_a_file_takes_precedence_over_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_config("conclu_pointnet").samefile(ROOT / "configs" / "conclu_pointnet.yaml")
    Path("conclu_pointnet").touch()
    assert find_config("conclu_pointnet") == Path("conclu_pointnet")
    assert find_config("unknown.yaml") == Path("unknown.yaml")
