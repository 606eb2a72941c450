"""A run in another process, with other hashes of texts, in another folder, ends in the same bytes."""

import os
import subprocess
import sys
from pathlib import Path

RECORDS = {"run.json", ".lock", ".checksums.json"}
"""Records of a run hold seconds and stamps of files."""


def _outputs(folder: Path) -> dict[str, Path]:
    paths = [path for name in ("processed", "maps") for path in (folder / name).rglob("*") if path.is_file()]
    return {
        path.relative_to(folder).as_posix(): path
        for path in paths
        if path.name not in RECORDS and not path.name.endswith(".manifest.json")
    }


def test_a_run_elsewhere_with_other_hashes_gives_the_same_bytes(tiny, tiny_run):
    # The raw files are copied as well: no path of the machine may reach an output.
    seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    done = subprocess.run(
        [sys.executable, "-m", "spatial", "run", str(tiny.save()), *map(str, tiny.folders())],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "pages:" in done.stdout
    first, second = _outputs(tiny_run), _outputs(tiny.folder)
    assert len(first) > 50
    assert sorted(first) == sorted(second)
    assert [name for name in first if first[name].read_bytes() != second[name].read_bytes()] == []
