"""The whole line on Comoros and Rutland: what a person can check against the sources' own numbers."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import spatial as sp
from spatial.network.speeds import load_speeds
from spatial.stages.explain import headline_lines
from spatial.study import Study
from tests.page_blocks import data_of, text_of

pytestmark = [pytest.mark.data, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
KM_A_MILE = 1.609344
MWALI, NZWANI = 354_273, 65_897  # people by nearest island, as the raster has them; the description says so

# fmt: off
COMOROS_COUNTS = {
    "nodes": 536_714, "ways": 86_666, "highway ways": 4_378, "highway=residential": 3_084, "highway=track": 254,
    "highway=tertiary": 251, "highway=service": 222, "highway=unclassified": 164, "highway=secondary": 126,
    "highway=path": 115, "highway=primary": 49, "place=city": 3, "place=town": 22, "place=village": 126,
    "place=hamlet": 3, "amenity=hospital": 28, "amenity=clinic": 8, "amenity=doctors": 3, "amenity=pharmacy": 24,
    "amenity=school": 82, "amenity=kindergarten": 5, "amenity=college": 9, "amenity=post_office": 14,
    "amenity=bank": 17, "amenity=marketplace": 32, "boundaries admin_level=4": 3, "boundaries admin_level=8": 13,
    "ferries": 3,
}
RUTLAND_COUNTS = {
    "nodes": 170_885, "ways": 16_730, "highway ways": 6_665, "place=town": 2, "place=village": 52,
    "place=hamlet": 9, "amenity=school": 27, "amenity=kindergarten": 4, "amenity=pharmacy": 5, "amenity=doctors": 3,
    "amenity=clinic": 2, "amenity=hospital": 1, "amenity=dentist": 4, "amenity=social_facility": 9,
    "social_facility=assisted_living": 8, "amenity=post_office": 6, "amenity=bank": 4, "amenity=library": 4,
    "shop=convenience": 18, "shop=supermarket": 7, "highway=bus_stop (nodes)": 25, "boundaries admin_level=10": 57,
}
# fmt: on


def _study(name, folder):
    return Study.from_toml(ROOT / "examples" / f"{name}.toml", raw=folder.parent)


def _read(name, place):
    return sp.read_results(place / "processed" / name, maps=place / "maps" / name)


@pytest.fixture(scope="module")
def islands(comoros, region_run):
    return _read("comoros", region_run(comoros))


@pytest.fixture(scope="module")
def county(rutland, region_run):
    return _read("rutland", region_run(rutland))


@pytest.fixture(params=["islands", "county"])
def either(request):
    return request.getfixturevalue(request.param)


def _counts(results, source):
    rows = results.counts[results.counts["source"] == source]
    return rows.set_index("item")["number"]


def _island_of(results):
    """The island of every settlement and facility, by id: the nearest area of level 4, as some lie off the shore."""
    areas = results.boundaries.loc[results.boundaries["admin_level"] == 4, ["boundary_id", "geometry"]]
    places = [
        results.settlements[["settlement_id", "geometry"]].rename(columns={"settlement_id": "id"}),
        results.facilities[["facility_id", "geometry"]].rename(columns={"facility_id": "id"}),
    ]
    joined = gpd.GeoDataFrame(pd.concat(places, ignore_index=True), crs=areas.crs).sjoin_nearest(areas)
    return joined.drop_duplicates("id").set_index("id")["boundary_id"]


# -- Reading ---------------------------------------------------------------------------------------------------------


def test_what_was_read_of_comoros_are_the_numbers_known(islands):
    counts = _counts(islands, "comoros/comoros.osm.pbf")
    assert {item: counts.get(item) for item in COMOROS_COUNTS} == COMOROS_COUNTS


def test_what_was_read_of_rutland_are_the_numbers_known(county):
    counts = _counts(county, "rutland/rutland.osm.pbf")
    assert {item: counts.get(item) for item in RUTLAND_COUNTS} == RUTLAND_COUNTS


def test_28_raw_hospitals_are_reported_and_how_many_remain(islands):
    raw, left = _counts(islands, "comoros/comoros.osm.pbf"), _counts(islands, "study")
    assert raw["amenity=hospital"] == 28
    hospitals = ["service=emergency_hospital", "service=hospital"]
    tagged, remaining = int(raw[hospitals].sum()), int(left[hospitals].sum())
    kept = islands.facilities[islands.facilities["service"].isin(["emergency_hospital", "hospital"])]
    merged = islands.findings_read.query("kind == 'merged_duplicate'")["detail"].str.contains("hospital: ")
    # Seven pairs lie within 150 m of each other: at most seven merge, each is named, and no other is lost.
    assert remaining == len(kept) == tagged - merged.sum()
    assert 1 <= merged.sum() <= 7


def test_rutlands_osteopath_is_no_primary_care(county):
    services = county.facilities.set_index("name")["service"]
    assert services["Rutland Osteopaths"] == "private_practice"
    assert "Rutland Osteopaths" not in set(services[services.isin(["primary_care", "health_centre"])].index)
    nearest = county.access.query("service == 'primary_care'")["facility_id"].dropna().unique()
    names = county.facilities.set_index("facility_id")["name"]
    assert set(names[nearest]) <= {"Oakham Medical Practice", "Uppingham Surgery"}


def test_rutlands_speeds_in_miles_are_read_as_such(county):
    # 30 mph is 48.28 km/h; the table takes a share of what is allowed as what is driven.
    share = load_speeds("osrm_like").maxspeed.share
    drive = county.edges.query("mode == 'drive' and speed_source == 'maxspeed'")
    by_road = drive.drop_duplicates(["road_id", "speed_km_h"])
    at_thirty = np.isclose(by_road["speed_km_h"], 30 * KM_A_MILE * share)
    assert by_road.loc[at_thirty, "road_id"].nunique() == pytest.approx(300, abs=5)
    assert drive["speed_km_h"].max() <= 70 * KM_A_MILE * share + 1e-9


# -- People ----------------------------------------------------------------------------------------------------------


def test_every_person_of_the_raster_is_in_a_settlement_or_accounted_for(islands):
    account = islands.population_account.set_index("item")["persons"]
    assert islands.population.total == pytest.approx(869_595.0284, abs=5e-5)
    assert account["raster_total"] == pytest.approx(islands.population.total, rel=1e-12)
    assert account.drop("raster_total").sum() == pytest.approx(islands.population.total, rel=1e-6)
    people = islands.settlements["population_persons"]
    assert people.sum() == pytest.approx(account["allocated"] + account["allocated_outside"], rel=1e-6)
    assert (islands.settlements["population_source"] == "raster").all()
    assert account["allocated"] > 0.9 * islands.population.total


def test_rutland_is_counted_in_places_without_any_figure_of_people(county, rutland):
    assert county.settlements["population_persons"].isna().all()
    assert county.summary["population"]["persons"] is None
    assert county.summary["population"]["places"] == 62
    for norm in county.summary["norms"]:
        assert norm["share_of"] == "places"
        assert [key for key, value in norm.items() if key.startswith("persons") and value is not None] == []
    somewhere = county.norms[county.norms["places_in_scope"] > 0]  # of no place there are no people, which is known
    for column in ("persons_in_scope", "persons_served", "persons_unserved", "persons_unknown"):
        assert somewhere[column].isna().all()
    index = text_of(county.index_page)
    assert '"persons_served":null' in index
    # The column of the map is named by a number of its own.
    told = {name: value for name, value in data_of(county.index_page).items() if name != "map"}
    assert re.findall(r'"persons[a-z_]*":\d', json.dumps(told, separators=(",", ":"))) == []
    lines = headline_lines(_study("rutland", rutland), county.summary)
    assert any("People are not counted" in line for line in lines)
    assert not any(re.search(r"\d people", line) for line in lines)


def test_the_known_issue_of_the_raster_is_in_the_summary_and_on_every_page(islands):
    issue = "The totals of Mwali and Nzwani appear interchanged by the producer"
    assert sum(issue in text for text in islands.summary["issues"]) == 1
    pages = sorted(islands.maps.glob("*.html"))
    assert len(pages) > 10
    assert [page.name for page in pages if issue not in text_of(page)] == []


def test_the_islands_have_the_people_that_the_raster_gives_them(islands):
    # The numbers by nearest island of the description, less those further than 5 km from every settlement and road.
    island = _island_of(islands)
    people = islands.settlements.set_index("settlement_id")["population_persons"]
    names = islands.boundaries.set_index("boundary_id")["name"]
    by_island = people.groupby(island.reindex(people.index).map(names)).sum()
    mwali = by_island[[name for name in by_island.index if "Mwali" in name]].sum()
    nzwani = by_island[[name for name in by_island.index if "Nzwani" in name]].sum()
    assert mwali == pytest.approx(MWALI, rel=0.06)
    assert nzwani == pytest.approx(NZWANI, rel=0.06)


# -- Network and access ----------------------------------------------------------------------------------------------


def test_comoros_has_three_large_components_one_an_island(islands):
    sizes = islands.nodes.query("mode == 'drive'").groupby("component").size()
    assert (sizes > 1000).sum() == 3
    assert sizes[sizes <= 1000].max() < 50


def test_no_time_between_islands_is_finite_without_a_ferry(islands):
    island = _island_of(islands)
    found = islands.access.dropna(subset=["facility_id"])
    assert (island[found["settlement_id"]].to_numpy() == island[found["facility_id"]].to_numpy()).all()
    assert islands.access.loc[islands.access["facility_id"].isna(), "travel_time_min"].isna().all()
    # Every kindergarten is on the two larger islands: Mwali reaches none, and has no minutes to show.
    names = islands.boundaries.set_index("boundary_id")["name"]
    kindergartens = islands.access.query("service == 'kindergarten' and mode == 'drive'").set_index("settlement_id")
    mwali = names[island[kindergartens.index]].str.contains("Mwali").to_numpy()
    assert (kindergartens.loc[mwali, "reach_status"] == "no_path").all()
    assert (kindergartens.loc[~mwali, "reach_status"] == "reached").all()


def test_ferries_join_all_islands_where_the_study_allows_them(islands):
    apart = sp.build_network(islands.roads, mode="drive", speeds="osrm_like")
    joined = sp.build_network(islands.roads, mode="drive", speeds="osrm_like", ferries=True)
    cost = {}
    for name, graph in (("apart", apart), ("joined", joined)):
        found = sp.cost_to_closest(graph, islands.settlements, islands.facilities, service="kindergarten")
        cost[name] = found.set_index("from_id")["travel_time_min"].replace(np.inf, np.nan)
    assert cost["apart"].isna().any()
    assert cost["joined"].notna().all()
    there = cost["apart"].notna()
    assert (cost["joined"][there] <= cost["apart"][there] + 1e-9).all()


def test_every_settlement_has_one_row_a_service_and_mode(either):
    access = either.access
    keys = ["settlement_id", "service", "mode"]
    assert not access.duplicated(keys).any()
    full = len(either.settlements) * access["service"].nunique() * access["mode"].nunique()
    assert len(access) == full
    reached = access["reach_status"] == "reached"
    assert access.loc[reached, "travel_time_min"].notna().all()
    assert access.loc[~reached, "travel_time_min"].isna().all()


def test_legs_add_up_to_the_time_from_door_to_door(either):
    reached = either.access[either.access["reach_status"] == "reached"]
    legs = reached[["access_leg_min", "network_leg_min", "egress_leg_min"]].sum(axis=1)
    np.testing.assert_allclose(legs, reached["travel_time_min"], rtol=0, atol=1e-6)


def test_minutes_to_the_nearest_hospital_are_those_of_a_careful_notebook(islands):
    # A notebook with all components, fixed speeds and metres gave a median of 10.1 minutes over the places and 22,041
    # people beyond 60. Ours walks to the road as well and counts people at their place, so the order must be the same.
    hospital = islands.access.query("service == 'hospital' and mode == 'drive'").set_index("settlement_id")
    people = islands.settlements.set_index("settlement_id")["population_persons"]
    minutes = hospital["travel_time_min"].reindex(people.index)
    assert minutes.notna().all()
    assert minutes.median() == pytest.approx(10.1, rel=0.2)
    assert 15_000 <= people[minutes > 60].sum() <= 30_000


# -- Running again ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["comoros", "rutland"])
def test_a_second_run_skips_every_stage(name, request, region_run, go_on_from, tmp_path):
    folder = request.getfixturevalue(name)
    go_on_from(region_run(folder), tmp_path)
    processed, maps = tmp_path / "processed", tmp_path / "maps"
    before = {path: path.stat().st_mtime_ns for path in (processed / name).glob("*.parquet")}
    again = sp.run(_study(name, folder), processed=processed, maps=maps)
    record = json.loads((again.folder / "run.json").read_text(encoding="utf-8"))
    assert {stage: facts["reason"] for stage, facts in record["stages"].items() if facts["ran"]} == {}
    assert {path: path.stat().st_mtime_ns for path in again.folder.glob("*.parquet")} == before


@pytest.mark.trial
def test_a_run_elsewhere_with_other_hashes_gives_the_same_bytes(county, rutland, tmp_path):
    # The raw files are copied as well: no path of the machine may reach an output.
    # As deep as the other: the project names the file of edits by the way there.
    place = county.folder.parents[1]
    raw, elsewhere = tmp_path / "raw", tmp_path.joinpath(*["run"] * (len(place.parts) - len(tmp_path.parts)))
    shutil.copytree(rutland, raw / "rutland")
    command = [sys.executable, "-m", "spatial", "run", str(ROOT / "examples" / "rutland.toml"), "--raw", str(raw)]
    command += ["--processed", str(elsewhere / "processed"), "--maps", str(elsewhere / "maps")]
    seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "pages:" in done.stdout
    first, second = _files(place), _files(elsewhere)
    assert sorted(first) == sorted(second)
    assert [name for name in first if first[name].read_bytes() != second[name].read_bytes()] == []


# -- Town and country ------------------------------------------------------------------------------------------------


def test_townships_of_comoros_are_classified_by_the_people_of_the_raster(islands):
    units = islands.unit_types.set_index("unit_id")
    townships = units[units["unit_level"] == "township"]
    assert townships["basis"].eq("raster").all()
    assert townships.filter(regex=r"^share_\d").sum(axis=1).round(9).eq(1.0).all()
    total = np.nansum(islands.population.values)
    assert units.loc["study", "population_persons"] == pytest.approx(total)
    # One cell in twenty lies off the outlines of the shore: its people belong to the nearest township within 1 km.
    assert townships["population_persons"].sum() == pytest.approx(total, rel=0.001)
    areas = islands.functional_areas
    assert set(areas["fua_method"]) == {"fua_proxy"}  # nobody observed commuting
    assert set(townships.index[townships["degurba_level1"] == 3]) <= set(areas["unit_id"])


def test_rutland_has_no_population_raster_so_that_nothing_is_classified(county):
    assert set(county.unit_types["basis_reason"]) == {"no_population_grid"}
    assert county.unit_types.filter(regex=r"^share_\d").isna().all(axis=None)
    assert county.functional_areas.empty
    summary = json.loads((county.folder / "summary.json").read_text(encoding="utf-8"))
    areas = summary["town_and_country"]["functional_areas"]
    assert (areas["method"], areas["reason"]) == (None, "no_population_grid")


def _files(place):
    """Outputs by name, but for the records of the run, which hold seconds."""
    folders = (place / "processed" / "rutland", place / "maps" / "rutland")
    paths = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    records = {"run.json", ".lock", ".checksums.json", ".headlines.json"}  # the last as the terminal has said them
    return {
        path.relative_to(place).as_posix(): path
        for path in paths
        if path.name not in records and not path.name.endswith(".manifest.json")
    }
