"""Road tables of the user's own in a study: condition, width and lines that do not meet."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pytest
import shapely

import spatial as sp
from spatial.drafting.study_file import study_template
from spatial.errors import ContractError
from spatial.formats.notes import take_notes
from spatial.inputs.gather import gather
from spatial.inputs.road_noding import finish_roads
from spatial.inputs.user_tables import roads_from_table
from spatial.study import RoadSource, Study

if TYPE_CHECKING:
    from pathlib import Path

CRS = "EPSG:4524"
CROSS = [[(36_500_000, 3_300_000), (36_501_000, 3_300_000)], [(36_500_500, 3_299_500), (36_500_500, 3_300_500)]]


def _write(folder: Path, *, crs: str = CRS, **columns: Any) -> Path:
    path = folder / "roads.gpkg"
    lines = [shapely.LineString(points) for points in CROSS]
    frame = gpd.GeoDataFrame({"road_id": ["a", "b"], "road_class": "tertiary", **columns}, geometry=lines, crs=CRS)
    frame.to_crs(crs).to_file(path)
    return path


def _source(**keys: Any) -> RoadSource:
    return RoadSource.model_validate({"path": "roads.gpkg", **keys})


def test_a_condition_becomes_a_smoothness_where_none_is_given(tmp_path) -> None:
    path = _write(tmp_path, 路况=["良", "次"], smoothness=[None, "impassable"])
    words = {"condition": {"良": "good", "次": "very poor"}}
    roads = roads_from_table(path, _source(columns={"condition": "路况"}, values=words))
    assert roads["smoothness"].tolist() == ["good", "impassable"]
    other = roads_from_table(_write(tmp_path, condition=["Fair", "very_poor"]), _source())
    assert other["smoothness"].tolist() == ["intermediate", "very_bad"]


def test_a_word_of_condition_without_meaning_is_refused(tmp_path) -> None:
    with pytest.raises(ContractError, match=r"condition: no meaning for '次'.*values\.condition"):
        roads_from_table(_write(tmp_path, condition=["good", "次"]), _source())


def test_a_width_that_is_no_number_is_refused(tmp_path) -> None:
    with pytest.raises(ContractError, match="width_m"):
        roads_from_table(_write(tmp_path, width_m=["6.5", "wide"]), _source())


def test_a_width_of_nothing_is_unknown_and_counted(tmp_path) -> None:
    roads = roads_from_table(_write(tmp_path, width_m=[0.0, 3.5]), _source())
    assert roads["width_m"].fillna(-1.0).tolist() == [-1.0, 3.5]
    (note,) = take_notes(roads)
    assert (note.item, note.number) == ("road widths of 0 read as unknown", 1)
    assert "'a'" in note.detail


def test_narrow_roads_are_as_slow_as_the_speed_table_says(tmp_path) -> None:
    source = _source(narrow_m=4.5)
    roads = roads_from_table(_write(tmp_path, width_m=[6.5, 3.5], condition=["poor", "poor"]), source)
    done = finish_roads(roads, source)
    assert done.roads["smoothness"].tolist() == ["bad", "bad;narrow"]
    assert done.counts == [("roads narrower than 4.5 m", 1.0)]
    speeds = tmp_path / "speeds.toml"
    speeds.write_text('name = "ours"\nextends = "rural_cn"\n\n[caps.smoothness]\nnarrow = 12.0\n')
    times = [sp.build_network(done.roads, speeds=table).forward_min.tolist() for table in ("rural_cn", speeds)]
    assert times[0][0] == times[0][1] == times[1][0]
    assert times[1][1] == pytest.approx(5.0)


def test_a_shapefile_of_geofabrik_is_read_as_it_is(tmp_path) -> None:
    lines = [shapely.LineString([(0, n), (6000, n)]) for n in (0, 10, 20)]
    tags = {"osm_id": ["7", "8", "9"], "fclass": ["primary", "track_grade2", "unknown"]}
    tags |= {"oneway": ["F", "T", "B"], "maxspeed": [0, 0, 0], "bridge": ["F", "F", "T"]}
    gpd.GeoDataFrame(tags, geometry=lines, crs="EPSG:32738").to_file(tmp_path / "gis_osm_roads_free_1.shp")
    roads = roads_from_table(tmp_path / "gis_osm_roads_free_1.shp", _source(path="gis_osm_roads_free_1.shp"))
    assert roads["road_class"].tolist() == ["primary", "track", "road"]
    assert roads["tracktype"].fillna("").tolist() == ["", "grade2", ""]
    assert roads["oneway"].tolist() == ["yes", "-1", "no"]
    assert roads["bridge"].tolist() == ["no", "no", "yes"]
    # 6 km at 65 km/h, and at the 40 km/h of grade 2.
    assert sp.build_network(roads).forward_min.tolist() == pytest.approx([360 / 65, float("inf")])


def test_a_stated_speed_of_the_users_own_roads_holds(tmp_path) -> None:
    roads = roads_from_table(_write(tmp_path, v=[30, None]), _source(columns={"speed_km_h": "v"}))
    # 1 km at 30 km/h, and at the 40 km/h of tertiary roads.
    assert sp.build_network(roads).forward_min.tolist() == pytest.approx([2.0, 1.5])
    with pytest.raises(ContractError, match=r"speed_km_h: must be above 0.*'b'"):
        roads_from_table(_write(tmp_path, speed_km_h=[30, 0]), _source())


@pytest.mark.parametrize("noding", ["none", "report"])
def test_roads_drawn_once_for_each_direction_are_joined_and_counted(tmp_path, noding) -> None:
    lines = [shapely.LineString(line) for line in (CROSS[0], CROSS[0][::-1], CROSS[1])]
    frame = gpd.GeoDataFrame({"road_class": "tertiary"}, geometry=lines, index=range(3), crs=CRS)
    frame.to_file(tmp_path / "roads.gpkg")
    source = _source(noding=noding)
    done = finish_roads(roads_from_table(tmp_path / "roads.gpkg", source), source)
    assert done.roads["road_id"].tolist() == ["1", "3"]
    assert ("roads drawn once for each direction, joined", 1.0) in done.counts


def test_the_other_direction_of_a_road_is_not_told_as_one_that_is_counted_twice(tmp_path) -> None:
    lines = [shapely.LineString(line) for line in (CROSS[0], CROSS[0][::-1], CROSS[1], CROSS[1])]
    frame = gpd.GeoDataFrame(
        {"road_class": ["tertiary"] * 3 + ["track"]}, geometry=lines, index=range(4), crs="EPSG:32738"
    )
    frame.to_file(tmp_path / "roads.gpkg")
    points = gpd.GeoDataFrame(
        {"settlement_id": ["s"], "tier": ["village"]}, geometry=[shapely.Point(0, 0)], crs="EPSG:32738"
    )
    points.to_file(tmp_path / "places.gpkg")
    sources = {"roads": {"path": "roads.gpkg"}, "settlements": {"path": "places.gpkg"}}
    values = {"name": "one", "title": {"en": "One"}, "as_of": "2026-01-01", "sources": sources}
    found = gather(sp.Study.from_dict(values, raw=tmp_path), sp.load_services())
    # Roads 1 and 2 are joined; 3 and 4 stay, and so does what is told of them.
    assert ("roads.gpkg", "roads: rows that repeat another in shape and name", 1, "repeats") in found.counts
    assert ("roads.gpkg", "roads drawn once for each direction, joined", 1.0) in found.counts


def test_roads_that_cross_without_meeting_are_told_where_nothing_nodes_them(tmp_path) -> None:
    roads = roads_from_table(_write(tmp_path), _source())
    (note,) = finish_roads(roads, _source()).notes
    assert note.number == 1
    assert "nobody can turn there: 'a / b' (1 in all); noding = 'report'" in note.detail
    assert finish_roads(roads, _source(noding="report")).notes == []
    # One that passes above the other meets it nowhere.
    bridge = roads_from_table(_write(tmp_path, bridge=["no", "yes"]), _source())
    assert [told.number for told in finish_roads(bridge, _source()).notes] == [0]


def test_without_noding_nothing_changes(tmp_path) -> None:
    roads = roads_from_table(_write(tmp_path), _source())
    done = finish_roads(roads, _source())
    assert done.roads is roads
    assert (done.findings, done.counts) == ([], [])


@pytest.mark.parametrize("crs", [CRS, "EPSG:4490"])
def test_lines_are_noded_in_metres(tmp_path, crs) -> None:
    source = _source(noding="report")
    done = finish_roads(roads_from_table(_write(tmp_path, crs=crs), source), source)
    assert set(done.roads["node_ids"].iloc[0]) & set(done.roads["node_ids"].iloc[1])
    assert done.findings[0]["kind"].tolist() == ["road_crossing_noded"]
    assert ("road crossing noded", 1.0) in done.counts


def test_a_template_offers_the_keys_of_roads() -> None:
    text = study_template("county")
    assert text.count("# noding = ") == 1
    assert text.count("# narrow_m = ") == 1
    roads = text.split("# [sources.roads]")[1].split("\n# [")[0]
    assert "keys as in [sources.settlements]" in roads
    assert "# header_row = " not in roads


@pytest.fixture(scope="module")
def sample(tmp_path_factory, put_sample_county):
    raw = tmp_path_factory.mktemp("raw")
    put_sample_county(raw / "sample", villages=80)
    return raw, tomllib.loads(sp.sample_study())


def test_a_study_on_lines_without_nodes_has_the_times_of_its_extract(sample) -> None:
    raw, options = sample
    extract = sp.prepare(Study.from_dict(options, raw=raw))
    kept = [name for name in extract.roads.columns if name != "node_ids" and len(name) <= 10]
    extract.roads[kept].to_crs("EPSG:4524").to_file(raw / "roads.shp", encoding="gb18030")
    own = {"path": "roads.shp", "encoding": "gb18030", "noding": "snap", "tolerance_m": 2.0}
    layers = sp.prepare(Study.from_dict({**options, "sources": {**options["sources"], "roads": own}}, raw=raw))
    assert layers.findings["kind"].str.startswith("road_").any()
    assert (layers.counts["item"] == "road near miss").any()
    hospitals = extract.facilities[extract.facilities["service"] == "hospital"]
    one, other = (
        sp.cost_to_closest(sp.build_network(roads), extract.settlements, hospitals, service="hospital")
        .set_index("from_id")["travel_time_min"]
        .sort_index()
        for roads in (extract.roads, layers.roads)
    )
    assert (one - other).abs().max() < 0.1
