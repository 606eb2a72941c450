"""Files of plans: idle buildings, listed sites and areas of constraint, as county offices and QGIS write them."""

from __future__ import annotations

import geopandas as gpd
import pyproj
import pytest
import shapely

from spatial.errors import ContractError, CrsError
from spatial.inputs.user_tables import constraints_from_table, read_table, sites_from_table
from spatial.planning.candidates import apply_constraints, candidate_sites
from spatial.study import TableSource

CRS = pyproj.CRS.from_epsg(32648)
X, Y = 500_000.0, 3_150_000.0
SCHOOL = shapely.box(X, Y, X + 20, Y + 10)


def write(path, shapes, crs="EPSG:32648", **columns) -> TableSource:
    gpd.GeoDataFrame(columns, geometry=shapes, crs=crs).to_file(path)
    return TableSource(path=path.name)


def test_a_list_of_idle_buildings_in_chinese_becomes_candidates(tmp_path) -> None:
    file = tmp_path / "idle.gpkg"
    write(
        file, [SCHOOL, shapely.Point(X + 900, Y)],
        编号=["s1", "s2"], 名称=["旧小学", "仓库"], 权属=["集体", "国有"],
        闲置年份=[2015, 2020], 建筑面积=[300.0, 45.5],
    )  # fmt: skip
    source = TableSource(
        path=file.name,
        columns={"idle_id": "编号", "name": "名称", "tenure": "权属", "idle_since": "闲置年份", "area_m2": "建筑面积"},
        values={"tenure": {"集体": "collective", "国有": "state"}},
    )
    idle = sites_from_table(file, source, key="idle_id", crs=CRS)
    found = candidate_sites("primary_care", idle=idle)
    told = found.sites.iloc[0]
    assert told[["facility_id", "name", "tenure", "idle_since", "area_m2"]].tolist() == [
        "idle/s1", "旧小学", "collective", "2015", 300.0,
    ]  # fmt: skip
    assert told["geometry"].within(SCHOOL)
    assert found.refused["why"].tolist() == ["too_small"]


def test_a_site_without_a_name_goes_by_the_id_that_its_file_gives(tmp_path) -> None:
    file, points = tmp_path / "idle.gpkg", [shapely.Point(X, Y), shapely.Point(X + 900, Y)]
    source = write(file, points, idle_id=["s1", "s2"], name=["旧小学", None])
    assert sites_from_table(file, source, key="idle_id", crs=CRS)["name"].tolist() == ["旧小学", "s2"]
    # Numbers that the program gives are no names.
    assert sites_from_table(file, write(file, points), key="site_id", crs=CRS)["name"].isna().all()


def test_points_drawn_in_another_crs_are_brought_over_and_numbered(tmp_path) -> None:
    file = tmp_path / "drawn.gpkg"
    points = gpd.GeoSeries([shapely.Point(X, Y), shapely.Point(X + 50, Y)], crs=CRS).to_crs("EPSG:4490")
    source = write(file, list(points), crs="EPSG:4490")
    sites = sites_from_table(file, source, key="site_id", crs=CRS)
    assert sites["site_id"].tolist() == ["1", "2"]
    assert sites.geometry.iloc[1].distance(shapely.Point(X + 50, Y)) < 0.001
    assert candidate_sites("market", points=sites).sites["facility_id"].tolist() == ["list/1", "list/2"]


def test_a_layer_of_one_kind_needs_no_column(tmp_path) -> None:
    file = tmp_path / "红线.gpkg"
    source = write(file, gpd.GeoSeries([SCHOOL], crs=CRS).to_crs("EPSG:4490"), crs="EPSG:4490")
    areas = constraints_from_table(file, source, crs=CRS, kind="ecological_red_line")
    assert areas[["constraint_id", "kind", "effect"]].values.tolist() == [["1", "ecological_red_line", "exclude"]]
    site = gpd.GeoDataFrame({"facility_id": ["a"]}, geometry=[shapely.Point(X + 10, Y + 5)], crs=CRS)
    assert apply_constraints(site, areas)["is_excluded"].all()


def test_a_vocabulary_knows_the_words_of_owners_and_of_areas(tmp_path) -> None:
    idle, areas = tmp_path / "idle.gpkg", tmp_path / "areas.gpkg"
    write(idle, [SCHOOL, SCHOOL], 权属=["村集体", "不详"])
    source = TableSource(path=idle.name, columns={"tenure": "权属"}, values_file="cn")
    tenure = sites_from_table(idle, source, key="idle_id", crs=CRS)["tenure"]
    assert tenure[0] == "collective"
    assert tenure.isna()[1]
    write(areas, [SCHOOL, SCHOOL], 类型=["永久基本农田", "地质灾害"], 管控=["禁止建设", "限制建设"])
    source = TableSource(path=areas.name, columns={"kind": "类型", "effect": "管控"}, values_file="cn")
    assert constraints_from_table(areas, source, crs=CRS)[["kind", "effect"]].values.tolist() == [
        ["permanent_farmland", "exclude"], ["hazard", "flag"],
    ]  # fmt: skip


@pytest.mark.parametrize("what", ["water", "flows", "attributes", "settlements"])
def test_a_kind_of_water_or_of_flows_is_no_kind_of_constraint(tmp_path, what) -> None:
    file = tmp_path / "other.gpkg"
    write(file, [SCHOOL], kind=["lake"], effect=["none"])
    table = read_table(file, TableSource(path=file.name, values_file="cn"), what=what)
    assert table[["kind", "effect"]].values.tolist() == [["lake", "none"]]


@pytest.mark.parametrize(
    ("shapes", "columns", "message"),
    [
        ([SCHOOL], {}, "kind: the column is missing; map a column .* or give one kind for all rows"),
        ([SCHOOL], {"kind": ["耕地"]}, r"unknown value\(s\) '耕地'.*for '1'.*values.kind"),
        ([SCHOOL], {"kind": ["hazard"], "effect": ["forbid"]}, "effect: unknown value"),
        ([shapely.Point(X, Y)], {"kind": ["hazard"]}, "must be polygons, found Point for '1'"),
        ([SCHOOL, SCHOOL], {"kind": ["hazard"] * 2, "constraint_id": ["a", "a"]}, r"repeated id\(s\) 'a'"),
    ],
)
def test_bad_areas_are_refused(tmp_path, shapes, columns, message) -> None:
    source = write(tmp_path / "areas.gpkg", shapes, **columns)
    with pytest.raises(ContractError, match=message):
        constraints_from_table(tmp_path / "areas.gpkg", source, crs=CRS)


@pytest.mark.parametrize(
    ("shapes", "columns", "message"),
    [
        ([shapely.LineString([(X, Y), (X, Y + 9)])], {}, "must be points or polygons, found LineString for '1'"),
        ([SCHOOL], {"tenure": ["mine"]}, r"unknown value\(s\) 'mine'.*values.tenure"),
        ([SCHOOL], {"area_m2": ["large"]}, "area_m2: text instead of a number"),
        ([shapely.Polygon([(X, Y), (X + 9, Y + 9), (X + 9, Y), (X, Y + 8)])], {}, "crosses or touches itself"),
    ],
)
def test_bad_sites_are_refused(tmp_path, shapes, columns, message) -> None:
    source = write(tmp_path / "sites.gpkg", shapes, **columns)
    with pytest.raises(ContractError, match=message):
        sites_from_table(tmp_path / "sites.gpkg", source, key="idle_id", crs=CRS)


def test_a_layer_without_a_crs_is_refused(tmp_path) -> None:
    with pytest.warns(UserWarning, match="'crs' was not provided"):
        write(tmp_path / "areas.gpkg", [SCHOOL], crs=None, kind=["hazard"])
    with pytest.raises(CrsError):
        constraints_from_table(tmp_path / "areas.gpkg", TableSource(path="areas.gpkg"), crs=CRS)
