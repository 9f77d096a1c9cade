"""Problems of an installation that conclu doctor finds."""

from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from conclu_pyg.cli.installation import Problem, import_error, import_problems, version_problems

NUMPY = metadata.version("numpy")


def problems(*requirements: str) -> list[Problem]:
    return list(version_problems(map(Requirement, requirements)))


def test_versions_in_range_are_no_problem() -> None:
    assert problems(f"numpy>={NUMPY}", "packaging", 'conclu_pyg[test]; extra == "all"') == []


def test_the_core_must_be_there_and_in_range() -> None:
    assert problems("numpy<1.0", "gone-package>=2.0") == [
        Problem(f"numpy {NUMPY} is installed, and conclu_pyg needs <1.0", "pip install 'numpy<1.0'"),
        Problem("gone-package is not installed, and conclu_pyg needs it", "pip install 'gone-package>=2.0'"),
    ]


@pytest.mark.parametrize(
    ("requirements", "names"),
    [
        (['gone>=2; extra == "vis"'], []),  # an extra that is not there
        (['numpy<1; extra == "open3d"', 'gone; extra == "open3d"', "numpy"], []),  # nor is this: numpy is the core's
        (['numpy<1; extra == "open3d"', 'packaging; extra == "open3d"', "numpy"], ["numpy"]),
        (['packaging<1; extra == "vis"'], ["packaging"]),
        (['packaging<1; extra == "test"'], []),  # no command needs it
        (['numpy<1; python_version < "3"'], []),
    ],
)
def test_an_extra_counts_if_it_is_installed(requirements: list[str], names: list[str]) -> None:
    assert [problem.sentence.split()[0] for problem in problems(*requirements)] == names


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path of this process and of those that it starts."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("", ""),
        ("raise OSError('undefined symbol: _ZN2at')", "OSError: undefined symbol: _ZN2at"),
        ("import os; os.abort()", "its import ends the process by SIGABRT"),
        ("import os; os._exit(3)", "exit status 3"),
    ],
)
def test_a_package_is_imported_in_a_process_of_its_own(code: str, error: str, packages: Path) -> None:
    (packages / "fragile_extension.py").write_text(code)
    assert import_error("fragile_extension") == error
    assert [problem.fix for problem in import_problems(["fragile_extension", "gone_extension"])] == (
        ["pip install --force-reinstall fragile_extension"] if error else []
    )


def test_an_extension_for_another_torch_is_compiled_again(packages: Path) -> None:
    (packages / "torch_cluster.py").write_text("raise OSError('undefined symbol')")
    (problem,) = import_problems(["torch_cluster"])
    assert problem == Problem(
        "torch_cluster is installed and cannot be imported: OSError: undefined symbol",
        "pip install --no-build-isolation --no-cache-dir --no-deps --force-reinstall torch-cluster",
    )


def test_files_in_the_working_folder_are_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "packaging.py").write_text("raise OSError('planted')")
    monkeypatch.chdir(tmp_path)
    assert import_error("packaging") == ""
