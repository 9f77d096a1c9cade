"""Runs from elsewhere: no code that their files name runs unless the user allows it."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import assert_error
from torch import nn

from conclu_pyg import ENCODERS, METHODS
from conclu_pyg.cli.main import main
from conclu_pyg.config_files import read_config
from conclu_pyg.errors import ConfigError
from conclu_pyg.evaluation.evaluate import evaluate_run
from conclu_pyg.imports import WithheldImportsError, import_modules
from conclu_pyg.pipelines.build import build_pipeline
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.folder import CONFIG_NAME, ENCODER_FILE, LAST, write_config
from conclu_pyg.runs.frozen_encoder import load_encoder
from conclu_pyg.runs.loaded_run import load_run
from conclu_pyg.runs.pretrained import load_pretrained

pytestmark = pytest.mark.usefixtures("forget_registered")

CODE = """
from pathlib import Path
from torch import nn
from conclu_pyg import DATASETS, ENCODERS, METHODS, TRANSFORMS

Path(__file__).with_suffix(".ran").touch()

@ENCODERS.register_module()
class TheirEncoder(nn.Linear):
    def __init__(self) -> None:
        super().__init__(3, 8)
        self.out_channels = 8

    def forward(self, pos, batch, batch_size):
        x = super().forward(pos)
        return x, x.new_zeros(batch_size, 8).index_reduce(0, batch, x, "amax", include_self=False)
"""


@pytest.fixture
def code(tmp_path: Path) -> Path:
    path = tmp_path / "their_code.py"
    path.write_text(CODE)
    return path


def ran(code: Path) -> bool:
    return code.with_suffix(".ran").exists()


@pytest.fixture
def stranger(tiny_run: Path, code: Path, tmp_path: Path) -> Callable[..., Path]:
    """Returns a function that makes a run whose config imports ``code`` and has other sections."""

    def make(**sections: Any) -> Path:
        folder = Path(shutil.copytree(tiny_run, tmp_path / "run"))
        checkpoint = Checkpoint.load(tiny_run)
        config = {**checkpoint.config, "imports": [str(code)], **sections}
        replace(checkpoint, config=config).save(folder / LAST)
        write_config(folder, config)
        return folder

    return make


@pytest.fixture
def own_encoder(stranger: Callable[..., Path], tiny_config: dict[str, Any]) -> Path:
    """A run that was trained with the encoder of the imported file."""
    model = {**tiny_config["model"], "encoder": {"name": "TheirEncoder"}}
    folder = stranger(model=model)
    encoder: Any = nn.Linear(3, 8)
    encoder.out_channels = 8
    weights = METHODS.build({**model, "encoder": encoder}).state_dict()
    replace(Checkpoint.load(folder), weights=weights).save(folder / LAST)
    return folder


READERS: dict[str, Callable[..., Any]] = {
    "load_run": load_run,
    "load_encoder": load_encoder,
    "evaluate_run": lambda run, **allow: evaluate_run(str(run), **allow),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_run_that_needs_imported_code_is_refused_in_one_sentence(
    read: Callable[..., Any], own_encoder: Path, code: Path
) -> None:
    with pytest.raises(WithheldImportsError) as error:
        read(own_encoder)
    assert_error(error, argument="imports", got=[str(code)])
    assert str(error.value) == (
        f"the config in {own_encoder / LAST} needs 'TheirEncoder', which is not registered, and imports code that runs "
        f"only if you allow it: {code}; read it, and give --allow-imports (allow_imports=True in Python), or import it "
        "yourself."
    )
    assert not ran(code)
    read(own_encoder, allow_imports=True)
    assert ran(code) and "TheirEncoder" in ENCODERS


def test_what_the_user_imported_is_used(own_encoder: Path, code: Path) -> None:
    import_modules([str(code)], Path())
    code.with_suffix(".ran").unlink()
    assert load_run(own_encoder).method.encoder.out_channels == 8 and not ran(code)


def test_modules_that_the_user_names_are_imported_instead(own_encoder: Path, code: Path, tmp_path: Path) -> None:
    mine = Path(shutil.copy(code, tmp_path / "mine.py"))
    load_run(own_encoder, [f"imports=[{mine}]"])
    assert ran(mine) and not ran(code)


def test_every_command_refuses_them_and_has_the_option(
    own_encoder: Path, code: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (
        ["evaluate", str(own_encoder)],
        ["predict", str(own_encoder), "--test", "1"],
        ["train", str(own_encoder), "--resume"],
    ):
        assert main(words) == 2
        assert f"only if you allow it: {code}; read it, and give --allow-imports" in capsys.readouterr().err
        assert not ran(code)
    assert main(["predict", str(own_encoder), "--test", "1", "--allow-imports"]) == 2
    assert "was pre-trained without labels" in capsys.readouterr().err and ran(code)


def test_a_run_is_resumed_with_its_imports_where_they_are_allowed(
    code: Path, tmp_path: Path, tiny_config: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    config = {**tiny_config, "imports": [str(code)]}
    config["model"]["encoder"] = {"name": "TheirEncoder"}
    write_config(tmp_path, config)
    words = ["train", str(tmp_path / CONFIG_NAME), f"pipeline.run_dir={tmp_path / 'a'}", "pipeline.epochs=1"]
    assert main(words) == 0 and ran(code)  # the user's own config
    assert main(["train", str(tmp_path / "a"), "--resume", "--allow-imports", "pipeline.epochs=2"]) == 0
    assert Checkpoint.load(tmp_path / "a").epoch == 2


BUILT_IN: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a view of the training": {"pipeline": {"name": "Pretraining", "views": [{"name": "TheirView"}], "epochs": 2}},
    "the pipeline": {"pipeline": {"name": "TheirPipeline"}},
    "the data set": {"dataset": {"name": "TheirData"}},
}


@pytest.mark.parametrize("sections", BUILT_IN.values(), ids=BUILT_IN)
@pytest.mark.usefixtures("terminal")
def test_a_built_in_model_needs_no_imports(
    sections: dict[str, Any], stranger: Callable[..., Path], code: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = stranger(**sections)
    run, weights = load_run(folder), Checkpoint.load(folder).weights
    assert all(torch.equal(value, weights[name]) for name, value in run.method.state_dict().items())
    assert load_encoder(folder).embed(torch.randn(30, 3)).shape == (1, 32)
    assert f"imports {code}, which was not needed and not run" in capsys.readouterr().out and not ran(code)


def test_a_data_set_is_refused_where_it_is_opened(stranger: Callable[..., Path], code: Path) -> None:
    folder = stranger(dataset={"name": "TheirData"})
    with pytest.raises(WithheldImportsError, match=r"needs 'TheirData', which is not registered"):
        load_run(folder).split("test")
    assert len(load_run(folder, ["dataset.name=ParametricShapes", "dataset.num_shapes=20"]).split("train")) == 20


def test_a_transform_of_the_clouds_is_needed(stranger: Callable[..., Path]) -> None:
    folder = stranger()
    replace(Checkpoint.load(folder), transform=({"name": "TheirTransform"},)).save(folder / LAST)
    with pytest.raises(WithheldImportsError, match=r"needs 'TheirTransform'"):
        load_encoder(folder)


def test_the_encoder_of_a_method_that_is_not_imported_can_be_loaded(
    stranger: Callable[..., Path], tiny_config: dict[str, Any], code: Path
) -> None:
    folder = stranger(model={"name": "TheirMethod", "encoder": tiny_config["model"]["encoder"]})
    weights = Checkpoint.load(folder).weights
    encoder = load_encoder(folder).encoder
    assert all(torch.equal(value, weights[f"encoder.{name}"]) for name, value in encoder.state_dict().items())
    with pytest.raises(WithheldImportsError, match=r"needs 'TheirMethod'"):
        load_run(folder)
    assert not ran(code)


def test_weights_are_loaded_into_another_model_without_imports(own_encoder: Path, code: Path) -> None:
    with pytest.raises(Exception, match="has no weights for PointNet"):
        load_pretrained(ENCODERS.build({"name": "PointNet", "out_channels": 8}), str(own_encoder))
    assert not ran(code)


def test_an_unknown_name_of_a_run_without_imports_gets_the_usual_error(
    tiny_run: Path, tiny_config: dict[str, Any], tmp_path: Path
) -> None:
    checkpoint = Checkpoint.load(tiny_run)
    replace(checkpoint, config={**checkpoint.config, "model": {"name": "Nothing"}}).save(tmp_path / "a.safetensors")
    with pytest.raises(ConfigError, match="METHODS has no 'Nothing'"):
        load_run(tmp_path / "a.safetensors")


def test_pickled_files_of_a_data_set_are_not_read(stranger: Callable[..., Path], tmp_path: Path) -> None:
    folder = stranger(dataset={"name": "FromPyG", "dataset": "Nothing", "root": str(tmp_path)})
    with pytest.raises(ConfigError, match=r"FromPyG reads pickled files, which can run code, from a folder"):
        load_run(folder).split("test")
    with pytest.raises(ConfigError, match=r"torch_geometric\.datasets has no data set 'Nothing'"):
        load_run(folder, allow_imports=True).split("test")


def test_a_project_can_be_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_config: dict[str, Any]) -> None:
    """Imported files in the working directory are written relative to the run folder."""
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    (project / "nets.py").write_text(CODE)
    imports = import_modules(["nets.py"], project)
    config = {**tiny_config, "imports": [*imports, "json", "/elsewhere/nets.py"]}
    config["model"]["encoder"] = {"name": "TheirEncoder"}
    config["pipeline"] |= {"run_dir": "runs/a", "epochs": 1}
    folder = build_pipeline(config).run_train()
    written = (project / folder / CONFIG_NAME).read_text()
    assert "- ../../nets.py\n- json\n- /elsewhere/nets.py\n" in written

    moved = project.rename(tmp_path / "moved") / "runs" / "a"
    monkeypatch.chdir(tmp_path)
    expected = [str(tmp_path / "moved" / "nets.py"), "json", "/elsewhere/nets.py"]
    for found in (read_config(moved / CONFIG_NAME), Checkpoint.load(moved).config):
        assert found["imports"] == expected
    for file in (LAST, ENCODER_FILE):
        assert str(project) not in (moved / file).read_bytes().decode("latin1")
