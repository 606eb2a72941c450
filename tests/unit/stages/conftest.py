"""Tiny studies in a folder that holds a finished run of the study as it stands: a run does only what a test changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def tiny(tiny, tiny_run, go_on_from):
    """A study of eight places whose files the test may spoil, run as it stood."""
    go_on_from(tiny_run, tiny.folder)
    return tiny


@pytest.fixture
def tiny_done(tiny):
    """The same: every tiny study of these tests was run."""
    return tiny


@pytest.fixture
def bare(tiny, tmp_path):
    """The same study in a folder that no run wrote to."""
    return type(tiny)(tmp_path / "bare")


@pytest.fixture(scope="session")
def tiny_at(tiny_at, tiny_run, go_on_from) -> Callable[[Path], Any]:
    """Make a tiny study in a folder of the test's own, run as it stood."""

    def made(folder: Path) -> Any:
        tiny = tiny_at(folder)
        go_on_from(tiny_run, folder)
        return tiny

    return made
