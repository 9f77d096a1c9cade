"""Completion in the shells: that of bash is tried, of the others the syntax if they are installed."""

import shutil
import subprocess
from pathlib import Path

import pytest

from conclu_pyg import PROBES
from conclu_pyg.cli.completion import SHELLS, completion_script
from conclu_pyg.cli.main import COMMANDS, main

TRY = """
source {script}
COMP_WORDS=({words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
$(complete -p conclu | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("completion") / "conclu.bash"
    path.write_text(completion_script("bash"))
    return path


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("conclu ''", set(COMMANDS)),
        ("conclu dupl", {"duplicates"}),
        ("conclu list enc", {"encoders"}),
        ("conclu clusters a.index --method ''", {"kmeans", "hdbscan"}),
        ("conclu embed --encoder conclu_pointnet_s", {"conclu_pointnet_shapes"}),
        ("conclu train conclu_pointnet_sh", {"conclu_pointnet_shapes"}),
        ("conclu evaluate runs/a --probe ''", set(PROBES)),
        ("conclu evaluate runs/a --robu", {"--robustness"}),
        ("conclu index my_sc", {"my_scans"}),
        ("conclu embed --encoder my_sc", {"my_scans"}),
        ("conclu report my_sc", {"my_scans"}),
        ("conclu compare my_sc", {"my_scans"}),
        ("conclu export conclu_pointnet_s", {"conclu_pointnet_shapes"}),
        ("conclu push conclu_pointnet_s", {"conclu_pointnet_shapes"}),
        ("conclu push my_sc", {"my_scans"}),
    ],
)
def test_bash_completes_commands_options_names_and_files(
    words: str, expected: set[str], script: Path, tmp_path: Path
) -> None:
    (tmp_path / "my_scans").mkdir()
    code = TRY.format(script=script, words=words)
    done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert set(filter(None, done.stdout.split())) - {"--help", "-h", "--version"} == expected, done.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_each_shell_is_printed_and_parses(
    shell: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["completion", shell]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in (*COMMANDS, "hdbscan", "conclu_pointnet_shapes"))
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed, so the syntax of its script was not checked")
    (tmp_path / "script").write_text(text)
    done = subprocess.run([program, "-n", str(tmp_path / "script")], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_knows_the_command_after_the_lines_of_the_help(tmp_path: Path) -> None:
    """`source` in place of `eval` would call the function at once."""
    (tmp_path / "_conclu").write_text(completion_script("zsh"))
    for line in ('eval "$(<_conclu)"', "fpath=($PWD $fpath)"):
        before, after = (line, "") if line.startswith("fpath") else ("", line)
        code = f"{before}\nautoload -U compinit\ncompinit -u -D\n{after}\nprint $_comps[conclu]"
        done = subprocess.run(["zsh", "-fc", code], capture_output=True, text=True, cwd=tmp_path, check=True)
        assert done.stdout.strip() in ("_shtab_conclu", "_conclu") and not done.stderr


def test_another_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["completion", "csh"])
    assert "invalid choice: 'csh'" in capsys.readouterr().err
