"""
Where to settle: what each place offers a firm, and which places meet the needs that it states.

Every number stands by itself with its unit and, where it is unknown, with the reason: a place is ranked by how many
needs it surely meets, and no score is made of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from spatial.access.analyst import cost_to_closest, travel_times
from spatial.access.od_pairs import missing_in, people_of, require_columns
from spatial.access.options import TOWN_TIERS, cutoffs_of, numbers
from spatial.access.places import asked_for, counting, existing, id_ranks, place_on
from spatial.arrays import FloatArray, ObjectArray
from spatial.crs import require_network_crs
from spatial.errors import faults_at, of_kind, refuse
from spatial.inputs.services import Vocabulary, load_services
from spatial.network.graph import TravelGraph
from spatial.outlines import require_shapes
from spatial.study.access import SnapRules
from spatial.tables import TABLES

WORKPLACE = "workplace"
LABOUR = "working_age_persons"
NEAREST = ("market", "expressway_access", "telecom", "parcel_point")
"""Services whose nearest facility a firm asks for, unless it names others; telecom points stand for broadband."""


def site_profile(  # noqa: PLR0913 - four frames, and each option under its own name
    graph: TravelGraph,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    *,
    candidates: gpd.GeoDataFrame | None = None,
    flows: pd.DataFrame | None = None,
    cutoffs_min: float | Sequence[float] = (30.0, 60.0),
    services: Sequence[str] | None = None,
    vocabulary: Vocabulary | None = None,
    rules: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> pd.DataFrame:
    """
    Tell of every township centre and candidate what a firm asks for, each number with its status.

    Parameters
    ----------
    graph : TravelGraph
        The network of one mode.
    settlements : GeoDataFrame
        By the contract of the table; those of the tier town or above are township centres, outside the study area they
        only send people. `population_persons`, and `working_age_persons` where they are known.
    facilities : GeoDataFrame
        By the contract of the table; only existing ones count.
    candidates : GeoDataFrame of Point, optional
        `facility_id`, and perhaps `name` and `township_id`, such as the sites of `candidate_sites`.
    flows : DataFrame, optional
        By the contract of the table: `from_id`, `to_id` (settlements), `kind`, `volume` a year. Of a place counts what
        leaves or enters its township, or the settlement itself where no township is known.
    cutoffs_min : float or sequence of float
        Within which people and workplaces are counted, inclusive.
    services : sequence of str, optional
        Whose nearest facility is told: by default market, expressway access, telecom and parcel point.
    vocabulary : Vocabulary, optional
        Which services count for which.
    rules, barriers
        As in `cost_to_closest`.

    Returns
    -------
    DataFrame
        By the contract of the table ``site_profile``, one row a place and measure: `place_id`, `place_kind`
        (``township_centre``, ``candidate``), `name`, `mode`, `measure` (``persons_within_30``,
        ``working_age_persons_within_30``, ``workplaces_within_30``, ``market_min``, ``flow_out_parcels``,
        ``flow_in_parcels`` ...), `value`, `unit`, and `status`: ``measured``; ``at_least``, where part of what is
        summed is unknown; and, with a value of NaN, ``people_unknown``, ``no_group``, ``no_facility`` (none is
        mapped), ``no_path``, ``not_snapped``, ``no_flows``, ``no_township``. No row where there is no place.

    Raises
    ------
    ContractError
        For frames or options that are not as above, or places of one id.
    CrsError
        Where places and network differ in their CRS.
    """
    of_kind("graph", graph, TravelGraph, required=True)
    of_kind("services", services, Sequence)
    cutoffs = cutoffs_of(cutoffs_min)
    require_columns("settlements", settlements, ("settlement_id", "population_persons", "tier"))
    require_columns("facilities", facilities, ("facility_id", "service"))
    vocabulary = of_kind("vocabulary", vocabulary, Vocabulary) or load_services()
    rules = of_kind("rules", rules, SnapRules) or SnapRules()
    for table, given in (("settlements", settlements), ("candidates", candidates)):
        if given is not None:
            require_shapes(table, given)
            require_network_crs(given.crs, graph.crs, what=table)
    places = _places(settlements, candidates)
    if places.empty:
        return TABLES["site_profile"].frame()
    as_origins = places.rename(columns={"place_id": "settlement_id"})
    as_goals = places[["place_id", "geometry"]].rename(columns={"place_id": "facility_id"})
    joined = place_on(graph, as_origins, key="settlement_id", rules=rules, barriers=barriers)
    is_joined = (joined.snaps.status == "ok")[id_ranks(places["place_id"])]
    travel = partial(travel_times, graph, cutoff_min=max(cutoffs), rules=rules, barriers=barriers)
    blocks: list[pd.DataFrame] = []

    def tell(measure: str, unit: str, value: ArrayLike, status: ArrayLike) -> None:
        block = pd.DataFrame({"measure": measure, "value": value, "unit": unit, "status": status}, index=places.index)
        block.loc[~block["status"].isin(["measured", "at_least"]), "value"] = np.nan
        blocks.append(pd.concat([places[["place_id", "place_kind", "name"]], block], axis=1))

    # People come to the place; a settlement of unknown people makes a sum that is at least so large.
    pairs = travel(settlements, as_goals)
    row = pd.Index(settlements["settlement_id"]).get_indexer(pd.Index(pairs["from_id"]))
    place, minutes = pd.Index(places["place_id"]).get_indexer(pd.Index(pairs["to_id"])), pairs["travel_time_min"]
    for column in ("population_persons", LABOUR):
        has_column = column in settlements
        persons = people_of(settlements, column) if has_column else np.full(len(settlements), np.nan)
        for cutoff in cutoffs:
            near = (minutes <= cutoff).to_numpy()
            known = near & ~np.isnan(persons[row])
            total, count, told_of = (
                np.bincount(place[some], weights, minlength=len(places))
                for some, weights in ((known, persons[row[known]]), (near, None), (known, None))
            )
            status = np.select(
                [~is_joined, np.full(len(places), not has_column), (told_of == 0) & (count > 0), told_of < count],
                ["not_snapped", "no_group", "people_unknown", "at_least"],
                "measured",
            )
            tell(f"{column.removeprefix('population_')}_within_{cutoff:g}", "persons", total, status)
    # Of the services that are asked for by name one that nobody knows is refused; of the others none is mapped.
    kinds = {name: counting(name, vocabulary) | {name} for name in (WORKPLACE, *NEAREST)}
    kinds |= {name: asked_for(name, facilities, vocabulary=vocabulary).kinds for name in services or ()}
    serving = existing(facilities)
    work = serving.loc[serving["service"].isin(kinds[WORKPLACE])]
    pairs = travel(as_origins, work)
    place = pd.Index(places["place_id"]).get_indexer(pd.Index(pairs["from_id"]))
    for cutoff in cutoffs:
        found = np.bincount(place[pairs["travel_time_min"] <= cutoff], minlength=len(places))
        status = np.select([~is_joined, np.full(len(places), work.empty)], ["not_snapped", "no_facility"], "measured")
        tell(f"workplaces_within_{cutoff:g}", "facilities", found.astype(float), status)
    for service in NEAREST if services is None else services:
        offers = serving.loc[serving["service"].isin(kinds[service])]
        nearest = cost_to_closest(graph, as_origins, offers, service=kinds[service], rules=rules, barriers=barriers)
        status = nearest["reach_status"].replace("reached", "measured").to_numpy()
        tell(f"{service}_min", "min", nearest["travel_time_min"].to_numpy(), status)
    for measure, value, status in _flows(places, settlements, flows):
        tell(measure, "a year", value, status)
    whole = pd.concat(blocks, ignore_index=True).assign(mode=graph.mode)
    made, ids = TABLES["site_profile"].frame(whole), whole["place_id"].infer_objects()
    return made.assign(place_id=ids) if pd.api.types.is_numeric_dtype(ids) else made


def _places(settlements: gpd.GeoDataFrame, candidates: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """Put township centres and candidates together, with the unit whose flows count for each."""
    is_centre = settlements["tier"].isin(TOWN_TIERS["town"])
    if "in_study" in settlements:
        is_centre &= settlements["in_study"].astype(bool)
    centres = settlements.loc[is_centre]
    units = _units(settlements)[is_centre]
    frames = [centres.assign(place_id=centres["settlement_id"], place_kind="township_centre", unit=units)]
    if candidates is not None:
        known = pd.Series(candidates.get("township_id"), index=candidates.index).convert_dtypes()
        frames.append(candidates.assign(place_id=candidates["facility_id"], place_kind="candidate", unit=known))
    columns = ["place_id", "place_kind", "name", "unit"]
    texts = [pd.DataFrame(frame).reindex(columns=columns).astype("object") for frame in frames]
    points = np.concatenate([frame.geometry.to_numpy() for frame in frames])
    return gpd.GeoDataFrame(pd.concat(texts, ignore_index=True), geometry=points, crs=settlements.crs)


def _units(settlements: gpd.GeoDataFrame) -> pd.Series:
    """Name the township of each settlement, or itself where none is known; 1.0, beside a missing one, is 1."""
    ids = settlements["settlement_id"].astype("object")
    own = settlements.get("township_id", ids)
    return own.convert_dtypes().astype("object").fillna(ids)


def _flows(
    places: gpd.GeoDataFrame, settlements: gpd.GeoDataFrame, flows: pd.DataFrame | None
) -> Iterator[tuple[str, FloatArray, ObjectArray]]:
    """Add up what leaves and what enters the unit of each place, by kind."""
    nothing = np.full(len(places), np.nan)
    if flows is None or flows.empty:
        for way in ("out", "in"):
            yield f"flow_{way}", nothing, np.full(len(places), "no_flows", dtype=object)
        return
    require_columns("flows", flows, ("from_id", "to_id", "kind", "volume"))
    refuse("flows", missing_in(flows, ("from_id", "to_id", "kind")))
    # Ids may be numbers in one table and texts in another.
    unit_of = pd.Series(_units(settlements).map(str).to_numpy(), index=settlements["settlement_id"].astype("str"))
    texts = [flows[name].astype("str") for name in ("from_id", "to_id")]
    ends = [text.map(unit_of).fillna(text) for text in texts]
    volume = numbers("flows", "volume", flows["volume"])
    wrong = texts[0][(volume < 0.0) | np.isinf(volume)]
    refuse("flows", faults_at("volume: negative or infinite from", wrong, "; NaN where unknown"))
    crosses = flows.assign(volume=volume, out=ends[0], **{"in": ends[1]}).loc[(ends[0] != ends[1]).to_numpy()]
    units = places["unit"].map(str, na_action="ignore")
    for kind in sorted(flows["kind"].astype("str").unique()):
        of_kind = crosses.loc[crosses["kind"].astype("str") == kind]
        for way in ("out", "in"):
            total = of_kind.groupby(way)["volume"].agg(["sum", "size", "count"])
            own = total.reindex(units).fillna(0.0)
            status = np.select(
                [places["unit"].isna(), (own["count"] == 0) & (own["size"] > 0), own["count"] < own["size"]],
                ["no_township", "no_flows", "at_least"],
                "measured",
            )
            yield f"flow_{way}_{kind}", own["sum"].to_numpy(), status
