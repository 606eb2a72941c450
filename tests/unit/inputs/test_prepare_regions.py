"""The two example studies on real data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from spatial.inputs.prepare import prepare
from spatial.study import Study

if TYPE_CHECKING:
    from spatial.inputs.prepare import Layers

pytestmark = pytest.mark.data

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture(scope="module")
def islands(comoros, region_layers) -> Layers:
    return region_layers(comoros)


@pytest.fixture(scope="module")
def county(rutland, region_layers) -> Layers:
    return region_layers(rutland)


@pytest.fixture(scope="module")
def listed(comoros, tmp_path_factory) -> Layers:
    """Comoros with a ministry's list beside the map, and land cover instead of elevation."""
    folder = tmp_path_factory.mktemp("listed")
    lists, decided = folder / "liste.csv", folder / "decided.csv"
    lists.write_text(
        "code,nom,type,niveau,lits,horaires,public,lon,lat\n"
        "H1,Hopital El-Marouf,hospital,Hôpital national,250,24h/24,tous,43.2550,-11.6950\n"
        "H2,Centre de Santé Mitsoudje,hospital,Hôpital de district,40,24/7,,43.2810,-11.8040\n"
        "H3,Hôpital militaire,hospital,,30,Lu-Ve 8h-16h,militaires,43.2600,-11.7100\n"
        "P1,Poste de santé de Nulle Part,medical_point,PS,,sur rendez-vous,,43.4000,-11.7500\n",
        encoding="utf-8",
    )
    decided.write_text(f"source,list_id,map_id,decision\n{lists},P1,,different\n", encoding="utf-8")
    columns = {"facility_id": "code", "name": "nom", "service": "type", "level": "niveau", "capacity": "lits"}
    values = Study.from_toml(EXAMPLES / "comoros.toml", raw=comoros.parent).model_dump(
        exclude={"raw"}, exclude_unset=True, mode="json"
    )
    del values["sources"]["elevation"]
    values["sources"]["landcover"] = {"path": "comoros/landcover/landcover_Tree.tif"}
    values["sources"]["facilities"] = {
        "path": str(lists),
        "longitude": "lon",
        "latitude": "lat",
        "crs": "EPSG:4326",
        "columns": {**columns, "opening_hours": "horaires", "eligibility": "public"},
        "capacity_unit": "beds",
    }
    values["merge"] = {"decisions": str(decided)}
    return prepare(Study.from_dict(values, raw=comoros.parent))


def test_comoros_loses_no_place_and_no_person(islands):
    assert len(islands.settlements) == 161
    assert islands.settlements["in_study"].all()
    assert islands.settlements["township_id"].notna().all()
    assert islands.population.total == pytest.approx(869_595.0284, rel=1e-9)
    assert islands.settlements["population_persons"].isna().all()


def test_comoros_has_communes_on_mwali_and_whole_islands_elsewhere(islands):
    units = islands.boundaries[islands.boundaries["is_unit"]]
    assert units["admin_level"].value_counts().to_dict() == {8: 6, 4: 2}
    names = " ".join(units.loc[units["admin_level"] == 4, "name"])
    assert "Nzwani" in names
    assert "Ngazidja" in names


def test_the_known_issue_of_the_raster_is_carried(islands):
    (known,) = [issue for issue in islands.issues if "Mwali and Nzwani" in issue]
    assert "appear interchanged" in known


def test_comoros_keeps_23_hospitals(islands):
    counts = islands.facilities["service"].value_counts()
    assert counts["hospital"] + counts["emergency_hospital"] == 23


def test_a_land_cover_raster_is_read_as_it_is(listed):
    assert listed.landcover.crs.to_epsg() == 4326
    covered = listed.landcover.values[listed.landcover.values >= 0]
    assert covered.max() == 100.0  # per cent of tree cover
    assert "comoros/landcover/landcover_Tree.tif" in {record.path for record in listed.sources}


def test_the_elevation_of_comoros_reaches_its_summit(islands):
    # The tiles reach 2,361 m; the summit of Karthala lies in the study area.
    assert islands.elevation.values[islands.elevation.values > 0].max() == pytest.approx(2361, abs=1)


def test_no_coastline_separates_a_place_of_comoros_from_its_nearest_road(islands):
    roads = islands.roads[islands.roads["road_class"] != "ferry"]
    coast = islands.water[islands.water["kind"] == "coastline"].union_all()
    nearest = islands.settlements.sjoin_nearest(roads[["geometry"]]).drop_duplicates("settlement_id")
    ways = nearest.geometry.shortest_line(roads.geometry.loc[nearest["index_right"]], align=False)
    assert not ways.intersects(coast).any()


def test_rutland_is_its_county_and_parishes(county):
    assert county.crs.to_epsg() == 27700
    assert county.boundaries["is_unit"].sum() == 57
    places = county.settlements
    # 63 nodes and one area; Allexton and Borderville lie just beyond the county.
    assert len(places) == 64
    assert sorted(places.loc[~places["in_study"], "name"]) == ["Allexton", "Borderville"]
    assert places.loc[places["in_study"], "township_id"].notna().all()
    assert places.loc[places["tier"] == "county_seat", "name"].tolist() == ["Oakham"]


def test_rutland_counts_places_since_nobody_counts_people(county):
    assert county.population is None
    assert (county.settlements["population_source"] == "none").sum() >= 62


def test_a_master_list_of_the_comoros_is_read_merged_and_decided_on(listed):
    rows = listed.facilities.set_index("facility_id").loc[["H1", "H2", "H3", "P1"]]
    assert rows["service"].tolist() == ["emergency_district_hospital", "district_hospital", "hospital", "primary_care"]
    assert rows["found_in"].tolist() == ["both", "both", "list", "list"]
    assert rows["merged_from"].tolist()[:2] == ["w144754191", "n3747965355"]
    assert rows["open_to"].tolist() == ["all", "all", "group", "all"]
    assert rows["open_all_day"].fillna("").tolist() == ["yes", "yes", "no", ""]
    assert rows["capacity_unit"].unique().tolist() == ["beds"]
    counts = listed.counts.set_index("item")["number"]
    assert counts["facilities of lists found on the map"] == 2
    assert counts["facilities (table 1): opening hours that were not read"] == 1
    assert "H3" in set(listed.findings.query("kind == 'restricted_facility'")["subject_id"])
    assert listed.to_review is not None
    assert "P1" not in set(listed.to_review["list_id"])
