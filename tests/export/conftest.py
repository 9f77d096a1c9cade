"""A run with a small DGCNN."""

import copy
from pathlib import Path
from typing import Any

import pytest
from conftest import TINY

from conclu_pyg.pipelines.build import build_pipeline


@pytest.fixture(scope="session")
def dgcnn_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a part segmenter."""
    config: dict[str, Any] = copy.deepcopy(TINY)
    encoder = {"name": "DGCNN", "out_channels": 16, "k": 6, "channels": [8, 16]}
    config["model"] = {"name": "PartSegmenter", "encoder": encoder}
    config["pipeline"] = {"name": "Finetuning", "epochs": 1, "batch_size": 16, "device": "cpu"}
    config["pipeline"]["log_dir"] = str(tmp_path_factory.mktemp("dgcnn"))
    return build_pipeline(config).run_train()
