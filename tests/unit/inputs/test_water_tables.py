"""Rivers and lakes of the user's own: what is read, what is a barrier, what is refused."""

import geopandas as gpd
import pytest
import shapely

from spatial.errors import ContractError, SourceError
from spatial.inputs.osm import mark_barriers
from spatial.inputs.user_tables import join_water, read_table, water_of_table
from spatial.study import TableSource
from spatial.study.sources import Sources

X, Y = 36_500_000.0, 3_150_000.0
LINE = shapely.LineString([(X, Y), (X + 500, Y)])
LAKE = shapely.box(X, Y + 100, X + 200, Y + 300)
POND = shapely.box(X, Y + 400, X + 50, Y + 450)


def _water(shapes, **columns) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=shapes, crs="EPSG:4524").assign(**columns)


def _read(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return water_of_table(frame, TableSource(path="water.gpkg"))


def test_rivers_and_wide_water_are_barriers_and_what_falls_dry_is_none() -> None:
    frame = _water(
        [LINE, LINE, LAKE, POND, LINE],
        kind=["river", "stream", "reservoir", "pond", "river"],
        is_passable=["", None, "no", "否", "是"],
    )
    water = mark_barriers(_read(frame))
    assert water["is_barrier"].tolist() == [True, False, True, False, False]
    assert water["water_id"].tolist() == ["1", "2", "3", "4", "5"]


def test_several_tables_become_one_and_keep_their_ids_apart() -> None:
    rivers, lakes = _read(_water([LINE], kind=["river"])), _read(_water([LAKE], kind=["lake"]))
    water = join_water([rivers, lakes.to_crs("EPSG:4490")])
    assert water["water_id"].tolist() == ["1/1", "2/1"]
    assert water.crs == rivers.crs
    assert water.geometry.iloc[1].hausdorff_distance(LAKE) < 0.001
    own = join_water([rivers.assign(water_id="a"), lakes.assign(water_id="b")])
    assert own["water_id"].tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (_water([LINE]), "kind: the column is missing; map a column"),
        (_water([LINE], kind=["河流"]), r"unknown value\(s\) '河流'.*for '1'.*; known are .*river.*values.kind"),
        (_water([LINE, LINE], kind=["river", None]), "kind: empty for '2'"),
        (_water([shapely.Point(0, 0)], kind=["lake"]), "must be lines or polygons, found Point for '1'"),
        (_water([None], kind=["lake"]), "geometry: must be lines or polygons"),
        (_water([LINE, LINE], kind="river", water_id=["a", "a"]), r"repeated id\(s\) 'a'"),
        (_water([LINE], kind="river", is_passable="perhaps"), "is_passable: neither yes nor no for '1'"),
        (_water([shapely.Polygon([(0, 0), (9, 9), (9, 0), (0, 9)])], kind="lake"), "touch or cross themselves|cross"),
    ],
)
def test_faulty_water_is_refused_with_the_remedy(frame, message) -> None:
    with pytest.raises(ContractError, match=message):
        _read(frame)


def test_an_empty_file_is_refused(tmp_path) -> None:
    file = tmp_path / "water.gpkg"
    _water([LINE], kind=["river"]).iloc[:0].to_file(file)
    with pytest.raises(SourceError, match="holds no rows"):
        read_table(file, TableSource(path="water.gpkg"), what="water", key="water_id")


def test_a_study_names_one_table_or_several() -> None:
    one, two = {"path": "rivers.shp"}, {"path": "lakes.shp"}
    for given, expected in ((one, ["rivers.shp"]), ([one, two], ["rivers.shp", "lakes.shp"])):
        sources = Sources.model_validate({"osm": {"path": "x.osm.pbf"}, "water": given})
        assert [table.path for table in sources.water] == expected
