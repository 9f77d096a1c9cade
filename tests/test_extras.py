import subprocess
import sys
from pathlib import Path

import pytest

from conclu_pyg.cli import train
from conclu_pyg.cli.main import main
from conclu_pyg.extras import EXTRAS, is_installed, missing_extra

# An import of one of these packages fails as if it were not installed.
WITHOUT = """if True:
    import importlib.util, sys
    missing = {missing!r}
    class Missing:
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] in missing:
                raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
    sys.meta_path.insert(0, Missing())
    find = importlib.util.find_spec
    importlib.util.find_spec = lambda name, *rest: None if name in missing else find(name, *rest)
"""


def test_a_missing_package_is_named_as_it_is_installed() -> None:
    assert missing_extra("sklearn").startswith("scikit-learn is not installed; run `pip install 'conclu_pyg[eval]'`")
    assert missing_extra("plotly").startswith("plotly is not installed; run `pip install 'conclu_pyg[vis]'`")


def test_an_encoder_trains_and_embeds_without_any_extra(tiny_run: Path, tmp_path: Path) -> None:
    missing = [*EXTRAS, "torchmetrics", "open3d", "torch_cluster", "torch_scatter"]
    code = (
        WITHOUT.format(missing=missing)
        + f"""
    import numpy, warnings
    from conclu_pyg import load_encoder
    from conclu_pyg.config import load_config
    from conclu_pyg.pipelines.build import build_pipeline
    overrides = ["pipeline.run_dir={tmp_path / "run"}", "pipeline.epochs=1"]
    run = build_pipeline(load_config("{tiny_run / "config.yaml"}", overrides)).run_train()
    print(load_encoder(run).embed(numpy.random.rand(2, 30, 3)).shape)
    print(sorted(set(missing) & set(sys.modules)))"""
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "torch.Size([2, 32])\n[]\n", done.stderr
    assert (tmp_path / "run" / "metrics.csv").exists() and not (tmp_path / "run" / "curves.png").exists()


def test_a_command_that_needs_a_missing_package_names_its_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(options: object) -> None:
        raise ModuleNotFoundError("No module named 'plotly.graph_objects'", name="plotly.graph_objects")

    monkeypatch.setattr(train, "run", run)
    assert main(["train", "a.yaml"]) == 2
    assert capsys.readouterr().err == f"error: {missing_extra('plotly')}.\n"
    assert "`pip install 'conclu_pyg[vis]'`" in missing_extra("plotly")
    assert "`pip install 'conclu_pyg[train]'`" in missing_extra("matplotlib", "train")


def test_a_missing_module_that_no_extra_installs_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(options: object) -> None:
        raise ModuleNotFoundError("No module named 'conclu_pyg.gone'", name="conclu_pyg.gone")

    monkeypatch.setattr(train, "run", run)
    with pytest.raises(ModuleNotFoundError):
        main(["train", "a.yaml"])


def test_installed_packages_are_found() -> None:
    assert is_installed("pytest") and not is_installed("conclu_pyg_gone")
