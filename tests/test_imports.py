"""Imports of a config: paths, module names and errors."""

import sys
from pathlib import Path
from typing import Any

import pytest
from helpers import assert_error, raises

from conclu_pyg import ENCODERS, METHODS
from conclu_pyg.config import load_config
from conclu_pyg.errors import RegistryError
from conclu_pyg.imports import import_modules


def test_a_file_next_to_the_config_registers_its_classes(configs: Any, tmp_path: Path) -> None:
    configs.encoder("NextTo", "nets/next_to.py")
    text = configs.plain.replace("name: PointNet, out_channels: 64", "name: NextTo")
    config = load_config(configs.write(f"imports: [nets/next_to.py]\n{text}"))
    assert config["imports"] == [str(tmp_path / "nets" / "next_to.py")]
    assert METHODS.build(config["model"]).encoder.out_channels == 8


def test_a_file_in_an_override_is_relative_to_the_working_directory(
    configs: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    configs.encoder("FromHere", "here/net.py")
    path = configs.write(configs.plain, "elsewhere/plain.yaml")
    monkeypatch.chdir(tmp_path / "here")
    config = load_config(path, ["imports=[net.py]", "model.encoder.name=FromHere"])
    assert config["imports"] == [str(tmp_path / "here" / "net.py")]


def test_a_file_that_a_base_imports_is_relative_to_the_base(configs: Any, tmp_path: Path) -> None:
    configs.encoder("NextToBase", "bases/net.py")
    configs.write(f"imports: [net.py]\n{configs.plain}", "bases/base.yaml")
    config = load_config(configs.write("_base_: bases/base.yaml\nmodel: {encoder: {name: NextToBase}}"))
    assert config["imports"] == [str(tmp_path / "bases" / "net.py")]


def test_a_module_is_imported_by_its_name(configs: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    configs.write("", "some_package_of_a_user/__init__.py")
    configs.encoder("ByName", "some_package_of_a_user/nets.py")
    monkeypatch.syspath_prepend(str(tmp_path))
    config = load_config(
        configs.write(f"imports: [some_package_of_a_user.nets]\n{configs.plain}"), ["model.encoder.name=ByName"]
    )
    assert config["imports"] == ["some_package_of_a_user.nets"] and config["model"]["encoder"] == {"name": "ByName"}


def test_a_module_that_is_named_twice_registers_once(configs: Any) -> None:
    configs.encoder("Twice", "twice.py")
    path = configs.write(f"imports: [twice.py, ./twice.py]\n{configs.plain}")
    assert load_config(path)["imports"] == load_config(path)["imports"]
    assert "Twice" in ENCODERS


def test_files_of_one_name_in_two_folders_are_two_modules(configs: Any) -> None:
    configs.encoder("NetA", "a/net.py")
    configs.encoder("NetB", "b/net.py")
    load_config(configs.write(f"imports: [a/net.py, b/net.py]\n{configs.plain}"))
    assert "NetA" in ENCODERS and "NetB" in ENCODERS


def test_imports_may_be_empty(configs: Any) -> None:
    for imports in ("null", "[]"):
        assert load_config(configs.write(f"imports: {imports}\n{configs.plain}"))["imports"] == []


@pytest.mark.parametrize("imports", ["3", "nets.py", "[3]", "{a: b}", "[[a]]"])
def test_imports_that_are_no_list_of_names_are_refused(configs: Any, imports: str) -> None:
    error = configs.error(configs.write(f"imports: {imports}\n{configs.plain}"))
    assert_error(error, argument="imports", expected="a list of str")
    assert str(error).startswith("'imports' must be a list of module names or .py files, got ")


def test_a_missing_module_is_named(configs: Any, tmp_path: Path) -> None:
    missing = str(tmp_path / "nets.py")
    assert (
        configs.refusal(configs.write(f"imports: [nets.py]\n{configs.plain}"))
        == f"'imports' names {missing!r}, but there is no such file."
    )
    assert configs.refusal(configs.write(f"imports: [no_such_package.nets]\n{configs.plain}")) == (
        "'imports' names 'no_such_package.nets', which cannot be imported: "
        "ModuleNotFoundError: No module named 'no_such_package'."
    )
    assert "'imports' names ''" in configs.refusal(configs.write(f"imports: ['']\n{configs.plain}"))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("def", "SyntaxError: invalid syntax"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("open('no such table')", "FileNotFoundError: [Errno 2] No such file or directory: 'no such table'"),
    ],
)
def test_a_failing_module_gives_the_reason_and_can_be_fixed(configs: Any, code: str, reason: str) -> None:
    path = configs.write(f"imports: [fails.py]\n{configs.plain}")
    configs.write(code, "fails.py")
    assert f"fails.py', which cannot be imported: {reason}" in configs.refusal(path)
    configs.encoder("Fixed", "fails.py")
    load_config(path)
    assert "Fixed" in ENCODERS


def test_ctrl_c_in_a_module_is_no_error_of_the_config(configs: Any) -> None:
    configs.write("raise KeyboardInterrupt", "stops.py")
    with pytest.raises(KeyboardInterrupt):
        load_config(configs.write(f"imports: [stops.py]\n{configs.plain}"))


def test_an_import_with_a_name_that_no_file_has_is_refused(configs: Any) -> None:
    assert "there is no such file" in configs.refusal(configs.write(f'imports: ["a\\0.py"]\n{configs.plain}'))


def test_an_override_of_the_imports_is_relative_to_the_working_directory(
    configs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configs.encoder("FromCwd", "here/net.py")
    monkeypatch.chdir(tmp_path / "here")
    assert load_config(configs.write(), ["imports=[net.py]"])["imports"] == [str(tmp_path / "here" / "net.py")]


def test_a_module_with_a_registered_name_is_refused(configs: Any) -> None:
    configs.encoder("PointNet", "clash.py")
    with raises(RegistryError, argument="name", got="PointNet"):
        load_config(configs.write(f"imports: [clash.py]\n{configs.plain}"))


def test_an_imported_file_s_module_name_is_the_same_in_every_process(configs: Any) -> None:
    path = configs.write("", "named.py")
    import_modules(["named.py"], path.parent)
    (module,) = (module for module in sys.modules.values() if getattr(module, "__file__", None) == str(path))
    assert module.__name__.startswith("conclu_pyg_user_named_") and len(module.__name__.split("_")[-1]) == 8
