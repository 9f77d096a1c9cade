"""Checks of the documents: their commands run, and their messages, links and names exist.

The blocks of a document are processed in order, in a copy of the checkout:

- ``bash``: each line is a command. Training on the built-in shapes, evaluations and predictions run with the
  overrides of :data:`TINY` appended. Commands that need other data are only checked: see :class:`Reader`.
- ``shell``: commands for several machines, which are only checked.
- ``console``: lines of ``$ command``, each with its expected error, in which ``…`` matches any text.
- ``python``: executed, all blocks of a document in one namespace.
- ``yaml`` and ``python`` after ``<!-- file: PATH -->``: an exact copy of that file in the checkout; one that
  is not in the checkout is written to the copy.
"""

from __future__ import annotations

import argparse
import os
import pkgutil
import re
import shlex
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import laspy
import numpy as np
import pytest
import yaml
from fuzzing import cli as fuzzing_cli
from fuzzing.step_files import BOX, StepFile

from benchmarks import cli as benchmark_cli
from conclu_pyg import registry
from conclu_pyg.arguments import parameters_of
from conclu_pyg.cli.main import COMMANDS, main
from conclu_pyg.cli.train import split_resume
from conclu_pyg.config import load_config, resolve
from conclu_pyg.registry import DATASETS, METHODS, PIPELINES, PLUGIN_GROUP, TASKS, Registry
from conclu_pyg.reproduction.table_file import read_table, select_rows
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.folder import CONFIG_NAME

pytestmark = pytest.mark.docs

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    page.relative_to(ROOT).as_posix()
    for folder in ("docs", "docs/methods", "docs/tutorials")
    for page in ROOT.glob(f"{folder}/*.md")
)
DOCUMENTS = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", *PAGES]
RUN = [name for name in DOCUMENTS if name not in ("CONTRIBUTING.md", "docs/results.md")]
REGISTRIES = [value for value in vars(registry).values() if isinstance(value, Registry)]

# Appended to every training that is run and to evaluations on another data set, by the name of the data set.
TINY = {
    "ParametricShapes": ["dataset.num_shapes=200", "dataset.num_test_shapes=40", "dataset.num_points=64"],
    "": ["pipeline.epochs=1", "pipeline.batch_size=20"],
}
# Appended to every training that is run, by the name of its model.
TINY_MODEL = {
    "ConClu": ["model.projector.hidden_channels=64"],
    "Jigsaw3D": ["model.num_points=64"],
    "MAPVAE": ["model.num_points=32", "model.num_angles=3"],
    "OcCo": ["model.num_points=64", "model.decoder.num_points=64"],
    "PointMAE": ["model.num_points=64"],
}
# Data sets that must be downloaded first: commands that would read them are only checked.
NEEDS_DATA = {"ModelNet", "ShapeNetPart"}
# Commands on folders of files, which run as they are written.
FOLDER_COMMANDS = {
    "anomaly",
    "check",
    "compare",
    "config",
    "embed",
    "export",
    "index",
    "search",
    "duplicates",
    "clusters",
    "suggest",
    "report",
    "reproduce",
    "list",
    "push",
    "generate",
}
# Commands that are neither run nor checked.
SHELL = {"source .venv/bin/activate"}


class Block(NamedTuple):
    language: str
    file: str | None
    text: str


def blocks(document: str) -> list[Block]:
    pattern = r"^(?:<!-- file: (\S+) -->\n)?```(\w+)\n(.*?)^```$"
    found = re.findall(pattern, (ROOT / document).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [Block(language, file or None, text) for file, language, text in found]


def prose(document: str) -> str:
    """Returns a document without its blocks."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


class Reader:
    """Runs the commands of a document in the working folder."""

    def __init__(self) -> None:
        self.untrained: dict[str, dict[str, Any]] = {}  # configs of the runs that were only checked, by run folder

    def command(self, line: str) -> None:
        program, *words = shlex.split(line)
        if line in SHELL:
            return
        if program == "make":
            self.check_make(words)
        elif program == "torchrun":
            self.torchrun(words)
        elif program == "python":
            assert _run_script(*words) == 0
        elif program == "tensorboard":
            assert program in {script.name for script in metadata.entry_points(group="console_scripts")}
        else:
            name, words = _conclu(program, words)
            options = _parse(name, words)
            if name == "train":
                self.train(options)
            elif name == "evaluate":
                self.evaluate(options, words)
            elif name == "predict" and not options.show:  # no window opens here
                assert main(["predict", *words]) == 0
            elif name == "reproduce" and options.budget != "quick":
                table = read_table(options.table, options.overrides)  # its data sets must be downloaded first
                assert table.budget(options.budget) and select_rows(table, [])
            elif name in FOLDER_COMMANDS:
                assert main([name, *words]) == 0
            elif name == "fuzz_readers":
                assert fuzzing_cli.main([*words, "-n", "20"]) == 0

    def train(self, options: argparse.Namespace) -> None:
        overrides, resume = split_resume(options.overrides, options.resume)
        path = Path(options.config)
        config = load_config(path / CONFIG_NAME if path.is_dir() else path, overrides)
        dataset = config["dataset"]["name"]
        if dataset in NEEDS_DATA:
            self.untrained[config["pipeline"].get("run_dir", "")] = config
            return
        tiny = [*TINY.get(dataset, []), *TINY[""], *TINY_MODEL.get(config["model"]["name"], [])]
        resumed = [f"resume={resume}"] if resume and path.is_file() else ["--resume"] if resume else []
        arguments = ["train", options.config, *overrides, *resumed, *tiny]
        if config["pipeline"].get("devices"):  # its processes are started with the arguments of this one
            assert _run("conclu_pyg", *arguments) == 0
        else:
            assert main(arguments) == 0

    @staticmethod
    def torchrun(words: list[str]) -> None:
        at = words.index("-m")
        name = words[at + 2]
        assert words[at : at + 2] == ["-m", "conclu_pyg"] and name in ("train", "evaluate")
        tiny = [*TINY["ParametricShapes"], *TINY[""], *TINY_MODEL["ConClu"]] if name == "train" else []
        assert _run("torch.distributed.run", *words, *tiny) == 0

    def evaluate(self, options: argparse.Namespace, words: list[str]) -> None:
        config = self.untrained.get(options.run) or Checkpoint.load(options.run).config
        dataset = resolve(config, options.overrides, options.run)["dataset"]["name"]
        if dataset in NEEDS_DATA or options.run in self.untrained:
            return
        tiny = [] if dataset == config["dataset"]["name"] else TINY.get(dataset, [])
        assert main(["evaluate", *words, *tiny]) == 0

    @staticmethod
    def check_make(words: list[str]) -> None:
        makefile = Path("Makefile").read_text()
        for word in words:
            variable, assigned, _ = word.partition("=")
            pattern = rf"^{variable} \?=" if assigned else rf"^{word}:"
            assert re.search(pattern, makefile, re.MULTILINE), f"the Makefile knows no {word}"


def _run(module: str, *arguments: str) -> int:
    """Runs a module in a process of its own, and returns its exit status."""
    return _run_script("-m", module, *arguments)


def _run_script(*arguments: str) -> int:
    """Runs ``python`` with these arguments, and returns its exit status."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, *arguments], env=environment, timeout=300).returncode


def _conclu(program: str, words: list[str]) -> tuple[str, list[str]]:
    """Returns the command of ``conclu`` in a line, called by the console script or by a tool, and its arguments."""
    if program == "conclu":
        return words[0], words[1:]
    tool = Path(program)
    assert tool.parent == Path("tools") and tool.is_file(), f"{program} is no command that these documents may use"
    return tool.stem, words


def _parse(name: str, words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(name, exit_on_error=False)
    {**COMMANDS, "benchmark": benchmark_cli, "fuzz_readers": fuzzing_cli}[name].add_arguments(parser)
    return parser.parse_intermixed_args(words)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forget_registered: None) -> Path:
    """A copy of the checkout as the working folder, with the clouds of the documents in data."""
    for name in ("configs", "docs", "tools"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Makefile", tmp_path)
    rng = np.random.default_rng(0)
    for split, count in {"train": 10, "test": 3}.items():
        for width, label in enumerate(("flat", "tall"), start=1):
            folder = tmp_path / "data" / "scans" / split / label
            folder.mkdir(parents=True)
            for index in range(count):
                np.save(folder / f"{index}.npy", rng.normal(size=(50 + index, 3)) * (1, 1, width**2))
    for label, sizes in {"plate": {"small": 4, "large": 9}, "shaft": {"short": 30, "long": 80}}.items():
        (tmp_path / "data" / "parts" / label).mkdir(parents=True)
        for name, size in sizes.items():
            file = StepFile()
            if label == "plate":
                file.polyhedron(np.array(BOX) * [size, size, 1])
            else:
                file.cylinder(5.0, size)
            (tmp_path / "data" / "parts" / label / f"{name}.step").write_text(file.text())
    tile = laspy.create()
    tile.xyz = rng.uniform(0, [40, 30, 5], size=(4000, 3))
    (tmp_path / "data" / "tiles").mkdir()
    tile.write(str(tmp_path / "data" / "tiles" / "tile.laz"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("document", RUN)
def test_code_blocks_run(document: str, checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reader, namespace = Reader(), {"__name__": "document"}
    for block in blocks(document):
        if block.file is not None:
            if (ROOT / block.file).exists():
                assert block.text == (ROOT / block.file).read_text(), f"{document} shows another {block.file}"
            else:
                (checkout / block.file).write_text(block.text)
        elif block.language == "bash":
            for line in block.text.replace("\\\n", " ").splitlines():
                reader.command(line)
        elif block.language == "shell":
            check_shell(block.text)
        elif block.language == "console":
            check_console(block.text, capsys)
        elif block.language == "python":
            exec(compile(block.text, document, "exec"), namespace)


def check_shell(text: str) -> None:
    """Checks the trainings among commands that need several machines: their config and overrides exist."""
    commands = [line.split(" train ", 1)[1] for line in text.replace("\\\n", " ").splitlines() if " train " in line]
    assert commands
    for words in map(shlex.split, commands):
        options = _parse("train", words)
        load_config(options.config, split_resume(options.overrides, options.resume)[0])


def check_console(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    for entry in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        line, _, message = entry.partition("\n")
        program, *words = shlex.split(line)
        name, words = _conclu(program, words)
        capsys.readouterr()
        assert main([name, *words]) == 2, line
        pattern = ".*".join(re.escape(" ".join(part.split())) for part in message.split("…"))
        given = " ".join(capsys.readouterr().err.split())
        assert re.fullmatch(pattern.replace(r"\ .*", " ?.*"), given), f"{line} gives {given}"


def _slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def _links() -> list[tuple[str, str]]:
    pairs = [(document, link) for document in DOCUMENTS for link in re.findall(r"\]\(([^)]+)\)", prose(document))]
    return sorted({(document, link) for document, link in pairs if not re.match(r"https?://", link)})


@pytest.mark.parametrize(("document", "link"), _links())
def test_links_have_targets(document: str, link: str) -> None:
    place, _, anchor = link.partition("#")
    path = (ROOT / document).parent / place if place else ROOT / document
    assert path.exists(), f"{document} links to {link}"
    if anchor:
        assert anchor in map(_slug, re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("document", RUN)
def test_names_in_the_text_exist(document: str) -> None:
    """Paths, dotted names, options and targets in backquotes exist."""
    models = {name: held.get(name) for held in (METHODS, TASKS) for name in held}
    sections: dict[str, Any] = {"dataset": DATASETS, "model": models, "pipeline": PIPELINES}
    arguments = {
        section: {"name"} | {key for name in held for key in parameters_of(held.get(name))}
        for section, held in sections.items()
    }
    for code in re.findall(r"`([^`\n]+)`", prose(document)):
        if re.fullmatch(r"(conclu_pyg|configs|docs|tests|tools)/[\w./-]+", code):
            assert (ROOT / code).exists(), f"{document} mentions {code}"
        if re.fullmatch(r"conclu_pyg(\.\w+)+", code) and code != PLUGIN_GROUP:
            pkgutil.resolve_name(code)
        if option := re.match(r"(dataset|model|pipeline)\.(\w+)(\.\w+)*(=\S*)?$", code):
            assert option[2] in arguments[option[1]], f"{document} mentions {code}"
        if code.startswith("make "):
            Reader.check_make(shlex.split(code.replace("…", ""))[1:])


def _tables() -> list[tuple[str, str, dict[str, Any]]]:
    """Returns the tables headed ``| `Class` option | default | ...``: document, class, defaults."""
    tables = []
    for document in RUN:
        for name, rows in re.findall(
            r"^\| `(\w+)` option \| default \|.*\n\|-.*\n((?:\|.*\n)+)", prose(document), re.M
        ):
            cells = re.findall(r"^\| `(\w+)` \| `(.*?)` \|", rows, re.MULTILINE)
            tables.append((document, name, {key: yaml.safe_load(value) for key, value in cells}))
    return tables


@pytest.mark.parametrize(("document", "name", "defaults"), _tables())
def test_tables_of_options_are_complete_and_correct(document: str, name: str, defaults: dict[str, Any]) -> None:
    """Parameters without a default are named in the table, too."""
    (cls,) = [held.get(name) for held in REGISTRIES if name in held]
    parameters = parameters_of(cls)
    required = {key for key, parameter in parameters.items() if parameter.default is parameter.empty}
    assert defaults == {key: parameter.default for key, parameter in parameters.items() if key not in required}
    for key in required:
        assert f"\n| `{key}` | required |" in prose(document)


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.name)
def test_the_tables_of_registries_name_built_in_classes(registry: Registry) -> None:
    """A class that is contributed needs no row: ``print(ENCODERS)`` and the API reference list all."""
    rows = re.findall(rf"^\|[^|]*\| `{registry.name}` \|(.*)\|$", prose("docs/configs_and_registries.md"), re.MULTILINE)
    assert len(rows) == 1
    built_in = {name for name in registry if registry.get(name).__module__.startswith("conclu_pyg.")}
    named = set(re.findall(r"`([\w-]+)`", rows[0]))
    assert named and named <= built_in


def test_messages_in_the_troubleshooting_table_are_in_the_code() -> None:
    """Text in backquotes in the first column, apart from numbers, is in the source."""
    files = [path for folder in ("conclu_pyg", "tools") for path in (ROOT / folder).rglob("*.py")]
    source = re.sub(r'"\s*\n\s*f?"', "", "\n".join(path.read_text(encoding="utf-8") for path in files))
    source = source.replace("pipeline.device={name}", "pipeline.device=cuda")
    _, table = prose("docs/getting_started.md").split("## Troubleshooting")
    messages = [code for row in re.findall(r"^\| (.*?) \|", table, re.M) for code in re.findall(r"`([^`]+)`", row)]
    assert len(messages) > 20
    for message in messages:
        for piece in re.split(r"[\d,.]*\d", message):
            assert piece.strip() in source, f"no message has {piece!r} ({message})"


def test_the_tables_and_blocks_are_found() -> None:
    """The patterns of the tests above match something."""
    assert {name for _, name, _ in _tables()} == {
        *("CloudFolder", "FromOpen3DML", "FromPyG", "ModelNet", "ParametricShapes", "ShapeNetPart")
    }
    languages = {block.language for document in RUN for block in blocks(document)}
    assert languages == {"bash", "console", "python", "shell", "yaml", "ini", "text"}
    assert not any("```" in prose(document) for document in RUN)


@pytest.mark.parametrize(
    ("file", "lines"),
    [
        ("docs/examples/my_encoder.py", 25),
        ("docs/examples/my_dataset.py", 15),
        ("docs/examples/my_probe.py", 10),
        ("conclu_pyg/methods/simsiam.py", 60),
    ],
)
def test_extensions_are_short(file: str, lines: int) -> None:
    """Lines with code, without the docstring of the module."""
    body = (ROOT / file).read_text().split('"""', 2)[2]
    assert len([line for line in body.splitlines() if line.strip()]) <= lines
