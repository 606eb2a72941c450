"""Where candidates come from, what cannot be one and why, and what may not be built where."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from spatial.errors import ContractError, CrsError, StudyError
from spatial.network.build import build_network
from spatial.planning.candidates import apply_constraints, candidate_sites, grid_points, load_site_rules
from spatial.study.access import SnapRules

CRS = "EPSG:32738"


def frame(shapes, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=CRS)


def at(*xs, y=0.0):
    return [shapely.Point(x, y) for x in xs]


VILLAGES = frame(at(0, 1000, 2000), settlement_id=["v2", "v10", "v1"], name=["Two", "Ten", None])
IDLE = frame(
    [shapely.Point(0, 0), shapely.box(500, 0, 510, 8), shapely.Point(900, 0), shapely.Point(950, 0)],
    idle_id=["school", "yard", "shed", "hall"],
    tenure=["collective", "state", "homestead", None],
    idle_since=["2015", "2019-06", None, "2021-02-01"],
    area_m2=[300.0, np.nan, 40.0, np.nan],
)


def test_ids_tell_the_source_and_come_in_the_order_of_ids() -> None:
    found = candidate_sites("market", settlements=VILLAGES)
    assert found.sites["facility_id"].tolist() == ["settlement/v1", "settlement/v2", "settlement/v10"]
    assert found.sites["name"].tolist()[1:] == ["Two", "Ten"]
    assert set(found.sites["status"]) == {"candidate"}
    assert set(found.sites["area_status"]) == {"no_rule"}
    shuffled = candidate_sites("market", settlements=VILLAGES.iloc[::-1].set_index(pd.Index([7, 7, 9])))
    pd.testing.assert_frame_equal(shuffled.sites, found.sites)


def test_too_small_a_building_is_refused_and_an_unknown_area_is_told() -> None:
    # A clinic asks for 60 m2: the yard of 10 x 8 m has 80, the shed 40, of the hall nothing is known.
    found = candidate_sites("primary_care", idle=IDLE)
    told = found.sites.set_index("facility_id")
    assert told["area_status"].to_dict() == {"idle/hall": "unknown", "idle/school": "met", "idle/yard": "met"}
    assert told.loc["idle/yard", ["area_m2", "min_area_m2", "tenure", "idle_since"]].tolist() == [
        80,
        60,
        "state",
        "2019-06",
    ]
    assert told.geometry["idle/yard"].within(IDLE.geometry[1])
    assert pd.isna(told.loc["idle/hall", "tenure"])
    shed = found.refused.iloc[0]
    assert shed[["facility_id", "why", "area_m2", "min_area_m2"]].tolist() == ["idle/shed", "too_small", 40.0, 60.0]


def test_exactly_the_least_area_is_enough() -> None:
    idle = frame(at(0, 50), idle_id=["a", "b"], area_m2=[60.0, 59.999])
    found = candidate_sites("primary_care", idle=idle)
    assert found.sites["facility_id"].tolist() == ["idle/a"]


def test_of_several_services_a_site_holds_those_that_it_may_and_that_fit() -> None:
    # 100 m2 hold a clinic (60) and no health centre (200); a market has no rule.
    idle = frame(
        at(0, 100, 200, 300),
        idle_id=list("abcd"),
        area_m2=[100.0, 100.0, 400.0, 400.0],
        allowed_services=[None, "health_centre; market", "market", "bank"],
    )
    found = candidate_sites({"primary_care", "health_centre", "market"}, idle=idle)
    assert found.sites["service"].tolist() == ["market;primary_care", "market", "market"]
    assert found.sites["area_status"].tolist() == ["met", "no_rule", "no_rule"]
    assert found.refused[["facility_id", "why"]].values.tolist() == [["idle/d", "service_not_allowed"]]


def test_of_two_at_one_place_the_better_known_stays_and_an_enlargement_doubles_nothing() -> None:
    clinics = frame(at(0, 700), facility_id=["k", "old"], service="primary_care", status=["existing", "closed"])
    listed = frame(at(2000.4), site_id=["drawn"])
    found = candidate_sites("market", settlements=VILLAGES, idle=IDLE, enlarge=clinics, points=listed)
    # v2 stands in the school, v1 at 0.4 m from what was drawn; v10 and the hall are 50 m apart.
    assert found.sites["facility_id"].tolist() == [
        "enlarge/k", "list/drawn", "idle/hall", "idle/school", "idle/shed", "idle/yard", "settlement/v10",
    ]  # fmt: skip
    assert found.refused[["facility_id", "why", "same_as"]].values.tolist() == [
        ["settlement/v1", "doubled", "list/drawn"],
        ["settlement/v2", "doubled", "idle/school"],
    ]
    assert found.sites["enlarges"].dropna().tolist() == ["k"]


def test_sites_on_the_sea_in_a_lake_or_far_from_roads_are_listed_with_the_reason() -> None:
    road = frame([shapely.LineString([(0, 0), (10_000, 0)])], road_id=["r"], road_class="residential")
    graph = build_network(road)
    points = frame(
        [*at(100, 200, 20_000), shapely.Point(300, 500), shapely.Point(300, 500.1)],
        site_id=["ok", "lake", "sea", "far", "edge"],
    )
    land, lake = gpd.GeoSeries([shapely.box(0, -900, 10_000, 900)], crs=CRS), frame([shapely.box(150, -50, 250, 50)])
    rules = SnapRules(max_snap_m=500.0, min_component_km=0.0)
    found = candidate_sites("market", points=points, land=land, water=lake, graph=graph, snap_rules=rules)
    assert found.sites["facility_id"].tolist() == ["list/far", "list/ok"]  # 500 m are no further than 500 m
    why = found.refused.set_index("facility_id")["why"].to_dict()
    assert why == {"list/edge": "far_from_network", "list/lake": "on_water", "list/sea": "outside_land"}
    none = candidate_sites("market", points=points, graph=graph, snap_rules=SnapRules(min_component_km=50.0))
    assert set(none.refused["why"]) == {"no_network"}


def test_every_candidate_is_a_site_or_refused() -> None:
    found = candidate_sites("primary_care", settlements=VILLAGES, idle=IDLE)
    ids = [*found.sites["facility_id"], *found.refused["facility_id"]]
    assert len(ids) == len(set(ids)) == len(VILLAGES) + len(IDLE)


def test_a_source_without_rows_gives_none() -> None:
    found = candidate_sites("primary_care", settlements=VILLAGES.iloc[:0], idle=IDLE.iloc[:0])
    assert len(found.sites) == len(found.refused) == 0
    assert list(found.sites)[:3] == ["facility_id", "status", "service"]


def test_a_grid_gives_a_point_the_same_id_in_another_area() -> None:
    small, large = (gpd.GeoSeries([shapely.box(-10, -10, side, 1000)], crs=CRS) for side in (1000, 3000))
    found = {name: grid_points(area, 500) for name, area in (("small", small), ("large", large))}
    assert len(found["small"]) == 3 * 3
    assert len(found["large"]) == 7 * 3
    both = found["small"].merge(found["large"], on="site_id", suffixes=("", "_large"))
    assert len(both) == 9
    assert both["geometry"].geom_equals(gpd.GeoSeries(both["geometry_large"], crs=CRS)).all()
    assert candidate_sites("market", grid=found["small"]).sites["facility_id"].iloc[0] == "grid/0/0"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "from one source or more"),
        ({"idle": IDLE.assign(tenure="mine")}, r"idle: tenure: unknown value\(s\) 'mine'.*for 'school'.*homestead"),
        ({"idle": IDLE.assign(idle_since="long ago")}, r"idle: idle_since: unknown .*'long ago'"),
        ({"idle": IDLE.assign(area_m2=-1.0)}, "idle: area_m2: negative"),
        ({"idle": IDLE.assign(idle_id="a")}, r"idle: idle_id: repeated id\(s\) 'a'"),
        ({"points": VILLAGES}, "list: site_id: the column is missing"),
        ({"settlements": IDLE.rename(columns={"idle_id": "settlement_id"})}, "settlement: geometry: no point.*'yard'"),
        (
            {"idle": IDLE.set_geometry([None, *IDLE.geometry[1:]], crs=CRS)},
            "idle: geometry: no point or polygon.*'school'",
        ),
    ],
)
def test_bad_candidates_are_refused(given, message) -> None:
    with pytest.raises(ContractError, match=message):
        candidate_sites("market", **given)


def test_all_faults_of_all_sources_are_told_at_once() -> None:
    with pytest.raises(ContractError) as error:
        candidate_sites("market", idle=IDLE.assign(tenure="mine", area_m2=-1.0), points=VILLAGES)
    assert len(error.value.problems) == 3


def test_layers_in_another_crs_are_refused_by_name() -> None:
    with pytest.raises(CrsError, match=r"of 'land' \(1 in all\) is not EPSG:32738.*reproject"):
        candidate_sites("market", settlements=VILLAGES, land=gpd.GeoSeries(at(0), crs="EPSG:32739"))
    with pytest.raises(CrsError, match="degrees"):
        candidate_sites("market", settlements=VILLAGES.to_crs("EPSG:4326"))


@pytest.mark.parametrize("spacing", [0, -1, np.nan, np.inf, "far"])
def test_a_grid_without_a_spacing_is_refused(spacing) -> None:
    with pytest.raises(ContractError, match="spacing_m: must be above 0"):
        grid_points(gpd.GeoSeries([shapely.box(0, 0, 1, 1)], crs=CRS), spacing)


def test_a_grid_without_an_area_or_a_point_is_refused() -> None:
    with pytest.raises(ContractError, match="no polygon"):
        grid_points(gpd.GeoSeries(at(0), crs=CRS), 10)
    with pytest.raises(ContractError, match="no point of a grid of 500 m"):
        grid_points(gpd.GeoSeries([shapely.box(10, 10, 20, 20)], crs=CRS), 500)


def test_the_packaged_rules_name_a_source_and_invent_no_number() -> None:
    rules = load_site_rules().set_index("service")
    assert rules["source_title"].notna().all()
    assert rules["min_area_m2"].dropna().to_dict() == {"primary_care": 60.0, "health_centre": 200.0}
    assert rules.loc["kindergarten", "notes"].startswith("No rule")


def test_rules_of_the_users_own_count_instead(tmp_path) -> None:
    own = load_site_rules().assign(min_area_m2=80.0, source_title="Province", notes="")
    own.to_csv(tmp_path / "own.csv", index=False)
    idle = frame(at(0, 50), idle_id=["a", "b"], area_m2=[79.0, 80.0])
    found = candidate_sites("kindergarten", idle=idle, site_rules=load_site_rules(tmp_path / "own.csv"))
    assert found.sites["facility_id"].tolist() == ["idle/b"]


def test_faulty_rules_are_refused_with_every_fault(tmp_path) -> None:
    file = tmp_path / "own.csv"
    file.write_text(
        "service,min_area_m2,source_title,source_year,read_in_original,notes\n"
        "a,sixty,Title,2020,yes,\n" "a,10,,2020,perhaps,\n",
        encoding="utf-8",
    )  # fmt: skip
    with pytest.raises(StudyError) as error:
        load_site_rules(file)
    assert [problem.split(":")[0] for problem in error.value.problems] == [
        "service", "min_area_m2", "source_title", "read_in_original",
    ]  # fmt: skip
    file.write_text("service\na\n", encoding="utf-8")
    with pytest.raises(StudyError, match="min_area_m2: the column is missing"):
        load_site_rules(file)
    with pytest.raises(StudyError, match="cannot be read"):
        load_site_rules(tmp_path / "none.csv")


# Constraints: fields from 0 to 100, a hazard from 50 to 150, building wanted from 0 to 400; all 100 m high.


def areas(*rows):
    return frame(
        [shapely.box(west, 0, east, 100) for *_, west, east in rows],
        kind=[kind for kind, *_ in rows],
        effect=[effect for _, effect, *_ in rows],
    )


GROUND = areas(
    ("permanent_farmland", "exclude", 0, 100),
    ("hazard", "flag", 50, 150),
    ("development_boundary", "exclude", 0, 200),
    ("development_boundary", "flag", 200, 400),
)


def test_sites_are_excluded_or_flagged_with_the_reason() -> None:
    sites = frame(at(25, 75, 125, 300, 500, y=50), facility_id=list("abcde"))
    found = apply_constraints(sites, GROUND)
    assert found["is_excluded"].tolist() == [True, True, False, False, True]
    assert found["constraint"].fillna("").tolist() == [
        "permanent_farmland", "permanent_farmland;hazard", "hazard", "", "outside_development_boundary",
    ]  # fmt: skip
    assert found["constraint_m"].isna().all()
    pd.testing.assert_frame_equal(found[sites.columns], sites)


def test_the_edge_of_an_area_belongs_to_it() -> None:
    found = apply_constraints(frame(at(100, 400, y=50), facility_id=list("ab")), GROUND)
    assert found["constraint"].fillna("").tolist() == ["permanent_farmland;hazard", ""]


def test_links_tell_how_many_metres_are_concerned_and_may_be_drawn_over_an_edge() -> None:
    links = frame(
        [
            shapely.LineString([(90, 50), (160, 50)]),  # 10 m of field, 60 of hazard, the first of both
            shapely.LineString([(150, 50), (400, 50)]),  # touches the hazard at its end
            shapely.LineString([(300, 50), (430, 50)]),  # 30 m outside
            shapely.LineString([(300, 50), (401, 50)]),  # 1 m outside is drawn over the edge
        ],
        road_id=list("pqrs"),
    )
    found = apply_constraints(links, GROUND)
    assert found["constraint"].fillna("").tolist() == [
        "permanent_farmland;hazard", "", "outside_development_boundary", "",
    ]  # fmt: skip
    assert found["constraint_m"].tolist() == pytest.approx([60.0, 0.0, 30.0, 0.0])
    assert found["is_excluded"].tolist() == [True, False, True, False]


def test_development_boundaries_that_only_flag_exclude_nobody() -> None:
    sites = frame(at(500, y=50), facility_id=["e"])
    found = apply_constraints(sites, GROUND.assign(effect="flag"))
    assert found[["is_excluded", "constraint"]].values.tolist() == [[False, "outside_development_boundary"]]


def test_without_an_effect_areas_exclude_and_no_area_concerns_nobody() -> None:
    sites = frame(at(75, y=50), facility_id=["b"])
    assert apply_constraints(sites, GROUND.drop(columns="effect"))["is_excluded"].all()
    found = apply_constraints(sites, GROUND.iloc[:0])
    assert not found["is_excluded"].any()
    assert found["constraint"].isna().all()


def test_another_exclusion_never_frees_a_site() -> None:
    rng = np.random.default_rng(7)
    sites = frame(shapely.points(rng.uniform(0, 400, 40), rng.uniform(0, 100, 40)))
    excluded = np.zeros(len(sites), dtype=bool)
    kinds = GROUND[GROUND["kind"] != "development_boundary"].assign(effect="exclude")
    for count in range(len(kinds) + 1):
        more = apply_constraints(sites, kinds.iloc[:count])["is_excluded"].to_numpy()
        assert (more >= excluded).all()
        excluded = more


@pytest.mark.parametrize(
    ("constraints", "error", "message"),
    [
        (GROUND.to_crs("EPSG:4326"), CrsError, "differ in their CRS; reproject"),
        (GROUND.assign(kind="park"), ContractError, r"kind: unknown value\(s\) 'park' .*known are permanent_farmland"),
        (GROUND.assign(effect="perhaps"), ContractError, "effect: unknown"),
        (GROUND.drop(columns="kind"), ContractError, "kind: the column is missing"),
        (GROUND.set_geometry(GROUND.centroid), ContractError, "no polygon in 'row 1'"),
        (
            GROUND.iloc[:1].set_geometry([shapely.Polygon([(0, 0), (9, 9), (9, 0), (0, 8)])], crs=CRS),
            ContractError, "crosses or touches itself",
        ),
    ],
)  # fmt: skip
def test_bad_constraints_are_refused(constraints, error, message) -> None:
    with pytest.raises(error, match=message):
        apply_constraints(frame(at(1), facility_id=["a"]), constraints)


def test_sites_that_are_areas_are_refused_by_constraints() -> None:
    with pytest.raises(ContractError, match="neither point nor line in 'row 1'"):
        apply_constraints(GROUND, GROUND)
