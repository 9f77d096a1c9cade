import sys

import pytest

from conclu_pyg.cli.loading_notice import announce_loading


@pytest.mark.parametrize(("terminal", "loaded"), [(True, False), (True, True), (False, False)])
def test_one_line_on_a_terminal_while_torch_is_not_loaded(
    terminal: bool, loaded: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not loaded:
        monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    announce_loading()
    line = "loading PyTorch, a few seconds ...\n" if terminal and not loaded else ""
    assert capsys.readouterr() == ("", line)
