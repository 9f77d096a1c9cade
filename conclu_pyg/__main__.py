"""``python -m conclu_pyg``: the same as ``conclu``."""

import sys

from conclu_pyg.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
