"""Tables of the access engine beyond the nearest facility: measures, areas, certainty, cells, off the roads."""

from __future__ import annotations

from spatial.tables.contract import Field, Table, number, text
from spatial.tables.ground import SETTLEMENTS
from spatial.tables.results import ACCESS
from spatial.tables.words import MEASURE_STATUS, REACH_STATUS, WET_STATUS

__all__ = [
    "CATCHMENTS",
    "CELLS",
    "CELL_ACCESS",
    "FACILITY_USE",
    "INTERVALS",
    "INTERVAL_PEOPLE",
    "ISOCHRONES",
    "MEASURES",
    "OFF_ROAD",
    "RURAL_ACCESS",
    "SERVED",
    "WET_LOSSES",
]

_WHO = (text("settlement_id", "Settlement"), text("service", "Service"), text("mode", "Mode"))
_GROUP = text("group", "Group", "everybody, or a group of the study with a walk of its own.")

MEASURES = Table(
    "measures",
    "Measures of access",
    ("settlement_id", "service", "mode", "group", "measure"),
    None,
    (
        *_WHO,
        _GROUP,
        text("measure", "Measure", "Such as e2sfca, gravity or cumulative_30_min."),
        number("value", "Value", "", "In the unit of the row; 0 where nothing is reached."),
        text("unit", "Unit"),
        text("status", "Status", values=MEASURE_STATUS),
        text("decay", "Decay", "How a facility counts for less with time.", nullable=True),
        Field("facilities_reached", "whole", "Facilities reached"),
        text(
            "supply_basis", "Supply", "The column that it is from, or count where each facility counts one."
        ),
        Field(
            "edge_risk", "flag", "Edge risk", "True where people beyond the study area may compete unseen."
        ),
    ),
)
FACILITY_USE = Table(
    "facility_use",
    "Supply and people around facilities",
    ("facility_id", "service", "mode", "group", "measure"),
    None,
    (
        text("facility_id", "Facility"),
        text("service", "Service"),
        text("mode", "Mode"),
        _GROUP,
        text("measure", "Measure"),
        number("supply", "Supply", ""),
        text(
            "supply_basis", "Supply", "The column that it is from, or count where each facility counts one."
        ),
        number("demand_persons", "People weighted by time", "persons"),
        number("ratio", "Supply over people", "", "0 where nobody is in the catchment."),
        text("unit", "Unit"),
        Field("unused", "flag", "Nobody in reach"),
    ),
)
SERVED = Table(
    "served",
    "Served, full, not reached",
    ("settlement_id", "service", "mode"),
    None,
    (
        *_WHO,
        number("served_persons", "People served", "persons"),
        number("full_persons", "People who reach only full facilities", "persons"),
        number("not_reached_persons", "People who reach none", "persons"),
    ),
)
INTERVALS = Table(
    "intervals",
    "How sure times are",
    ("settlement_id", "service", "mode"),
    None,
    (
        *_WHO,
        number("low_min", "At best", "min", "NaN where there is no way."),
        number("base_min", "As assumed", "min", "NaN where there is no way."),
        number("high_min", "At worst", "min", "NaN where there is no way."),
        text("interval_status", "Status", values=(*REACH_STATUS, "sometimes_reached")),
        text("main_factor", "What matters most", "speed, walk, entry or season.", nullable=True),
        number("main_factor_min", "Width by it alone", "min"),
    ),
)
INTERVAL_PEOPLE = Table(
    "interval_people",
    "How sure coverage is",
    ("service", "mode", "cutoff_min", "factor"),
    None,
    (
        text("service", "Service"),
        text("mode", "Mode"),
        number("cutoff_min", "Cutoff", "min", nullable=False),
        text("factor", "Factor", "speed, walk, entry or season alone, or all of them."),
        number("within_base_persons", "People within, as assumed", "persons"),
        number("beyond_low_persons", "People beyond, at best", "persons"),
        number("beyond_base_persons", "People beyond, as assumed", "persons"),
        number("beyond_high_persons", "People beyond, at worst", "persons"),
        number("class_changes_persons", "People whose class may change", "persons"),
        Field("class_changes_places", "whole", "Places whose class may change"),
    ),
)
WET_LOSSES = Table(
    "wet_losses",
    "What the wet season takes",
    ("settlement_id", "service", "mode"),
    None,
    (
        *_WHO,
        number("dry_min", "In the dry", "min", "NaN where none is reached."),
        number("wet_min", "In the wet", "min", "NaN where none is reached."),
        number("slower_min", "Slower by", "min", "NaN where one is missing.", minimum=None),
        text("wet_status", "In the wet", values=WET_STATUS),
        text("wet_reach_status", "Why it is lost", values=REACH_STATUS),
        Field("facility_changes", "flag", "Another facility is nearest"),
        number("population_persons", "People", "persons"),
        Field("in_study", "flag", "In the study area"),
    ),
)
RURAL_ACCESS = Table(
    "rural_access",
    "Rural Access Index",
    ("unit_level", "unit_id"),
    None,
    (
        text("unit_level", "Level", values=("study", "zone", "outside")),
        text("unit_id", "Unit"),
        text("name", "Name", nullable=True, required=False),
        number("rai_lower", "Index, roads known to be all-season", "", maximum=1.0),
        number("rai_upper", "Index, roads not known to fail", "", maximum=1.0),
        number("population_persons", "People", "persons"),
        number("rural_persons", "Rural people", "persons"),
        number("urban_persons", "Urban people", "persons"),
        number("served_persons_lower", "Served at least", "persons"),
        number("served_persons_upper", "Served at most", "persons"),
        number("imputed_share", "Share of road length of unknown surface", "", maximum=1.0),
        number(
            "distance_m",
            "Distance",
            "m",
            "Straight line within which a road serves; inclusive.",
            nullable=False,
        ),
        Field("urban_masked", "flag", "Urban people left out", "False: everybody counts as rural."),
    ),
)
ISOCHRONES = Table(
    "isochrones",
    "Within reach",
    ("service", "mode", "cutoff_min"),
    "Polygon",
    (
        text("service", "Service"),
        text("mode", "Mode"),
        text("direction", "Direction"),
        number("cutoff_min", "Within", "min", nullable=False),
        number("reached_km", "Roads within reach", "km"),
        number("area_km2", "Area", "km2"),
        number("walk_on_top_min", "Walk from the edge, not included", "min"),
    ),
    may_lack_geometry=True,  # nothing may be within reach
)
CATCHMENTS = Table(
    "catchments",
    "Nearest facility",
    ("facility_id", "service", "mode"),
    "Polygon",
    (
        text("facility_id", "Facility"),
        text("service", "Service"),
        text("mode", "Mode"),
        text("direction", "Direction"),
        number("reached_km", "Roads nearest to it", "km"),
        number("longest_min", "Longest way", "min", "NaN where no road is its own."),
        number("area_km2", "Area", "km2"),
        number("population_persons", "People", "persons", "NaN without a population raster."),
    ),
    may_lack_geometry=True,  # another facility may be nearer everywhere
)
CELLS = Table("cells", "Cells of people", SETTLEMENTS.key, SETTLEMENTS.geometry, SETTLEMENTS.fields)
CELL_ACCESS = Table("cell_access", "Access of cells", ACCESS.key, None, ACCESS.fields)
OFF_ROAD = Table(
    "off_road",
    "Off the roads",
    ("settlement_id", "service"),
    None,
    (
        text("settlement_id", "Settlement"),
        text("service", "Service"),
        text("facility_id", "Nearest facility", nullable=True),
        number("travel_time_min", "Travel time over open ground", "min", "NaN with a status that says why."),
        text("reach_status", "Reach status", values=REACH_STATUS),
    ),
)
