"""Tables of what is town and country: types of settlements and units, functional areas, towns."""

from __future__ import annotations

from spatial.tables.contract import Field, Table, number, share, text
from spatial.tables.words import (
    COMPLETENESS_STATUS,
    FUA_METHOD,
    FUA_PART,
    SCORE_UNITS,
    TOWN_MEASURES,
    TYPE_BASIS,
    TYPE_REASON,
)

__all__ = [
    "FUNCTIONAL_AREAS",
    "SETTLEMENT_TYPES",
    "TOWNS",
    "TOWN_SYSTEM",
    "UNIT_TYPES",
]

_UNIT = (
    text("unit_level", "Level", values=SCORE_UNITS),
    text("unit_id", "Unit", "A settlement_id, a boundary_id, or 'study'."),
)


_CELL_KINDS = {
    30: "urban centres",
    23: "dense urban clusters",
    22: "semi-dense urban clusters",
    21: "suburban cells",
    13: "rural clusters",
    12: "low-density rural cells",
    11: "very low-density rural cells",
}


SETTLEMENT_TYPES = Table(
    "settlement_types",
    "Settlement types",
    ("settlement_id",),
    None,
    (
        text("settlement_id", "Settlement"),
        text(
            "official_class",
            "Official class",
            "urban or rural; missing where nobody says.",
            nullable=True,
            values=("urban", "rural"),
        ),
        Field(
            "degurba_code",
            "whole",
            "Degree of Urbanisation",
            "Level 2 of the cell: 30, 23, 22, 21, 13, 12, 11, 10; 0 where there is no population raster.",
        ),
        text(
            "degurba_class",
            "Class by the Degree of Urbanisation",
            "urban for 30, 23, 22, 21; rural for 13, 12, 11; missing without a raster.",
            nullable=True,
            values=("urban", "rural"),
        ),
        Field(
            "classes_differ",
            "flag",
            "Classes differ",
            "True where both are known and not the same; the official counts.",
        ),
        text(
            "catchment_tier", "Depends on", "Tier of the town that it depends on; none beyond the last band."
        ),
        number("catchment_band_min", "Within", "min", "Upper end of its band; NaN beyond the last one."),
        text(
            "catchment_centre_id",
            "Town that it depends on",
            "settlement_id of the nearest town of that tier; missing beyond the last band.",
            nullable=True,
        ),
        text(
            "urca_local",
            "Local catchment code",
            "Tier and band, as in town_30; _0 for a town itself; none beyond the last band. By the rule of URCA with "
            "the study's own tiers and bands; no code of the published URCA.",
        ),
    ),
)
UNIT_TYPES = Table(
    "unit_types",
    "Degree of Urbanisation of townships",
    ("unit_level", "unit_id"),
    None,
    (
        *_UNIT,
        text("name", "Name", nullable=True),
        number(
            "population_persons",
            "People on the population grid",
            "persons",
            "Of the grid, which may differ from the people of its settlements; NaN where basis is none.",
        ),
        Field(
            "degurba_level1",
            "whole",
            "Degree of Urbanisation, level 1",
            "3 city, 2 town or semi-dense area, 1 rural area; 0 for nothing but water, or where basis is none.",
        ),
        Field(
            "degurba_level2",
            "whole",
            "Degree of Urbanisation, level 2",
            "30 city, 23 dense town, 22 semi-dense town, 21 suburb, 13 village, 12 dispersed rural area, 11 mostly "
            "uninhabited area, 10 water; 0 where basis is none.",
        ),
        *(
            share(
                f"share_{code}", f"In {kind} ({code})", "Of its people, or of its land where basis is area."
            )
            for code, kind in _CELL_KINDS.items()
        ),
        text(
            "basis",
            "What shares are of",
            "raster: people of the raster; area: its land, as nobody lives there; settlements: people at the points of "
            "settlements; none: not measured.",
            values=TYPE_BASIS,
        ),
        text("basis_reason", "Why not measured", "Empty where it is measured.", values=TYPE_REASON),
        text("unit_rules", "Rules of level 2", "2024: as changed in July 2024.", values=("2024", "2021")),
        *(
            share(
                f"official_{name}_share",
                f"Officially {name}",
                "Of the people of its settlements, or of settlements where nobody's number is known.",
            )
            for name in ("urban", "rural", "unknown")
        ),
        number(
            "compared_persons",
            "People with both classes",
            "persons",
            "In settlements of which the official class and that of their cell are known; NaN where none is.",
        ),
        number(
            "differ_persons",
            "People classed otherwise",
            "persons",
            "Of these, where the two differ; the official class counts.",
        ),
    ),
)
FUNCTIONAL_AREAS = Table(
    "functional_areas",
    "Functional urban areas",
    ("unit_id",),
    None,
    (
        text("fua_id", "Functional urban area", "The township that holds most of the urban centre."),
        text("fua_name", "Name of the functional urban area", nullable=True),
        text(
            "fua_method",
            "Found by",
            "fua: commuting, by the EU-OECD rule; fua_proxy: travel time, where no commuting is observed.",
            values=FUA_METHOD,
        ),
        text("unit_id", "Township"),
        text(
            "fua_part",
            "Part of the area",
            "city: half of its people live in the urban centre; enclave: surrounded by the area.",
            values=FUA_PART,
        ),
        share("centre_share", "People in an urban centre"),
        share(
            "commuting_share",
            "Commute to the city",
            "Of employed residents; NaN for cities, a proxy, and where the employed are unknown.",
        ),
        share("within_share", "Live near the centre", "Within the minutes of a proxy; NaN by commuting."),
        number("within_min", "Within", "min", "Minutes of a proxy; NaN by commuting."),
        number("population_persons", "People on the population grid", "persons"),
    ),
)
TOWN_SYSTEM = Table(
    "town_system",
    "System of towns",
    ("measure",),
    None,
    (
        text("measure", "Measure", values=TOWN_MEASURES),
        number("value", "Value", "", "NaN where too few towns are known.", minimum=None),
        Field(
            "towns_counted",
            "whole",
            "Towns counted",
            "Whose people, or the share of people who depend on them, are known.",
        ),
        Field("towns_total", "whole", "Towns in all"),
    ),
)
TOWNS = Table(
    "towns",
    "Towns between village and county seat",
    ("settlement_id",),
    None,
    (
        text("settlement_id", "Town"),
        text("tier", "Tier"),
        number("population_persons", "Population", "persons"),
        Field("required_services", "whole", "Services asked for", "Of its tier."),
        Field("present_services", "whole", "Services there"),
        share(
            "completeness",
            "Functional completeness",
            "NaN where nothing is asked of it: the status says why.",
        ),
        text(
            "completeness_status",
            "Status of completeness",
            "not_asked: the study asks for nothing of its tier; no_complete_list: of no service that it asks for did "
            "anybody declare the list complete.",
            values=COMPLETENESS_STATUS,
        ),
        text("missing_services", "Missing", "Joined by ;, empty where nothing is or nothing is asked."),
        share(
            "coverage_share", "Depend on it", "People for whom it is the nearest town within the target time."
        ),
        share(
            "via_share",
            "Pass by it",
            "People whose way to the county seat passes it; NaN for the seat itself.",
        ),
        share("fulcrum_index", "Fulcrum", "sqrt(coverage x via); NaN where one of them is."),
    ),
)
