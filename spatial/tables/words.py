"""The only values that status columns may have."""

from __future__ import annotations

TIERS = ("village", "town", "county_seat", "city")
REACH_STATUS = ("reached", "beyond_cutoff", "no_path", "not_snapped", "no_facility", "unknown")
SNAP_STATUS = ("ok", "far", "none")
NORM_STATUS = ("met", "not_met", "not_applicable", "not_measurable")
NAMES = ("name", "name_en", "name_zh")
"""Columns that hold what a place is called: as written there, in English, in Chinese."""
FACILITY_STATUS = ("existing", "candidate", "closed")
JUDGED = ("met", "not_met")
"""Statuses of a norm that was measured."""
NORM_CLASS = ("mandatory", "guiding", "authorised")
"""Legal force of a norm, the strongest first."""
GATE = ("pass", "fail", "unknown", "none_applicable")
TENURE = ("state", "collective", "homestead", "private")
"""Whose an idle building or plot is; a homestead is a rural household's plot of collective land."""
CONSTRAINT_KIND = ("permanent_farmland", "ecological_red_line", "development_boundary", "hazard")
"""What an area says about building there; inside a development boundary is wanted, inside the others is not."""
CONSTRAINT_EFFECT = ("exclude", "flag")
FIELD_CHECK = ("as_mapped", "otherwise", "not_there", "moved", "not_reached")
"""What somebody found who went there."""
PLAN_QUESTION = ("sites", "unit_sites", "links", "roads", "matching", "none")
"""What is planned: sites within reach, one in each unit, links to a town, roads of a class, or room for whom."""
PLAN_STATUS = ("optimal", "feasible", "nothing_helps", "not_planned")
PLAN_REASON = (
    "", "others_first", "from_memory", "no_model", "met", "not_measured", "no_capacity", "shared", "no_group",
)  # fmt: skip
PLAN_ACTION = ("open_site", "build_link", "upgrade_road", "share_room", "enlarge_site", "close_site")
PLAN_STATE = ("proposed", "agreed", "built", "dropped")
"""What people wrote of an action, in a list that they keep."""
PLAN_SOURCE = ("settlements", "planned", "idle", "list", "grid", "links")
"""Where sites and links come from that plans may take."""
PLAN_REFUSED = (
    "service_not_allowed", "too_small", "outside_land", "on_water", "far_from_network", "no_network", "doubled",
    "excluded", "no_corridor",
)  # fmt: skip
"""Why a site or link is no candidate of a plan; ``excluded`` by an area of constraint."""
PLAN_OUTCOME = ("within", "gained", "beyond", "none_reached", "unknown")
PROFILE_STATUS = (
    "measured", "at_least", "people_unknown", "no_group", "no_facility", "no_path", "not_snapped", "no_flows",
    "no_township",
)  # fmt: skip
REMEDY = ("site_or_road", "mobile_service")
LAST_MILE = ("connected", "near", "gap", "none", "unknown")
MEASURE_STATUS = ("reached", "beyond_cutoff", "no_pair", "no_facility", "people_unknown")
WET_STATUS = ("kept", "slower", "lost", "not_served", "unknown")
CLASS_CHANGE = ("gained", "lost", "same")
SPEED_STATUS = ("uncalibrated", "compared", "calibrated")
SIGN_OFF_STATUS = ("ok", "remark", "look", "unknown")
SIGN_OFF_KIND = (
    "people", "villages", "facilities", "road_km", "imputed_speed", "imputed_surface", "modelled_people",
    "unknown_people", "missing_facilities", "rescaled_people", "estimated_group", "units", "group_units", "gate",
    "gates",
)  # fmt: skip
POPULATION_BASIS = ("resident", "registered", "modelled", "listed")
POPULATION_SOURCE = ("raster", "column", "tag", "none", "raster_rescaled", "column_rescaled", "tag_rescaled")
GROUP_SOURCE = ("observed", "raster", "observed_rescaled", "raster_rescaled", "estimated", "none")
NOT_SCALED = (
    "no_official", "no_places", "partly_outside", "people_unknown", "official_zero", "nobody_of_ours",
    "factor_refused",
)  # fmt: skip
"""Why the people of a unit are not scaled to its official number, the first reason first."""
NO_UNIT = "no_unit"
"""Id of the row of settlements that belong to no unit."""
UNIT_SCALING = ("scaled", "not_asked", NO_UNIT, *NOT_SCALED)
ACCESS_CLUSTER = ("good", "bad", "good_among_bad", "bad_among_good", "none", "unknown")
CLUSTER_STATUS = ("measured", "no_access", "no_neighbours", "same_everywhere")
COMPLETENESS_STATUS = ("measured", "no_complete_list", "not_asked")
COMPONENT_STATUS = ("measured", "no_data", "not_defined", "not_asked")
GAP_BAND = ("narrow", "wide", "unknown")
ISSUE_EFFECTS = ("comparison", "ranking")
DECLARED, PLAIN_TEXT, NOTICED = ISSUE_KIND = ("declared", "plain_text", "noticed")
"""Faults of a file that its description declares, or tells in plain text, and what a reader noticed."""
UNKNOWN = "unknown"
"""What the account of the sources says where nobody knows."""
NOTICE = ("notice", "notice_values")
"""Columns that hold the key and the values of a message."""
LEVEL_BAND = ("low", "middle", "high", "low_to_middle", "low_to_high", "middle_to_high", "unknown")
PILLARS = ("structure", "elements", "boundaries", "order")
SCORE_LEFT_OUT = ("", "not_in_force", "not_graded", "not_measured", "nothing_mapped", "not_chosen")
SCORE_SIDE = ("level", "gap")
STUDY, TOWNSHIP, SETTLEMENT = SCORE_UNITS = ("study", "township", "settlement")
"""Levels of units. The whole study is one unit, which is called as its level."""
EVERYBODY = "everybody"
"""The group of all people."""
INEQUALITY_MEASURES = (
    "theil_t", "theil_between", "theil_within", "mean_log_deviation", "gini", "atkinson_0_5", "atkinson_1", "palma",
    "palma_by_rank", "concentration", "erreygers",
)  # fmt: skip
TYPE_BASIS = ("raster", "area", "settlements", "none")
TYPE_REASON = ("", "no_population_grid", "grid_too_coarse", "no_people_known", "no_outline", "outside_grid")
FUA_METHOD = ("fua", "fua_proxy")
FUA_PART = ("city", "commuting_zone", "enclave", "catchment")
TOWN_MEASURES = (
    "rank_size_exponent", "gabaix_ibragimov_exponent", "primacy_two", "primacy_all", "primacy_four",
    "polycentricity_green", "polycentricity_entropy",
)  # fmt: skip
RANK_STATUS = ("ranked", "in_doubt", "not_ranked")
PAIR_STATUS = ("compared", "in_doubt")
MEETS_TARGET = ("yes", "no", "unknown", "no_target")
PRESENCE = ("both", "new", "gone")
ACCESS_CHANGE = ("gained", "lost", "mixed", "same", "within", "beyond", "unknown", "new", "gone")
GATE_TURN = ("same", "passes", "fails", "unknown", "in_force", "out_of_force")
TARGET_TURN = ("same", "now_met", "no_longer_met", "unknown")
FACILITIES_WITHIN = "facilities_within_"
"""Begins the names of the columns that count facilities within a cutoff, such as `facilities_within_30_min`."""


def names_for(language: str) -> tuple[str, ...]:
    """Say which columns name a place to a reader of a language, the one to take first before the others."""
    return tuple(dict.fromkeys((f"name_{language}", *NAMES)))
