"""A table of tiny trainings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

SHAPES = {"name": "ParametricShapes", "num_shapes": 48, "num_test_shapes": 40, "num_points": 32}
ENCODER = {"name": "PointNet", "out_channels": 16, "input_transform": False, "feature_transform": False}
SMALL_HEADS = ["model.projector.hidden_channels=16", "model.projector.out_channels=8"]


def small_table() -> dict[str, Any]:
    """Return a table with a random and a supervised row, the reference, another method and one of two stages."""
    return {
        "title": "Tiny",
        "metric": "accuracy",
        "reference": "ConClu",
        "num_clusters": 4,
        "datasets": {"shapes": SHAPES},
        "pretrain_on": "shapes",
        "measure_on": ["shapes"],
        "encoders": {"PointNet": ENCODER},
        "rows": [
            {"method": "Random", "encoder": "PointNet", "training": "random"},
            {"method": "Supervised", "encoder": "PointNet", "training": "labels", "config": "classify_pointnet"},
            {
                "method": "ConClu",
                "encoder": "PointNet",
                "config": "conclu_pointnet",
                "overrides": [*SMALL_HEADS, "model.clusterer.num_prototypes=4"],
                "figures": [
                    {"dataset": "shapes", "value": 89.8, "source": "a paper"},
                    {"dataset": "shapes", "value": 80.0, "source": "others", "kind": "reproduced", "note": "more data"},
                ],
            },
            {"method": "SimSiam", "encoder": "PointNet", "config": "simsiam_pointnet", "overrides": SMALL_HEADS},
            {"method": "LatentGAN", "encoder": "PointNet", "config": "latentgan_pointnet"},
        ],
        "budgets": {"quick": {"description": "Tiny.", "epochs": 2, "batch_size": 16, "points": 32, "seeds": 1}},
    }


@pytest.fixture
def table_file(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a table, changed by a function, and returns its file."""

    def write(change: Callable[[dict[str, Any]], object] = lambda table: None) -> Path:
        table = small_table()
        change(table)
        path = tmp_path / "table.yaml"
        path.write_text(OmegaConf.to_yaml(OmegaConf.create(table)))
        return path

    return write
