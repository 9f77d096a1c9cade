"""Start a command from a checkout, or print in one sentence which packages this interpreter lacks.

Like ``check_system.py``, this has to parse on Python 3.6.
"""

import importlib
import importlib.util
import os
import shlex
import sys

from check_system import old_python

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# By the name by which each is imported, the name by which it is installed.
PACKAGES = {
    "conclu_pyg": "conclu_pyg",
    "torch": "torch",
    "torch_geometric": "torch-geometric",
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
    "omegaconf": "omegaconf",
}


def launch(*command: str, module: str = "conclu_pyg.cli.main") -> int:
    """Run a command with the arguments of this process and return its exit code.

    Args:
        *command: precedes the arguments, such as ``train``, see ``conclu --help``.
        module: has the function ``main(arguments)`` (default: that of ``conclu``).
    """
    old = old_python()
    lacks = [] if old else [package for name, package in PACKAGES.items() if not importlib.util.find_spec(name)]
    if not old and not lacks:
        return int(importlib.import_module(module).main([*command, *sys.argv[1:]]))

    what = old.what if old else "{} needs {}, which {} lacks".format(sys.argv[0], ", ".join(lacks), sys.executable)
    set_up = old.remedy if old else "run `make setup`"
    where = "" if os.getcwd() == ROOT else f" in {ROOT}"
    python = os.path.join(ROOT, ".venv", "bin", "python")
    again = " ".join(shlex.quote(word) for word in [os.path.relpath(python), *sys.argv])
    print(f"{what}: {set_up}{where} and then `{again}`.", file=sys.stderr)
    return 2
