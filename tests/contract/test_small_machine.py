"""A machine with little memory: one message, and the exit code of what nobody foresaw."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

UNFORESEEN = 70


def started(tiny, kilobytes, *arguments):
    """Start the command in a shell that gives it so many kilobytes of addresses."""
    words = [sys.executable, "-m", "spatial", *map(str, arguments)]
    return subprocess.run(
        ["bash", "-c", f'ulimit -v {kilobytes}; exec "$@"', "bash", *words],
        cwd=tiny.folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="ulimit -v")
@pytest.mark.parametrize("kilobytes", [300_000, 800_000, 1_200_000])
def test_too_little_memory_ends_in_one_message(tiny, kilobytes):
    """Before anything is read: some libraries hang or crash where they are loaded into 0.8 to 1.1 GB."""
    ended = started(tiny, kilobytes, "run", tiny.save(), *tiny.folders())
    said = ended.stderr.decode()
    assert ended.returncode == UNFORESEEN, said
    assert "The memory of this machine did not suffice" in said
    assert "Traceback" not in said
