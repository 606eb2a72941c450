"""
Run under a Python with PyQGIS: load QGIS once, and run scripts one after the other, each in a process of its own.

A line of JSON a script: its arguments with its own path first, its environment, and the files that take what it prints
and what it says of faults. The CPU seconds that it took come back as a line.
"""

from __future__ import annotations

import json
import os
import runpy
import sys

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import qgis.core  # type: ignore[import-not-found]  # noqa: F401 - scripts find it loaded


def run(arguments: list[str], environment: dict[str, str], printed: str, faults: str) -> None:
    """Be the process of a script."""
    for number, path in ((1, printed), (2, faults)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = arguments
    runpy.run_path(arguments[0], run_name="__main__")


def main() -> None:
    """Tell that QGIS is there, and run what is asked for until nobody asks."""
    print("READY", flush=True)  # noqa: T201 - the caller reads it
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            run(**json.loads(line))
            sys.stdout.flush()
            os._exit(0)
        used = os.wait4(process, 0)[2]
        print(used.ru_utime + used.ru_stime, flush=True)  # noqa: T201 - the same


if __name__ == "__main__":
    main()
