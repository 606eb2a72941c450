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
        timeout=300,
        check=False,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="ulimit -v")
@pytest.mark.parametrize("kilobytes", [300_000, pytest.param(1_200_000, marks=pytest.mark.trial)])
def test_too_little_memory_ends_in_one_message(tiny, kilobytes):
    """Which library asks first differs; with 0.3 GB none that a run needs is loaded, with 1.2 GB some stages end."""
    ended = started(tiny, kilobytes, "run", tiny.save(), *tiny.folders())
    said = ended.stderr.decode()
    assert ended.returncode == UNFORESEEN, said
    assert "The memory of this machine did not suffice" in said
    assert "Traceback" not in said
