"""The web service of docs/examples: what it returns, and requests that are no clouds. The model is made by hand."""

import importlib.util
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from onnx import TensorProto, helper
from onnx_metadata import onnx_file

FILE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "web_service.py"
NAMES = ["long.obj", "flat.obj", "<script>'\".obj"]
CLOUDS = np.random.default_rng(0).normal(size=(3, 16, 3)) * [[[1, 1, 9]], [[9, 9, 1]], [[1, 9, 1]]]


def npy_bytes(array: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def header(text: str, version: int = 1) -> bytes:
    """Returns an .npy file of a header alone."""
    length = len(text).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + length + text.encode()


def largest(cloud: np.ndarray) -> np.ndarray:
    """Returns the embedding of a cloud by the model below: the maximum of each normalised coordinate."""
    centred = cloud - cloud.mean(axis=0)
    return (centred / np.linalg.norm(centred, axis=1).max()).max(axis=0)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("service")
    graph = helper.make_graph(
        [helper.make_node("ReduceMax", ["points", "axes"], ["embedding"], keepdims=0)],
        "graph",
        [helper.make_tensor_value_info("points", TensorProto.FLOAT, ["batch", "points", 3])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, None)],
        [helper.make_tensor("axes", TensorProto.INT64, [1], [1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    (folder / "model.onnx").write_bytes(onnx_file(model))
    x = np.stack([largest(cloud) for cloud in CLOUDS]).astype(np.float32)
    np.savez(folder / "known.npz", names=np.array(NAMES), x=x)

    spec = importlib.util.spec_from_file_location("web_service", FILE)
    assert spec is not None and spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    with TestClient(example.create_app(str(folder / "model.onnx"), str(folder / "known.npz"))) as client:
        yield client


def encodings(cloud: np.ndarray) -> dict[str, bytes]:
    return {
        "JSON": json.dumps(cloud.tolist()).encode(),
        "float32": npy_bytes(cloud.astype(np.float32)),
        "big-endian": npy_bytes(cloud.astype(">f8")),
        "Fortran order": npy_bytes(np.asfortranarray(cloud)),
    }


@pytest.mark.parametrize("form", encodings(CLOUDS[0]))
def test_a_cloud_in_any_form_gives_its_embedding(form: str, client: Any) -> None:
    answer = client.post("/embedding", content=encodings(CLOUDS[0])[form])
    assert answer.status_code == 200
    np.testing.assert_allclose(answer.json(), largest(CLOUDS[0]), atol=1e-6)


@pytest.mark.parametrize("number", range(3))
def test_the_nearest_neighbour_of_a_known_cloud_is_itself(number: int, client: Any) -> None:
    cloud = CLOUDS[number] * 5 + 100  # elsewhere and larger
    hits = client.post("/neighbors", params={"k": 2}, content=npy_bytes(cloud)).json()
    assert [len(hits), hits[0]["name"]] == [2, NAMES[number]]
    assert hits[0]["similarity"] == pytest.approx(1, abs=1e-4) and hits[1]["similarity"] < 0.9


def test_of_many_points_as_many_are_taken_as_in_the_training(client: Any) -> None:
    cloud = np.random.default_rng(1).normal(size=(100_000, 3)).astype(np.float32)
    some, other = (client.post("/embedding", content=npy_bytes(points)).json() for points in (cloud, cloud[:16]))
    assert len(some) == 3 and not np.allclose(some, largest(cloud), atol=0.05) and some != other


PICKLED = npy_bytes(np.array([{"a": 1}], object), allow_pickle=True)
BAD = {
    "nothing": b"",
    "text": b"<script>alert(1)</script>",
    "no UTF-8": b"\xff\xfe\x00",
    "JSON object": b'{"points": [[0, 0, 0]]}',
    "null": b"null",
    "words": b'[["a", "b", "c"]]',
    "rows of two lengths": b"[[0, 0, 0], [1, 1]]",
    "nested": b"[" * 200_000,
    "a huge integer": b"[[1" + b"0" * 400 + b", 0, 0]]",
    "an endless integer": b"[[1" + b"0" * 10_000 + b", 0, 0]]",
    "NaN": b"[[NaN, 0, 0], [1, 1, 1]]",
    "infinity": b"[[1e999, 0, 0], [1, 1, 1]]",
    "missing": b"[[null, 0, 0], [1, 1, 1]]",
    "too large": b"[[1e300, 0, 0], [1, 1, 1]]",
    "no points": b"[]",
    "a number": b"7",
    "four columns": b"[[0, 0, 0, 0]]",
    "transposed": npy_bytes(np.zeros((3, 5))),
    "several clouds": npy_bytes(np.zeros((2, 5, 3))),
    "complex": npy_bytes(np.zeros((5, 3), complex)),
    "text in .npy": npy_bytes(np.array([["a", "b", "c"]])),
    "NaN in .npy": npy_bytes(np.full((5, 3), np.nan)),
    "pickle": PICKLED,
    "pickle of a length": PICKLED[:-1],
    ".npz": b"PK\x03\x04" + bytes(50),
    "cut": npy_bytes(np.zeros((5, 3)))[:-1],
    "magic alone": b"\x93NUMPY",
    "version 9": b"\x93NUMPY\x09\x00" + bytes(200),
    "more rows than bytes": header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 3), }\n"),
    "negative rows": header("{'descr': '<f8', 'fortran_order': False, 'shape': (-5, 3), }\n", 2) + bytes(24),
    "no shape": header("{'descr': '<f8'}\n"),
    "code as header": header("__import__('os').getcwd()\n"),
    "no size": header("{'descr': '|V0', 'fortran_order': False, 'shape': (1, 3), }\n") + bytes(8),
}


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in BAD.items()])
def test_what_is_no_cloud_is_refused_in_a_sentence(body: bytes, client: Any) -> None:
    for path in ("/embedding", "/neighbors"):
        answer = client.post(path, content=body)
        sentence = answer.json()["detail"]
        assert answer.status_code == 422, sentence
        assert "expected " in sentence and len(sentence) < 300 and "script" not in sentence


def test_a_request_that_is_too_long_is_refused_while_it_arrives(client: Any) -> None:
    sent = []

    def parts() -> Iterator[bytes]:
        for _ in range(100):
            sent.append(1 << 20)
            yield bytes(1 << 20)

    answer = client.post("/embedding", content=parts())
    assert answer.status_code == 413 and answer.json()["detail"].startswith("expected at most 4,194,304 bytes")


@pytest.mark.parametrize("k", [0, 101, "a"])
def test_the_number_of_neighbours_is_bounded(k: Any, client: Any) -> None:
    assert client.post("/neighbors", params={"k": k}, content=npy_bytes(CLOUDS[0])).status_code == 422
