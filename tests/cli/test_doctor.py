"""What conclu doctor shows."""

import json
import sys
from importlib import metadata

import pytest
import torch

from conclu_pyg.cli import doctor
from conclu_pyg.cli.installation import Problem
from conclu_pyg.cli.main import main


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is wrong; the search for problems takes seconds."""
    monkeypatch.setattr(doctor, "find_problems", list)


def test_versions_threads_devices_and_packages_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert f"torch {torch.__version__.split('+')[0]}" in shown and "CUDA: " in shown
    assert f"threads of PyTorch: {torch.get_num_threads()}" in shown
    assert f"PyTorch uses {torch.backends.cpu.get_cpu_capability()}" in shown
    assert "scikit-learn: " in shown and "torch_cluster: " in shown and "problem" not in shown


def test_a_missing_package_is_named_with_its_extra_and_is_no_problem(
    sound: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = {"plotly", "torch_cluster", "open3d", "mlflow", "lightly"}
    monkeypatch.setattr(doctor, "is_installed", lambda package: package not in missing)
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert "plotly is not installed; run `pip install 'conclu_pyg[vis]'`" in shown
    assert "torch_cluster is not installed; run `pip install --no-build-isolation 'conclu_pyg[cluster]'`" in shown
    assert "run `pip install 'conclu_pyg[open3d]'`" in shown
    assert "mlflow is not installed; run `pip install 'conclu_pyg[tracking]'`" in shown
    assert "lightly is not installed, for examples with its losses; run `pip install lightly`" in shown
    assert "\nlightning: " in shown and "\ntrackio" in shown


def test_the_load_average_is_called_what_it_is(
    sound: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor.os, "getloadavg", lambda: (3.25, 0.0, 0.0))
    assert main(["doctor"]) == 0
    assert "load average of the last minute: 3.2 processes that run or wait for a core" in capsys.readouterr().out


def test_json_has_the_same_as_plain_values(sound: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["versions"]["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert found["cores"] >= 1 and found["threads"] == torch.get_num_threads() and found["problems"] == []
    assert all(isinstance(there, bool) for there in found["cpu"]["instructions"].values())
    assert found["packages"]["tensorboard"] is not None


def test_a_problem_is_shown_with_its_command_and_the_status_is_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = Problem("numpy 1.0 is installed, and conclu_pyg needs >=2.0", "pip install 'numpy>=2.0'")
    monkeypatch.setattr(doctor, "find_problems", lambda: [problem])
    assert main(["doctor"]) == 2
    out, err = capsys.readouterr()
    assert "problem: numpy 1.0 is installed, and conclu_pyg needs >=2.0; run: pip install 'numpy>=2.0'\n" in out
    assert err == "error: 1 problem; run the command after each.\n"
    assert main(["doctor", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["problems"] == [problem._asdict()]


def test_what_is_broken_is_shown_without_pytorch_and_without_metadata(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(name: str) -> str:
        if name == "lightning_fabric":
            raise metadata.PackageNotFoundError(name)
        return "1.0"

    problem = Problem("torch is not installed, and conclu_pyg needs it", "pip install 'torch>=2.13,<2.15'")
    monkeypatch.setattr(doctor, "find_problems", lambda: [problem])
    monkeypatch.setattr(doctor.metadata, "version", version)
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setitem(sys.modules, "conclu_pyg.pipelines.launch", None)
    assert main(["doctor"]) == 2
    out, err = capsys.readouterr()
    assert "lightning_fabric is not installed" in out and "unknown without PyTorch" in out
    assert f"problem: {problem.sentence}; run: {problem.fix}\n" in out and err.startswith("error: 1 problem")
    assert main(["doctor", "--json"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert found["cpu"] is None and found["launcher"] is None and found["versions"]["lightning_fabric"] is None
