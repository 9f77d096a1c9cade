"""Requirements, set-up, and errors on machines that lack something."""

import ast
import configparser
import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def check_system(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import check_system

    return check_system


def requirements() -> list[Requirement]:
    """The requirements that constraints.txt pins: MLflow, of the extra ``tracking``, needs an older pyarrow."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    extras = config["options.extras_require"]
    groups = [config["options"]["install_requires"], *(extras[name] for name in extras if name != "tracking")]
    lines = [line for group in groups for line in group.splitlines() if line]
    return [Requirement(line) for line in lines if not line.startswith("conclu_pyg[")]


def test_make_test_installs_what_the_tests_import() -> None:
    """Without it the collection of the tests fails: an import at the head of a module is not optional."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    extras = config["options.extras_require"]
    target, core = (
        re.search(rf"^\.venv/\.{stamp}:.*?-e \.\[(.+?)\]", (ROOT / "Makefile").read_text(), re.MULTILINE | re.DOTALL)
        for stamp in ("test", "core")
    )
    assert target is not None and core is not None
    groups = [extras[name] for name in f"{core[1]},{target[1]}".split(",")]
    lines = [line for group in [config["options"]["install_requires"], *groups] for line in group.splitlines() if line]
    installed = {canonicalize_name(Requirement(line).name) for line in lines}
    homes = metadata.packages_distributions()
    missing = {
        (name, str(path.relative_to(ROOT)))
        for path in (ROOT / "tests").rglob("*.py")
        for name in imported(path)
        if name in homes and not installed & set(map(canonicalize_name, homes[name]))
    }
    assert not missing


def imported(path: Path) -> set[str]:
    """The packages that the head of a module imports."""
    names = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.partition(".")[0])
    return names - {"conclu_pyg"}


def test_the_constraints_name_each_package_once() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    names = [canonicalize_name(line.partition("==")[0]) for line in lines]
    assert len(names) == len(set(names))


def test_constraints_pin_every_requirement() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    pins = {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}
    assert {"setuptools", "wheel"} <= pins.keys()
    for requirement in requirements():
        if requirement.marker is None or requirement.marker.evaluate(
            {"sys_platform": "linux", "platform_machine": "x86_64"}
        ):
            assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement


def test_the_core_needs_no_compiler() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    assert not re.search("torch-cluster|torch-scatter|open3d", config["options"]["install_requires"])


@pytest.mark.parametrize("tool", ["train.py", "evaluate.py"])
def test_a_bare_interpreter_gets_one_sentence(tool: str) -> None:
    # -S and -E hide site-packages and PYTHONPATH: an interpreter without our packages.
    command = [sys.executable, "-S", "-E", f"tools/{tool}", "configs/conclu_pointnet.yaml", "model.name=a b"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "needs conclu_pyg, torch" in done.stderr
    assert f"`.venv/bin/python tools/{tool} configs/conclu_pointnet.yaml 'model.name=a b'`" in done.stderr


@pytest.mark.parametrize("tool", sorted((ROOT / "tools").glob("*.py")), ids=lambda path: path.name)
def test_tools_parse_on_old_pythons(tool: Path) -> None:
    ast.parse(tool.read_text(), feature_version=(3, 6))
    assert os.access(tool, os.X_OK) or tool.name.startswith("_")


def test_old_python_is_named_with_a_newer_one(check_system: ModuleType) -> None:
    assert check_system.old_python((3, 11, 0)) is None
    found = check_system.old_python((3, 8, 18), starts=lambda name: name == "python3.12").sentence()
    assert "is Python 3.8.18: run `make setup PYTHON=python3.12`." in found
    none = check_system.old_python((3, 8, 18), starts=lambda name: False).sentence()
    assert "install Python 3.11 and run `make setup PYTHON=python3.11`." in none


def test_missing_compiler_and_header_are_named(check_system: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXX", raising=False)
    compiler, header = check_system.missing_compiler(which=lambda name: None, exists=lambda path: False)
    assert "C++ compiler" in compiler.sentence()
    assert "apt-get install g++`" in compiler.sentence()
    assert "Python.h" in header.sentence()
    assert "-dev`" in header.sentence()
    assert check_system.missing_compiler(which=lambda name: name, exists=lambda path: True) == []


@pytest.mark.skipif(sys.platform != "linux", reason="Open3D needs these system libraries on Linux only")
def test_missing_libraries_are_named(check_system: ModuleType) -> None:
    missing = check_system.missing_open3d(loads=lambda library: "usb" not in library)
    assert [item.package for item in missing] == ["libusb-1.0-0"]
    assert re.search(r"libusb-1\.0\.so\.0, which Open3D needs, .*apt-get install libusb-1\.0-0`", missing[0].sentence())


@pytest.mark.parametrize("user", [0, 1000])
def test_only_root_installs(
    check_system: ModuleType, user: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = [check_system.Missing("libGL.so.1 is missing", "libgl1")]
    commands = []

    def run(command: list[str], **_: object) -> None:
        commands.append(command)
        missing.clear()

    monkeypatch.setattr(check_system.os, "geteuid", lambda: user)
    monkeypatch.setattr(check_system.shutil, "which", lambda name: name)
    monkeypatch.setattr(check_system.subprocess, "run", run)
    monkeypatch.setitem(check_system.CHECKS, "open3d", lambda: list(missing))
    code = check_system.main(["open3d", "--install"])
    output = capsys.readouterr()
    if user == 0:
        assert code == 0
        assert output.out.startswith("Installing libgl1 with apt-get")
        assert [command[2] for command in commands] == ["update", "install"]
    else:
        assert code == 2
        assert commands == []
        assert "run `sudo apt-get install libgl1`" in output.err


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_a_second_call_of_make_does_no_set_up(tmp_path: Path) -> None:
    for name in ["Makefile", "setup.cfg", "constraints.txt"]:
        shutil.copy(ROOT / name, tmp_path)
        os.utime(tmp_path / name, (0, 0))
    (tmp_path / ".venv").mkdir()
    for age, stamp in enumerate([".made", ".core", ".test", ".lint"], start=1):
        (tmp_path / ".venv" / stamp).touch()
        os.utime(tmp_path / ".venv" / stamp, (age, age))

    def would_run(target: str) -> str:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        done = subprocess.run(
            ["make", "-n", target], capture_output=True, text=True, cwd=tmp_path, env=environment, check=True
        )
        return done.stdout

    for target in ["demo", "test", "lint", "setup"]:
        assert "-m pip" not in would_run(target)
    os.utime(tmp_path / "setup.cfg", (10, 10))
    assert "-m pip install" in would_run("lint")
    assert "-m venv" not in would_run("lint")
    os.utime(tmp_path / "constraints.txt", (10, 10))
    assert "-m venv" in would_run("demo")
