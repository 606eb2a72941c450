"""Tables of the access engine beyond the nearest facility: measures, areas, certainty, cells, off the roads."""

from __future__ import annotations

from spatial.tables.contract import Field, Table, number, text
from spatial.tables.inputs import SETTLEMENTS
from spatial.tables.results import ACCESS
from spatial.tables.words import CLASS_CHANGE, MEASURE_STATUS, REACH_STATUS, SPEED_STATUS, WET_STATUS

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
        number(
            "value",
            "Value",
            "",
            "In the unit of the row; 0 where nothing is reached, NaN where nobody's number is known.",
        ),
        text("unit", "Unit"),
        text("status", "Status", values=MEASURE_STATUS),
        text("decay", "Decay", "How a facility counts for less with time.", nullable=True),
        Field("facilities_reached", "whole", "Facilities reached"),
        text(
            "supply_basis",
            "Supply",
            "The column that it is from, or count where each facility counts one. Missing where none exists.",
            nullable=True,
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
_BY_ONE = (
    ("speed_low_min", "Faster roads"),
    ("speed_high_min", "Slower roads"),
    ("walk_low_min", "Shorter, faster walk"),
    ("walk_high_min", "Longer, slower walk"),
    ("entry_low_min", "Best entry to the network"),
    ("entry_high_min", "Nearest entry only"),
    ("season_low_min", "Dry season"),
    ("season_high_min", "Wet season"),
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
        text(
            "speed_status",
            "Speeds",
            "uncalibrated: the range is assumed; compared: it is measured on observed times; calibrated: speeds are "
            "fitted to such times too.",
            values=SPEED_STATUS,
            required=False,
        ),
        *(number(name, title, "min", "By this assumption alone.", required=False) for name, title in _BY_ONE),
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
        number("within_low_persons", "People within, at best", "persons", required=False),
        number("within_high_persons", "People within, at worst", "persons", required=False),
        Field("unknown_places", "whole", "Places without a number of people", required=False),
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
        number("unclassified_persons", "People neither urban nor rural", "persons", required=False),
        Field("cells", "whole", "Cells", required=False),
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
        number("half_width_m", "Half width of the strip along roads", "m", required=False),
        number("hull_m", "Gaps closed up to", "m", required=False),
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
_SIZE = (
    number("cell_width_m", "Width of the cell", "m", required=False),
    number("cell_height_m", "Height of the cell", "m", required=False),
)
CELLS = Table(
    "cells", "Cells of people", SETTLEMENTS.key, SETTLEMENTS.geometry, (*SETTLEMENTS.fields, *_SIZE)
)
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
_NO_WAY = "NaN where there is no way."
_ERROR = "Modelled less observed, as minutes or as a share of the observed ones: below 0 where the model is too fast."
_PEOPLE = number("population_persons", "People", "persons")
_IN_STUDY = Field("in_study", "flag", "In the study area")
_UNKNOWN_PLACES = Field(
    "unknown_places", "whole", "Places of unknown people", "Their people count as nobody."
)
SCENARIO_ACCESS = Table(
    "scenario_access",
    "What scenarios change",
    ("scenario", "settlement_id", "service", "mode"),
    None,
    (
        text("scenario", "Scenario"),
        *_WHO,
        number("before_min", "Before", "min", _NO_WAY),
        number("after_min", "After", "min", _NO_WAY),
        number("difference_min", "After less before", "min", "NaN where either has no way.", minimum=None),
        text("before_status", "Status before", values=REACH_STATUS),
        text("after_status", "Status after", values=REACH_STATUS),
        number(
            "cutoff_min",
            "Cutoff",
            "min",
            "That of the headline norm, else the longest of the study.",
            nullable=False,
        ),
        Field("within_before", "flag", "Within the cutoff before"),
        Field("within_after", "flag", "Within the cutoff after"),
        text("class_change", "Class", values=CLASS_CHANGE),
        _PEOPLE,
        _IN_STUDY,
    ),
)
SCENARIO_PEOPLE = Table(
    "scenario_people",
    "Who gains and loses by scenarios",
    ("scenario", "service", "mode", "cutoff_min"),
    None,
    (
        text("scenario", "Scenario"),
        text("service", "Service"),
        text("mode", "Mode"),
        number("cutoff_min", "Cutoff", "min", nullable=False),
        Field("is_class", "flag", "Cutoff of the classes", "The one that the table scenario_access uses."),
        number("persons", "People", "persons"),
        number("within_before_persons", "People within before", "persons"),
        number("within_after_persons", "People within after", "persons"),
        number("gained_persons", "People who gain", "persons"),
        number("lost_persons", "People who lose", "persons"),
        Field("gained_places", "whole", "Places that gain"),
        Field("lost_places", "whole", "Places that lose"),
        number(
            "saved_person_min",
            "Minutes saved by all people",
            "min",
            "One journey each, of those with a way in both.",
            minimum=None,
        ),
        _UNKNOWN_PLACES,
    ),
)
EMERGENCY_RESPONSE = Table(
    "emergency_response",
    "Response of crews",
    ("settlement_id", "service", "mode"),
    None,
    (
        *_WHO,
        text("station_id", "Station", "The one with the shortest response.", nullable=True),
        number("mobilisation_min", "Mobilisation", "min", "As stated; NaN where no station can come."),
        number("drive_min", "Drive from the station", "min", _NO_WAY),
        number("response_min", "Response", "min", "Mobilisation and drive; NaN where no station can come."),
        number("target_met_min", "Shortest target met", "min", "NaN where none is met."),
        text("reach_status", "Reach status", values=REACH_STATUS),
        _PEOPLE,
        _IN_STUDY,
    ),
)
EMERGENCY_PEOPLE = Table(
    "emergency_people",
    "People within response targets",
    ("service", "mode", "target_min"),
    None,
    (
        text("service", "Service"),
        text("mode", "Mode"),
        number("target_min", "Target", "min", nullable=False),
        number("within_persons", "People within", "persons"),
        number("beyond_persons", "People beyond", "persons"),
        Field("within_places", "whole", "Places within"),
        Field("beyond_places", "whole", "Places beyond"),
        _UNKNOWN_PLACES,
    ),
)
CALIBRATION_FACTORS = Table(
    "calibration_factors",
    "Fitted speeds",
    ("mode", "group"),
    None,
    (
        text("mode", "Mode"),
        text("by", "Classes by", values=("road_class", "surface")),
        text("group", "Class of road"),
        number("factor", "Factor on the speed", "", nullable=False),
        Field("applied", "flag", "Used by the study"),
    ),
)
CALIBRATION_ERRORS = Table(
    "calibration_errors",
    "Modelled against observed times",
    ("mode", "half", "stage", "by", "group"),
    None,
    (
        text("mode", "Mode"),
        text("half", "Half", "fit: used for the fit; test: kept aside.", values=("fit", "test")),
        text(
            "stage", "Speeds", "before: as the table has them; after: as fitted.", values=("before", "after")
        ),
        text("by", "Grouped by", values=("all", "distance", "class")),
        text("group", "Group"),
        Field("n", "whole", "Observations"),
        *(
            number(f"{name}_{unit}", title, "min" if unit == "min" else "", _ERROR, minimum=None)
            for unit, of in (("min", ""), ("share", ", share"))
            for name, title in (
                ("median_error", f"Median error{of}"),
                ("p05_error", f"Error that 5 % fall below{of}"),
                ("p95_error", f"Error that 95 % fall below{of}"),
            )
        ),
        number("mean_absolute_min", "Mean absolute error", "min"),
    ),
)
CALIBRATION_OBSERVATIONS = Table(
    "calibration_observations",
    "Observed times",
    ("observation",),
    None,
    (
        text("observation", "Observation", "Its row in the file, from 1."),
        text("mode", "Mode"),
        number("observed_min", "Observed", "min", nullable=False),
        text("half", "Half", "fit: used for the fit; test: kept aside.", values=("fit", "test", "unused")),
        text("reason", "Why it is unused", "not_snapped, no_path, or no_road.", nullable=True),
        number("modelled_before_min", "Modelled, speeds of the table", "min"),
        number("modelled_after_min", "Modelled, fitted speeds", "min"),
        number("error_before", "Error, speeds of the table", "", _ERROR, minimum=None),
        number("error_after", "Error, fitted speeds", "", _ERROR, minimum=None),
        number("distance_m", "Length of the way", "m"),
        text("dominant_class", "Class of most minutes", nullable=True),
    ),
)
