"""Where plans may build: idle buildings, listed points and a grid of the study, and areas that exclude or flag."""

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
import shapely

import spatial as sp
from spatial.errors import StageError, StudyError
from spatial.runner.run import own_files
from spatial.runs import decisions
from spatial.stages import plan_sites
from spatial.stages.explain import plan_lines
from spatial.stages.plan_sites import constrained
from tests.unit.scenario_files import line, write
from tests.unit.stages.test_scenario_run import flood_over, study_of

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("what_it_rests_on")]

SERVICES = {"services": ["hospital", "health_centre"]}
PLAN = {"name": "idle", "service": "health_centre", "within_min": 2.0, "sites": 2, "candidates": ["idle"]}


@pytest.fixture(scope="module")
def planned(tiny_at, tmp_path_factory):
    """A plan among five idle buildings; a barn lies on farmland, a yard where the river floods."""
    tiny = tiny_at(tmp_path_factory.mktemp("idle"))
    idle = write(
        tiny,
        "idle.geojson",
        line(tiny, (4, 2), idle_id="school", name="旧校", tenure="collective", area_m2=300),
        line(tiny, (2, 0), idle_id="shed", area_m2=40),
        line(tiny, (2, 4), idle_id="barn", area_m2=500),
        line(tiny, (0, 2), idle_id="yard", tenure="state", area_m2=250),
        line(tiny, (9, 9), idle_id="abroad", area_m2=900),
    )
    farmland = write(tiny, "farmland.geojson", flood_over(tiny, 1.8, 3.8, 2.2, 4.2))
    flood = flood_over(tiny, -0.2, 1.8, 0.2, 2.2)
    flood["properties"] = {"kind": "hazard", "effect": "flag"}
    planning = {
        "idle": idle,
        "constraints": [
            {"path": farmland, "kind": "permanent_farmland"},
            {"path": write(tiny, "hazard.geojson", flood)},
        ],
    }
    study = study_of(tiny, plans=[PLAN], planning=planning, access=SERVICES)
    where = {"processed": tiny.processed, "maps": tiny.maps}
    return tiny, study, where, sp.run(study, until="plan", **where)


def test_idle_buildings_are_taken_with_their_owner_and_what_flags_them(planned):
    # A building serves the village it stands in: 60 people at the school, 50 at the yard; no other may be a site.
    actions = planned[3].plan_actions
    assert actions["place_id"].tolist() == ["idle/school", "idle/yard"]
    assert actions["persons_gained"].tolist() == [60.0, 50.0]
    assert actions["tenure"].tolist() == ["collective", "state"]
    assert actions["constraint"].fillna("").tolist() == ["", "hazard"]
    assert actions["township"].tolist() == ["东镇", "西镇"]


def test_what_sites_of_one_owner_alone_would_bring_is_told(planned):
    # 60 people live at the school of a village, 50 at the yard of the state.
    _, study, where, _ = planned
    result = sp.run(study, until="gaps", **where)
    columns = ["owner", "candidates", "sites", "gained", "border"]
    assert result.plan_owners[columns].to_numpy().tolist() == [["collective", 1, 1, 60, 50], ["state", 1, 1, 50, 60]]
    told = {language: "\n".join(plan_lines(study, result, language=language)) for language in ("en", "fr", "zh")}
    # Each owner has one of the two sites.
    assert "At most as many sites of one owner alone would bring: collective 60, state 50; those of all" in told["en"]
    assert "Au plus autant de sites" in told["fr"]
    assert "至多同样数量" in told["zh"]


def test_the_files_of_plans_are_among_the_sources(planned):
    _, study, where, result = planned
    paths = [study.planning.idle.path, *(area.path for area in study.planning.constraints)]
    assert result.plan_sources["path"].tolist() == paths
    assert result.plan_sources["sha256"].str.len().tolist() == [64, 64, 64]
    book = openpyxl.load_workbook(sp.run(study, until="workbook", **where).folder / "results.xlsx", read_only=True)
    assert set(paths) <= {cell for row in book["Sources"].values for cell in row}


def test_what_cannot_be_a_site_is_listed_with_the_reason(planned):
    refused = planned[3].plan_refused.set_index("place_id")
    assert refused["why"].to_dict() == {
        "idle/abroad": "outside_land",
        "idle/shed": "too_small",
        "idle/barn": "excluded",
    }
    assert refused.loc["idle/barn", "constraint"] == "permanent_farmland"


def test_a_site_that_is_no_settlement_is_a_point_of_the_scenario_and_gives_the_same_minutes(planned):
    _, study, where, result = planned
    assert 'name = "旧校"' in (result.folder / "plans.toml").read_text(encoding="utf-8")
    later = sp.run(study, scenario="plan:idle", until="access", **where)
    told = result.plan_people.set_index("unit_id")["after_value"]
    rows = later.access.query("service == 'health_centre' and mode == 'drive'").set_index("settlement_id")
    np.testing.assert_allclose(rows["travel_time_min"][told.index], told, rtol=0, atol=1e-6)


def test_a_changed_file_of_sites_draws_the_plans_again(planned):
    tiny, study, where, _ = planned
    kept = tiny.path("idle.geojson").read_bytes()
    before = {item.stage for item in decisions(study, **where) if item.runs}
    tiny.path("idle.geojson").write_bytes(kept.replace(b"300", b"310"))
    again = [item.stage for item in decisions(study, **where) if item.runs and item.stage not in before]
    assert again[0] == "plan"
    tiny.path("idle.geojson").write_bytes(kept)


def test_what_lies_beside_a_shapefile_of_sites_is_part_of_it(tiny):
    sites = gpd.GeoDataFrame({"site_id": ["p"]}, geometry=[shapely.Point(tiny.west, tiny.south)], crs=4326)
    sites.to_file(tiny.path("points.shp"))
    study = study_of(tiny, planning={"points": "tiny/points.shp"}, access=SERVICES)
    names = {path.name for path in own_files(study, ["planning"])}
    assert {"points.shp", "points.dbf", "points.shx", "points.prj"} <= names


def test_a_source_that_several_plans_take_is_read_once(tiny, monkeypatch):
    points, opened = write(tiny, "points.geojson", line(tiny, (4, 2), site_id="p")), []
    read = plan_sites.sites_from_table

    def counted(path, *rest, **how):
        opened.append(path.name)
        return read(path, *rest, **how)

    monkeypatch.setattr(plan_sites, "sites_from_table", counted)
    plans = [PLAN | {"name": name, "candidates": ["list"]} for name in ("one", "two")]
    sp.run(study_of(tiny, plans=plans, planning={"points": points}, access=SERVICES), until="plan",
           processed=tiny.processed, maps=tiny.maps)  # fmt: skip
    assert opened == ["points.geojson"]


def test_places_are_told_to_firms_with_the_idle_buildings_among_them(planned):
    profile = planned[3].site_profile
    assert {"idle/school", "idle/yard"} <= set(profile.loc[profile["place_kind"] == "candidate", "place_id"])
    assert set(profile.loc[profile["place_kind"] == "township_centre", "place_id"]) == {"s1", "s2"}


def test_sites_may_come_from_a_list_and_a_grid_beside_settlements(tiny):
    points = write(tiny, "points.geojson", line(tiny, (4, 2), site_id="p", area_m2=300))
    plans = [
        PLAN | {"name": "list", "candidates": ["settlements", "list"], "sites": 5},
        PLAN | {"name": "grid", "candidates": ["grid"]},
    ]
    planning = {"points": points, "grid_m": 500}
    study = study_of(tiny, plans=plans, planning=planning, access=SERVICES)
    found = sp.run(study, until="plan", processed=tiny.processed, maps=tiny.maps)
    actions = found.plan_actions.set_index("plan_id")["place_id"]
    assert actions["grid"].str.startswith("grid/").all()
    people = found.plans.set_index("plan_id")["persons_gained"]
    assert people["list"] > people["grid"] > 0.0


def test_no_village_on_excluded_ground_gets_a_site(tiny):
    farmland = write(tiny, "farmland.geojson", flood_over(tiny, 3.8, 1.8, 4.2, 2.2))
    planning = {"constraints": {"path": farmland, "kind": "ecological_red_line"}}
    plan = {**PLAN, "candidates": ["settlements"], "service": "hospital"}
    study = study_of(tiny, plans=[plan], planning=planning)
    found = sp.run(study, until="plan", processed=tiny.processed, maps=tiny.maps)
    # Without it s2 and s3 are taken, with 70 and 60 people.
    assert found.plan_actions["place_id"].tolist() == ["s2", "s4"]
    assert found.plan_refused[["place_id", "why"]].to_numpy().tolist() == [["s3", "excluded"]]


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ({"plans": [PLAN]}, "plans.idle.candidates needs planning.idle"),
        ({"planning": {"candidates": ["list", "grid"]}}, "planning.candidates needs planning.points, planning.grid_m"),
        ({"planning": {"constraints": [{"path": "a.gpkg", "kind": "swamp"}]}}, "planning.constraints.0.kind"),
        ({"plans": [PLAN | {"candidates": ["sea"]}]}, "plans.0.candidates.0"),
    ],
)
def test_candidates_that_nothing_gives_are_refused_with_their_key(tiny, keys, fault):
    with pytest.raises(StudyError, match=fault):
        study_of(tiny, **keys)


def test_a_file_that_says_no_kind_is_refused(tiny):
    planning = {"constraints": {"path": write(tiny, "areas.geojson", flood_over(tiny, 0, 0, 1, 1))}}
    with pytest.raises(StageError, match="kind: the column is missing"):
        sp.run(study_of(tiny, plans=[PLAN | {"candidates": None}], planning=planning), until="plan",
               processed=tiny.processed, maps=tiny.maps)  # fmt: skip


def test_the_workbook_names_owners_and_what_could_not_be_taken(planned):
    _, study, where, _ = planned
    book = openpyxl.load_workbook(sp.run(study, until="workbook", **where).folder / "results.xlsx", read_only=True)
    first, refused = (list(book[name].values) for name in ("What to do first", "Not to be built on"))
    of = {name: first[2].index(name) for name in ("Owner", "Constraint")}
    assert [[row[at] for at in of.values()] for row in first[3:]] == [["collective", None], ["state", "hazard"]]
    assert {row[refused[2].index("Why refused")] for row in refused[3:]} == {
        "too small",
        "outside the study area",
        "building is excluded there",
    }


def test_a_link_across_excluded_ground_is_left_out_and_one_across_flagged_ground_says_so():
    ways = {"a": [(0, 0), (100, 0)], "b": [(0, 50), (100, 50)], "c": [(0, 90), (100, 90)]}
    links = gpd.GeoDataFrame(
        {"road_id": list(ways)}, geometry=[shapely.LineString(points) for points in ways.values()], crs=32648
    )
    areas = gpd.GeoDataFrame(
        {"kind": ["permanent_farmland", "hazard"], "effect": ["exclude", "flag"]},
        geometry=[shapely.box(40, -10, 60, 10), shapely.box(40, 40, 60, 60)],
        crs=32648,
    )
    told = constrained(links, areas).set_index("road_id")
    assert told["is_excluded"].to_dict() == {"a": True, "b": False, "c": False}
    assert told["constraint"].fillna("").tolist() == ["permanent_farmland", "hazard", ""]
    assert not constrained(links, None)["is_excluded"].any()
