"""The Rural Access Index on cells, by arithmetic, and on the two real regions."""

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from rasterio.transform import from_origin

from spatial.access.last_mile import RoadCondition, rural_access_index
from spatial.errors import ContractError, CrsError
from spatial.network.build import build_network
from spatial.rasters import Raster

CRS = pyproj.CRS.from_epsg(32738)
WEST, NORTH = 500_000.0, 8_700_000.0


def people(values, *, cell_m=1000.0, crs=CRS, west=WEST, north=NORTH):
    """Centres lie (column + 0.5) cells east and (row + 0.5) cells south of the corner."""
    return Raster(np.array(values, dtype=float), from_origin(west, north, cell_m, cell_m), crs, "people")


def roads(*rows, crs=CRS, **columns):
    """Rows are (all_season, surface, x1, y1, x2, y2) in metres from the corner, y to the north."""
    seasons, surfaces, *ends = zip(*rows, strict=True)
    lines = [
        shapely.LineString([(WEST + x1, NORTH + y1), (WEST + x2, NORTH + y2)])
        for x1, y1, x2, y2 in zip(*ends, strict=True)
    ]
    return gpd.GeoDataFrame({"all_season": seasons, "surface": surfaces, **columns}, geometry=lines, crs=crs)


# One column of five cells whose centres lie 500, 1500, 2500, 3500 and 4500 m south of the corner.
COLUMN = people([[1.0], [2.0], [4.0], [8.0], [16.0]])


def test_exactly_two_kilometres_counts_and_one_metre_more_does_not():
    # A road 500 m north of the corner: the centres lie 1000, 2000, 3000 ... m from it; persons 1, 2, 4 ...
    row = rural_access_index(COLUMN, roads(("yes", "asphalt", -5000, 500, 5000, 500))).iloc[0]
    assert row["served_persons_lower"] == 1.0 + 2.0
    assert row["rai_lower"] == row["rai_upper"] == pytest.approx(3.0 / 31.0)
    further = rural_access_index(COLUMN, roads(("yes", "asphalt", -5000, 501, 5000, 501))).iloc[0]
    assert further["served_persons_lower"] == 1.0
    nearer = rural_access_index(COLUMN, roads(("yes", "asphalt", -5000, 501, 5000, 501)), distance_m=2001.0)
    assert nearer["served_persons_lower"].iloc[0] == 3.0


def test_a_closed_road_serves_nobody_as_a_graph_and_as_its_edges():
    # The road to be closed passes 500 m south of the centre of 16 people, and 1500 m south of that of 8.
    lines = roads(("yes", "asphalt", -5000, 500, 5000, 500), ("yes", "asphalt", -5000, -5000, 5000, -5000))
    open_to_all = build_network(lines.assign(road_id=["north", "south"], road_class="tertiary"), mode="drive")
    closed = open_to_all.with_closed(open_to_all.road_id == "south")
    for graph, served in ((open_to_all, 1 + 2 + 8 + 16), (closed, 1 + 2)):
        for given in (graph, graph.to_frames()[1]):
            assert rural_access_index(COLUMN, given)["served_persons_upper"].iloc[0] == served


def test_the_distance_is_to_the_line_between_its_vertices():
    # Vertices 10 km away on both sides; the line passes 1000 m north of the first centre.
    row = rural_access_index(COLUMN, roads(("yes", "asphalt", -10_000, 500, 11_000, 500))).iloc[0]
    assert row["served_persons_lower"] == 3.0
    # A slanted line: the foot of the centre at (500, -500) on x + y = 2828.4271 lies 2000 m away.
    slanted = roads(("yes", "asphalt", 2000 * 2**0.5 + 9000, -9000, 2000 * 2**0.5 - 9000, 9000))
    assert rural_access_index(COLUMN, slanted, distance_m=2000.001)["served_persons_lower"].iloc[0] >= 1.0
    assert rural_access_index(COLUMN, slanted, distance_m=1999.999)["served_persons_lower"].iloc[0] in {0.0, 30.0}


def test_no_share_exceeds_one_by_rounding():
    # Within the zone no surface is known, among roads beyond it that are: sums of the same metres in another order
    # differ in their last digit. Likewise people who are served but for a millionth of a millionth of one.
    rng = np.random.default_rng(11)
    zones = gpd.GeoDataFrame(
        {"boundary_id": ["a"]}, geometry=[shapely.box(WEST, NORTH, WEST + 9000, NORTH + 9000)], crs=CRS
    )
    for _ in range(30):
        lengths = rng.uniform(0, 3000, rng.integers(20, 400))
        lines = [
            ("unknown", None, 0, y, x, y + x / 3) if y % 7 else ("yes", "asphalt", 9e5, y, 9e5 + x, y)
            for y, x in enumerate(lengths, start=1)
        ]
        crowd = people(np.append(rng.uniform(0, 9, 300), 1e-12).reshape(7, 43), cell_m=10.0)
        table = rural_access_index(crowd, roads(*lines), zones=zones, distance_m=500.0)
        assert table["imputed_share"][1] == pytest.approx(1.0)
        assert table[["rai_lower", "rai_upper", "imputed_share"]].fillna(0.0).le(1.0).all(axis=None)


def test_unknown_roads_raise_the_upper_bound_alone_and_seasonal_ones_neither():
    table = rural_access_index(
        COLUMN,
        roads(
            ("yes", "asphalt", -100, 1500, 1100, 1500),  # 2000 m from the first centre: 1 person
            ("unknown", None, -100, -2500, 1100, -2500),  # on the third: all within 2 km, 31 persons
            ("no", "mud", -100, -9000, 1100, -9000),
        ),
    )
    row = table.iloc[0]
    assert (row["served_persons_lower"], row["served_persons_upper"]) == (1.0, 31.0)
    assert (row["rai_lower"], row["rai_upper"]) == (pytest.approx(1 / 31), 1.0)
    # Three roads of 1200 m, the surface of one unknown.
    assert row["imputed_share"] == pytest.approx(1 / 3)
    assert not row["urban_masked"]


def test_a_measured_condition_decides_where_it_is_measured():
    rows = [
        ("yes", "asphalt", -100, 0, 1100, 0),  # paved, too rough
        ("no", "gravel", -100, 0, 1100, 0),  # unpaved, smooth enough
        ("unknown", None, -100, 0, 1100, 0),  # between the thresholds: unknown
        ("unknown", None, -100, 0, 1100, 0),  # below both
        ("yes", "asphalt", -100, 0, 1100, 0),  # not measured
    ]
    condition = RoadCondition("iri", paved_max=6.0, unpaved_max=13.0)
    cases = [(6.1, 0, 0), (13.0, 31, 31), (10.0, 0, 31), (6.0, 31, 31), (np.nan, 31, 31)]
    for row, (iri, lower, upper) in zip(rows, cases, strict=True):
        found = rural_access_index(COLUMN, roads(row, iri=[iri]), condition=condition, distance_m=5000.0).iloc[0]
        assert (found["served_persons_lower"], found["served_persons_upper"]) == (lower, upper), row
    both = rural_access_index(COLUMN, roads(*rows[1:4], iri=[1.0, np.nan, 7.0]), condition=condition).iloc[0]
    # Of three roads only the second has neither surface nor condition.
    assert both["imputed_share"] == pytest.approx(1 / 3)


@pytest.mark.parametrize("surface", [None, "", "  ", "Unknown"])
def test_a_surface_that_says_nothing_is_imputed(surface):
    network = roads(("yes", "asphalt", 0, 500, 1000, 500), ("unknown", surface, 0, 600, 1000, 600))
    assert rural_access_index(COLUMN, network)["imputed_share"].iloc[0] == 0.5
    # 4 of a measured roughness: above what an unpaved road may have, below what a paved one may; so it may pass.
    network["iri"] = [np.nan, 4.0]
    table = rural_access_index(COLUMN, network, condition=RoadCondition("iri", paved_max=5, unpaved_max=3))
    assert table["imputed_share"].iloc[0] == 0.0
    only = rural_access_index(COLUMN, network.iloc[1:], condition=RoadCondition("iri", 5, 3)).iloc[0]
    assert (only["rai_lower"], only["rai_upper"]) == (0.0, pytest.approx(1.0 / 31.0))


def test_lines_are_no_urban_areas():
    line = gpd.GeoSeries([shapely.LineString([(WEST, NORTH), (WEST + 1000, NORTH - 5000)])], crs=CRS)
    with pytest.raises(ContractError, match="no polygon at 0"):
        rural_access_index(COLUMN, roads(("yes", "asphalt", 0, 0, 9, 0)), urban=line)


# Two triangles that meet 2000 m south of the corner; the upper four centres lie in them: 1 + 2 + 4 + 8 people.
BOW_TIE = gpd.GeoDataFrame(
    {"boundary_id": ["a"]},
    geometry=[
        shapely.Polygon([(WEST, NORTH), (WEST + 1000, NORTH), (WEST, NORTH - 4000), (WEST + 1000, NORTH - 4000)])
    ],
    crs=CRS,
)


def test_urban_areas_and_zones_that_cross_themselves_are_refused_until_they_are_repaired():
    road = roads(("yes", "asphalt", -5000, 500, 5000, 500))
    says = r"cross themselves at {} \(1 in all\): use frame.geometry.make_valid\(\)"
    with pytest.raises(ContractError, match=r"urban[\s\S]*" + says.format(0)):
        rural_access_index(COLUMN, road, urban=BOW_TIE.geometry)
    with pytest.raises(ContractError, match=r"zones[\s\S]*" + says.format("'a'")):
        rural_access_index(COLUMN, road, zones=BOW_TIE)
    repaired = BOW_TIE.set_geometry(BOW_TIE.geometry.make_valid())
    row = rural_access_index(COLUMN, road, urban=repaired).iloc[0]
    assert (row["urban_persons"], row["rural_persons"]) == (15.0, 16.0)
    zoned = rural_access_index(COLUMN, road, zones=repaired).set_index("unit_id")["population_persons"]
    assert zoned.to_dict() == {"all": 31.0, "a": 15.0, "outside": 16.0}


@pytest.mark.parametrize("shape", [None, shapely.Polygon(), shapely.Point(WEST, NORTH)])
def test_urban_areas_and_zones_without_ground_are_refused(shape):
    road = roads(("yes", "asphalt", -5000, 500, 5000, 500))
    nothing = gpd.GeoDataFrame({"boundary_id": ["a"]}, geometry=[shape], crs=CRS)
    with pytest.raises(ContractError, match=r"urban[\s\S]*no polygon at 0"):
        rural_access_index(COLUMN, road, urban=nothing)
    with pytest.raises(ContractError, match=r"zones[\s\S]*no polygon at 'a'"):
        rural_access_index(COLUMN, road, zones=nothing)


def test_urban_people_are_left_out_and_nobody_is_lost():
    road = roads(("yes", "asphalt", -5000, 500, 5000, 500))
    mask = people([[1.0], [0.0], [0.0], [np.nan], [0.0]])
    row = rural_access_index(COLUMN, road, urban=mask).iloc[0]
    assert (row["urban_persons"], row["unclassified_persons"], row["rural_persons"]) == (1.0, 8.0, 22.0)
    assert row["population_persons"] == 31.0 == COLUMN.total
    assert row["rai_lower"] == pytest.approx(2.0 / 22.0)
    town = gpd.GeoSeries([shapely.box(WEST, NORTH - 1000, WEST + 1000, NORTH)], crs=CRS)
    by_shape = rural_access_index(COLUMN, road, urban=town).iloc[0]
    assert (by_shape["urban_persons"], by_shape["rai_lower"]) == (1.0, pytest.approx(2.0 / 30.0))
    everywhere = gpd.GeoSeries([shapely.box(WEST - 1, NORTH - 9000, WEST + 9000, NORTH + 1)], crs=CRS)
    assert np.isnan(rural_access_index(COLUMN, road, urban=everywhere)["rai_lower"].iloc[0])


def test_zones_and_what_lies_outside_them_sum_to_all():
    # The first zone holds the two upper cells, the second one overlaps it and gets the third alone.
    zones = gpd.GeoDataFrame(
        {"boundary_id": ["a", "b"], "name": ["A", "B"]},
        geometry=[
            shapely.box(WEST, NORTH - 2000, WEST + 1000, NORTH + 600),
            shapely.box(WEST, NORTH - 3000, WEST + 1000, NORTH),
        ],
        crs=CRS,
    )
    road = roads(("yes", "asphalt", -500, 500, 500, 500), ("unknown", None, 500, 500, 2000, 500))
    table = rural_access_index(COLUMN, road, zones=zones).set_index("unit_id")
    assert table["population_persons"].to_dict() == {"all": 31.0, "a": 3.0, "b": 4.0, "outside": 24.0}
    assert table.loc["a", "rai_lower"] == 1.0
    assert table.loc["outside", "rai_upper"] == 0.0
    # Within zone a 500 m are of asphalt and 500 m unknown; zone b has no road.
    assert table.loc["a", "imputed_share"] == pytest.approx(0.5)
    assert np.isnan(table.loc["b", "imputed_share"])


def test_without_any_road_the_index_is_zero_and_ferries_are_no_roads():
    none = roads(("yes", "asphalt", 0, 0, 1000, 0)).iloc[:0]
    row = rural_access_index(COLUMN, none).iloc[0]
    assert (row["rai_lower"], row["rai_upper"]) == (0.0, 0.0)
    assert np.isnan(row["imputed_share"])
    ferry = roads(("yes", None, 0, 0, 1000, 0), road_class=["ferry"])
    assert rural_access_index(COLUMN, ferry)["rai_upper"].iloc[0] == 0.0


def test_neither_the_order_nor_the_size_of_steps_matters():
    rng = np.random.default_rng(7)
    raster = people(rng.integers(0, 9, (30, 30)), cell_m=500.0)
    ends = rng.uniform(-2000, 17_000, (12, 4)) * np.array([1, -1, 1, -1])
    lines = roads(*[("yes" if n % 2 else "unknown", None, *row) for n, row in enumerate(ends)])
    table = rural_access_index(raster, lines)
    shuffled = rural_access_index(raster, lines.sample(frac=1.0, random_state=3))
    np.testing.assert_array_equal(
        table[["served_persons_lower", "served_persons_upper"]],
        shuffled[["served_persons_lower", "served_persons_upper"]],
    )
    # Against the distance of shapely from every centre to every whole line.
    row, column = np.nonzero(raster.values > 0)
    centres = shapely.points(*raster.cell_centres(row, column))
    near = (shapely.distance(centres[:, None], lines.geometry.to_numpy()) <= 2000.0).any(axis=1)
    assert table["served_persons_upper"].iloc[0] == raster.values[row, column][near].sum()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"distance_m": 0.0}, "distance_m"),
        ({"distance_m": np.nan}, "distance_m"),
        ({"distance_m": "2 km"}, "distance_m: must be above 0, is '2 km'"),
        ({"condition": RoadCondition("iri", 6.0, 13.0)}, "'iri' is missing"),
        ({"condition": RoadCondition("surface", 6.0, 13.0)}, "must hold numbers"),
        ({"condition": RoadCondition("bad", -1.0, 13.0)}, "paved_max"),
        ({"urban": people([[1.0]])}, "shape"),
        ({"urban": people(np.zeros((5, 1)), west=WEST + 10)}, "nothing is resampled"),
        ({"zones": gpd.GeoDataFrame(geometry=[shapely.Point(0, 0).buffer(1)], crs=CRS)}, "boundary_id"),
    ],
)
def test_what_makes_no_sense_is_refused(change, message):
    road = roads(("yes", "asphalt", 0, 0, 1000, 0), bad=[1.0])
    with pytest.raises(ContractError, match=message):
        rural_access_index(COLUMN, road, **change)


def test_bad_people_and_roads_are_refused():
    road = roads(("yes", "asphalt", 0, 0, 1000, 0))
    with pytest.raises(ContractError, match="negative people"):
        rural_access_index(people([[-1.0]]), road)
    with pytest.raises(ContractError, match="infinitely many"):
        rural_access_index(people([[np.inf]]), road)
    with pytest.raises(ContractError, match="all_season is missing"):
        rural_access_index(COLUMN, road.drop(columns="all_season"))
    with pytest.raises(ContractError, match="'perhaps'"):
        rural_access_index(COLUMN, roads(("perhaps", None, 0, 0, 1, 0)))
    with pytest.raises(ContractError, match="several modes"):
        rural_access_index(COLUMN, roads(*[("yes", None, 0, 0, 1, 0)] * 2, mode=["walk", "drive"]))
    with pytest.raises(CrsError):
        rural_access_index(COLUMN, road.to_crs("EPSG:4326"))
    nowhere = gpd.GeoSeries([shapely.box(0, 0, 1, 1)])
    with pytest.raises(CrsError, match="urban: no CRS"):
        rural_access_index(COLUMN, road, urban=nowhere)


@pytest.mark.data
def test_the_islands_index_is_a_wide_interval_with_its_reason_beside_it(comoros, region_layers):
    layers = region_layers(comoros)
    islands = layers.boundaries.loc[layers.boundaries["admin_level"] == 4]
    table = rural_access_index(layers.population, build_network(layers.roads), zones=islands)
    assert table["population_persons"].iloc[0] == pytest.approx(869_595.0284, abs=1e-3)
    assert table["population_persons"].iloc[1:].sum() == pytest.approx(869_595.0284, abs=1e-3)
    # Surface is untagged on 91 % of the motorable ways by number, on 90 % by length.
    assert table["imputed_share"].iloc[0] == pytest.approx(0.91, abs=0.015)
    assert 0.1 < table["rai_lower"].iloc[0] < 0.3
    assert 0.85 < table["rai_upper"].iloc[0] < 0.95
    assert (table["rai_lower"] <= table["rai_upper"]).all()


@pytest.mark.data
def test_rutland_has_its_surface_tagged_on_a_sixth_of_its_roads(rutland, region_layers):
    layers = region_layers(rutland)
    graph = build_network(layers.roads)
    west, south, east, north = layers.study_area.total_bounds
    shape = (int((north - south) // 1000), int((east - west) // 1000))
    raster = Raster(np.ones(shape), from_origin(west, north, 1000.0, 1000.0), graph.crs)
    row = rural_access_index(raster, graph).iloc[0]
    # 84 % of the ways by number, 85 % of the length.
    assert row["imputed_share"] == pytest.approx(0.84, abs=0.015)
    assert row["rai_lower"] < row["rai_upper"]
