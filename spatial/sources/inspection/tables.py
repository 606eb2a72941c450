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
    """
    A table under inspection.

    Parameters
    ----------
    named : str
        Its path as a study file writes it.
    title : str
        Names of the file and of the sheet or layer.
    frame : DataFrame or GeoDataFrame
        Its rows.
    profiles : list of Profile
        Its columns.
    opened : Opened
        How it was opened.
    coordinates : Coordinates
        What is thought of them.
    has_geometry : bool
        Whether the file draws it.
    """

    named: str
    title: str
    frame: pd.DataFrame
    profiles: list[Profile]
    opened: Opened
    coordinates: Coordinates
    has_geometry: bool
