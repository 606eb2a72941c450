"""Preparing a study: files, study area, townships, people; and what a study that cannot be prepared gets."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from spatial.errors import ContractError, CrsError, SourceError, StudyError
from spatial.formats.files import KnownIssue
from spatial.inputs.prepare import prepare
from spatial.network.build import build_network
from spatial.stages.read import known_issues_table
from spatial.study import Study
from spatial.tables import TABLES

if TYPE_CHECKING:
    from pathlib import Path

# A county of 0.2 x 0.1 degrees around the equator at 9 degrees east (UTM zone 32), of two townships of 0.1 x 0.1.
WEST, EAST = 9.0, 9.2


def ring(first: int, west: float, east: float) -> str:
    corners = [(west, 0.0), (east, 0.0), (east, 0.1), (west, 0.1)]
    return "".join(f'<node id="{first + i}" version="1" lon="{x}" lat="{y}"/>' for i, (x, y) in enumerate(corners))


def area(number: int, first: int, level: int, name: str) -> str:
    refs = "".join(f'<nd ref="{first + i}"/>' for i in (0, 1, 2, 3, 0))
    return (
        f'<way id="{number}" version="1">{refs}<tag k="boundary" v="administrative"/>'
        f'<tag k="admin_level" v="{level}"/><tag k="name" v="{name}"/></way>'
    )


def place(number: int, lon: float, lat: float, word: str, name: str, population: str = "") -> str:
    count = f'<tag k="population" v="{population}"/>' if population else ""
    return (
        f'<node id="{number}" version="1" lon="{lon}" lat="{lat}">'
        f'<tag k="place" v="{word}"/><tag k="name" v="{name}"/>{count}</node>'
    )


EXTRACT = (
    '<?xml version="1.0"?><osm version="0.6">'
    + ring(1, WEST, EAST)
    + ring(11, WEST, 9.1)
    + ring(21, 9.1, EAST)
    + place(31, 9.05, 0.05, "village", "West", "500")
    + place(32, 9.15, 0.05, "town", "East", "2000")
    + place(33, 9.05, -0.004, "village", "Pier")
    + place(34, 9.05, -0.1, "village", "Beyond", "77")
    + place(35, 9.05, -1.0, "village", "Far")
    + '<node id="41" version="1" lon="9.05" lat="0.051"><tag k="amenity" v="clinic"/></node>'
    + '<node id="42" version="1" lon="9.0501" lat="0.051"><tag k="amenity" v="clinic"/><tag k="name" v="A"/></node>'
    + '<way id="1" version="1"><nd ref="31"/><nd ref="32"/><tag k="highway" v="tertiary"/></way>'
    + '<way id="2" version="1"><nd ref="34"/><nd ref="35"/><tag k="highway" v="track"/></way>'
    + area(3, 1, 6, "County")
    + area(4, 11, 8, "Township West")
    + area(5, 21, 8, "Township East")
    + "</osm>"
)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    (tmp_path / "county.osm").write_text(EXTRACT, encoding="utf-8")
    return tmp_path


def study_of(raw: Path, **values: Any) -> Study:
    sources = {"osm": {"path": "county.osm"}} | values.pop("sources", {})
    region = {"admin_level": 6, "names": ["County"], "unit_levels": [8]} | values.pop("region", {})
    keys = {"name": "county", "title": {"en": "County"}, "as_of": "2026-01-01", "sources": sources, "region": region}
    return Study.from_dict(keys | values, raw=raw)


def people(raw: Path, *, value: float = 1.0) -> dict[str, str]:
    """A raster of 20 x 10 cells over the county."""
    path = raw / "people.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=20, height=10, count=1, dtype="float32", crs="EPSG:4326",
        transform=from_origin(WEST, 0.1, 0.01, 0.01),
    ) as file:  # fmt: skip
        file.write(np.full((10, 20), value, dtype="float32"), 1)
    return {"path": "people.tif"}


def test_every_frame_keeps_its_contract_in_one_crs_in_metres(raw):
    layers = prepare(study_of(raw))
    assert layers.crs.to_epsg() == 32632
    for name in ("facilities", "roads", "boundaries", "water", "study_area", "flows", "counts"):
        TABLES[name].check(getattr(layers, name))
    TABLES["places"].check(layers.settlements)
    TABLES["findings_read"].check(layers.findings)
    frames = (layers.settlements, layers.facilities, layers.roads, layers.boundaries, layers.water, layers.study_area)
    assert {frame.crs for frame in frames} == {layers.crs}


def test_places_in_the_buffer_serve_and_are_not_scored(raw):
    # Beyond lies 11 km south of the county, within the buffer of 30 km; Far lies 111 km south.
    places = prepare(study_of(raw)).settlements.set_index("name")
    assert places["in_study"].to_dict() == {"West": True, "East": True, "Pier": True, "Beyond": False}
    assert "Beyond" not in prepare(study_of(raw, region={"buffer_km": 10.0})).settlements["name"].tolist()


def test_a_place_on_a_pier_belongs_to_the_nearest_township(raw):
    # The pier lies 0.004 degrees, 442 m, south of Township West.
    layers = prepare(study_of(raw))
    places = layers.settlements.set_index("name")
    assert places["township"].to_dict() == {
        "West": "Township West",
        "East": "Township East",
        "Pier": "Township West",
        "Beyond": pytest.approx(np.nan, nan_ok=True),
    }
    found = layers.findings[layers.findings["kind"] == "unit_by_tolerance"]
    assert found["subject_id"].tolist() == ["n33"]
    assert found["distance_m"].tolist() == [pytest.approx(442, abs=2)]
    strict = prepare(study_of(raw, region={"unit_tolerance_m": 0.0})).settlements.set_index("name")
    assert pd.isna(strict.loc["Pier", "township_id"])
    assert not strict.loc["Pier", "in_study"]


def test_coarser_units_fill_only_what_finer_ones_leave(raw):
    units = prepare(study_of(raw, region={"unit_levels": [8, 6]})).boundaries.set_index("name")["is_unit"]
    assert units.to_dict() == {"County": False, "Township West": True, "Township East": True}
    (raw / "county.osm").write_text(EXTRACT.replace(area(5, 21, 8, "Township East"), ""), encoding="utf-8")
    layers = prepare(study_of(raw, region={"unit_levels": [8, 6]}))
    # One township leaves half of the county, so the county is the unit of the places there.
    assert layers.boundaries.set_index("name")["is_unit"].to_dict() == {"County": True, "Township West": True}
    townships = layers.settlements.set_index("name")["township"]
    assert townships[["West", "East"]].tolist() == ["Township West", "County"]


def test_without_a_region_all_that_the_sources_hold_is_studied(raw):
    region = {"admin_level": None, "names": [], "unit_levels": []}
    layers = prepare(study_of(raw, region=region))
    assert layers.settlements["in_study"].all()
    assert len(layers.settlements) == 5
    assert layers.study_area["area_id"].tolist() == ["all"]


def test_without_a_region_no_populated_cell_lies_outside(raw):
    region = {"admin_level": None, "names": [], "buffer_km": 0.0}
    layers = prepare(study_of(raw, region=region, sources={"population": people(raw)}))
    rows, columns = np.nonzero(layers.population.values > 0)
    centres = gpd.GeoSeries.from_xy(*layers.population.cell_centres(rows, columns), crs=layers.population.crs)
    assert centres.to_crs(layers.crs).within(layers.study_area.geometry.iloc[0]).all()
    assert layers.population.total == pytest.approx(200.0)


WIDE_TOWNSHIPS = (
    '<?xml version="1.0"?><osm version="0.6">'
    + ring(1, 7.0, 9.08)
    + ring(11, 9.08, 12.0)
    + place(31, 9.05, 0.05, "village", "West")
    + place(32, 9.15, 0.05, "town", "East")
    + place(33, 9.1, 0.16, "village", "Nobody's")
    + '<way id="1" version="1"><nd ref="31"/><nd ref="32"/><tag k="highway" v="tertiary"/></way>'
    + area(4, 1, 8, "Township West")
    + area(5, 11, 8, "Township East")
    + "</osm>"
)
"""Townships of 2.08 and 2.92 degrees, of which the box about the data, from 9.05 to 9.15 E, is a sliver."""


@pytest.mark.parametrize("box", [None, [9.0, 0.0, 9.2, 0.2]])
def test_a_township_that_reaches_beyond_the_data_is_a_unit_where_it_holds_a_settlement(raw, box):
    (raw / "county.osm").write_text(WIDE_TOWNSHIPS, encoding="utf-8")
    region = {"admin_level": None, "names": [], "bbox": box}
    layers = prepare(study_of(raw, region=region))
    home = layers.settlements.set_index("name")["township"]
    assert home[["West", "East"]].tolist() == ["Township West", "Township East"]
    assert layers.boundaries["is_unit"].all()
    # 0.06 degrees, 6.6 km, north of both: beyond the tolerance of 1 km.
    assert pd.isna(home["Nobody's"])
    said = "settlements that lie in no township, so in the figures of the study alone"
    assert f"county.osm: {said}: 'n33' (1 in all)" in layers.issues
    counted = layers.counts.set_index("item")["number"]
    assert counted[f"settlements: {said}"] == 1


def test_a_township_beyond_the_region_is_no_unit_though_it_holds_a_settlement_of_the_buffer(raw):
    # Of the county that the user names every township is whole; Abroad is a neighbour in the buffer.
    extract = EXTRACT.replace(
        "</osm>", ring(51, 9.2, 9.3) + area(6, 51, 8, "Abroad") + place(36, 9.25, 0.05, "village", "Foreign") + "</osm>"
    )
    (raw / "county.osm").write_text(extract, encoding="utf-8")
    layers = prepare(study_of(raw))
    units = layers.boundaries.set_index("name")["is_unit"]
    assert units[["Township West", "Township East", "Abroad"]].tolist() == [True, True, False]
    assert not any("no township" in issue for issue in layers.issues)


def test_a_box_of_degrees_is_a_study_area(raw):
    region = {"admin_level": None, "names": [], "bbox": [9.0, 0.0, 9.1, 0.1], "unit_tolerance_m": 0.0}
    layers = prepare(study_of(raw, region=region))
    places = layers.settlements.set_index("name")
    assert places["in_study"].to_dict() == {"West": True, "East": False, "Pier": False, "Beyond": False}
    assert layers.boundaries.set_index("name")["is_unit"].to_dict() == {
        "County": False,
        "Township West": True,
        "Township East": False,
    }


def test_tags_count_people_without_a_raster_and_not_beside_one(raw):
    tagged = prepare(study_of(raw)).settlements.set_index("name")
    assert tagged.loc["East", ["population_persons", "population_source"]].tolist() == [2000.0, "tag"]
    beside = prepare(study_of(raw, sources={"population": people(raw)})).settlements
    assert beside["population_persons"].isna().all()
    assert set(beside["population_source"]) == {"none"}


def test_the_tiers_of_the_study_decide(raw):
    layers = prepare(study_of(raw, tiers={"county_seat": ["East"], "city": ["village"], "village": []}))
    assert layers.settlements.set_index("name")["tier"].to_dict() == {
        "West": "city",
        "East": "county_seat",
        "Pier": "city",
        "Beyond": "city",
    }


def test_doubles_are_merged_and_counted(raw):
    layers = prepare(study_of(raw))
    assert layers.facilities["facility_id"].tolist() == ["n42"]
    counts = layers.counts.set_index(["source", "item"])["number"]
    assert counts["county.osm", "facilities as tagged"] == 2
    assert counts["study", "facilities merged into others"] == 1
    assert counts["study", "service=health_centre"] == 1


def own_table(raw: Path, rows: str, name: str = "own.csv") -> dict[str, Any]:
    (raw / name).write_text(rows, encoding="utf-8")
    return {"path": name, "longitude": "x", "latitude": "y", "crs": "EPSG:4326"}


def test_tables_of_the_users_own_stand_beside_or_instead_of_the_extract(raw):
    settlements = own_table(raw, "settlement_id,name,tier,population_persons,x,y\n7,Own,village,10,9.02,0.02\n")
    facilities = own_table(raw, "facility_id,service,capacity,x,y\nf1,health_centre,30,9.05,0.051\n", "clinics.csv")
    layers = prepare(study_of(raw, sources={"settlements": settlements, "facilities": facilities}))
    assert layers.settlements["settlement_id"].tolist() == ["7"]
    assert layers.settlements["population_source"].tolist() == ["column"]
    # The user's clinic takes the mapped ones 0 and 11 m away, since they are unnamed or it is.
    assert layers.facilities["facility_id"].tolist() == ["f1"]
    assert layers.facilities["capacity"].tolist() == [30.0]
    assert layers.facilities["source"].tolist() == ["clinics.csv"]


def test_a_list_across_the_180th_meridian_is_read_in_the_crs_that_the_study_names(raw):
    islands = (
        '<osm version="0.6">'
        + place(31, 179.99, -17.0, "village", "West")
        + place(32, -179.99, -17.0, "village", "East")
        + '<way id="1" version="1"><nd ref="31"/><nd ref="32"/><tag k="highway" v="tertiary"/></way></osm>'
    )
    (raw / "county.osm").write_text(islands, encoding="utf-8")
    rows = "settlement_id,name,tier,x,y\n7,West,village,179.99,-17\n8,East,village,-179.99,-17\n"
    region = {"admin_level": None, "names": [], "unit_levels": []}
    sources = {"settlements": own_table(raw, rows)}
    layers = prepare(study_of(raw, region=region, sources=sources, working_crs="EPSG:3460"))
    assert layers.settlements["in_study"].tolist() == [True, True]
    # 0.02 degrees are 2.1 km at 17 degrees south: 0.02 * 111.3 * cos(17).
    assert layers.settlements.geometry.iloc[0].distance(layers.settlements.geometry.iloc[1]) == pytest.approx(
        2129, rel=1e-2
    )


@pytest.mark.parametrize("noding", ["none", "report", "snap"])
def test_roads_across_the_180th_meridian_meet_in_the_crs_that_the_study_names(raw, noding):
    roads = gpd.GeoDataFrame(
        {"road_id": ["west", "east", "north"], "road_class": "tertiary"},
        geometry=[
            shapely.LineString([(179.99, -17.0), (180.0, -17.0)]),
            shapely.LineString([(-180.0, -17.0), (-179.99, -17.0)]),
            shapely.LineString([(179.995, -17.0), (-179.995, -16.99)]),  # begins amid west
        ],
        crs=4326,
    )
    roads.to_file(raw / "roads.geojson")
    rows = "settlement_id,name,tier,x,y\n7,West,village,179.99,-17\n8,East,village,-179.99,-17\n"
    region = {"admin_level": None, "names": [], "unit_levels": []}
    sources = {"settlements": own_table(raw, rows), "roads": {"path": "roads.geojson", "noding": noding}, "osm": None}
    layers = prepare(study_of(raw, region=region, sources=sources, working_crs="EPSG:3460"))
    graph = build_network(layers.roads, mode="drive")
    assert graph.length_m.sum() == pytest.approx(2129 + 1537, rel=1e-2)  # of the third 1,064 m east, 1,107 m north
    assert len(graph.report["components"]) == (2 if noding == "none" else 1)


def test_columns_of_two_tables_that_differ_in_kind_become_text(raw):
    one = own_table(raw, "facility_id,service,x,y,beds\na,hospital,9.01,0.01,12\n", "one.csv")
    two = own_table(raw, "facility_id,service,x,y,beds\nb,hospital,9.09,0.01,many\n", "two.csv")
    one["keep_columns"] = two["keep_columns"] = ["beds"]
    facilities = prepare(study_of(raw, sources={"facilities": [one, two]})).facilities.set_index("facility_id")
    assert facilities.loc[["a", "b"], "beds"].tolist() == ["12", "many"]


def test_what_the_reader_of_a_workbook_left_out_is_counted_and_said_with_its_file(raw):
    book = openpyxl.Workbook()
    clinics, trips = book.active, book.create_sheet("trips")
    clinics.title = "clinics"
    for row in (["facility_id", "longitude", "latitude"], ["a", 9.05, 0.05], ["b", 9.15, 0.05], ["Total", 2]):
        clinics.append(row)
    for row in (["from_id", "to_id", "kind", "volume"], ["n31", "n32", "people", 5], ["Total", None, None, 5]):
        trips.append(row)
    book.save(raw / "county.xlsx")
    own = {"path": "county.xlsx", "crs": "EPSG:4326"}
    sources = {"facilities": {**own, "sheet": "clinics", "service": "primary_care"}, "flows": {**own, "sheet": "trips"}}
    layers = prepare(study_of(raw, sources=sources))
    assert len(layers.flows) == 1
    counts = layers.counts[layers.counts["source"] == "county.xlsx"].set_index("item")["number"]
    assert counts["facilities (table 1)"] == 2
    assert counts["facilities (table 1): total rows left out"] == 1
    assert counts["flows: total rows left out"] == 1
    said = [issue for issue in layers.issues if issue.startswith("county.xlsx")]
    assert len(said) == 1
    assert said[0].count("total rows left out: 'row") == 2


def test_a_vocabulary_of_the_users_own_is_a_file_of_the_study(raw):
    roads = own_table(raw, "road_id\n1\n", "roads.csv")
    study = study_of(raw, sources={"roads": {**roads, "values_file": "words.toml"}})
    assert study.own_files()["sources.roads.values_file"] == "words.toml"
    with pytest.raises(SourceError, match=r"sources\.roads\.values_file: .*words\.toml"):
        prepare(study)
    assert (
        "sources.roads.values_file" not in study_of(raw, sources={"roads": {**roads, "values_file": "cn"}}).own_files()
    )


def test_flows_name_settlements_of_the_study(raw):
    flows = own_table(raw, "from_id,to_id,kind,volume\nn31,n32,people,5\n", "flows.csv")
    assert prepare(study_of(raw, sources={"flows": flows})).flows["volume"].tolist() == [5.0]
    own_table(raw, "from_id,to_id,kind,volume\nn31,nobody,people,5\n", "flows.csv")
    with pytest.raises(ContractError, match="nobody"):
        prepare(study_of(raw, sources={"flows": flows}))


def test_every_missing_file_is_named_at_once_with_the_remedy(raw):
    sources = {
        "osm": {"path": "gone.osm.pbf"},
        "population": {"path": "gone.tif"},
        "facilities": [{"path": "gone.csv", "service": "hospital"}],
    }
    study = study_of(raw, sources=sources, services_file="gone.toml", norms={"register": "norms.csv"})
    with pytest.raises(SourceError) as caught:
        prepare(study)
    text = str(caught.value)
    for part in ("5 file(s)", "gone.osm.pbf", "gone.tif", "gone.csv", "gone.toml", "norms.csv"):
        assert part in text
    assert "--raw FOLDER" in text
    assert "spatial fetch" in text


def test_known_issues_of_a_source_are_carried_along(raw):
    (raw / "source.toml").write_text(
        '[[file]]\npath = "county.osm"\norigin = "made up"\nlicence = "none"\nvintage = "2026"\nissue = "Not real."\n',
        encoding="utf-8",
    )
    layers = prepare(study_of(raw))
    assert layers.issues == ("county.osm: Not real.",)
    assert [record.origin for record in layers.sources] == ["made up"]


def test_known_issues_are_a_table_with_what_each_forbids_and_what_was_noticed(raw):
    entry = '[[file]]\npath = "county.osm"\nissue = { text = "Not real.", affects = "roads", forbids = "ranking" }\n'
    (raw / "source.toml").write_text(entry, encoding="utf-8")
    layers = prepare(study_of(raw))
    noticed = KnownIssue("was noticed", kind="noticed")
    record = replace(layers.sources[0], issues=(*layers.sources[0].issues, noticed))
    table = known_issues_table([record])
    TABLES["known_issues"].check(table)
    TABLES["known_issues"].check(known_issues_table([]))
    columns = ["number", "issue", "issue_kind", "affects", "forbids", "areas"]
    assert table[columns].to_numpy().tolist() == [
        [1, "Not real.", "declared", "roads", "ranking", ""],
        [2, "was noticed", "noticed", "", "", ""],
    ]


def test_an_issue_of_data_that_nobody_has_is_refused(raw):
    entry = '[[file]]\npath = "county.osm"\nissue = { text = "Not real.", affects = "streets" }\n'
    (raw / "source.toml").write_text(entry, encoding="utf-8")
    with pytest.raises(SourceError, match=r"county\.osm: issue affects streets"):
        prepare(study_of(raw))


def test_a_changed_file_is_refused(raw):
    (raw / "source.toml").write_text(f'[[file]]\npath = "county.osm"\nsha256 = "{"0" * 64}"\n', encoding="utf-8")
    with pytest.raises(SourceError, match="sha256"):
        prepare(study_of(raw))


@pytest.mark.parametrize(
    ("region", "message"),
    [({"names": ["Nowhere"]}, "Nowhere.*County"), ({"admin_level": 4, "names": []}, r"level 4.*\[6, 8\]")],
)
def test_a_region_that_is_not_there_names_those_that_are(raw, region, message):
    with pytest.raises(StudyError, match=message):
        prepare(study_of(raw, region=region))


def test_a_table_far_from_the_study_is_refused(raw):
    far = own_table(raw, "settlement_id,name,tier,x,y\n1,Swapped,village,0.05,9.05\n2,There,village,9.05,0.05\n")
    with pytest.raises(ContractError, match="swapped for '1'"):
        prepare(study_of(raw, sources={"settlements": far}))
    region = {"admin_level": None, "names": []}
    with pytest.raises(ContractError, match="swapped for '1'"):
        prepare(study_of(raw, sources={"settlements": far}, region=region))


def test_an_extract_without_settlements_or_roads_says_so(raw):
    (raw / "county.osm").write_text(
        '<osm version="0.6"><node id="1" version="1" lon="9" lat="0"><tag k="amenity" v="bank"/></node></osm>'
    )
    with pytest.raises(SourceError, match=r"no settlements in county\.osm.*no roads in county\.osm"):
        prepare(study_of(raw))


def test_a_study_area_without_a_settlement_is_refused(raw):
    region = {"admin_level": None, "names": [], "bbox": [9.0, 0.08, 9.1, 0.1], "unit_tolerance_m": 0.0}
    with pytest.raises(SourceError, match="no settlement lies in the study area 'bbox'"):
        prepare(study_of(raw, region=region))


def test_a_working_crs_in_degrees_is_refused(raw):
    with pytest.raises(CrsError, match="degrees"):
        prepare(study_of(raw, working_crs="EPSG:4326"))


@pytest.mark.parametrize(
    ("crs", "off"),
    [
        ("EPSG:32638", r"off by 23\.\d%"),  # 35.95 degrees off the meridian at the equator: 0.9996 / cos 35.95
        ("EPSG:3031", r"off by 9[45]\.\d%"),  # polar stereographic, true at 71 S: (1 + sin 71) / (1 + sin 0)
        ("EPSG:3035", "off by"),  # equal-area about 52 N: true to areas and not to lengths
        ("EPSG:2056", "off by|beyond all measure"),  # oblique, of Switzerland
    ],
)
def test_a_working_crs_whose_metres_are_no_metres_of_the_ground_is_refused(raw, crs, off):
    with pytest.raises(StudyError) as refused:
        prepare(study_of(raw, working_crs=crs))
    said = str(refused.value)
    assert f"working_crs: {crs} (" in said
    assert re.search(off, said)
    # West, East and Pier are of the county; Beyond and Far are not.
    assert re.search(r"at n3[123] \((West|East|Pier)\), and by more than 1% at [23] of [23] settlements", said)
    assert "set working_crs = 'EPSG:32632', or leave the key out" in said


def test_a_working_crs_of_the_next_zone_is_a_finding(raw):
    # Zone 33 begins at 12 degrees east; its meridian lies 5.95 degrees off: 0.9996 / cos 5.95 = 1.0050.
    layers = prepare(study_of(raw, working_crs="EPSG:32633"))
    assert layers.crs.to_epsg() == 32633
    found = layers.findings.set_index("kind").loc["crs_outside_use"]
    assert found["subject_id"] == "working_crs"
    assert "EPSG:32633 (WGS 84 / UTM zone 33N): 4 of 4 settlements lie outside its area of use" in found["detail"]
    assert re.search(r"off by up to 0\.5[01]%", found["detail"])
    assert "crs_outside_use" not in set(prepare(study_of(raw)).findings["kind"])


def test_ground_too_wide_for_one_zone_is_told_of_a_crs_that_takes_it(raw):
    # 20 degrees wide about 19 E, in the zone whose meridian is 21 E: at 9.05 E it is 0.9996 / cos 11.95 = 1.0217.
    wide = EXTRACT.replace("</osm>", place(36, 29.0, 0.05, "village", "East of East") + "</osm>")
    (raw / "county.osm").write_text(wide, encoding="utf-8")
    region = {"admin_level": None, "names": [], "unit_levels": []}
    with pytest.raises(StudyError, match=r"UTM zone 34S\): lengths are off by 2\.2%") as refused:
        prepare(study_of(raw, region=region))
    fitting = re.search(r"set working_crs = '(\+proj=laea [^']+)'$", str(refused.value))
    assert fitting is not None
    # 1,110 km from its middle an equal-area projection is off by (1110 / 6371)^2 / 8 = 0.4 %.
    assert len(prepare(study_of(raw, region=region, working_crs=fitting[1])).settlements) == 6


def test_the_same_sources_give_the_same_frames(raw):
    one, two = prepare(study_of(raw)), prepare(study_of(raw))
    for name in ("settlements", "facilities", "roads", "boundaries", "water", "counts", "findings"):
        pd.testing.assert_frame_equal(pd.DataFrame(getattr(one, name)), pd.DataFrame(getattr(two, name)))
