"""Tables of official numbers of people by unit, and of ours beside them."""

from __future__ import annotations

from spatial.tables.contract import Field, Table, number, text
from spatial.tables.words import SIGN_OFF_STATUS, UNIT_SCALING

__all__ = ["OFFICIAL_UNITS", "UNIT_TOTALS"]

OFFICIAL_UNITS = Table(
    "official_units",
    "Official numbers by unit",
    ("official_id",),
    None,
    (
        text("official_id", "Unit", "Its code in the shortest form, else its name.", unique=True),
        text("unit_code", "Unit code", "As written.", nullable=True),
        text("name", "Name", nullable=True),
        number("population_persons", "Population", "persons", "NaN = no number in the row."),
    ),
)
UNIT_TOTALS = Table(
    "unit_totals",
    "People by unit: ours and the official ones",
    ("unit_id", "group"),
    None,
    (
        text(
            "unit_id",
            "Unit id",
            "Boundary of ours, else the official code or name; no_unit = settlements in none.",
        ),
        text("unit", "Unit", "Its name; empty without one."),
        text("unit_code", "Unit code", "In its shortest form; empty without one."),
        text("group", "Group", "everybody, or a group of people such as elderly."),
        text(
            "matched_by",
            "Matched by",
            "What the official row and our unit have in common.",
            values=("unit_code", "name", "none"),
        ),
        number(
            "match_score",
            "Similarity of names",
            "",
            "0-1; NaN where names were not compared.",
            maximum=1.0,
        ),
        Field("places", "whole", "Places", "Settlements of the study area that belong to it."),
        number("official_persons", "Official", "persons", "NaN = none."),
        number(
            "raster_persons",
            "Raster",
            "persons",
            "Cells of the raster whose centre lies in it; NaN without a raster or a boundary.",
        ),
        number(
            "listed_persons",
            "List",
            "persons",
            "What the list of settlements says; NaN where it has no number.",
        ),
        number("allocated_persons", "Ours before scaling", "persons", "NaN = unknown."),
        number("our_persons", "Ours", "persons", "Of the table settlements; NaN = unknown."),
        number(
            "difference_persons", "Difference", "persons", "Ours before scaling less official.", minimum=None
        ),
        number(
            "difference_share",
            "Difference, share",
            "",
            "Of the official number; NaN where that is 0 or none.",
            minimum=None,
        ),
        number("factor", "Factor", "", "Official over ours before scaling; NaN where it cannot be told."),
        text(
            "scaling",
            "Scaling",
            "scaled, or why the unit's people are as they were allocated.",
            values=UNIT_SCALING,
        ),
        number(
            "residual_persons", "Residual", "persons", "Official less ours; NaN = no number.", minimum=None
        ),
        text(
            "status",
            "Status",
            "ok = ours is within the tolerance of the official number; look = look into it; unknown = nothing to hold "
            "it against.",
            values=SIGN_OFF_STATUS,
        ),
        text("likely_causes", "Likely causes", "Codes joined by ; with the number after a colon."),
        text("source", "Source", "Where the official number stands; empty without one."),
    ),
    strict=True,
)
