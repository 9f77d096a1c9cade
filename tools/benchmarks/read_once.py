"""Reads one file in a process of its own: ``read_once.py FILE WARM_UP_FILE`` prints the seconds and megabytes as JSON.

It runs with the package of any checkout, named by ``PYTHONPATH``, so that two can be compared.
"""

import importlib
import json
import sys
import time
from pathlib import Path

import conclu_pyg

MODULES = ("io/clouds.py", "data/readers/any_cloud.py")  # the second in checkouts from before conclu_pyg.io


def main(path: str, small: str) -> None:
    # Found by file: an editable installation of one checkout would fill in modules that another one lacks.
    folder = Path(conclu_pyg.__file__).parent
    module = next(name for name in MODULES if (folder / name).exists())
    read_clouds = importlib.import_module(f"conclu_pyg.{module[:-3].replace('/', '.')}").read_clouds
    list(read_clouds(Path(small)))  # imports what the format needs
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins with what is in use now
    before, start = memory("VmRSS"), time.perf_counter()
    points = sum(len(cloud.points) for cloud in read_clouds(Path(path)))
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "peak_mb": (memory("VmHWM") - before) / 1e6, "points": points}))


def memory(key: str) -> int:
    """Returns bytes of this process by the name of a line in Linux' status file."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:"))


if __name__ == "__main__":
    main(*sys.argv[1:])
