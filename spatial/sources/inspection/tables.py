"""A table under inspection, as the writers of proposals take it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from spatial.sources.inspection.guesses import Coordinates
    from spatial.sources.inspection.opening import Opened
    from spatial.sources.inspection.profiles import Profile

__all__ = ["Table"]


@dataclass(frozen=True, eq=False)
class Table:
    """A table under inspection."""

    named: str  # its path as a study file writes it
    title: str  # names of the file and of the sheet or layer
    frame: pd.DataFrame  # its rows
    profiles: list[Profile]  # its columns
    opened: Opened  # how it was opened
    coordinates: Coordinates  # what is thought of them
    has_geometry: bool  # whether the file draws it
