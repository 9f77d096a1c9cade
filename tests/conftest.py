"""Fixtures of all tests: seeds, small configs and runs, and real data if the machine has it."""

import copy
import functools
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from conclu_pyg import registry as registry_module
from conclu_pyg.cli.terminal import terminal_output
from conclu_pyg.config import load_config
from conclu_pyg.errors import ConfigError
from conclu_pyg.kernels import compiled_kernels, without_kernels
from conclu_pyg.runs.protocol import Classifier, Protocol, Weights
from conclu_pyg.runs.provenance import CloudSet
from conclu_pyg.runs.records import Record, Training

TINY: dict[str, Any] = {
    "dataset": {"name": "ParametricShapes", "num_shapes": 48, "num_test_shapes": 40, "num_points": 64},
    "model": {
        "name": "ConClu",
        "encoder": {"name": "PointNet", "out_channels": 32, "input_transform": False, "feature_transform": False},
        "projector": {"name": "ProjectionHead", "hidden_channels": 32, "out_channels": 16},
        "predictor": {"name": "PredictionHead", "hidden_channels": 16},
        "clusterer": {"name": "SinkhornClusterer", "num_prototypes": 8},
    },
    "pipeline": {
        "name": "Pretraining",
        "views": [{"name": "RandomHalfSpaceCrop"}, {"name": "FixedPoints", "num_points": 32}],
        "epochs": 2,
        "batch_size": 16,
        "device": "cpu",
    },
}

PLAIN = """
dataset: {name: ModelNet, dataset_path: somewhere}
model:
  name: ConClu
  encoder: {name: PointNet, out_channels: 64}
pipeline:
  name: Pretraining
  clip_grad_norm: 0.01
  views:
    - {name: RandomHalfSpaceCrop, keep: 0.85}
    - {name: GaussianJitter, sigma: 0.02}
"""

BLANK_PNG = bytes.fromhex(  # of one pixel
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c63f80f0001010100b138f61400000000"
    "49454e44ae426082"
)

ENCODER_FILE = """
from torch import nn
from conclu_pyg import ENCODERS

@ENCODERS.register_module()
class {name}(nn.Module):
    def __init__(self, out_channels: int = 8) -> None:
        super().__init__()
        self.out_channels = out_channels
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--mutations", type=int, default=60, help="files in each test of tests/runs/test_mutations.py")
    parser.addoption("--kills", type=int, default=2, help="signals in each test of tests/pipelines/test_kills.py")


@pytest.fixture(autouse=True, scope="session")
def default_signals() -> None:
    """Signals are handled by default, even where the tests were started in the background or under nohup, which ignores
    some of them."""
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@pytest.fixture(autouse=True)
def seed() -> None:
    """Gives every test the same random numbers, on its own and in the suite."""
    torch.manual_seed(0)


@pytest.fixture(scope="session", autouse=True)
def blank_curves() -> Iterator[None]:
    """Trainings write a blank ``curves.png``: drawing the curves would take longer than a small training does.
    The drawing is tested in ``tests/vis/test_curves.py`` and ``tests/pipelines/test_curves_file.py``."""
    from conclu_pyg.pipelines import curves_file

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(curves_file, "plot_curves", lambda metrics, path: path.write_bytes(BLANK_PNG))
        yield


@pytest.fixture(scope="session", autouse=True)
def no_reports() -> Iterator[None]:
    """Trainings write no ``report.html``, which would take longer than a small training does; it is tested in
    ``tests/pipelines/test_report_file.py``."""
    from conclu_pyg.pipelines import loop

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "write_report_file", lambda pipeline, folder: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def shapes_made_once() -> Iterator[None]:
    """Makes each built-in shape once in a process: most trainings of the tests take the same shapes, and making them
    takes as long as training. ``ParametricShapes.make.__wrapped__`` makes them anew."""
    from conclu_pyg.datasets.parametric_shapes import ParametricShapes

    make, made = ParametricShapes.make, {}

    @functools.wraps(make)
    def make_once(self: ParametricShapes, split: str, index: int) -> tuple[np.ndarray, np.ndarray, int]:
        options = (self.num_points, self.seed, self.stretch, self.rotation, self.noise, self.density, self.one_sided)
        if (split, index, options) not in made:
            made[split, index, options] = make(self, split, index)
        points, part, label = made[split, index, options]
        return points.copy(), part.copy(), label

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ParametricShapes, "make", make_once)
        yield


@pytest.fixture
def terminal() -> Iterator[None]:
    """The library's log records and progress are printed during the test, as the command line does it."""
    with terminal_output():
        yield


class LargestTensor(TorchDispatchMode):
    """Records the size of the largest dense tensor that an operation of this thread returns, as ``entries``."""

    entries = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for tensor in out if isinstance(out, (tuple, list)) else [out]:
            if isinstance(tensor, Tensor) and tensor.layout == torch.strided:
                self.entries = max(self.entries, tensor.numel())
        return out


@pytest.fixture
def largest_tensor() -> type[LargestTensor]:
    return LargestTensor


@pytest.fixture
def forget_registered() -> Iterator[None]:
    """Restores the registries after the test, and removes the modules that it imported from a user's files."""
    registries = [value for value in vars(registry_module).values() if isinstance(value, registry_module.Registry)]
    before = [{name: registry.get(name) for name in registry} for registry in registries]
    yield
    for registry, classes in zip(registries, before, strict=True):
        registry._classes = classes
    for name in [name for name in sys.modules if name.startswith("conclu_pyg_user_")]:
        del sys.modules[name]


class ConfigFiles:
    """Writes configs and a user's modules below a folder, and returns the error of an invalid config."""

    plain = PLAIN

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, text: str = PLAIN, name: str = "config.yaml") -> Path:
        """Writes a file (default: a complete config)."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def encoder(self, cls: str, name: str) -> Path:
        """Writes a module that registers an encoder class."""
        return self.write(ENCODER_FILE.format(name=cls), name)

    @staticmethod
    def error(path: Path | str, *overrides: str) -> ConfigError:
        """Returns the error of a config, whose text must be one sentence, or a heading and a line for each issue."""
        with pytest.raises(ConfigError) as error:
            load_config(path, overrides)
        heading, *lines = str(error.value).split("\n")
        assert len(lines) != 1 and (not lines or heading.endswith(":"))
        assert all(line.endswith((".", "?")) and not line.endswith("..") for line in lines or [heading])
        return error.value

    def refusal(self, path: Path | str, *overrides: str) -> str:
        """Returns the text of that error."""
        return str(self.error(path, *overrides))


@pytest.fixture
def configs(tmp_path: Path, forget_registered: None) -> ConfigFiles:
    return ConfigFiles(tmp_path)


PROTOCOL = Protocol(
    weights=Weights("last", epoch=12, planned_epochs=12),
    train=CloudSet("train", 9843, 9843),
    test=CloudSet("test", 2468, 2468),
    num_points=1024,
    classifier=Classifier("linear SVM", selected="C", selected_by="cross-validation", folds=3),
)
RECORD = Record(
    task="svm",
    dataset="ModelNet40",
    encoder="PointNet",
    method="ConClu",
    initialisation="ModelNet40",
    metric="accuracy",
    value=87.0,
    seed=0,
    epochs=12,
    protocol=PROTOCOL,
    command="tools/evaluate.py runs/a",
    seconds=3.5,
    fingerprint="5e771",
    losses=("contrast", "cluster", "orthogonality"),
    training=Training("tools/train.py a.yaml", 3600),
)


@pytest.fixture
def make_record() -> Callable[..., Record]:
    """Returns a function that makes a record of a linear SVM on ModelNet40 with other fields: those in ``protocol``, a
    dict, replace fields of its protocol, and ``random=True`` makes it a record of random weights."""

    def make(protocol: Mapping[str, Any] | None = None, random: bool = False, **fields: Any) -> Record:
        start: dict[str, Any] = {"initialisation": "random", "epochs": 0, "training": None} if random else {}
        return replace(RECORD, protocol=replace(PROTOCOL, **(protocol or {})), **{**start, **fields})

    return make


@pytest.fixture(scope="session")
def conclu_data() -> Path:
    """The folder of real data in ``CONCLU_DATA``, which contains ``modelnet40_ply_hdf5_1024`` and others."""
    name = os.environ.get("CONCLU_DATA")
    if not name:
        pytest.skip("needs real data: the environment variable CONCLU_DATA, which names its folder, is not set")
    folder = Path(name)
    if not folder.is_dir():
        pytest.skip(f"needs real data: CONCLU_DATA names {name}, which is no folder")
    return folder


@pytest.fixture
def tiny_config() -> dict[str, Any]:
    """A resolved config that trains within a second."""
    return copy.deepcopy(TINY)


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of this config. It is shared: a test that writes makes a copy."""
    from conclu_pyg.pipelines.build import build_pipeline

    config = copy.deepcopy(TINY)
    config["pipeline"]["log_dir"] = str(tmp_path_factory.mktemp("runs"))
    return build_pipeline(config).run_train()


@pytest.fixture
def few_reference_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes the statistics of built-in shapes from 20 of them, where the values do not matter."""
    monkeypatch.setattr("conclu_pyg.inference.embed.REFERENCE_SHAPES", 20)


@pytest.fixture(scope="session")
def tiny_task_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Run folders of a classifier and a part segmenter, by task. They are shared: a test that writes makes a copy."""
    from conclu_pyg.pipelines.build import build_pipeline

    runs = {}
    for task, model in (("classification", "Classifier"), ("part_segmentation", "PartSegmenter")):
        config = copy.deepcopy(TINY)
        config["model"] = {"name": model, "encoder": config["model"]["encoder"]}
        config["pipeline"] = {"name": "Finetuning", "epochs": 1, "batch_size": 16, "device": "cpu"}
        config["pipeline"]["log_dir"] = str(tmp_path_factory.mktemp(task))
        runs[task] = build_pipeline(config).run_train()
    return runs


@pytest.fixture(params=["kernels", "PyTorch"])
def either_implementation(request: pytest.FixtureRequest) -> Iterator[None]:
    """Run a test with the compiled kernels and with the operations of PyTorch that replace them."""
    if request.param == "kernels":
        assert compiled_kernels() is not None  # Numba is installed for tests
        yield
    else:
        with without_kernels():
            yield
