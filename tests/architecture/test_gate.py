"""The gate: style, types, layers and docstrings hold for the whole package."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent

pytestmark = pytest.mark.slow


def _passes(*command: str) -> None:
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout[-6000:]}\n{result.stderr[-3000:]}"


def test_ruff_finds_nothing() -> None:
    _passes(str(BIN / "ruff"), "check", ".")


def test_the_code_is_formatted() -> None:
    _passes(str(BIN / "ruff"), "format", "--check", ".")


def test_mypy_strict_finds_nothing() -> None:
    _passes(str(BIN / "mypy"))


def test_each_room_knows_only_the_rooms_below_it() -> None:
    _passes(str(BIN / "lint-imports"))


def test_public_docstrings_are_complete() -> None:
    files = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "spatial").rglob("*.py"))
    _passes(sys.executable, "-m", "numpydoc.hooks.validate_docstrings", *files)


def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    _passes(sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "docs", str(tmp_path))
