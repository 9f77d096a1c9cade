"""Reads one file in a process of its own: ``read_once.py FILE WARM_UP_FILE`` prints the seconds and megabytes as JSON.

It runs with the package of any checkout, named by ``PYTHONPATH``, so that two can be compared.
"""

import importlib
import json
import resource
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
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    points = sum(len(cloud.points) for cloud in read_clouds(Path(path)))
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "peak_mb": (after - before) * 1024 / 1e6, "points": points}))


if __name__ == "__main__":
    main(*sys.argv[1:])
