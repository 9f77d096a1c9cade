"""The loop of docs/examples/minimal_conclu.py against the pipeline."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import torch

from conclu_pyg.config import load_config
from conclu_pyg.datasets.parametric_shapes import ParametricShapes
from conclu_pyg.loggers.csv_file import read_metrics
from conclu_pyg.pipelines.build import build_pipeline
from conclu_pyg.runs.checkpoint import Checkpoint

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("minimal_conclu", ROOT / "docs" / "examples" / "minimal_conclu.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_loop_gives_the_losses_and_weights_of_the_pipeline(example: ModuleType, tmp_path: Path) -> None:
    overrides = ["dataset.num_shapes=24", "pipeline.epochs=2", "pipeline.batch_size=8", "pipeline.device=cpu"]
    config = load_config(
        ROOT / "configs" / "conclu_pointnet.yaml", [*overrides, f"pipeline.run_dir={tmp_path / 'run'}"]
    )
    run = build_pipeline(config).run_train()

    torch.manual_seed(0)
    networks = example.Networks()
    losses = example.train(networks, ParametricShapes(num_shapes=24, num_points=1024).get_split("train"), 2, 8)
    assert losses == pytest.approx(read_metrics(run)["loss"], rel=1e-4)
    trained = Checkpoint.load(run).weights
    for name, value in networks.state_dict().items():
        torch.testing.assert_close(value, trained[name], rtol=1e-3, atol=1e-4, msg=name)


def test_the_example_is_short_and_names_no_registry() -> None:
    text = (ROOT / "docs" / "examples" / "minimal_conclu.py").read_text()
    assert len(text.splitlines()) <= 125 and "registry" not in text and ".build(" not in text
