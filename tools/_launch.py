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
PACKAGES = ("conclu_pyg", "torch", "torch_geometric", "sklearn", "yaml", "omegaconf")


def launch(*command: str, module: str = "conclu_pyg.cli.main") -> int:
    """Run a command with the arguments of this process and return its exit code.

    Args:
        *command: precedes the arguments, such as ``train``, see ``conclu --help``.
        module: has the function ``main(arguments)`` (default: that of ``conclu``).
    """
    old = old_python()
    lacks = [] if old else [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if not old and not lacks:
        return int(importlib.import_module(module).main([*command, *sys.argv[1:]]))

    what = old.what if old else "{} needs {}, which {} lacks".format(sys.argv[0], ", ".join(lacks), sys.executable)
    set_up = old.remedy if old else "run `make setup`"
    where = "" if os.getcwd() == ROOT else f" in {ROOT}"
    python = os.path.join(ROOT, ".venv", "bin", "python")
    again = " ".join(shlex.quote(word) for word in [os.path.relpath(python), *sys.argv])
    print(f"{what}: {set_up}{where} and then `{again}`.", file=sys.stderr)
    return 2
