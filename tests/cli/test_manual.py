from pathlib import Path

import pytest

from conclu_pyg.cli.main import COMMANDS, command_parser
from conclu_pyg.cli.manual import manual

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == manual(), "run tools/commands.py docs/commands.md"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_section_names_every_argument_of_its_command(name: str) -> None:
    (section,) = [each for each in manual().split("\n## ") if each.startswith(f"conclu {name}\n")]
    words = " ".join(section.split())
    for action in command_parser(name, COMMANDS[name])._actions:
        if action.dest != "help":
            assert all(option in words for option in action.option_strings or [action.metavar or action.dest])
            assert " ".join(str(action.help).split()).replace("%%", "%")[:40] in words
