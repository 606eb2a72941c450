"""The table that is signed: our totals against the official ones, what was imputed, gates that hang on one record."""

from __future__ import annotations

from spatial.tables.contract import Table, number, text
from spatial.tables.words import SIGN_OFF_KIND, SIGN_OFF_STATUS

__all__ = ["SIGN_OFF"]

SIGN_OFF = Table(
    "sign_off",
    "Can I sign this?",
    ("item",),
    None,
    (
        text("item", "Item", "Its kind, a colon, and of what: facilities:hospital.", unique=True),
        text("kind", "Kind", "What is counted.", values=SIGN_OFF_KIND),
        text("of", "Of", "A service, road class, travel mode or norm; empty for the whole study."),
        text("unit", "Unit", "persons, places, facilities, km, share or records."),
        number("ours", "Ours", "", "In the unit of the row; NaN = unknown."),
        number("official", "Official", "", "As the study declares it; NaN = none declared."),
        number("difference", "Difference", "", "Ours less the official number.", minimum=None),
        number(
            "difference_share",
            "Difference, share",
            "",
            "Of the official number; NaN where that is 0 or not declared.",
            minimum=None,
        ),
        text(
            "likely_causes",
            "Likely causes",
            "Codes joined by ; with the number after a colon; empty where nothing differs.",
        ),
        text(
            "status",
            "Status",
            "ok = within the tolerance; look = look into it; unknown = nothing to hold it against.",
            values=SIGN_OFF_STATUS,
        ),
        text("source", "Source", "Where the official number stands; empty where none is declared."),
        text("records", "Records", "The first records that a gate hangs on, separated by blanks."),
    ),
    strict=True,
)
