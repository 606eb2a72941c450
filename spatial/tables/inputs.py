"""Tables of what was read: places, facilities, roads, boundaries, water, flows, official numbers, and their origin."""

from __future__ import annotations

from spatial.tables.contract import Field, Table, number, text
from spatial.tables.words import (
    GROUP_SOURCE,
    ISSUE_KIND,
    POPULATION_BASIS,
    POPULATION_SOURCE,
    SIGN_OFF_STATUS,
    TIERS,
    UNIT_SCALING,
)

# Tables of what was read: places, facilities, roads, boundaries, water, flows, and where it all came from.

_NAMES = (
    text("name", "Name", "As written at the place.", nullable=True),
    text("name_en", "Name (English)", nullable=True, required=False),
    text("name_zh", "Name (Chinese)", nullable=True, required=False),
)
_CODES = (
    text("unit_code", "Unit code", "Official code of the place's unit.", nullable=True, required=False),
    text("unit_level", "Unit level", "Such as county, township or village.", nullable=True, required=False),
    text(
        "village_plan_class",
        "Village plan class",
        "How the village is classed by its plan; one that relocates gets mobile service, not sites.",
        values=("cluster", "suburban", "protected", "relocate", "other"),
        nullable=True,
        required=False,
    ),
    text(
        "placed_by",
        "Placed by",
        "How a row of a table without coordinates was located.",
        values=("coordinates", "decision", "unit_code", "name", "township"),
        nullable=True,
        required=False,
    ),
    number(
        "placed_score",
        "Placing score",
        "",
        "Similarity of names, 0-1; 1 otherwise.",
        maximum=1.0,
        required=False,
    ),
    text(
        "placed_at",
        "Placed at",
        "Settlement, boundary or township that it was put at.",
        nullable=True,
        required=False,
    ),
)
UNIT = (
    text(
        "township_id",
        "Township id",
        "Unit that the place lies in; missing outside every unit.",
        nullable=True,
        required=False,
    ),
    text("township", "Township", nullable=True, required=False),
)
_GROUP_FIELDS = tuple(
    made
    for group, title in (
        ("elderly", "Elderly"),
        ("disabled", "Persons with disabilities"),
        ("children", "Children"),
    )
    for made in (
        number(f"{group}_persons", title, "persons", required=False),
        text(
            f"{group}_source",
            f"{title}: source",
            "observed = counted by the list; estimated = a share of the people.",
            values=GROUP_SOURCE,
            required=False,
        ),
    )
)
_PLACE_FIELDS = (
    text("settlement_id", "Settlement", unique=True),
    *_NAMES,
    text("tier", "Tier", "village, town, county_seat or city.", values=TIERS),
    text("place", "Place tag", "The source's own word for the place.", nullable=True, required=False),
    text(
        "official_class",
        "Official class",
        "urban or rural by the official classification; missing where none is known.",
        values=("urban", "rural"),
        nullable=True,
        required=False,
    ),
    Field(
        "in_study",
        "flag",
        "In the study area",
        "False for places in the buffer, which serve but are not scored.",
    ),
    number("population_persons", "Population", "persons", "NaN = unknown."),
    text(
        "population_source",
        "Population source",
        "Where the number comes from; rescaled = scaled to the official number of its unit.",
        values=POPULATION_SOURCE,
    ),
    text(
        "population_basis",
        "Population basis",
        "Who is counted: residents, the registered, or people of a model.",
        values=POPULATION_BASIS,
        required=False,
    ),
    number(
        "population_listed",
        "Population of the list",
        "persons",
        "What the list says where a raster counts the people.",
        required=False,
    ),
    number(
        "population_factor",
        "Population factor",
        "",
        "By which the people were scaled to the official number of the unit; 1 where they were not.",
        required=False,
    ),
    *_GROUP_FIELDS,
    *_CODES,
    *UNIT,
)

SETTLEMENTS = Table("settlements", "Settlements", ("settlement_id",), "Point", _PLACE_FIELDS)
PLACES = Table("places", "Places before population", ("settlement_id",), "Point", _PLACE_FIELDS)
_OPEN = (
    text(
        "open_to",
        "Open to",
        "all, people of some units, a group or members: for others it does not count; missing = all.",
        values=("all", "units", "group", "members"),
        nullable=True,
        required=False,
    ),
    text(
        "eligible_units",
        "Eligible units",
        "Codes, ids or names of the units whose people may use it, with ; between them; missing = of all.",
        nullable=True,
        required=False,
    ),
)
_FACTS = (
    text(
        "capacity_unit",
        "Unit of capacity",
        "Of capacity and load, such as beds or pupils.",
        nullable=True,
        required=False,
    ),
    text("opening_hours", "Opening hours", "As written.", nullable=True, required=False),
    text(
        "open_all_day",
        "Open round the clock",
        "As read from the opening hours; missing where they could not be read.",
        values=("yes", "no"),
        nullable=True,
        required=False,
    ),
    number(
        "weekly_hours_h",
        "Hours a week",
        "h",
        "As read from the opening hours.",
        maximum=168.0,
        required=False,
    ),
    text(
        "eligibility",
        "Eligibility",
        "Who may use it: all, members, or groups such as elderly, separated by ;.",
        nullable=True,
        required=False,
    ),
    *_OPEN,
)
FACILITIES = Table(
    "facilities",
    "Facilities",
    ("facility_id",),
    "Point",
    (
        text("facility_id", "Facility", unique=True),
        *_NAMES,
        text("service", "Service", "The most specific service of the vocabulary that it offers."),
        text(
            "level",
            "Level",
            "health_post, health_centre, district_hospital ... primary, lower_secondary ...; else as the list has it.",
            nullable=True,
            required=False,
        ),
        number("capacity", "Capacity", "", "In the unit that the study states; NaN = unknown."),
        number("load", "Load", "", "Use today, in the unit of the capacity; NaN = unknown."),
        *_FACTS,
        text("status", "Status", values=("existing", "candidate", "closed")),
        Field("in_study", "flag", "In the study area"),
        text("source", "Source", "Where it was found.", nullable=True, required=False),
        text(
            "found_in",
            "Found in",
            "In a list of the user's own, on the map, or in both.",
            values=("list", "map", "both"),
            nullable=True,
            required=False,
        ),
        text(
            "merged_from",
            "Merged from",
            "Ids of what was merged into it, separated by blanks; missing where nothing was.",
            nullable=True,
            required=False,
        ),
        *_CODES,
        *UNIT,
    ),
)
UNPLACED = Table(
    "unplaced",
    "Facilities without a place",
    ("source", "facility_id"),
    None,
    (
        text("facility_id", "Facility"),
        text("name", "Name", nullable=True, required=False),
        text("service", "Service"),
        text("status", "Status", values=("existing", "candidate", "closed")),
        text("unit_code", "Unit code", nullable=True, required=False),
        text("source", "Source"),
        *_OPEN,
        text(
            "township_id", "Township id", "By its unit code; norms on presence count it there.", nullable=True
        ),
        Field("in_study", "flag", "In the study area", "True where its township is one of the study."),
    ),
)
ROADS = Table(
    "roads",
    "Roads",
    ("road_id",),
    "LineString",
    (
        text("road_id", "Road", unique=True),
        text("road_class", "Road class", "An OpenStreetMap highway value, or 'ferry'."),
        text("name", "Name", nullable=True, required=False),
        text("ref", "Number", nullable=True, required=False),
        *(
            text(tag, tag, "As tagged.", nullable=True, required=False)
            for tag in (
                "surface",
                "tracktype",
                "smoothness",
                "maxspeed",
                "maxspeed_forward",
                "maxspeed_backward",
                "oneway",
                "junction",
                "access",
                "bridge",
                "tunnel",
                "construction",
                "layer",
                "condition",
            )
        ),
        number("width_m", "Width of the road", "m", required=False),
        number(
            "speed_km_h",
            "Speed",
            "km/h",
            "As stated by the source; holds before the tagged limit. Missing where it states none.",
            required=False,
        ),
        Field(
            "node_ids",
            "list",
            "Node ids",
            "The source's own vertex ids: roads meet where they share one. Without it, where coordinates are equal.",
            required=False,
        ),
    ),
)
TURNS = Table(
    "turns",
    "Turn restrictions and barriers",
    ("turn_id",),
    "Point",
    (
        text("turn_id", "Turn", "The source's id of the restriction or of the barrier.", unique=True),
        text(
            "kind",
            "Kind of turn",
            "no = must not turn there, only = must turn there, barrier = stands on the road.",
            values=("no", "only", "barrier"),
        ),
        text("tagged", "Tagged", "As tagged, such as no_left_turn or bollard.", required=False),
        text(
            "applies_to",
            "Applies to",
            "The one kind of vehicle that is bound; missing for all.",
            nullable=True,
            required=False,
        ),
        text(
            "not_to", "Not to", "Vehicles that are not bound, separated by ;.", nullable=True, required=False
        ),
        text("from_road_id", "From road", nullable=True),
        text("to_road_id", "To road", nullable=True),
        text(
            "why_not",
            "Why not",
            "Why nobody can follow it as it is mapped; missing where it can be followed.",
            values=("only_at_times", "unknown_value", "members_missing", "via_way"),
            nullable=True,
            required=False,
        ),
        *(
            text(tag, tag, "As tagged on the barrier.", nullable=True, required=False)
            for tag in (
                "access",
                "vehicle",
                "motor_vehicle",
                "motorcar",
                "motorcycle",
                "bicycle",
                "foot",
            )
        ),
    ),
    may_lack_geometry=True,
)
BOUNDARIES = Table(
    "boundaries",
    "Boundaries",
    ("boundary_id",),
    "Polygon",
    (
        text("boundary_id", "Boundary", unique=True),
        *_NAMES,
        Field(
            "admin_level", "whole", "Level", "Administrative level of the source; larger is smaller ground."
        ),
        Field("is_unit", "flag", "Township of the study", "True where results are summed over it."),
    ),
)
WATER = Table(
    "water",
    "Water",
    ("water_id",),
    "Any",
    (
        text("water_id", "Water", unique=True),
        text("name", "Name", nullable=True, required=False),
        text("kind", "Kind", "river, stream, lake, sea ..."),
        Field(
            "is_barrier", "flag", "Barrier", "True where it cannot be waded: no walk to the road crosses it."
        ),
    ),
)
AREA = Table(
    "study_area",
    "Study area",
    ("area_id",),
    "Polygon",
    (text("area_id", "Area", unique=True), text("name", "Name", nullable=True)),
)
ACCOUNT = Table(
    "population_account",
    "Where the people went",
    ("item",),
    None,
    (
        text(
            "item",
            "Item",
            "raster_total, allocated, outside, nodata, too_far ...; group: before it for the raster of a group.",
        ),
        number("persons", "People", "persons", nullable=False),
        number("cells", "Cells", "cells", nullable=False),
        text("detail", "Detail"),
    ),
)
COUNTS = Table(
    "counts",
    "What was read",
    ("source", "item"),
    None,
    (text("source", "Source"), text("item", "Item"), number("number", "Number", "", nullable=False)),
)
FLOWS = Table(
    "flows",
    "Observed flows",
    ("from_id", "to_id", "kind"),
    None,
    (
        text("from_id", "From"),
        text("to_id", "To"),
        text("kind", "Kind", "people, parcels ..."),
        number("volume", "Volume", "a year"),
    ),
)
PROVENANCE = Table(
    "provenance",
    "Sources",
    ("path",),
    None,
    (
        text("path", "File", "Below the raw root."),
        text("origin", "Origin", "Who made it; 'unknown' where nobody says."),
        text("licence", "Licence"),
        text("vintage", "Vintage", "The date that it describes."),
        text("sha256", "SHA-256"),
        text("address", "Address", "Where it was fetched from, or 'unknown'."),
        text("issue", "Known issue", "A known fault of the source; empty where none is known."),
    ),
)
KNOWN_ISSUES = Table(
    "known_issues",
    "Known issues",
    ("path", "number"),
    None,
    (
        text("path", "File", "Below the raw root."),
        Field("number", "whole", "Number", "Of the issue among those of the file."),
        text("issue", "Known issue", "In the language in which it was written."),
        text(
            "issue_kind",
            "Stated as",
            "declared: a table of source.toml; plain_text: free text there; noticed: found on reading the file.",
            values=ISSUE_KIND,
        ),
        text("affects", "Affects", "Kinds of data and services, joined by ;, empty where nobody says."),
        text("forbids", "Forbids", "comparison, ranking, joined by ;, empty for neither."),
        text("areas", "Areas", "Names or codes of boundaries, joined by ;, empty for none."),
        text("notice", "Notice", "Key of the message in every language; empty unless noticed."),
        text(
            "notice_values", "Values of the notice", "What the message holds, as JSON; empty unless noticed."
        ),
    ),
)


# Tables of official numbers of people by unit, and of ours beside them.

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


# How much of what there is a study knows: facilities in list, on map and by official count, service by service.

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
            shown="decimal",
        ),
        number(
            "estimated_lower",
            "Estimated number, lower",
            "facilities",
            "Of the 95 % interval.",
            shown="decimal",
        ),
        number(
            "estimated_upper",
            "Estimated number, upper",
            "facilities",
            "Of the 95 % interval.",
            shown="decimal",
        ),
        number(
            "completeness_lower",
            "Completeness, lower",
            "",
            "Share of all there are; above 1 where we have more than the official number; NaN = unknown.",
            shown="share",
        ),
        number("completeness_upper", "Completeness, upper", "", "As the lower one.", shown="share"),
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
