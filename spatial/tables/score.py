"""Tables of the score by unit, and of what is town and country: types of settlements, functional areas, towns."""

from __future__ import annotations

from spatial.messages import FALLBACK, Words
from spatial.tables.contract import Field, Table, number, share, text
from spatial.tables.words import (
    ACCESS_CLUSTER,
    CLUSTER_STATUS,
    COMPLETENESS_STATUS,
    COMPONENT_STATUS,
    FUA_METHOD,
    FUA_PART,
    GAP_BAND,
    GATE,
    INEQUALITY_MEASURES,
    LEVEL_BAND,
    PAIR_STATUS,
    PILLARS,
    RANK_STATUS,
    RANKING_METHODS,
    SCORE_LEFT_OUT,
    SCORE_SIDE,
    SCORE_UNITS,
    TOWN_MEASURES,
    TYPE_BASIS,
    TYPE_REASON,
)

# Tables of the score: levels and gaps by unit, their components, and how sure ranks are.

_UNIT = (
    text("unit_level", "Level", values=SCORE_UNITS),
    text("unit_id", "Unit", "A settlement_id, a boundary_id, or 'study'."),
)


def level_of(pillar: str) -> str:
    """Name the level of a pillar as pages name the pillar."""
    return f"Level of {Words(FALLBACK).say('pillar', pillar)}"


FLOW_BALANCES = Table(
    "flow_balances",
    "Flows in and out",
    ("unit_level", "unit_id", "kind"),
    None,
    (
        *_UNIT,
        text("kind", "Kind", "people, parcels ..."),
        number("outward", "Outward", "a year", "From the country to town; for a township, what leaves it."),
        number("inward", "Inward", "a year", "From town to the country; for a township, what comes in."),
        number("net_flow_ratio", "Net flow ratio", "", "(out - in) / (out + in).", minimum=-1.0, maximum=1.0),
        share("balance", "Balance", "1 - |net flow ratio|."),
        share("volume_share", "Volume against target", "At most 1; NaN without a target."),
        share("reciprocity", "Reciprocity", "For the study: what flows back of what flows between the two."),
        number(
            "reciprocity_beyond_chance",
            "Reciprocity beyond chance",
            "",
            "Against places that send and receive as much at random.",
            minimum=None,
        ),
    ),
)
ACCESS_CLUSTERS = Table(
    "access_clusters",
    "Clusters of access",
    ("settlement_id",),
    None,
    (
        text("settlement_id", "Settlement"),
        Field("neighbours", "whole", "Neighbours", "Of the settlement, or of its township."),
        number(
            "local_i",
            "Local Moran's I",
            "",
            "NaN where its access or its neighbours are unknown.",
            minimum=None,
        ),
        number("p_value", "p", "", "Two-sided, from permutations.", maximum=1.0),
        text("cluster", "Cluster", "After correction for many tests.", values=ACCESS_CLUSTER),
        text(
            "cluster_status",
            "Whether it counts",
            "no_neighbours where it reaches no other of known access: left out; same_everywhere where nothing differs.",
            values=CLUSTER_STATUS,
        ),
    ),
)
SCORE_COMPONENTS = Table(
    "score_components",
    "Components of level and gap",
    ("unit_level", "unit_id", "pillar", "side", "component"),
    None,
    (
        *_UNIT,
        text("pillar", "Pillar", values=PILLARS),
        text("side", "Side", "Levels are never averaged with gaps.", values=SCORE_SIDE),
        text("component", "Component"),
        number(
            "value",
            "Value",
            "",
            "Levels 0-1, of those of whom it is known; gaps in their own unit; NaN where status says why.",
            minimum=None,
            shown="index",
        ),
        share(
            "low",
            "At worst",
            "Of a level, if whatever is unknown were missing; the value where all is known.",
        ),
        share("high", "At best", "Of a level, if whatever is unknown were there."),
        text("unit", "Unit", "share, min, ratio, index or count."),
        number(
            "target",
            "Integration target",
            "",
            "Of a gap; NaN for levels and gaps without one.",
            minimum=None,
            shown="index",
        ),
        text("meets_target", "Meets it", values=("yes", "no", "unknown", "no_target")),
        number(
            "persons",
            "People behind it",
            "persons",
            "Who are known to lack what the component asks for; NaN where not counted.",
        ),
        number(
            "persons_known",
            "People of whom it is known",
            "persons",
            "Of shares of people: the base of the value; NaN where not counted.",
        ),
        number(
            "persons_unknown",
            "People of whom nobody knows",
            "persons",
            "Of shares of people: between at worst and at best; NaN where not counted.",
        ),
        text("detail", "Detail", "The worst group, the road, the norm ...; empty where there is none."),
        text("component_status", "Status", values=COMPONENT_STATUS),
    ),
)
SCORES = Table(
    "scores",
    "Integration level and segmentation gap",
    ("unit_level", "unit_id"),
    None,
    (
        *_UNIT,
        text("name", "Name", nullable=True),
        number("population_persons", "Population", "persons", "NaN where nobody's number is known."),
        Field("places", "whole", "Places"),
        *(share(f"level_{pillar}", level_of(pillar), "NaN where nothing measures it.") for pillar in PILLARS),
        share("integration_level", "Integration level", "Geometric mean of the levels that are known."),
        share("integration_level_arithmetic", "The same, arithmetic", "For comparison."),
        share("level_low", "Level at worst", "Missing pillars at 0.01, whatever else is unknown as missing."),
        share("level_high", "Level at best", "Missing pillars at 1, whatever else is unknown as there."),
        Field("missing_pillars", "whole", "Missing pillars"),
        share("segmentation_index", "Segmentation index", "0 = not segmented; NaN where no term exists."),
        text("segmentation_terms", "Terms", "Terms of the index that exist, joined by ;."),
        Field("gaps_met", "whole", "Gaps within their target"),
        Field("gaps_measured", "whole", "Gaps measured against a target"),
        text("mandatory_status", "Mandatory norms", values=GATE),
        Field("gates_passed", "whole", "Mandatory norms passed"),
        Field("gates_in_force", "whole", "Mandatory norms in force"),
        text("failed_gates", "Mandatory norms failed", "Norms, joined by ;, empty where none failed."),
        text(
            "level_band",
            "Level band",
            "Both bands where the level at worst and at best lie in different ones.",
            values=LEVEL_BAND,
        ),
        text(
            "gap_band",
            "Gap band",
            "narrow: all gaps with a target meet it, of at least two measured.",
            values=GAP_BAND,
        ),
        number(
            "unserved_persons",
            "People beyond a norm",
            "persons",
            "Beyond at least one graded norm, as mapped.",
        ),
        number(
            "median_rank",
            "Rank",
            "",
            "Median of drawn ranks among units of its level that have one; NaN where the status says why.",
        ),
        number("low_rank", "Rank at best", "", "5 %."),
        number("high_rank", "Rank at worst", "", "95 %."),
        text(
            "rank_status",
            "Status of the rank",
            "in_doubt: a known issue of a source forbids it; not_ranked: no level, or nothing to rank among.",
            values=RANK_STATUS,
        ),
        share(
            "known_share",
            "Components known",
            "Each by the people of whom it is known. A flag beside the score, never part of it.",
        ),
    ),
)
SCORE_NORMS = Table(
    "score_norms",
    "Norms that make up access",
    ("norm_id",),
    None,
    (
        text("norm_id", "Norm"),
        text("service", "Service"),
        Field("in_access", "flag", "Counts towards access"),
        text(
            "reason",
            "Left out of access because",
            "nothing_mapped: no such service is mapped, and nobody declared the list complete. Empty where it counts.",
            values=SCORE_LEFT_OUT,
        ),
        Field(
            "never_known_to_fail",
            "flag",
            "Nowhere known to fail",
            "It counts, but places are within it or unknown, and none is known to be beyond: it can only raise access.",
        ),
        number(
            "persons_unknown",
            "People not measured",
            "persons",
            "Of whom nobody knows whether they are within it, as mapped; NaN where not counted.",
        ),
    ),
)
RANK_PAIRS = Table(
    "rank_pairs",
    "Who ranks before whom",
    ("unit_id", "other_id"),
    None,
    (
        text("unit_id", "Unit"),
        text("other_id", "Other unit"),
        share(
            "probability_before",
            "Probability",
            "That the first ranks before the second; a claim needs 0.9. NaN where the two are not to be compared.",
        ),
        text(
            "pair_status",
            "Status of the pair",
            "in_doubt: a known issue of a source forbids to compare the two.",
            values=PAIR_STATUS,
        ),
    ),
)
SCORE_VARIANCE = Table(
    "score_variance",
    "What the ranking hangs on",
    ("unit_level", "factor"),
    None,
    (
        text("unit_level", "Level", values=SCORE_UNITS),
        text("factor", "Factor", "weights, aggregation, goalposts, speeds."),
        share("variance_share", "Share of variance", "Explained by it alone; NaN where scores do not vary."),
    ),
)
INEQUALITY = Table(
    "inequality",
    "Inequality of access",
    ("unit_level", "unit_id", "measure"),
    None,
    (
        *_UNIT,
        text("measure", "Measure", values=INEQUALITY_MEASURES),
        number("value", "Value", "", "NaN where nobody counts or nobody has any access.", minimum=None),
        Field("n_total", "whole", "Places in all"),
        Field("n_valid", "whole", "Places measured"),
        Field("n_nan", "whole", "Places unknown"),
        number(
            "pop_total", "People in all", "persons", "Places where nobody knows the people count one each."
        ),
        number("pop_valid", "People measured", "persons"),
    ),
)
COORDINATION = Table(
    "coordination",
    "Coordination of town and country",
    ("unit_level", "unit_id", "pair"),
    None,
    (
        *_UNIT,
        text("pair", "Pair", values=("urban_rural", "services_digital")),
        share("first", "First system", "Access in town, or of services."),
        share("second", "Second system", "Access in the country, or digital coverage."),
        share("coupling", "Coupling", "How alike they are, in the corrected form."),
        share("coupling_standard", "Coupling, standard form"),
        share("mean_level", "Mean level", "High coupling at a low level is balance at a low level."),
        share("coordination", "Coordination", "Root of coupling times level."),
    ),
)
RANKINGS = Table(
    "rankings",
    "The same units ranked otherwise",
    ("unit_id", "method"),
    None,
    (
        text("unit_id", "Unit", "A township."),
        text("method", "Method", values=RANKING_METHODS),
        share("value", "Value"),
        number("rank", "Rank by it", "", "1 = best; units alike share the mean of theirs."),
    ),
)
POTENTIAL_FLOWS = Table(
    "potential_flows",
    "Potential flows, modelled",
    ("model", "from_id", "to_id"),
    None,
    (
        text("model", "Model", "Modelled and never scored.", values=("radiation", "gravity", "huff")),
        text("from_id", "From"),
        text("to_id", "To"),
        number("volume", "Potential volume", "persons", "Of the people of the origin."),
    ),
)


# Tables of what is town and country: types of settlements and units, functional areas, towns.

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
        number("value", "Value", "", "NaN where too few towns are known.", minimum=None, shown="index"),
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
