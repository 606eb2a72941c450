"""The look of scenarios and of the response of crews."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatial.qgis.looks_engine import scored, sized
from spatial.qgis.looks_results import VILLAGE_SIZE, status_marker
from spatial.qgis.palette import CHANGE, GAP, REACH, ramp
from spatial.qgis.styles import Category

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from spatial.qgis.meta import Messages
    from spatial.qgis.styles import Style

__all__ = ["change_look", "response_look"]


def change_look(column: str, cutoff_min: float, frame: pd.DataFrame, words: Messages) -> Style:
    """Show who gains and who loses by a scenario, larger with more people."""
    size = VILLAGE_SIZE
    categories = [
        Category((name,), words.text("change", name, minutes=words.number(cutoff_min)), sized(colour, size))
        for name, colour in CHANGE.items()
    ]
    categories.append(
        Category(("none",), words.text("change", "none"), status_marker("not_applicable", size))
    )
    unknown = status_marker("not_measurable", size)
    categories.append(Category(("unknown",), words.text("cells", "unknown"), unknown))
    return scored(f'"{column}"', categories, frame, words)


def response_look(stem: str, targets_min: Sequence[float], frame: pd.DataFrame, words: Messages) -> Style:
    """Show settlements by the shortest response target that is met, larger with more people."""
    size = VILLAGE_SIZE
    response, status = f'"{stem}_response_min"', f'"{stem}_response_status"'
    bounds = [f"{target:g}" for target in sorted(set(targets_min))]
    cases = " ".join(f"WHEN {response} <= {bound} THEN '{bound}'" for bound in bounds)
    chosen = (
        f"CASE {cases} WHEN {response} > {bounds[-1]} THEN 'beyond' "
        f"WHEN {status} NOT IN ('unknown', 'not_snapped') THEN 'none' END"
    )
    categories = [
        Category(
            (bound,),
            words.text("response", "within", minutes=words.number(float(bound))),
            sized(colour, size),
        )
        for bound, colour in zip(bounds, ramp(REACH, len(bounds) + 1), strict=False)
    ]
    categories += [
        Category(
            (name,),
            words.text("response", name, minutes=words.number(float(bounds[-1]))),
            sized(GAP[name], size),
        )
        for name in ("beyond", "none")
    ]
    unknown = status_marker("not_measurable", size)
    categories.append(Category(("unknown",), words.text("cells", "unknown"), unknown))
    return scored(chosen, categories, frame, words)
