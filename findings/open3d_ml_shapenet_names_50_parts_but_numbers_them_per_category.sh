#!/usr/bin/env bash
# Guess: the data set ShapeNet of Open3D-ML with task="segmentation" gives each point one of the 50 labels that its
# get_label_to_names("segmentation") lists, so that Part3 is the same part in all clouds.
# Found: get_data returns the numbers of the .seg file, which begin at 1 in every category. So wings of airplanes and
# handles of bags have the same label, labels above 6 never occur, and Part0 is the name of none. A model that is trained
# on them, and a LabelLUT made from the names, mix up the parts of 16 categories, without an error. Open3D-ML's own
# label_to_names attribute has the names of the classes for both tasks.
# What helps: add to the labels the number of parts of the categories before, which the release's overview lists.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet "open3d-cpu[ml]==0.20.0" numpy==2.3.5
cd "$work"
"$work/venv/bin/python" - <<'PY'
import json
import platform
import sys
from pathlib import Path

import numpy as np
import open3d as o3d
from open3d.ml.datasets import ShapeNet

print("Open3D", o3d.__version__, "numpy", np.__version__, "Python", platform.python_version())
folder = Path("data/shapenetcore_partanno_segmentation_benchmark_v0")
(folder / "train_test_split").mkdir(parents=True)
(folder / "synsetoffset2category.txt").write_text("Airplane\t02691156\nBag\t02773838\n")
names = {"02691156": "a", "02773838": "b"}
for category, name in names.items():
    for kind in ("points", "points_label"):
        (folder / category / kind).mkdir(parents=True)
    np.savetxt(folder / category / "points" / f"{name}.pts", np.random.default_rng(0).random((20, 3)))
    np.savetxt(folder / category / "points_label" / f"{name}.seg", 1 + np.arange(20) % 2, fmt="%d")
for split in ("train", "test", "val"):
    listed = [f"shape_data/{category}/{name}" for category, name in names.items()] if split == "train" else []
    (folder / "train_test_split" / f"shuffled_{split}_file_list.json").write_text(json.dumps(listed))

dataset = ShapeNet("data", task="segmentation")
split = dataset.get_split("training")
labels = {split.path_list[i][0]: sorted(set(split.get_data(i)["label"].tolist())) for i in range(len(split))}
listed = dataset.get_label_to_names("segmentation")
print(f"names of parts: {len(listed)}, {listed[0]} to {listed[49]}")
print(f"labels of an airplane: {labels[0]}, of a bag: {labels[1]}")
print(f"label_to_names of the data set: {dataset.label_to_names[0]}, {dataset.label_to_names[1]}, ...")
found = labels[0] == labels[1] == [1, 2] and len(listed) == 50 and dataset.label_to_names[0] == "Airplane"
print("as found: parts of both categories have the same labels" if found else "changed: the labels differ")
sys.exit(not found)
PY
