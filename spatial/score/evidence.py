"""What the score reads: places and their people and units; shares of people of whom it is known; flows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.access.analyst import pairs_between
from spatial.access.last_mile import NEAR
from spatial.access.places import eligible_by_unit, existing, offering, place_on, take
from spatial.arrays import BoolArray, FloatArray, IntArray, ObjectArray
from spatial.errors import StudyError, faults_at, first_of, refuse
from spatial.indices.exchange import flow_balance, flow_matrix, huff_shares, radiation_flows, reciprocity
from spatial.network.graph import TravelGraph
from spatial.network.nearest import nearest
from spatial.norms.law import with_norm_id
from spatial.norms.measuring import modes_for
from spatial.score.place_scores import PlaceScores
from spatial.study.access import SnapRules
from spatial.study.score import GapTargets, ScoreRules
from spatial.tables import TABLES
from spatial.tables.words import NORM_STATUS, REACH_STATUS, STUDY

# One component of a level or a gap, as a row of the table.

TOLERANCE = 1e-9


@dataclass(frozen=True)
class ScoreComponent:
    """
    One component.

    Parameters
    ----------
    pillar : str
        Where it belongs.
    side : str
        Level or gap.
    component : str
        Its name.
    value : float
        NaN where `component_status` says why.
    unit : str
        Share, min, m, ratio, index or count.
    target : float
        Of a gap; NaN for none.
    meets_target : str
        Inclusive.
    persons : float
        People behind it; NaN where not counted.
    detail : str
        What made it.
    component_status : str
        Why there is no value.
    low : float
        Of a level if whatever is unknown were missing, and if it were there; NaN for gaps, and where it is not
        asked.
    high : float
        The same if it were there.
    persons_known : float
        People of whom it is known whether they have it, and of whom not; NaN where not counted.
    persons_unknown : float
        People of whom it is not known; NaN where not counted.
    """

    pillar: str
    side: str
    component: str
    value: float
    unit: str = "share"
    target: float = math.nan
    meets_target: str = "no_target"
    persons: float = math.nan
    detail: str = ""
    component_status: str = "measured"
    low: float = math.nan
    high: float = math.nan
    persons_known: float = math.nan
    persons_unknown: float = math.nan

    @property
    def known_share(self) -> float:
        """Say how much is known (0-1): of a level what is not between its ends; of a gap 1 where it is measured."""
        if self.component_status != "measured":
            return 0.0
        return 1.0 if math.isnan(self.high - self.low) else 1.0 - (self.high - self.low)


def level(
    pillar: str, component: str, value: float, *, detail: str = "", missing: str = "no_data", persons: float = math.nan
) -> ScoreComponent:
    """Make a component of a level."""
    return ScoreComponent(
        pillar,
        "level",
        component,
        value,
        detail=detail,
        component_status=missing if math.isnan(value) else "measured",
        persons=persons,
        low=value,
        high=value,
    )


def gap(pillar: str, component: str, value: float, unit: str, **more: Any) -> ScoreComponent:
    """Make a component of a gap."""
    missing = more.pop("component_status", "not_defined")
    if math.isfinite(value):
        return ScoreComponent(pillar, "gap", component, value, unit, **more)
    return ScoreComponent(pillar, "gap", component, math.nan, unit, component_status=missing, **more)


def held_against(component: ScoreComponent, targets: GapTargets) -> ScoreComponent:
    """Hold a gap against the study's target for it, inclusively."""
    asked = targets.of(component.component) if component.side == "gap" else None
    if asked is None:
        return component
    target, at_least = asked
    if math.isnan(component.value):
        return replace(component, target=target, meets_target="unknown")
    good = component.value >= target - TOLERANCE if at_least else component.value <= target + TOLERANCE
    return replace(component, target=target, meets_target="yes" if good else "no")


def component_table(rows: Iterable[tuple[str, str, ScoreComponent]]) -> pd.DataFrame:
    """Put components into a table."""
    return TABLES["score_components"].frame(
        [{"unit_level": of, "unit_id": unit, **vars(component)} for of, unit, component in rows]
    )


# The places of a study, the people behind each, and the units that they form.

GROUP_SUFFIX = "_persons"
NO_GROUPS = frozenset({"population_persons", "registered_persons", "resident_persons"})


@dataclass(frozen=True, eq=False)
class Unit:
    """One unit that has a score."""

    level: str  # what it is
    id: str  # its id, and its name, empty where it has none
    name: str
    members: IntArray  # its places, by position: a unit costs as much as it has places, however many the study has


@dataclass(frozen=True, eq=False)
class Ground:
    """n places of the study area."""

    settlements: pd.DataFrame  # their rows, without those outside the study area
    ids: ObjectArray  # their ids
    persons: FloatArray  # their people; NaN = unknown
    weight: FloatArray  # their people, 0 where unknown; 1 each where nobody's number is known
    counts_people: bool  # whether the weights are people
    official_class: ObjectArray  # urban, rural or None
    township: ObjectArray  # the township of each, or None
    names: dict[str, str]  # names of townships

    def __len__(self) -> int:
        """Return the number of places."""
        return len(self.ids)

    @property
    def townships(self) -> list[str]:
        """Townships that have places, in order."""
        return sorted({name for name in self.township if name is not None})

    def units(self) -> Iterator[Unit]:
        """Go through the study and its townships."""
        yield Unit(STUDY, STUDY, "", np.arange(len(self)))
        members = positions_by(self.township)
        for township in self.townships:
            yield Unit("township", township, self.names.get(township, ""), members[township])

    def people_of(self, members: IntArray) -> float:
        """Add up the people of some places. Returns NaN where nobody's number is known."""
        known = self.persons[members]
        return float(np.nansum(known)) if (~np.isnan(known)).any() else float("nan")

    def people_among(self, members: IntArray, counted: IntArray) -> float:
        """Add up the people of places of a unit that count: 0 where none does, NaN where nobody's number is known."""
        if not self.counts_people:
            return float("nan")
        if len(counted):
            return self.people_of(counted)
        return float("nan") if np.isnan(self.people_of(members)) else 0.0

    @cached_property
    def groups(self) -> dict[str, FloatArray]:
        """Shares of each place's people: urban, rural, and groups that are counted; 0-1, 0 where unknown."""
        found = {name: (self.official_class == name).astype(np.float64) for name in ("urban", "rural")}
        for column in sorted(self.settlements.columns):
            if not str(column).endswith(GROUP_SUFFIX) or column in NO_GROUPS or not self.counts_people:
                continue
            people = self.settlements[column].to_numpy(dtype=np.float64)
            share = np.divide(people, self.persons, out=np.zeros(len(self)), where=self.persons > 0.0)
            found[str(column).removesuffix(GROUP_SUFFIX)] = np.clip(np.nan_to_num(share), 0.0, 1.0)
        return {name: share for name, share in found.items() if (share > 0.0).any()}


def positions_by(labels: ObjectArray) -> dict[str, IntArray]:
    """List the positions of each label, ascending; those without a label are in none."""
    return dict(pd.Series(labels).groupby(labels, sort=False).indices)  # type: ignore[arg-type]


def read_ground(settlements: pd.DataFrame, boundaries: pd.DataFrame | None = None) -> Ground:
    """Take the places of the study area."""
    mine = settlements[settlements["in_study"].to_numpy(dtype=bool)].reset_index(drop=True)
    persons = mine["population_persons"].to_numpy(dtype=np.float64)
    counts = bool((np.nan_to_num(persons) > 0.0).any())
    names: dict[str, str] = {}
    if boundaries is not None and len(boundaries):
        told = boundaries[boundaries["name"].notna()]
        names = dict(zip(told["boundary_id"].astype(str), told["name"].astype(str), strict=True))
    return Ground(
        mine,
        mine["settlement_id"].astype(str).to_numpy(dtype=object),
        persons,
        np.nan_to_num(persons) if counts else np.ones(len(mine)),
        counts,
        _column(mine, "official_class"),
        _column(mine, "township_id"),
        names,
    )


def _column(frame: pd.DataFrame, name: str) -> ObjectArray:
    if name not in frame:
        return np.full(len(frame), None, dtype=object)
    values = np.array(frame[name].astype(object), dtype=object)
    values[pd.isna(values)] = None
    return values


# Who has something, who has not, and of whom nobody knows: shares of people among those of whom it is known.

LAST_MILE_SERVICES = frozenset({"parcel_point", "postal_delivery", "post_office", "bus_stop"})
DIGITAL_SERVICES = frozenset({"telecom", "mobile_5g", "fibre_and_4g", "broadband"})
MET = 1.0 - 1e-12
"""Less than what a score of 1, or minutes at their limit, lose when they are rounded."""


@dataclass(frozen=True, eq=False)
class Having:
    """Whether each of n places has something."""

    has: FloatArray  # 1 where it has, 0 where it is known not to, NaN where nobody knows or it is not asked
    asked: BoolArray  # of which places it is asked; none of the others counts, not even as unknown

    @property
    def unknown(self) -> BoolArray:
        """Tell where nobody knows."""
        return self.asked & np.isnan(self.has)

    def end(self, at_best: bool) -> FloatArray:  # noqa: FBT001 - one of two ends
        """Take what is unknown for missing, or for there."""
        return np.where(self.unknown, float(at_best), self.has)


def held_by_all(scores: PlaceScores, connected: FloatArray, road_near: FloatArray) -> dict[str, Having]:
    """
    Tell what every person has, has not, or may have, by component.

    The last mile is an all-season road, and a parcel, post or bus point within a norm; digital, all norms on telecom.
    """
    point = _within(scores, LAST_MILE_SERVICES, every=False)
    fails = (point.has == 0.0) | (road_near == 0.0)
    last_mile = np.where(point.asked, np.where(fails, 0.0, point.has * road_near), np.nan)
    return {
        "all_season_connection": Having(connected, np.ones(len(connected), dtype=bool)),
        "last_mile_coverage": Having(last_mile, point.asked),
        "digital_coverage": _within(scores, DIGITAL_SERVICES, every=True),
    }


def shared(pillar: str, name: str, having: Having, unit: Unit, ground: Ground) -> ScoreComponent:
    """Share of the people who have something, among those who are known; bounds as if the others had none, or all."""
    mine = unit.members[having.asked[unit.members]]
    own = having.has[mine]
    has, lacks, unknown = mine[own >= MET], mine[own < MET], mine[np.isnan(own)]
    yes, no, doubtful = (float(ground.weight[which].sum()) for which in (has, lacks, unknown))
    known, whole = yes + no, yes + no + doubtful
    made = level(
        pillar,
        name,
        yes / known if known > 0.0 else math.nan,
        missing="no_data" if len(mine) else "not_asked",
        persons=ground.people_among(mine, lacks) if known > 0.0 else math.nan,
    )
    return replace(
        made,
        low=yes / whole if whole > 0.0 else math.nan,
        high=(yes + doubtful) / whole if whole > 0.0 else math.nan,
        persons_known=ground.people_among(mine, mine[~np.isnan(own)]),
        persons_unknown=ground.people_among(mine, unknown),
    )


def _within(scores: PlaceScores, services: frozenset[str], *, every: bool) -> Having:
    """Tell who is within every norm on some services that is asked of them, or within any."""
    columns = [at for at, service in enumerate(scores.services) if service in services]
    n = len(scores.q)
    if not columns:
        return Having(np.full(n, np.nan), np.full(n, bool(services & scores.unmeasured)))
    q, asked = scores.q[:, columns], scores.asked[:, columns]
    met, fails = q >= MET, q < MET
    if every:
        lacks = fails.any(axis=1)
        has = ~lacks & met.any(axis=1) & (met | ~asked).all(axis=1)
    else:
        has = met.any(axis=1)
        lacks = ~has & fails.any(axis=1) & (fails | ~asked).all(axis=1)
    concerned = np.asarray(asked.any(axis=1))
    return Having(np.where(has, 1.0, np.where(lacks, 0.0, np.nan)), concerned)


# What the score reads from other tables: ways to the county seat, the last mile, the norm by which gaps are told.

BEYOND = ("gap", "none")
REACHED = ("reached", "beyond_cutoff")
SEATS = ("county_seat", "city", "town")
LEAST_MIN = 1.0
"""Minutes, or metres, of a place to itself where a ratio is formed, which 0 would make endless (INDICATORS, 1.3)."""
METRICS = ("time_min", "dist_m", "network_dist_m", "roundtrip_time_min")


@dataclass(frozen=True, eq=False)
class GapReading:
    """One norm read for every place, in its scope or not, so that town and country can be compared."""

    norm: str  # the norm, empty for none; its service; min or m
    service: str
    unit: str
    threshold: float  # inclusive
    value: FloatArray  # minutes or metres; inf = unreachable, NaN = unknown

    @property
    def beyond(self) -> FloatArray:
        """Tell who is beyond the norm: 1 or 0; NaN = unknown."""
        over = (self.value > self.threshold).astype(np.float64)
        return np.where(np.isnan(self.value), np.nan, over)

    @property
    def evidence(self) -> dict[str, Any]:
        """Say it in the fields of `Evidence`."""
        return {
            "beyond": self.beyond,
            "gap_norm": self.norm,
            "gap_unit": self.unit,
            "gap_value": np.maximum(self.value, LEAST_MIN),
            "gap_threshold": self.threshold,
        }


def road_is_near(last_mile: pd.DataFrame, settlement_ids: Sequence[str]) -> FloatArray:
    """Tell which places are known to have an all-season road near, and which are known to have none."""
    classes = last_mile.set_index("settlement_id").reindex(list(settlement_ids))
    near = classes["last_mile_class_known"].isin(NEAR).to_numpy(dtype=bool)
    beyond = classes["last_mile_class"].isin(BEYOND).to_numpy(dtype=bool)
    return np.where(near, 1.0, np.where(beyond, 0.0, np.nan))


def connection(access: pd.DataFrame, last_mile: pd.DataFrame, settlement_ids: Sequence[str], mode: str) -> FloatArray:
    """Tell which places are connected to the county seat in every season."""
    road = road_is_near(last_mile, settlement_ids)
    reached = np.full(len(road), np.nan)
    mine = access[access["mode"] == mode]
    for tier in SEATS:
        rows = mine[mine["service"] == tier].set_index("settlement_id").reindex(list(settlement_ids))
        status = rows["reach_status"]
        if not status.isin(["no_facility", "unknown"]).all() and status.notna().any():
            unknown = status.isna() | status.eq("unknown")
            reached = np.where(unknown, np.nan, status.isin(REACHED).to_numpy(dtype=np.float64))
            break
    return np.where((road == 0.0) | (reached == 0.0), 0.0, road * reached)


def judged_norms(norm_results: pd.DataFrame) -> set[str]:
    """Name the norms that some place is known to meet or to fail, as mapped."""
    is_place = norm_results["unit_level"] == "settlement"
    known = is_place & norm_results["status_as_mapped"].isin(["met", "not_met"])
    return set(norm_results.loc[known, "norm_id"].astype(str))


def gap_reading(
    norm_results: pd.DataFrame,
    access: pd.DataFrame,
    binding: pd.DataFrame,
    settlement_ids: Sequence[str],
    *,
    asked: str = "",
    headline: Sequence[str] = (),
) -> GapReading:
    """Choose the norm by which gaps are told, one that is judged if there is any, and read it for every place."""
    norms = with_norm_id(binding).set_index("norm_id")
    read = set(norm_results.loc[norm_results["unit_level"] == "settlement", "norm_id"])
    fit = [
        norm
        for norm in (*(name for name in headline if name in norms.index), *norms.index)
        if norm in read and norms.loc[norm, "metric"] in METRICS and norms.loc[norm, "direction"] == "max"
    ]
    if asked and asked not in fit:
        told = f"score.gap_norm: {asked!r} binds no place here as a time or distance; such norms are {first_of(fit)}"
        raise StudyError("study", [told])
    if not fit:
        return GapReading("", "", "", math.nan, np.full(len(settlement_ids), np.nan))
    judged = judged_norms(norm_results)
    norm = asked or next((name for name in fit if name in judged), fit[0])
    rows = norm_results[(norm_results["unit_level"] == "settlement") & (norm_results["norm_id"] == norm)]
    rows = rows.set_index("unit_id").reindex(list(settlement_ids))
    value = rows["value"].to_numpy(dtype=np.float64)
    nowhere = np.isnan(value) & rows["status_as_mapped"].eq("not_met").to_numpy(dtype=bool)
    terms = norms.to_dict("index")[norm]
    if norm in judged:
        # Whom a norm asks nothing has no verdict: the ways tell who of them has none, or takes too long, where that is
        # a failure of those who are asked.
        modes = modes_for(terms["mode"] if isinstance(terms["mode"], str) else "", access["mode"].unique().tolist())
        ways = access[access["service"].isin(rows["service"]) & access["mode"].isin(modes)]
        late, near, there = (
            rows.index.isin(ways.loc[ways["reach_status"].isin(words), "settlement_id"])
            for words in (["beyond_cutoff"], ["reached", "unknown"], REACH_STATUS)
        )
        is_far = there & ~near & (~late | (late & nowhere).any()) & np.isnan(value)
        nowhere |= is_far & rows["places_in_scope"].eq(0.0).to_numpy(dtype=bool)
    value = np.where(nowhere, np.inf, value)
    return GapReading(norm, str(terms["service"]), str(terms["unit"]), float(terms["threshold"]), value)


MANY_TOWNSHIPS, OWN_NEAR_MIN = 200, 60.0
"""Of more townships the pairs within so many minutes are looked up at once; only speed hangs on these."""


class BorderTimes(NamedTuple):
    """Minutes of n places; inf = none reached, NaN = in no township; None where nothing is there to be reached."""

    open_min: FloatArray | None
    closed_min: FloatArray | None


def border_times(
    ground: Ground,
    facilities: gpd.GeoDataFrame,
    kinds: frozenset[str],
    *,
    graph: TravelGraph,
    rules: SnapRules,
    barriers: gpd.GeoSeries | None,
) -> BorderTimes:
    """Find the minutes to the nearest facility of some kinds anywhere, and to the nearest one in one's own township."""
    if "township_id" not in facilities or not kinds & set(facilities["service"].astype(str)):
        return BorderTimes(None, None)
    there = existing(facilities)
    homes = place_on(graph, gpd.GeoDataFrame(ground.settlements), key="settlement_id", rules=rules, barriers=barriers)
    goals = place_on(graph, there.iloc[offering(there, kinds)], key="facility_id", rules=rules, barriers=barriers)
    eligible = eligible_by_unit(homes.frame, goals.frame)
    at = pd.Index(ground.ids).get_indexer(pd.Index(homes.ids))
    home, own = ground.township[at], goals.frame["township_id"].astype(object).to_numpy()
    open_min = np.full(len(ground), np.inf)
    closed_min = np.where(pd.isna(ground.township), np.nan, np.inf)
    # Places and facilities are joined to the roads once; each township then searches among its own.
    living_in, standing_in = positions_by(home), positions_by(own)
    there_too = [unit for unit in ground.townships if unit in standing_in]
    if len(there_too) > MANY_TOWNSHIPS:
        # A search goes through the whole network, a table of near pairs does not: those far from their own are left.
        i, j, near_min, _metres = pairs_between(graph, homes, goals, cutoff_min=OWN_NEAR_MIN, barriers=barriers)
        number = {unit: at for at, unit in enumerate(there_too)}
        of_home, of_goal = (
            np.array([number.get(unit, miss) for unit in each]) for each, miss in ((home, -1), (own, -2))
        )
        same = of_home[i] == of_goal[j]
        np.minimum.at(closed_min, at[i[same]], near_min[same])
        there_too = [unit for unit in there_too if np.isinf(closed_min[at[living_in[unit]]]).any()]
    searches = [(open_min, np.arange(len(homes)), np.arange(len(goals)))]
    searches += [(closed_min, living_in[unit], standing_in[unit]) for unit in there_too]
    for minutes, living, members in searches:
        for able, may in eligible.among(members):
            rows = living[may[living]]
            if len(able) and len(rows):
                origins, ends = take(homes.snaps, rows), take(goals.snaps, able)
                found = nearest(graph, origins, ends, k=1, direct_barriers=barriers)
                minutes[at[rows]] = found.travel_time_min[:, 0]
    return BorderTimes(open_min, np.maximum(closed_min, open_min))


def scaled_norms(
    norm_results: pd.DataFrame, binding: pd.DataFrame, factor: float, *, units: Sequence[str] = ()
) -> pd.DataFrame:
    """Judge places again as if every time or distance were so many times as long."""
    norms = with_norm_id(binding).set_index("norm_id")
    scaled = norms["metric"].isin(METRICS) & norms["direction"].eq("max")
    if units:
        scaled &= norms["unit"].isin(list(units))
    chosen = set(norms.index[scaled])
    rows = np.flatnonzero(
        norm_results["unit_level"].eq("settlement")
        & norm_results["norm_id"].isin(chosen)
        & norm_results["status_as_mapped"].isin(["met", "not_met"])
        & norm_results["value"].notna()
    )
    of_norm = norms.index.get_indexer(pd.Index(norm_results["norm_id"].iloc[rows]))
    value = norm_results["value"].to_numpy(dtype=np.float64)[rows] * factor
    threshold, fail = (norms[name].to_numpy(dtype=np.float64)[of_norm] for name in ("threshold", "fail_point"))
    met = value * MET <= threshold
    with np.errstate(invalid="ignore", divide="ignore"):
        depth = np.clip((value - threshold) / (fail - threshold), 0.0, 1.0)
    changed = {"depth_fgt1": np.where(np.isnan(depth), 1.0 - met, np.where(met, 0.0, depth))}
    for kind in ("persons", "places"):
        changed[f"{kind}_served"] = norm_results[f"{kind}_in_scope"].to_numpy(dtype=np.float64)[rows] * met
    columns = {name: norm_results[name].to_numpy(dtype=np.float64, copy=True) for name in changed}
    for name, numbers in changed.items():
        columns[name][rows] = numbers
    # A country's texts are categories, of which a study that meets all, or nothing, lacks one.
    words = [*NORM_STATUS]
    # A dtype of the same words in another order would be taken for this one, and the codes left as they are.
    codes = pd.Categorical(norm_results["status_as_mapped"], categories=words).codes.copy()
    codes[rows] = np.where(met, words.index("met"), words.index("not_met"))
    return norm_results.assign(status_as_mapped=pd.Categorical.from_codes(codes, pd.Index(words)), **columns)


def flow_faults(kinds: pd.Series, rules: ScoreRules) -> list[str]:
    """Name the kinds of flows whose totals the study states though there is a table of them."""
    twice = sorted(set(kinds.astype(str)) & set(rules.flow_totals))
    return faults_at("score.flow_totals:", twice, " stand in the table of flows too; keep one of the two")


def flow_table(
    flows: pd.DataFrame | None, settlements: pd.DataFrame, ground: Ground, rules: ScoreRules
) -> pd.DataFrame:
    """Balance observed flows of the study and of each township, by kind."""
    records: list[dict[str, object]] = []
    flows = TABLES["flows"].frame() if flows is None else flows
    kinds = sorted(set(flows["kind"].astype(str)))
    ids = settlements["settlement_id"].astype(str).tolist()
    # What flows between two places around the study is none of its flows.
    known = pd.Index(ground.ids)
    start, end = (known.get_indexer(pd.Index(flows[side].astype(str))) >= 0 for side in ("from_id", "to_id"))
    flows = flows.assign(volume=flows["volume"].where(start | end, 0.0))
    classes = np.full(len(ids), None, dtype=object)
    if "official_class" in settlements:
        classes = settlements["official_class"].to_numpy(dtype=object)
    township = pd.Series(ground.township, index=ground.ids).reindex(ids).to_numpy(dtype=object)
    for kind in kinds:
        matrix = flow_matrix(flows, ids, kind=kind)
        both, back = flow_balance(matrix, classes), reciprocity(matrix, official_class=classes)
        target = rules.volume_targets.get(kind, math.nan)
        study = _record("study", "study", kind, both.rural_to_urban, both.urban_to_rural, target)
        records.append(study | {"reciprocity": back.weighted, "reciprocity_beyond_chance": back.weighted_rho})
        for unit in ground.townships:
            mine = township == unit
            outward, inward = float(matrix[mine][:, ~mine].sum()), float(matrix[~mine][:, mine].sum())
            records.append(_record("township", unit, kind, outward, inward, math.nan))
    refuse("study", flow_faults(flows["kind"], rules), StudyError)
    for kind in sorted(rules.flow_totals):
        totals, target = rules.flow_totals[kind], rules.volume_targets.get(kind, math.nan)
        records.append(_record("study", "study", kind, totals.outward, totals.inward, target))
    return TABLES["flow_balances"].frame(records)


def _record(
    unit_level: str, unit_id: str, kind: str, outward: float, inward: float, target: float
) -> dict[str, object]:
    pair = flow_balance([outward, inward])
    return {
        "unit_level": unit_level,
        "unit_id": unit_id,
        "kind": kind,
        "outward": outward,
        "inward": inward,
        "net_flow_ratio": pair.net_flow_ratio,
        "balance": pair.balance,
        "volume_share": min(1.0, pair.volume / target) if target > 0.0 else math.nan,
    }


def flow_components(unit: Unit, flows: pd.DataFrame) -> list[ScoreComponent]:
    """Make the components of the pillar of elements."""
    is_mine = (flows["unit_level"].to_numpy() == unit.level) & (flows["unit_id"].to_numpy() == unit.id)
    if not is_mine.any():
        return [
            level("elements", "two_way_flow", math.nan),
            gap("elements", "flow_balance", math.nan, "share", component_status="no_data"),
        ]
    mine = flows[is_mine]
    kinds = mine["kind"].astype(str).tolist()
    balance, volume, net = (
        mine[column].to_numpy(dtype=np.float64) for column in ("balance", "volume_share", "net_flow_ratio")
    )
    # A kind without a target volume counts by its balance alone.
    without = np.isnan(volume)
    levels = balance * np.where(without, 1.0, volume)
    worst = int(np.where(np.isnan(balance), 2.0, balance).argmin())
    return [
        *(
            level("elements", f"two_way_flow:{kind}", value, detail="no_target_volume" if lacking else "")
            for kind, value, lacking in zip(kinds, levels.tolist(), without, strict=True)
        ),
        gap("elements", "flow_balance", float(balance[worst]), "share", detail=kinds[worst]),
        *(
            gap("elements", f"net_flow_ratio:{kind}", value, "ratio")
            for kind, value in zip(kinds, net.tolist(), strict=True)
        ),
    ]


# What could flow between places, by distance and mass: a layer of its own, never scored.

EXPONENT = 2.0
"""How fast the will to go falls with time, in the models of gravity and Huff: the classical square."""
LARGEST = 3
"""Flows kept of each origin; all others stay unsaid."""


def potential_flows(
    ground: Ground, times_min: FloatArray, models: Sequence[str], *, attraction: FloatArray
) -> pd.DataFrame:
    """Model flows from every place to the others."""
    people, ids = np.nan_to_num(ground.persons), ground.ids.astype(str)
    time = np.maximum(times_min, LEAST_MIN)
    np.fill_diagonal(time, np.inf)
    tables = []
    for model in models:
        if model == "radiation":
            flows = radiation_flows(people, times_min, finite_size=True)
        elif model == "huff":
            flows = np.nan_to_num(huff_shares(attraction, time, exponent=EXPONENT)) * people[:, None]
        else:
            # Everybody goes somewhere, shared out by gravity.
            pull = people * (LEAST_MIN / time) ** EXPONENT
            total = pull.sum(axis=1, keepdims=True)
            flows = np.divide(pull, total, out=np.zeros(pull.shape), where=total > 0.0) * people[:, None]
        kept = min(LARGEST, flows.shape[1])
        goal = np.argsort(-flows, axis=1, kind="stable")[:, :kept].ravel()
        origin = np.repeat(np.arange(len(flows)), kept)
        volume = flows[origin, goal]
        some = volume > 0.0
        columns = {"from_id": ids[origin[some]], "to_id": ids[goal[some]], "volume": volume[some]}
        tables.append(pd.DataFrame({"model": model, **columns}))
    table = TABLES["potential_flows"]
    return table.frame(pd.concat(tables, ignore_index=True)) if tables else table.frame()
