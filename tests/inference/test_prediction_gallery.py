"""The page with clouds of each predicted class."""

import re
from pathlib import Path

import numpy as np

from conclu_pyg.inference.prediction import Prediction
from conclu_pyg.inference.prediction_gallery import PredictionGallery
from conclu_pyg.io.clouds import Cloud


def prediction(
    category: str, confidence: float, novelty: float | None = None, truth: str | None = None, name: str = "x"
) -> Prediction:
    points = np.random.default_rng(0).normal(size=(30, 3))
    confidences = {category: confidence, "other": 1 - confidence}
    cloud = Cloud(name, points)
    return Prediction(cloud, f"{name}.npy", np.zeros(30, int), category, {}, confidences, novelty, true_class=truth)


def names(section: str) -> list[str]:
    return re.findall(r"<strong>(.*?)</strong>", section)


def test_each_class_has_its_most_and_least_certain_clouds(tmp_path: Path) -> None:
    gallery, rng = PredictionGallery(), np.random.default_rng(0)
    sure = rng.permutation(np.linspace(0.5, 0.99, 40))
    for index, confidence in enumerate(sure):
        gallery.add(prediction("lamp", confidence, name=f"lamp_{index}"))
    for index in range(4):
        truth = "lamp" if index == 1 else "mug"
        gallery.add(prediction("mug", 0.9 - index / 10, 0.5 + index / 4, truth, f"mug_{index}"))
    gallery.write(tmp_path / "page.html", "Classes", ["A sentence."], 2)
    page = (tmp_path / "page.html").read_text()
    unlike, lamps, mugs = page.split("<section>")[1:]
    order = np.argsort(-sure)
    assert names(lamps) == [f"lamp_{index}.npy" for index in (*order[:6], *order[-3:])]
    assert "lamp: 40 clouds" in lamps and "The 6 most and 3 least certain of them" in lamps
    assert names(mugs) == [f"mug_{index}.npy" for index in range(4)] and "least certain" not in mugs
    assert names(unlike) == ["mug_3.npy"] and "unlike the training data" in unlike  # 1.25; 1.00 is not above 1
    assert mugs.count('class="marked"') == 2 and "in the folder of lamp" in mugs and "A sentence." in page


def test_memory_is_bounded(tmp_path: Path) -> None:
    gallery = PredictionGallery()
    for index in range(1000):
        gallery.add(prediction(f"class {index}", 0.5, 2.0))
    gallery.write(tmp_path / "page.html", "Classes", [], 2)
    assert (tmp_path / "page.html").read_text().count("<li") == 200 + 24
