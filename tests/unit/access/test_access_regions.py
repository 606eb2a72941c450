"""Access on the two real regions: what is known of them must come out."""

import numpy as np
import pytest
import shapely

from spatial.access.analyst import cost_to_closest
from spatial.access.cumulative import summarise
from spatial.access.last_mile import last_mile
from spatial.access.nearest import access_table
from spatial.access.places import Surroundings
from spatial.inputs.prepare import prepare
from spatial.network.build import build_network
from spatial.people.population import allocate_population_with_account
from spatial.study import Study
from spatial.study.access import SnapRules
from spatial.tables import TABLES

pytestmark = pytest.mark.data


def services_of(layers, *services):
    return {service: layers.vocabulary.satisfying(service) for service in services}


@pytest.fixture(scope="module")
def islands(comoros, region_layers):
    return region_layers(comoros)


@pytest.fixture(scope="module")
def people(islands):
    return allocate_population_with_account(
        islands.settlements, islands.population, graph=build_network(islands.roads), study_area=islands.study_area
    )


@pytest.fixture(scope="module")
def island_access(islands, people):
    return access_table(
        [build_network(islands.roads), build_network(islands.roads, mode="walk")],
        people[0],
        islands.facilities,
        services=services_of(islands, "hospital", "emergency_hospital", "school"),
        surroundings=Surroundings.from_layers(study_area=islands.study_area, water=islands.water),
    )


def test_the_people_of_the_islands_are_conserved(islands, people):
    settlements, account = people
    TABLES["settlements"].check(settlements)
    TABLES["population_account"].check(account)
    persons = account.set_index("item")["persons"]
    # The raster's float64 sum as its description gives it.
    assert persons["raster_total"] == pytest.approx(869_595.0284, abs=1e-3)
    assert persons.drop("raster_total").sum() == pytest.approx(persons["raster_total"], rel=1e-6)
    assert settlements["population_persons"].sum() == pytest.approx(persons["allocated"], rel=1e-6)
    assert persons["allocated"] > 0.95 * persons["raster_total"]


def test_people_stay_on_their_island(people):
    # By nearest island: 449,425 on Ngazidja in the west (longitude below 43.55), the rest on Mwali and Nzwani. Those
    # too far from every road, in the west the slopes of the volcano, are not among them.
    settlements = people[0]
    west = settlements.to_crs("EPSG:4326").geometry.x < 43.55
    assert settlements.loc[west, "population_persons"].sum() == pytest.approx(449_425, rel=0.05)
    assert settlements.loc[~west, "population_persons"].sum() == pytest.approx(869_595 - 449_425, rel=0.05)


def test_every_table_of_the_islands_keeps_its_contract(islands, island_access):
    for name in ("access", "snaps", "routes"):
        TABLES[name].check(getattr(island_access, name))
    TABLES["findings_access"].check(island_access.findings)
    # 2 modes x (3 services + 3 tiers of towns)
    assert len(island_access.access) == len(islands.settlements) * 12


def test_nobody_drives_or_walks_from_island_to_island(islands, island_access):
    access = island_access.access
    longitude = islands.settlements.to_crs("EPSG:4326").set_index("settlement_id").geometry.x
    goals = islands.facilities.to_crs("EPSG:4326").set_index("facility_id").geometry.x
    reached = access.loc[(access["reach_status"] == "reached") & access["service"].isin(["hospital", "school"])]
    for place, goal in zip(longitude[reached["settlement_id"]], goals[reached["facility_id"]], strict=True):
        # The channels between the islands lie at 43.55 and 44.0 degrees.
        assert np.searchsorted([43.55, 44.0], place) == np.searchsorted([43.55, 44.0], goal)
    # Some island has no emergency hospital: its people have no path, which is not 0 minutes and not the cutoff.
    emergency = access.loc[access["service"] == "emergency_hospital"]
    assert set(emergency["reach_status"]) >= {"no_path"}
    assert emergency.loc[emergency["reach_status"] != "reached", "travel_time_min"].isna().all()


def test_ferries_join_the_islands(islands, people):
    result = access_table(
        build_network(islands.roads, ferries=True),
        people[0],
        islands.facilities,
        services=services_of(islands, "emergency_hospital"),
    )
    rows = result.access.loc[result.access["service"] == "emergency_hospital"]
    assert not (rows["reach_status"] == "no_path").any()


def test_minutes_to_the_hospital_are_those_of_a_careful_notebook(people, island_access):
    # All components, fixed speeds, UTM and places gave a median of 10.1 minutes without the walk to the road.
    drive = island_access.access.query("service == 'hospital' and mode == 'drive'")
    assert drive["travel_time_min"].median() == pytest.approx(10.1, abs=2.5)
    whole = summarise(island_access.access, by=None, settlements=people[0]).set_index(["service", "mode"])
    assert whole.loc[("hospital", "drive"), "weighted_by"] == "people"
    assert whole.loc[("hospital", "drive"), "n_nan"] == 0


def test_walking_takes_longer_than_driving(island_access):
    times = island_access.access.pivot_table(
        index=["settlement_id", "service"], columns="mode", values="travel_time_min"
    ).dropna()
    # 60 km/h at most against 5, but on foot the direct way is open and every path: no more than rarely shorter.
    assert (times["walk"] >= times["drive"] - 1e-9).mean() > 0.95


def test_an_island_country_has_no_way_out(island_access):
    assert not island_access.access["edge_risk"].any()


def test_the_last_mile_of_the_islands(islands, people, island_access):
    mile = last_mile(build_network(islands.roads), people[0], island_access.access, walk=SnapRules())
    TABLES["last_mile"].check(mile)
    assert len(mile) == len(islands.settlements)
    # Surface is untagged on 91 % of the motorable ways: what is known is never nearer than what may be.
    upper = mile["known_all_season_road_distance_m"].fillna(np.inf)
    assert (mile["all_season_road_distance_m"] <= upper).all()


def test_a_county_without_buffer_is_at_risk_at_its_edge(rutland):
    values = {
        "name": "rutland",
        "title": {"en": "Rutland"},
        "as_of": "2026-01-01",
        "region": {"admin_level": 6, "names": ["Rutland"], "unit_levels": [10]},
        "sources": {"osm": {"path": "rutland/rutland.osm.pbf"}},
    }
    layers = prepare(Study.from_dict(values, raw=rutland.parent))
    result = access_table(
        build_network(layers.roads),
        layers.settlements,
        layers.facilities,
        services=services_of(layers, "hospital", "school", "emergency_hospital"),
        surroundings=Surroundings.from_layers(study_area=layers.study_area, water=layers.water),
    )
    TABLES["access"].check(result.access)
    risk = (
        result.access.loc[result.access["settlement_id"].isin(_scored(layers))].groupby("service")["edge_risk"].mean()
    )
    # Nodes reach at most 2.3 km beyond the county, so for most places the border is nearer than the only hospital.
    assert risk["hospital"] > 0.5
    # No emergency hospital is mapped: whatever lies beyond the border may be the nearest.
    assert (result.access.query("service == 'emergency_hospital'")["reach_status"] == "no_facility").all()
    assert risk["emergency_hospital"] == 1.0
    # Villages in the middle of the county reach their school first.
    assert risk["school"] < risk["hospital"]
    lines = result.routes.geometry
    assert shapely.is_valid(lines.to_numpy()).all()


def _scored(layers):
    return layers.settlements.loc[layers.settlements["in_study"], "settlement_id"]


def test_an_analyst_finds_the_closest_hospital_that_the_run_finds(islands, people, island_access):
    graph = build_network(islands.roads)
    run = island_access.access.query("service == 'hospital' and mode == 'drive'").set_index("settlement_id")
    found = cost_to_closest(graph, people[0], islands.facilities, service="hospital").set_index("from_id")
    near = run.index[run["reach_status"] == "reached"]
    np.testing.assert_allclose(found["travel_time_min"][near], run["travel_time_min"][near], rtol=1e-9)
    # Some are nearest to a hospital that is known to have emergency care, or to be of a level.
    alone = cost_to_closest(graph, people[0], islands.facilities, service={"hospital"}).set_index("from_id")
    assert (alone["travel_time_min"][near] > found["travel_time_min"][near]).any()
