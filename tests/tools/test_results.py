import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_is_written_and_its_folder_made(tmp_path: Path) -> None:
    page = tmp_path / "new" / "page.md"
    command = [sys.executable, str(ROOT / "tools" / "results.py"), str(ROOT / "docs" / "results"), str(page)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT)})
    assert page.read_text().startswith("# Results\n")
    assert done.stdout.splitlines()[-1] == f"written: {page}" and not done.stderr
    assert len(list(page.parent.glob("images/*.png"))) == 2
