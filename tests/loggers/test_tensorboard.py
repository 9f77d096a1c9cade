"""The projector of TensorBoard: embeddings, names and pictures of training clouds."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from conclu_pyg import load_encoder
from conclu_pyg.loggers.tensorboard import SIDE, draw_cloud
from conclu_pyg.pipelines.build import build_pipeline


def test_a_run_ends_with_embeddings_names_and_pictures(tmp_path: Path, tiny_config: dict[str, Any]) -> None:
    loggers = ["csv", {"name": "tensorboard", "projector": 9}]
    tiny_config["pipeline"] |= {"run_dir": str(tmp_path / "run"), "loggers": loggers}
    pipeline = build_pipeline(tiny_config)
    run = pipeline.run_train()
    (folder,) = [path.parent for path in run.rglob("tensors.tsv")]
    vectors = np.loadtxt(folder / "tensors.tsv")
    clouds = pipeline.split("train")
    assert vectors.shape == (9, 32)
    expected = load_encoder(run).embed([clouds[0].pos, clouds[47].pos]).numpy()
    np.testing.assert_allclose(vectors[[0, -1]], expected, rtol=1e-3, atol=1e-4)
    lines = (folder / "metadata.tsv").read_text().splitlines()
    assert lines[0] == "name\tclass" and lines[1].split("\t") == [clouds.names[0], clouds.classes[clouds.y[0]]]
    assert len(lines) == 10
    assert Image.open(folder / "sprite.png").size == (3 * SIDE, 3 * SIDE)  # a square with room for nine
    assert "sprite.png" in (run / "projector_config.pbtxt").read_text()


def test_a_picture_shows_the_cloud_from_the_side_with_its_axis_up() -> None:
    pos = torch.tensor([[0.0, 0, 0], [0, 0, 1.0], [0, 1.0, 0]])  # seen along y: the first is near, the third hidden
    picture = draw_cloud(pos, up_axis=2)
    assert picture.shape == (3, SIDE, SIDE) and picture.min() >= 0 and picture.max() == 1
    drawn = (picture[0] < 1).nonzero().tolist()
    assert drawn == [[0, SIDE // 2], [SIDE - 1, SIDE // 2]]
    assert torch.equal(picture[0], picture[2])


def test_a_cloud_of_one_point_is_drawn() -> None:
    assert (draw_cloud(torch.zeros(1, 3), up_axis=1) < 1).sum() == 3  # a pixel of three channels
