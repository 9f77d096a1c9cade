"""Damaged and altered files: each ends in a :class:`~conclu_pyg.errors.ConcluError`, or is read.

Seeded draws make the files from good ones. A long form: ``pytest tests/runs/test_mutations.py --mutations 1000``.
"""

import copy
import json
import math
import random
import resource
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from conclu_pyg import ENCODERS, METHODS
from conclu_pyg.config import load_config
from conclu_pyg.config_files import dump_config
from conclu_pyg.errors import ConcluError
from conclu_pyg.pipelines.build import build_pipeline
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.folder import ENCODER_FILE, LAST
from conclu_pyg.runs.frozen_encoder import load_encoder
from conclu_pyg.runs.loaded_run import load_run
from conclu_pyg.runs.pretrained import load_pretrained
from conclu_pyg.runs.tensor_file import read_tensor_file, write_tensor_file

pytestmark = [pytest.mark.timeout(7200), pytest.mark.filterwarnings("ignore::conclu_pyg.errors.ConcluWarning")]

MAX_SECONDS = 20.0  # of the processor, for one file
MAX_GROWTH_KB = 400_000
VALUES: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        3,
        10**9,
        2**70,
        -0.5,
        0.1,
        1e300,
        math.inf,
        math.nan,
        "",
        "x",
        "PointNet",
        "../..",
        "y" * 999,
    ),
    *([], {}, [[]], [1, 2], {"name": "PointNet"}, {"name": "no such class"}, {"a": 1}, [{}], ["x"]),
]


def altered_bytes(data: bytes, draw: random.Random) -> bytes:
    """Returns the bytes with a few of them changed, removed, repeated or exchanged."""
    start, size = draw.randrange(len(data)), draw.randint(1, 40)
    if draw.random() < 0.5:  # the header and the metadata come first, and are small
        start = draw.randrange(min(len(data), 9000))
    other = draw.randrange(len(data))
    match draw.choice(["flip", "byte", "cut", "remove", "repeat", "swap"]):
        case "flip":
            return data[:start] + bytes([data[start] ^ (1 << draw.randrange(8))]) + data[start + 1 :]
        case "byte":
            return data[:start] + bytes([draw.randrange(256)]) + data[start + 1 :]
        case "cut":
            return data[:start]
        case "remove":
            return data[:start] + data[start + size :]
        case "repeat":
            return data[:start] + data[other : other + size] + data[start:]
        case _:
            return data[:start] + data[other : other + size] + data[start + size :]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yields each container and key in nested values."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield value, key
        yield from places(item)


def altered_values(content: dict[str, Any], draw: random.Random) -> dict[str, Any]:
    """Returns nested values with one or two of them replaced, removed or exchanged."""
    content = copy.deepcopy(content)
    for _ in range(draw.randint(1, 2)):
        found = list(places(content))
        if not found:
            break
        (held, key), (others, other) = draw.choice(found), draw.choice(found)
        value = held[key]
        match draw.choice(["value", "value", "other", "remove", "nest"]):
            case "value" if isinstance(value, torch.Tensor):
                kinds = [
                    value.double(),
                    value.long(),
                    value.flatten()[:1],
                    torch.zeros(3, 0),
                    torch.full_like(value, 3),
                ]
                held[key] = draw.choice([*kinds, *VALUES])
            case "value":
                held[key] = draw.choice(VALUES)
            case "other":
                held[key] = copy.deepcopy(others[other])
            case "remove":
                del held[key]
            case _:
                held[key] = [value]
    return content


@contextmanager
def bounded() -> Iterator[None]:
    """Fails if the block takes long or much memory."""
    memory, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    yield
    assert time.process_time() - began < MAX_SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < MAX_GROWTH_KB


def outcome(read: Callable[[], Any]) -> Any:
    """Returns the result, or the error that a user gets; any other error fails the test."""
    with bounded():
        try:
            return read()
        except ConcluError as error:
            found = error
    assert 10 < len(str(found)) < 20_000
    return found


@pytest.fixture
def count(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--mutations"))


def equal(a: Any, b: Any) -> bool:
    (flat, tree), (other, same) = (torch.utils._pytree.tree_flatten(asdict(item)) for item in (a, b))
    pairs = zip(flat, other, strict=True)
    return tree == same and all(torch.equal(x, y) if isinstance(x, torch.Tensor) else x == y for x, y in pairs)


@pytest.mark.parametrize("file", [LAST, ENCODER_FILE], ids=["run", "encoder"])
def test_damaged_checkpoints_are_refused_or_equal(file: Path, tiny_run: Path, tmp_path: Path, count: int) -> None:
    draw, path = random.Random(1), tmp_path / "a.safetensors"
    data, good = (tiny_run / file).read_bytes(), Checkpoint.load(tiny_run / file)
    refused = 0
    for _ in range(count):
        path.write_bytes(altered_bytes(data, draw))
        found = outcome(lambda: Checkpoint.load(path))
        refused += isinstance(found, ConcluError)
        assert isinstance(found, ConcluError) or equal(found, good)
    print(f"{file.name}: {refused} of {count} damaged files refused, the others equal")
    assert refused > count / 2


@pytest.mark.parametrize("file", [LAST, ENCODER_FILE], ids=["run", "encoder"])
def test_altered_checkpoints_with_a_valid_checksum_end_in_one_sentence_or_are_used(
    file: Path, tiny_run: Path, tmp_path: Path, count: int
) -> None:
    draw, path = random.Random(2), tmp_path / "a.safetensors"
    content = read_tensor_file(tiny_run / file)
    encoder = ENCODERS.build(Checkpoint.load(tiny_run).config["model"]["encoder"])
    clouds = torch.randn(2, 30, 3)

    uses: dict[str, Callable[[], Any]] = {
        "load_run": lambda: load_run(path).dataset,
        "load_encoder": lambda: load_encoder(path).embed(clouds),
        "load_pretrained": lambda: load_pretrained(encoder, str(path), {"name": "PointNet"}),
        "untrained": lambda: load_run(path).untrained(),
    }
    refused = dict.fromkeys(uses, 0)
    for index in range(count):
        part = content if index % 2 else content["provenance"]  # of few values
        altered = altered_values(part, draw)
        write_tensor_file(path, altered if index % 2 else {**content, "provenance": altered})
        for name, use in uses.items():
            refused[name] += isinstance(outcome(use), ConcluError)
    print(f"{file.name}: of {count} altered files refused: {refused}")
    assert 0 < refused["load_run"] < count


def test_altered_checkpoints_are_resumed_or_refused(
    tiny_run: Path, tiny_config: dict[str, Any], tmp_path: Path, count: int
) -> None:
    draw, refused, trials = random.Random(3), 0, max(1, count // 4)
    folder = Path(shutil.copytree(tiny_run, tmp_path / "run"))
    content, config = read_tensor_file(tiny_run / LAST), Checkpoint.load(tiny_run).config
    (folder / LAST.parent / "last-1.safetensors").unlink()
    for _ in range(trials):
        state = altered_values(content["training_state"], draw)
        write_tensor_file(folder / LAST, {**content, "training_state": state})
        pipeline = build_pipeline({**config, "pipeline": {**config["pipeline"], "epochs": 3}})
        refused += isinstance(outcome(lambda pipeline=pipeline: pipeline.run_train(folder)), ConcluError)
    print(f"{refused} of {trials} altered states refused, the others resumed")
    assert 0 < refused < trials or trials < 10


CONFIG = """
_base_: base.yaml
imports: [mine.py]
model:
  name: ConClu
  encoder: &e {name: PointNet, out_channels: 32}
pipeline:
  views: [{name: RandomHalfSpaceCrop, keep: 0.85}, {name: FixedPoints, num_points: 64}]
  optimizer: {name: AdamW, lr: 1e-3}
"""
BASE = """
dataset: {name: ParametricShapes, num_shapes: 40, transform: [{name: NormalizeUnitSphere}]}
pipeline: {name: Pretraining, epochs: 2, batch_size: 16, seed: 7}
"""


def test_damaged_and_altered_configs_end_in_one_sentence_or_are_read(tmp_path: Path, count: int) -> None:
    draw, refused = random.Random(4), 0
    (tmp_path / "mine.py").touch()
    (tmp_path / "base.yaml").write_text(BASE)
    path = tmp_path / "a.yaml"
    path.write_text(CONFIG)
    plain = load_config(path)
    for index in range(count):
        if index % 2:
            path.write_bytes(altered_bytes(CONFIG.encode(), draw))
        else:
            altered = altered_values(plain, draw)
            try:
                path.write_text(dump_config(altered))
            except Exception:  # values that no YAML file has
                path.write_text(json.dumps(altered, default=str))
        found = outcome(lambda: METHODS.build(load_config(path)["model"]))
        refused += isinstance(found, ConcluError)
    print(f"{refused} of {count} configs refused, the others read")
    assert 0 < refused < count
