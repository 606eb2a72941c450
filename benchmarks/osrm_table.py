"""
Tables by OSRM in a Python of its own: ``python osrm_table.py FOLDER NAME [NAME ...]``, started by `osrm_peer`.

Needs ``osrm`` (osrm-bindings, Python 3.12 or newer) and numpy alone. The folder holds, for each name, a contracted
graph (``NAME.osrm.*``), ``NAME_sources.npy`` and ``NAME_targets.npy`` (longitude and latitude). A line ``NAME answer``
on the standard input writes ``NAME_answer.npy``: seconds from each source to each target, NaN where no way leads there.
``NAME table`` finds the same table and drops it; ``NAME snap`` finds the edges beside all the places and one time. Each
is answered with one line of JSON: ``wall`` and ``cpu``, the seconds of the call.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import osrm

__all__ = ["main"]


class Tables:
    """One contracted graph and the places between which its times are asked for."""

    def __init__(self, folder: Path, name: str) -> None:
        sources, targets = (np.load(folder / f"{name}_{part}.npy") for part in ("sources", "targets"))
        self.answer_path = folder / f"{name}_answer.npy"
        self.engine = osrm.OSRM(
            storage_config=str(folder / f"{name}.osrm"),
            algorithm="CH",
            use_shared_memory=False,
            max_locations_distance_table=-1,
        )
        places = [tuple(place) for place in np.vstack((sources, targets)).tolist()]
        n = len(sources)
        ends = {"sources": list(range(n)), "destinations": list(range(n, len(places)))}
        self.asked = {
            "table": self._asked(places, ends),
            "snap": self._asked(places, {"sources": [0], "destinations": [n]}),
        }

    @staticmethod
    def _asked(places: list[tuple[float, ...]], ends: dict[str, list[int]]) -> Any:
        asked = osrm.TableParameters(coordinates=places, annotations=["duration"], generate_hints=False, **ends)
        asked.skip_waypoints = True
        return asked

    def run(self, what: str) -> dict[str, float]:
        """Time one call; what the bindings return is unpacked afterwards, and only where it is kept."""
        asked = self.asked["snap" if what == "snap" else "table"]
        wall, cpu = time.perf_counter(), time.process_time()
        found = self.engine.Table(asked)
        seconds = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
        if what == "answer":
            rows = ([np.nan if value is None else value for value in row] for row in found["durations"])
            np.save(self.answer_path, np.array(list(rows), dtype=np.float64))
        return seconds


def main(folder: Path, names: list[str]) -> int:
    """Answer the lines of the standard input until it ends."""
    tables = {name: Tables(folder, name) for name in names}
    for line in sys.stdin:
        name, what = line.split()
        sys.stdout.write(json.dumps(tables[name].run(what)) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), sys.argv[2:]))
