"""Whatever the county: another road or facility never lowers a level, and nothing but access moves the score."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

import spatial as sp
from spatial.access.last_mile import last_mile
from spatial.access.nearest import access_table
from spatial.access.options import AccessRules
from spatial.norms.evaluation import evaluate_norms, gates_by_unit
from spatial.norms.law import NormRules, applicable_norms, load_register
from spatial.norms.measuring import NormEvidence
from spatial.score.evidence import connection, gap_reading, road_is_near
from spatial.score.place_scores import place_scores, score_norms
from spatial.score.scoreboard import Evidence, score_study
from spatial.tables import TABLES
from tests.effort import tried

pytestmark = pytest.mark.slow

CRS = "EPSG:32738"
AS_OF = dt.date(2025, 6, 30)
RULES = NormRules(jurisdictions=("CN-51",))
SERVICES = ("primary_care", "emergency_hospital", "primary_school", "parcel_point", "bus_stop")
REGISTER = load_register()
PLACES = 10
POINTS = 14
SPREAD_M = 40_000.0
GATED = ("primary_care", "primary_school", "parcel_point")
"""Services of the norms that are taken for gates."""
GATES = {"met": "pass", "not_met": "fail", "not_measurable": "unknown"}
LEVELS = [f"level_{pillar}" for pillar in ("structure", "elements", "boundaries", "order")]


@dataclass(frozen=True)
class Word:
    id: str
    proxy: bool = False


class Words:
    """Services of the register under their own names."""

    def for_register(self, name):
        known = {"any_medical_point": "primary_care"} | {service: service for service in SERVICES}
        return Word(known[name]) if name in known else None

    def satisfying(self, service):
        return frozenset({service})


@dataclass(frozen=True)
class County:
    roads: gpd.GeoDataFrame
    settlements: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame


def county(seed: int, *, roads: int = 0, facilities: int = 0) -> County:
    """A random county; more roads and facilities leave all else as it is."""
    rng, more = np.random.default_rng(seed), np.random.default_rng(seed + 1)
    points = rng.random((POINTS, 2)) * SPREAD_M + [400_000, 8_000_000]
    whole = nx.Graph()
    for a in range(POINTS):
        for b in range(a):
            whole.add_edge(a, b, weight=float(np.hypot(*(points[a] - points[b]))))
    pairs = sorted(nx.minimum_spanning_tree(whole).edges)[: POINTS - 1 - int(rng.integers(0, 4))]
    settlements = gpd.GeoDataFrame(
        {
            "settlement_id": [f"s{at}" for at in range(PLACES)],
            "name": pd.Series([None] * PLACES, dtype="str"),
            "tier": ["county_seat", "town", *["village"] * (PLACES - 2)],
            "official_class": pd.Series(["urban", "urban", *["rural"] * (PLACES - 2)], dtype="str"),
            "in_study": True,
            "population_persons": rng.integers(1, 900, PLACES).astype(float),
            "population_source": "column",
            "township_id": pd.Series([["t1", "t2"][at % 2] for at in range(PLACES)], dtype="str"),
        },
        geometry=gpd.points_from_xy(*points[:PLACES].T),
        crs=CRS,
    )
    settlements["elderly_persons"] = (settlements["population_persons"] * rng.random(PLACES)).round()
    kinds = [*SERVICES, *rng.choice(SERVICES, 3)]
    where = rng.integers(0, POINTS, len(kinds))
    pairs += [tuple(more.choice(POINTS, 2, replace=False)) for _ in range(roads)]
    kinds += list(more.choice(SERVICES, facilities))
    where = np.concatenate([where, more.integers(0, POINTS, facilities)])
    return County(
        gpd.GeoDataFrame(
            {"road_id": [f"r{at:02d}" for at in range(len(pairs))], "road_class": "tertiary"},
            geometry=[shapely.LineString(points[list(pair)]) for pair in pairs],
            crs=CRS,
        ),
        settlements,
        gpd.GeoDataFrame(
            {
                "facility_id": [f"f{at:02d}" for at in range(len(kinds))],
                "service": kinds,
                "status": "existing",
                "capacity": np.nan,
                "load": np.nan,
                "in_study": True,
                "township_id": pd.Series([None] * len(kinds), dtype="str"),
            },
            geometry=gpd.points_from_xy(*points[where].T),
            crs=CRS,
        ),
    )


def of_many_surfaces(place: County, seed: int) -> County:
    """Make of each road one that is open in all seasons, one that is not, or one of which nobody knows."""
    rng = np.random.default_rng(seed)
    surfaces = [(None, None, "asphalt", "mud")[int(rng.integers(4))] for _ in range(len(place.roads))]
    return replace(place, roads=place.roads.assign(surface=pd.Series(surfaces, dtype="str")))


def gated(results: pd.DataFrame) -> pd.DataFrame:
    """Take the norms of some services for gates."""
    rows = results["service"].isin(GATED) & results["unit_level"].isin(["study", "township"])
    gate = results["status"].map(GATES).where(rows, results["gate"]).fillna("none_applicable")
    return results.assign(gate=gate.astype("str"))


def board(place: County) -> sp.Scoreboard:
    """Score a county by the norms that make up its own access."""
    return scored(place)[0]


def scored(
    place: County, *, doubtful: frozenset[str] | None = None, only: tuple[str, ...] = ()
) -> tuple[sp.Scoreboard, tuple[str, ...]]:
    """
    Score a county, by some norms or all that make up its access, and tell which.

    It has gates where it is said of which services nobody declared the list complete.
    """
    graph = sp.build_network(place.roads, mode="drive")
    rules = AccessRules(snap=sp.SnapRules(candidates=50, min_component_km=0.0))
    result = access_table(
        graph,
        place.settlements,
        place.facilities,
        services={name: frozenset({name}) for name in SERVICES},
        rules=rules.model_copy(update={"tiers": {"county_seat": frozenset({"county_seat"})}}),
    )
    near = last_mile(graph, place.settlements, result.access)
    results = evaluate_norms(
        REGISTER,
        place.settlements,
        result.access,
        as_of=AS_OF,
        rules=RULES,
        evidence=NormEvidence(
            vocabulary=Words(),
            inventory={name: "unknown" if name in (doubtful or ()) else "complete" for name in SERVICES},
            facilities=place.facilities,
            last_mile=near,
        ),
    )
    results = results if doubtful is None else gated(results)
    ids = place.settlements["settlement_id"].astype(str).tolist()
    norms, _ = score_norms(results, only=only)
    gap = gap_reading(results, result.access, applicable_norms(REGISTER, as_of=AS_OF, rules=RULES), ids)
    robust = sp.robust_coverage(
        graph, place.settlements, place.facilities, service="primary_care", cutoff_min=30, rules=rules.snap
    )
    evidence = Evidence(
        connected=connection(result.access, near, ids, "drive"),
        road_near=road_is_near(near, ids),
        beyond=gap.beyond,
        gap_norm=gap.norm,
        gap_unit=gap.unit,
        gap_value=gap.value,
        gap_threshold=gap.threshold,
        completeness=np.full(len(ids), np.nan),
        gates=gates_by_unit(results),
        robust=robust,
    )
    return score_study(place.settlements, place_scores(results, ids, norms), evidence), tuple(norms)


@tried(12)
@given(st.integers(0, 10_000), st.integers(0, 3), st.integers(0, 3))
def test_another_road_or_facility_never_lowers_a_level(seed: int, roads: int, facilities: int) -> None:
    before, norms = scored(county(seed))
    after, _ = scored(county(seed, roads=roads, facilities=facilities), only=norms)
    keys = ["unit_level", "unit_id"]
    columns = [*LEVELS, "integration_level", "integration_level_arithmetic", "level_low", "level_high"]
    joined = before.scores.merge(after.scores, on=keys, suffixes=("", "_after"), validate="1:1")
    assert len(joined) == 1 + 2 + PLACES
    for column in columns:
        was, now = joined[column], joined[f"{column}_after"]
        assert (was.isna() == now.isna()).all()
        assert (now.fillna(0) >= was.fillna(0) - 1e-9).all(), column
    parts = [*keys, "pillar", "side", "component"]
    both = before.components.merge(after.components, on=parts, suffixes=("", "_after"), validate="1:1")
    levels = both[both["side"] == "level"]
    assert (levels["value_after"].fillna(0) >= levels["value"].fillna(0) - 1e-9).all()


@tried(12)
@given(st.integers(0, 10_000), st.integers(0, 3), st.integers(0, 4), st.frozensets(st.sampled_from(GATED)))
def test_with_gates_in_doubt_neither_a_level_nor_an_end_of_it_ever_falls(
    seed: int, roads: int, facilities: int, doubtful: frozenset[str]
) -> None:
    before, norms = scored(county(seed), doubtful=doubtful)
    after, _ = scored(county(seed, roads=roads, facilities=facilities), doubtful=doubtful, only=norms)
    keys = ["unit_level", "unit_id"]
    joined = before.scores.merge(after.scores, on=keys, suffixes=("", "_after"), validate="1:1")
    assert (joined["gates_in_force"] == joined["gates_in_force_after"]).all()
    assert joined["gates_in_force"].max() > 0
    for column in ("integration_level", "level_order", "level_low", "level_high"):
        assert (joined[f"{column}_after"].fillna(0) >= joined[column].fillna(0) - 1e-9).all(), column
    assert (joined["level_low"] <= joined["integration_level"] + 1e-9).all()
    assert (joined["integration_level"] <= joined["level_high"] + 1e-9).all()


@tried(12)
@given(st.integers(0, 10_000), st.integers(0, 4), st.integers(0, 4), st.frozensets(st.sampled_from(GATED)))
def test_with_roads_of_unknown_surface_no_level_no_share_and_no_end_of_either_ever_falls(
    seed: int, roads: int, facilities: int, doubtful: frozenset[str]
) -> None:
    first, more = (
        of_many_surfaces(place, seed) for place in (county(seed), county(seed, roads=roads, facilities=facilities))
    )
    before, norms = scored(first, doubtful=doubtful)
    after, _ = scored(more, doubtful=doubtful, only=norms)
    keys = ["unit_level", "unit_id"]
    joined = before.scores.merge(after.scores, on=keys, suffixes=("", "_after"), validate="1:1")
    for column in (*LEVELS, "integration_level", "level_low", "level_high"):
        was, now = joined[column], joined[f"{column}_after"]
        assert (was.isna() | (now >= was - 1e-9)).all(), column
    assert (joined["level_low"] <= joined["integration_level"] + 1e-9).all()
    assert (joined["integration_level"] <= joined["level_high"] + 1e-9).all()
    parts = [*keys, "pillar", "side", "component"]
    both = before.components.merge(after.components, on=parts, suffixes=("", "_after"), validate="1:1")
    both = both[both["side"] == "level"]
    for end in ("value", "low", "high"):
        was, now = both[end], both[f"{end}_after"]
        # none that turns unknown leaves no value where nobody else is known; the ends stay
        assert (was.isna() | (now >= was - 1e-9) | (now.isna() & (was == 0) & (end == "value"))).all(), end
    known = both[both["value"].notna() & both["low"].notna()]
    assert (known["low"] <= known["value"] + 1e-9).all()
    assert (known["value"] <= known["high"] + 1e-9).all()


def test_a_county_of_roads_in_doubt_is_not_known_to_be_connected() -> None:
    place = county(5)
    parts = board(place).components.set_index(["unit_id", "component"])
    found = parts.loc[("study", "all_season_connection")]
    assert not found["value"] > 0.0
    assert found["low"] == 0.0 < found["high"]
    assert found["persons_unknown"] > 0.0
    people = place.settlements["population_persons"].sum()
    assert found["persons_known"] + found["persons_unknown"] == pytest.approx(people)
    paved = replace(place, roads=place.roads.assign(surface="asphalt"))
    told = board(paved).components.set_index(["unit_id", "component"]).loc[("study", "all_season_connection")]
    assert told["low"] == told["value"] == told["high"] > 0.0
    assert told["persons_unknown"] == 0.0


@tried(5)
@given(st.integers(0, 10_000))
def test_scores_stay_in_bounds_and_do_not_see_the_order_of_rows(seed: int) -> None:
    place = county(seed)
    first = board(place)
    TABLES["scores"].check(first.scores)
    TABLES["score_components"].check(first.components)
    shuffled = County(
        place.roads.iloc[::-1].reset_index(drop=True),
        place.settlements.iloc[::-1].reset_index(drop=True),
        place.facilities.iloc[::-1].reset_index(drop=True),
    )
    second = board(shuffled)
    pd.testing.assert_frame_equal(first.scores, second.scores, rtol=1e-9)
    pd.testing.assert_frame_equal(first.components, second.components, rtol=1e-9)


def test_an_unrelated_villages_id_changes_nothing_else() -> None:
    place = county(7)
    renamed = place.settlements.replace({"settlement_id": {"s9": "a-new-id"}})
    first, second = board(place), board(replace(place, settlements=renamed))
    rows = [
        table.scores[~table.scores["unit_id"].isin(["s9", "a-new-id"])].reset_index(drop=True)
        for table in (first, second)
    ]
    pd.testing.assert_frame_equal(rows[0], rows[1])


def test_a_county_without_gates_never_reads_as_passing() -> None:
    scores = board(county(3)).scores
    assert set(scores["mandatory_status"]) == {"none_applicable"}
    assert scores["gates_in_force"].sum() == 0
    assert "pass" not in set(scores["mandatory_status"])


def test_without_flows_the_pillar_of_elements_is_missing_and_makes_an_interval() -> None:
    study = board(county(3)).scores.iloc[0]
    assert np.isnan(study["level_elements"])
    assert study["missing_pillars"] >= 1
    assert study["level_low"] < study["integration_level"] <= study["level_high"] + 1e-12


def test_people_and_places_behind_a_score_are_all_of_the_county() -> None:
    place = county(11)
    scores = board(place).scores
    people = place.settlements["population_persons"].sum()
    for level in ("study", "township", "settlement"):
        rows = scores[scores["unit_level"] == level]
        assert rows["population_persons"].sum() == pytest.approx(people)
        assert rows["places"].sum() == PLACES
