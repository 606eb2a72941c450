"""How much of what there is a study knows: facilities in list, on map and by official count, service by service."""

from __future__ import annotations

from spatial.tables.contract import Table, number, text

__all__ = ["INVENTORY"]

INVENTORY = Table(
    "inventory",
    "How complete are the facilities?",
    ("service",),
    None,
    (
        text("service", "Service", "As official counts and facilities name it.", unique=True),
        number("facilities", "Facilities", "facilities", "Existing ones of the study area.", nullable=False),
        number("in_list", "In lists", "facilities", "Of those, in a list of the user's own.", nullable=False),
        number("on_map", "On the map", "facilities", "Of those, on the map.", nullable=False),
        number("matched", "In both", "facilities", "Of those, in both.", nullable=False),
        number("official", "Official number", "facilities", "NaN = none declared."),
        number(
            "estimated",
            "Estimated number",
            "facilities",
            "From list and map (Chapman); NaN where fewer than seven are in both.",
        ),
        number("estimated_lower", "Estimated number, lower", "facilities", "Of the 95 % interval."),
        number("estimated_upper", "Estimated number, upper", "facilities", "Of the 95 % interval."),
        number(
            "completeness_lower",
            "Completeness, lower",
            "",
            "Share of all there are; above 1 where we have more than the official number; NaN = unknown.",
        ),
        number("completeness_upper", "Completeness, upper", "", "As the lower one."),
        number(
            "missing_at_most",
            "Missing at most",
            "facilities",
            "So many facilities may be missing from ours; NaN = nobody knows.",
        ),
        text(
            "basis",
            "Basis",
            "What the completeness rests on.",
            values=("declared", "official", "capture_recapture", "none"),
        ),
        text(
            "declared",
            "Declared",
            "What the study says of its inventory.",
            values=("complete", "partial", "unknown"),
        ),
        text("source", "Source", "Where the official number stands; empty where none is declared."),
    ),
    strict=True,
)
