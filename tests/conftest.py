"""Fixtures shared by all tests: the real regions, a browser and PyQGIS, each with a reason where it is absent."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def _absent(what: str, reason: str) -> None:
    required = {item.strip() for item in os.environ.get("SPATIAL_REQUIRE", "").split(",")}
    if what in required:
        pytest.fail(f"{what} is required by SPATIAL_REQUIRE: {reason}")
    pytest.skip(reason)


def _region(name: str) -> Path:
    root = os.environ.get("SPATIAL_TEST_DATA")
    if not root:
        _absent("data", "SPATIAL_TEST_DATA does not name the folder of the real regions")
    folder = Path(str(root)).resolve() / name
    if not folder.is_dir():
        _absent("data", f"SPATIAL_TEST_DATA has no folder {name}")
    return folder


@pytest.fixture(scope="session")
def comoros() -> Path:
    """The folder of Comoros' raw files."""
    return _region("comoros")


@pytest.fixture(scope="session")
def rutland() -> Path:
    """The folder of Rutland's raw files."""
    return _region("rutland")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        _absent("browser", "no chromium on the path (Debian: chromium)")
    return str(found)


@pytest.fixture(scope="session")
def qgis_python() -> str:
    """Path of the Python that has PyQGIS."""
    python = "/usr/bin/python3"
    try:
        probe = subprocess.run([python, "-c", "import qgis.core"], capture_output=True, check=False, timeout=120)
    except OSError:
        _absent("qgis", f"no {python}")
    else:
        if probe.returncode != 0:
            _absent("qgis", "PyQGIS is not installed (Debian: python3-qgis)")
    return python
