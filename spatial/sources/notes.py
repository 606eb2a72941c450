"""What a reader of a table noticed and passed over: kept with the frame until the counts of a run take it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spatial.sources.own_columns import log_column_use

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

__all__ = ["Note", "add_notes", "log_notes", "take_notes"]

_log = logging.getLogger(__name__)

_KEY = "notes"


@dataclass(frozen=True)
class Note:
    """One thing that a reader noticed."""

    item: str  # what was counted, such as ``"total rows left out"``
    number: int  # how many
    detail: str  # where, in plain words with the first rows or cells


def add_notes(frame: pd.DataFrame, notes: Iterable[Note]) -> None:
    """Put notes on a frame."""
    rows = [[note.item, note.number, note.detail] for note in notes if note.number]
    if rows:
        frame.attrs[_KEY] = [*frame.attrs.get(_KEY, []), *rows]


def take_notes(frame: pd.DataFrame) -> list[Note]:
    """Take the notes off a frame."""
    return [Note(*row) for row in frame.attrs.pop(_KEY, [])]


def log_notes(frame: pd.DataFrame, *, what: str) -> None:
    """Take the notes off a frame where no table of counts is to hold them, and warn of each; log columns left out."""
    log_column_use(frame, what=what)
    for note in take_notes(frame):
        _log.warning("%s: %s", what, note.detail)
