"""Tables of what was computed: network, snaps, access, last mile, norms, gaps, what people should look at and sign."""

from __future__ import annotations

from spatial.tables.contract import Field, Table, number, text
from spatial.tables.inputs import UNIT
from spatial.tables.words import (
    GATE,
    LAST_MILE,
    NORM_CLASS,
    NORM_STATUS,
    REACH_STATUS,
    REMEDY,
    SIGN_OFF_KIND,
    SIGN_OFF_STATUS,
    SNAP_STATUS,
)

# Tables of what was computed: network, snaps, access, last mile, norms, gaps, and what people should look at.

_FINDINGS_FIELDS = (
    text("finding_id", "Finding", unique=True),
    text(
        "kind",
        "Kind",
        "merged_duplicate, ambiguous_duplicate, unreadable_population, unsnapped, small_component ...",
    ),
    text("subject_id", "Subject", "The settlement, facility, road or cell concerned.", nullable=True),
    text("other_id", "Other", "The second party, such as the record it was merged into.", nullable=True),
    text("detail", "Detail", "What was found, in plain words."),
    number("distance_m", "Distance", "m"),
    text(
        "notice_values",
        "Values of the notice",
        "What the message of its kind holds, as JSON; missing where the detail is said in English alone.",
        nullable=True,
        required=False,
    ),
)
NODES = Table(
    "nodes",
    "Network nodes",
    ("mode", "node_id"),
    "Point",
    (
        text("mode", "Mode"),
        Field("node_id", "whole", "Node", "Position in the mode's graph, from 0."),
        text("source_id", "Source id", nullable=True),
        Field("component", "whole", "Component", "0 is the longest."),
    ),
)
EDGES = Table(
    "edges",
    "Network edges",
    ("mode", "edge_id"),
    "LineString",
    (
        text("mode", "Mode"),
        text("edge_id", "Edge", "road_id/piece."),
        text("road_id", "Road"),
        text("road_class", "Road class"),
        text("surface", "Surface", nullable=True),
        Field("from_node", "whole", "From node"),
        Field("to_node", "whole", "To node"),
        number("length_m", "Length", "m", nullable=False),
        number("speed_km_h", "Speed", "km/h", nullable=False),
        number("time_forward_min", "Time forwards", "min", "NaN = closed in that direction."),
        number("time_backward_min", "Time backwards", "min", "NaN = closed in that direction."),
        text("speed_source", "Speed source", "stated, maxspeed (tagged) or class (imputed)."),
        Field("is_bridge", "flag", "Bridge"),
        Field("is_tunnel", "flag", "Tunnel"),
        text("all_season", "All-season", "yes, no or unknown.", values=("yes", "no", "unknown")),
        Field(
            "is_snappable", "flag", "May be entered", "False on bridges, tunnels and controlled-access roads."
        ),
        Field("component", "whole", "Component", "0 is the longest."),
        number("component_km", "Component length", "km", nullable=False),
        number(
            "layer",
            "Layer",
            "",
            "Of a network that combines modes: 0 is the first, -1 a change between them; missing where there is one.",
            minimum=-1.0,
            required=False,
        ),
        number(
            "before_edge",
            "Edge before",
            "",
            "Of a scenario with new roads: the edge of today that it is or is cut from, by place in the mode's graph, "
            "from 0; missing for a new one.",
            required=False,
        ),
        number(
            "before_component_km",
            "Component length before",
            "km",
            "Of a scenario with new roads: length of the component that it is in today; missing for a new one.",
            required=False,
        ),
    ),
)
SNAPS = Table(
    "snaps",
    "Snaps",
    ("place_id", "place_kind", "mode"),
    "LineString",
    (
        text("place_id", "Place", "A settlement_id or facility_id."),
        text("place_kind", "Kind of place", values=("settlement", "facility")),
        text("mode", "Mode"),
        text(
            "edge_id",
            "Edge",
            "The best of the candidates: the nearest edge on the way that is used.",
            nullable=True,
        ),
        number("fraction", "Fraction", "", "Share of the edge before the foot point.", maximum=1.0),
        number("snap_distance_m", "Snap distance", "m", "Straight line to the foot point."),
        number("snap_time_min", "Snap time", "min", "Walk to the foot point."),
        text("snap_status", "Snap status", values=SNAP_STATUS),
    ),
    may_lack_geometry=True,  # a place that is not joined to the network has no line
)
ACCESS = Table(
    "access",
    "Access",
    ("settlement_id", "service", "mode"),
    None,
    (
        text("settlement_id", "Settlement"),
        text("service", "Service", "A service, or the tier of a town."),
        text("mode", "Mode"),
        text(
            "facility_id", "Nearest facility", "A facility_id, or the settlement_id of a town.", nullable=True
        ),
        number(
            "travel_time_min", "Travel time", "min", "Door to door; NaN with a reach_status that says why."
        ),
        number("access_leg_min", "Walk to the network", "min"),
        number("network_leg_min", "On the network", "min"),
        number("egress_leg_min", "Walk from the network", "min"),
        number("network_distance_m", "Network distance", "m", "Along the fastest way, both walks included."),
        number(
            "shortest_distance_m",
            "Shortest network distance",
            "m",
            "Along the shortest way to any facility, for services that a norm in metres of road asks for.",
            required=False,
        ),
        number(
            "straight_distance_m",
            "Straight distance to the nearest facility",
            "m",
            "To the nearest facility as the crow flies, which may be another one.",
        ),
        text("second_facility_id", "Second nearest facility", nullable=True),
        number("second_travel_time_min", "Time to the second nearest", "min"),
        text("reach_status", "Reach status", values=REACH_STATUS),
        Field(
            "edge_risk",
            "flag",
            "Edge risk",
            "True where the way out of the mapped area is shorter than the way to the facility.",
        ),
    ),
)
ACCESS_COUNTS = Table(
    "access_counts",
    "Facilities within the cutoffs",
    ACCESS.key,
    None,
    (*ACCESS.fields[:3],),
)
LAST_MILE_TABLE = Table(
    "last_mile",
    "Last mile",
    ("settlement_id",),
    None,
    (
        text("settlement_id", "Settlement"),
        number(
            "all_season_road_distance_m",
            "Distance to an all-season road",
            "m",
            "Straight line; roads not known to fail count. NaN = none.",
        ),
        number(
            "known_all_season_road_distance_m",
            "Distance to a road known to be all-season",
            "m",
            "NaN = none is known.",
        ),
        number("all_season_road_min", "Walk to an all-season road", "min"),
        text("last_mile_class", "Last-mile class", values=LAST_MILE),
        text("last_mile_class_known", "Last-mile class, known roads only", values=LAST_MILE),
        number(
            "last_mile_share",
            "Share of the last mile",
            "",
            "Walk to the road as a share of the way to the nearest town.",
            maximum=1.0,
        ),
        number("parcel_point_min", "Minutes to a parcel point", "min"),
        number("bus_stop_min", "Minutes to a bus stop", "min"),
        number("telecom_min", "Minutes to a telecom point", "min"),
        number(
            "known_all_season_road_min",
            "Walk to a road known to be all-season",
            "min",
            "NaN = none is known.",
            required=False,
        ),
        number(
            "parcel_point_distance_m", "Way to a parcel point", "m", "Both walks included.", required=False
        ),
        number("bus_stop_distance_m", "Way to a bus stop", "m", "Both walks included.", required=False),
        number("telecom_distance_m", "Way to a telecom point", "m", "Both walks included.", required=False),
    ),
)
ROUTES = Table(
    "routes",
    "Routes to the nearest facility",
    ("settlement_id", "service", "mode"),
    "LineString",
    (
        text("settlement_id", "Settlement"),
        text("service", "Service"),
        text("mode", "Mode"),
        text("facility_id", "Facility"),
        number("travel_time_min", "Travel time", "min"),
        number("network_distance_m", "Length", "m"),
        text("edge_ids", "Edges", "In the order travelled, separated by blanks."),
    ),
)
NORM_RESULTS = Table(
    "norm_results",
    "Norm results",
    ("unit_level", "unit_id", "norm_id"),
    None,
    (
        text("norm_id", "Norm"),
        text("unit_level", "Level", values=("study", "township", "settlement")),
        text("unit_id", "Unit"),
        text("service", "Service"),
        text("norm_class", "Class", values=NORM_CLASS),
        text("status", "Status", values=NORM_STATUS),
        text(
            "status_as_mapped",
            "Status as mapped",
            "Judged as if the map held every facility.",
            values=NORM_STATUS,
        ),
        text(
            "judged_if",
            "Judged if",
            "Condition under which a norm that is no gate is judged where nobody counted the people of some places: "
            "people_at_most:village:812 = no such village has more people than the largest known one, 812. Empty where "
            "the status holds without.",
            required=False,
        ),
        text("reason", "Reason", "Why it is not applicable or not measurable, or why it does not gate."),
        text("gate", "Mandatory", values=GATE),
        number(
            "value",
            "Measured value",
            "",
            "For one settlement: minutes, metres or facilities, in the norm's unit.",
        ),
        text(
            "share_of",
            "Share of",
            "What the shares are shares of: places where the norm counts places, or where no people are known.",
            values=("persons", "places"),
            required=False,
        ),
        number("threshold", "Threshold", "", "In the norm's unit, as the study adopted it.", required=False),
        number("target_share", "Target share", "", "As the study adopted it.", maximum=1.0, required=False),
        number(
            "served_share",
            "Share served",
            "",
            "As mapped; of the people in scope that were measured, or of the places.",
            maximum=1.0,
        ),
        number(
            "estimated_share",
            "Share estimated",
            "",
            "Of the people of the group that the norm counts; NaN where it counts everybody or places.",
            maximum=1.0,
            required=False,
        ),
        number("served_share_lower", "Share served, lower bound", "", maximum=1.0),
        number("served_share_upper", "Share served, upper bound", "", maximum=1.0),
        number("attainment", "Attainment", "", maximum=1.0),
        number("shortfall", "Shortfall", "", maximum=1.0),
        number(
            "depth_fgt0",
            "Share beyond the norm",
            "",
            "Foster, Greer and Thorbecke; depth is 0 at the threshold, 1 at the fail point; as mapped.",
            maximum=1.0,
            required=False,
        ),
        number(
            "depth_fgt1",
            "Mean depth of the gap",
            "",
            "Foster, Greer and Thorbecke; depth is 0 at the threshold, 1 at the fail point; as mapped.",
            maximum=1.0,
            required=False,
        ),
        number(
            "depth_fgt2",
            "Mean squared depth of the gap",
            "",
            "Foster, Greer and Thorbecke; depth is 0 at the threshold, 1 at the fail point; as mapped.",
            maximum=1.0,
            required=False,
        ),
        number("persons_to_serve", "People to serve to reach the target", "persons", required=False),
        number("persons_in_scope", "People in scope", "persons"),
        number("persons_served", "People within the norm", "persons"),
        number("persons_unserved", "People beyond the norm", "persons"),
        number("persons_unknown", "People not measured", "persons"),
        number("places_in_scope", "Places in scope", "places"),
        number("places_served", "Places within the norm", "places"),
        number("places_unserved", "Places beyond the norm", "places"),
        number("places_unknown", "Places not measured", "places"),
    ),
)
GAPS = Table(
    "gaps",
    "Gaps",
    ("settlement_id", "norm_id"),
    "Point",
    (
        Field("rank", "whole", "Rank", "1 is the gap of the most people."),
        text("settlement_id", "Settlement"),
        text("norm_id", "Norm"),
        text("service", "Service"),
        text("norm_class", "Class"),
        number("value", "Measured value", "", "In the norm's unit; NaN = none reached."),
        number("threshold", "Threshold", ""),
        text("unit", "Unit"),
        number("excess", "Beyond the norm by", "", "In the norm's unit; NaN = none reached."),
        number("persons_unserved", "People concerned", "persons"),
        Field("is_near_miss", "flag", "Near miss", "Within five minutes of the norm."),
        text("status", "Status", values=NORM_STATUS),
        text("reach_status", "Reach status", values=REACH_STATUS),
        text(
            "remedy",
            "Remedy",
            "mobile_service for a village that is to be relocated, which gets no new site or road.",
            values=REMEDY,
        ),
        *UNIT,
    ),
)
FINDINGS = tuple(
    Table(name, title, ("finding_id",), "Any", _FINDINGS_FIELDS)
    for name, title in (
        ("findings_read", "Findings of reading"),
        ("findings_population", "Findings on people"),
        ("findings_network", "Findings on the network"),
        ("findings_access", "Findings on access"),
        ("findings_off_road", "Findings off the roads"),
        ("findings_scenarios", "Findings on scenarios"),
    )
)


# The table that is signed: our totals against the official ones, what was imputed, gates that hang on one record.

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
        number(
            "difference", "Difference", "", "Ours less the official number.", minimum=None, shown="signed"
        ),
        number(
            "difference_share",
            "Difference, share",
            "",
            "Of the official number; NaN where that is 0 or not declared.",
            minimum=None,
            shown="signed_share",
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
