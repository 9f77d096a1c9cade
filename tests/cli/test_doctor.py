"""What conclu doctor shows."""

import pytest
import torch

from conclu_pyg.cli.main import main


def test_versions_threads_devices_and_packages_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert f"torch {torch.__version__.split('+')[0]}" in shown and "CUDA: " in shown
    assert f"threads of PyTorch: {torch.get_num_threads()}" in shown
    assert "scikit-learn: " in shown and "torch_cluster: " in shown


def test_a_missing_package_is_named_with_its_extra(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conclu_pyg.cli.doctor.is_installed", lambda package: package != "plotly")
    assert main(["doctor"]) == 0
    assert "plotly is not installed; run `pip install 'conclu_pyg[vis]'`" in capsys.readouterr().out
