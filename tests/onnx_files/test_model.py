"""Files from anywhere, and clouds that are no clouds. The graphs here are made by hand: they need no export."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from helpers import raises
from onnx import TensorProto, helper, numpy_helper
from onnx_metadata import METADATA as SHARED
from onnx_metadata import onnx_file

from conclu_pyg.errors import ArgumentError, ConcluError, ConfigError, DataError
from conclu_pyg.onnx import OnnxModel, classify, embed, segment
from conclu_pyg.onnx.checksum import seal
from conclu_pyg.onnx.session import MAX_BYTES

METADATA = replace(SHARED, up_axis="y")
ENTRIES = METADATA.entries()
ALONE = """
import sys
before = set(sys.modules)
import numpy as np
from conclu_pyg.onnx import embed
print(embed(sys.argv[1], np.arange(12.0).reshape(4, 3)).shape)
paths = {name.partition(".")[0]: getattr(module, "__file__", "") or "" for name, module in sys.modules.items()}
print(sorted(name for name in set(paths) - before if "site-packages" in paths[name]))
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Returns a function that writes a model: the maximum of each coordinate, or another operator."""

    def write_model(
        entries: dict[str, str] = ENTRIES, name: str = "points", operator: str = "ReduceMax", **attributes: Any
    ) -> Path:
        axes = helper.make_tensor("axes", TensorProto.INT64, [1], [1])
        inputs = [name, "axes"] if operator == "ReduceMax" else [name]
        attributes = attributes or ({"keepdims": 0} if operator == "ReduceMax" else {})
        graph = helper.make_graph(
            [helper.make_node(operator, inputs, ["embedding"], **attributes)],
            "graph",
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", "points", 3])],
            [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, None)],
            [axes] if operator == "ReduceMax" else [],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
        path = tmp_path / "model.onnx"
        path.write_bytes(onnx_file(model, entries))
        return path

    return write_model


def test_normalises_turns_and_batches_clouds_of_equal_size(write: Callable[..., Path]) -> None:
    """Up is z in the clouds and y in the model: (x, y, z) becomes (y, z, x)."""
    rng = np.random.default_rng(0)
    clouds = [rng.normal(size=(size, 3)) * 7 + 1000 for size in (5, 9, 5, 1, 9)]
    found = embed(write(), clouds, batch_size=2)
    for cloud, row in zip(clouds, found, strict=True):
        centred = cloud - cloud.mean(axis=0)
        radius = np.linalg.norm(centred, axis=1).max()
        expected = np.roll(centred / radius if len(cloud) > 1 else 0 * centred, -1, axis=1).max(axis=0)
        np.testing.assert_allclose(row, expected, atol=1e-6)
    assert embed(write(), []).shape == (0, 3)
    model = OnnxModel(write(), threads=1)
    np.testing.assert_array_equal(model.embed(clouds[0]), found[:1])
    np.testing.assert_array_equal(model.embed(np.stack([clouds[0], clouds[2]])), found[[0, 2]])
    np.testing.assert_array_equal(model.embed(np.full((4, 3), 0.1)), np.zeros((1, 3)))


def test_needs_numpy_and_onnx_runtime_alone(write: Callable[..., Path]) -> None:
    done = subprocess.run([sys.executable, "-c", ALONE, write()], capture_output=True, text=True, check=True)
    assert done.stdout == "(1, 3)\n['numpy', 'onnxruntime']\n" and not done.stderr


@pytest.mark.parametrize(
    "points",
    [
        np.zeros((3, 5)),
        np.zeros((5, 4)),
        np.zeros((0, 3)),
        np.zeros(3),
        np.array(7.0),
        [np.zeros((5, 3)), np.zeros((5, 2))],
        [[[0, 0, 0], [1, 1]]],
        ["a.ply"],
        np.zeros((5, 3), complex),
        np.array([[0, 0, np.nan]]),
        np.array([[0, 0, 0], [0, 0, np.inf]]),
        np.array([[0, 0, 0], [0, 0, 1e300]]),
    ],
)
def test_invalid_clouds_are_refused(points: Any, write: Callable[..., Path]) -> None:
    with raises(DataError, argument="points") as error:
        embed(write(), points)
    assert str(error.value).startswith("cloud ")


@pytest.mark.parametrize("points", ["scan.npy", Path("scan.npy"), [Path("scan.npy")]])
def test_a_path_in_place_of_coordinates_is_explained(points: Any, write: Callable[..., Path]) -> None:
    with raises(DataError, argument="points", got="scan.npy") as error:
        embed(write(), points)
    assert str(error.value) == (
        "cloud 0: expected an array of coordinates [N, 3], got the path 'scan.npy'; read the file first, for example "
        "by numpy.load."
    )


def test_clouds_in_place_of_the_file_are_explained() -> None:
    points: Any = np.zeros((5, 3))
    with raises(ArgumentError, argument="path") as error:
        embed(points, points)
    assert "expected the path of an ONNX file, got a value of type ndarray" in str(error.value)


def test_tensors_are_arrays(write: Callable[..., Path]) -> None:
    points: Any = torch.arange(12.0).reshape(4, 3)
    np.testing.assert_array_equal(embed(write(), points), embed(write(), points.numpy()))


def test_invalid_options_are_refused(write: Callable[..., Path]) -> None:
    path, points = write(), np.zeros((4, 3))
    for options in ({"batch_size": 0}, {"num_points": 0}, {"up_axis": "xy"}, {"up_axis": "w"}):
        (name,) = options
        with raises(ArgumentError, argument=name):
            embed(path, points, **options)
    for call in (lambda: classify(path, points), lambda: segment(path, points, "chair")):
        with raises(ArgumentError, argument="model", got="embedding"):
            call()


def test_transforms_that_need_pytorch_are_named(write: Callable[..., Path]) -> None:
    steps: Any = [{"name": "NormalizeUnitSphere"}, {"name": "<script>\n"}]
    preprocessing = json.loads(ENTRIES["conclu_pyg.preprocessing"]) | {"steps": steps}
    path = write(ENTRIES | {"conclu_pyg.preprocessing": json.dumps(preprocessing)})
    with raises(ConfigError, got="<script>\n") as error:
        embed(path, np.zeros((4, 3)))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "2"},
        {"format": "true"},
        {"task": '"<script>"'},
        {"task": "[" * 100_000},
        {"task": "{"},
        {"channels": "0"},
        {"channels": "1e3"},
        {"preprocessing": "{}"},
        {"preprocessing": '{"steps": [7], "num_points": 1, "data_axis": "z", "up_axis": "z"}'},
        {"preprocessing": '{"steps": [], "num_points": 1, "data_axis": "xy", "up_axis": "z"}'},
        {"classes": "[1]"},
        {"classes": json.dumps("a" * (1 << 23))},
        {"fingerprint": "null"},
        {"card": "[]"},
    ],
)
def test_damaged_metadata_are_refused(change: dict[str, str], write: Callable[..., Path]) -> None:
    path = write(ENTRIES | {f"conclu_pyg.{key}": value for key, value in change.items()})
    with raises(DataError, file=path) as error:
        OnnxModel(path)
    assert len(str(error.value)) < 500 + len(str(path)) and "\n" not in str(error.value)


def test_files_that_are_no_models_are_refused(write: Callable[..., Path], tmp_path: Path) -> None:
    whole = write().read_bytes()
    files = [whole[: len(whole) // 2], b"", b"\x80\x04.", seal(whole + b"\xff"), bytes(range(256)) * 20]
    for number, data in enumerate(files):
        path = tmp_path / f"{number}.onnx"
        path.write_bytes(data)
        with raises(DataError, file=path):
            OnnxModel(path)
    for path in (tmp_path / "missing.onnx", tmp_path):
        with raises(DataError, file=path):
            OnnxModel(path)
    with raises(DataError, file=os.devnull) as error:  # as of all devices and pipes, the size is 0
        OnnxModel(os.devnull)
    assert "got a folder, pipe or device" in str(error.value)
    with raises(DataError, file=write({})) as error:
        OnnxModel(write({}))
    assert "without the metadata conclu_pyg.format" in str(error.value)
    with pytest.raises(DataError, match="expected the inputs"):
        OnnxModel(write(name="other"))
    with (tmp_path / "large.onnx").open("wb") as file:
        file.truncate(MAX_BYTES + 1)  # a hole, without bytes on the disk
    with raises(DataError, got=MAX_BYTES + 1):
        OnnxModel(tmp_path / "large.onnx")


@pytest.mark.parametrize(
    "location", ["", "./", "../folder/", "{folder}/", "../..{folder}/", "../../../../../..{folder}/"]
)
def test_data_in_other_files_is_not_read(location: str, write: Callable[..., Path], tmp_path: Path) -> None:
    """The weight of a linear layer: ONNX Runtime needs no value of it to infer shapes, and would read the file."""
    folder = tmp_path / "folder"
    folder.mkdir()
    weight = 2 * np.eye(3, dtype=np.float32)
    weight.tofile(folder / "weight.bin")
    path, points = write(), np.arange(12.0).reshape(4, 3)
    expected = 2 * embed(path, points)
    model = onnx.load(path)
    model.graph.node[0].output[0] = "maximum"
    model.graph.node.append(helper.make_node("Gemm", ["maximum", "weight"], ["embedding"]))
    model.graph.initializer.append(numpy_helper.from_array(weight, "weight"))
    path.write_bytes(seal(model.SerializeToString()))
    np.testing.assert_allclose(embed(path, points), expected)

    tensor = model.graph.initializer[1]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {
        "location": f"{location.format(folder=folder)}weight.bin",
        "offset": "0",
        "length": str(weight.nbytes),
    }.items():
        tensor.external_data.add(key=key, value=value)
    path.write_bytes(seal(model.SerializeToString()))
    with pytest.MonkeyPatch.context() as patch, raises(DataError, file=path):
        patch.chdir(folder)
        embed(path, points)


def test_outputs_of_another_shape_or_not_finite_are_refused(write: Callable[..., Path]) -> None:
    for path in (write(operator="Identity"), write(ENTRIES | {"conclu_pyg.channels": "4"})):
        with pytest.raises(DataError, match="expected finite float32 outputs of shape"):
            embed(path, np.zeros((4, 3)))
    with pytest.raises(DataError, match="expected finite float32"):
        embed(write(operator="Log"), np.zeros((4, 3)))


def test_an_error_of_the_graph_is_one_sentence(write: Callable[..., Path]) -> None:
    path = write(operator="Transpose", perm=[0, 2, 1])
    model = onnx.load(path)
    model.graph.node.insert(0, helper.make_node("MatMul", ["points", "points"], ["product"]))
    model.graph.node[1].input[0] = "product"
    path.write_bytes(seal(model.SerializeToString()))
    with raises(DataError, file=path) as error:
        embed(path, np.arange(12.0).reshape(4, 3))
    assert "ONNX Runtime failed on 1 cloud of 4 points" in str(error.value) and "\n" not in str(error.value)


def test_names_that_are_no_utf_8_are_refused(write: Callable[..., Path], capfd: pytest.CaptureFixture[str]) -> None:
    path = write()
    for name in (b"conclu_pyg.card", b"embedding"):
        data = path.read_bytes()
        path.write_bytes(seal(data.replace(name, b"\x80" + name[1:])))
        with raises(DataError, file=path):
            OnnxModel(path)
        path.write_bytes(data)
    assert capfd.readouterr() == ("", "")


def test_every_altered_file_is_read_or_refused_in_a_sentence(write: Callable[..., Path]) -> None:
    """With a checksum that fits, as an attacker would give it."""
    rng, path, points = random.Random(0), write(), np.arange(12.0).reshape(4, 3)
    whole = path.read_bytes()
    messages: list[str] = []
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 3)):
            place = rng.randrange(len(data))
            if rng.random() < 0.7:
                data[place] = rng.randrange(256)
            else:
                del data[place : place + rng.randint(1, 20)]
        with suppress(DataError):  # the checksum itself was hit
            data = bytearray(seal(bytes(data)))
        path.write_bytes(data)
        try:
            embed(OnnxModel(path, threads=1), points)
        except ConcluError as error:
            messages.append(str(error))
    assert len(messages) > 100 and not any("\n" in text or not text.endswith(".") for text in messages)


def test_parts_of_a_category(tmp_path: Path) -> None:
    """A graph whose scores of two parts are (x, -x) of each point, the second impossible in all but one category."""
    nodes = [
        helper.make_node("Split", ["points"], ["x", "y", "z"], axis=2, num_outputs=3),
        helper.make_node("Neg", ["x"], ["minus"]),
        helper.make_node("Concat", ["x", "minus"], ["both"], axis=2),
        helper.make_node("Gather", ["penalties", "category"], ["penalty"]),
        helper.make_node("Add", ["both", "penalty"], ["log_probabilities"]),
        helper.make_node("ReduceMax", ["points", "axes"], ["embedding"], keepdims=0),
    ]
    penalties = np.zeros((1000, 1, 2), np.float32)
    penalties[2:, :, 1] = -np.inf
    graph = helper.make_graph(
        nodes,
        "graph",
        [
            helper.make_tensor_value_info("points", TensorProto.FLOAT, ["batch", "points", 3]),
            helper.make_tensor_value_info("category", TensorProto.INT64, ["batch"]),
        ],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("log_probabilities", "embedding")],
        [numpy_helper.from_array(penalties, "penalties"), numpy_helper.from_array(np.array([1]), "axes")],
    )
    names = tuple(f"class {number}" for number in range(1000))
    metadata = replace(METADATA, task="part_segmentation", classes=names, parts=("a", "b"), up_axis="z")
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    path = tmp_path / "model.onnx"
    path.write_bytes(onnx_file(model, metadata.entries()))
    points = np.array([[-2.0, 0, 0], [1, 0, 0], [1, 0, 0]])
    clouds = [points, points[:2], -points]
    found = segment(path, clouds, ["class 1", "class 1", "class 5"])
    assert [labels.tolist() for labels in found] == [[1, 0, 0], [1, 0], [0, 0, 0]]
    assert segment(path, -points, "class 0")[0].tolist() == [0, 1, 1]
    assert embed(path, clouds).shape == (3, 3)
    for category in ("chair", ["class 1", "class 2"]):
        with raises(ArgumentError, argument="category") as error:
            segment(path, clouds, category)
        assert "class 19 and 980 more" in str(error.value) and "class 20," not in str(error.value)
