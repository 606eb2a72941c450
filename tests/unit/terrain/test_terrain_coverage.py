"""Geographic coverage by capacity, and sums by zone."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from affine import Affine

from spatial.errors import ContractError, CrsError
from spatial.rasters import Raster
from spatial.terrain.coverage import ACCESSMOD_COLUMNS, geographic_coverage, zonal_coverage, zonal_sums

CRS = pyproj.CRS("EPSG:32738")
LINE = np.full((1, 7), 0.01)
"""Seven cells of 100 m, one minute apart."""


def _facilities(columns, capacity, ids=None, **more) -> pd.DataFrame:
    ids = ids or list("abcdefg")[: len(columns)]
    return pd.DataFrame({"facility_id": ids, "row": 0, "column": columns, "capacity": capacity, **more})


def _cover(people, facilities, friction=LINE, cutoff_min=10.0, **options):
    return geographic_coverage(friction, people, facilities, resolution_m=100.0, cutoff_min=cutoff_min, **options)


def test_the_largest_comes_first_and_the_next_takes_what_is_left() -> None:
    # people 1, 2, 4 ... 64 tell who was served. b (capacity 96, cell 6) takes 64 and 32.
    # a (capacity 20, cell 0) finds 1, 2, 4, 8 (15 in all), then 5 of the 16 in cell 4.
    people = 2.0 ** np.arange(7)[None, :]
    found = _cover(people, _facilities([0, 6], [20.0, 96.0]))
    assert found.capacity_table["facility_id"].tolist() == ["b", "a"]
    assert found.served[0].tolist() == [1, 2, 4, 8, 5, 32, 64]
    assert found.full[0].tolist() == [0, 0, 0, 0, 11, 0, 0]
    assert found.not_reached.sum() == 0
    table = found.capacity_table.set_index("facility_id")
    assert table["order"].tolist() == [1, 2]
    assert table["served"].tolist() == [96.0, 20.0]
    assert table["capacity_left"].tolist() == [0.0, 0.0]
    assert table["persons_within"].tolist() == [127.0, 127.0]
    assert table["unserved_within"].tolist() == [127.0, 31.0]
    assert table["left_within"].tolist() == [31.0, 11.0]
    assert table["last_ring_min"].tolist() == [1.0, 4.0]
    assert table["last_ring_share"].tolist() == [1.0, 5 / 16]
    assert table["unserved_after"].tolist() == [31.0, 11.0]
    assert table["covered_percent"].tolist() == pytest.approx([100 * 96 / 127, 100 * 116 / 127])


def test_a_ring_is_split_in_the_same_share() -> None:
    # 10 in the middle, then a ring of 30 on the left and 10 on the right with room for 20: half of each
    people = np.array([[0, 0, 30.0, 10.0, 10.0, 0, 0]])
    found = _cover(people, _facilities([3], [30.0]))
    assert found.served[0].tolist() == [0, 0, 15, 10, 5, 0, 0]


def test_rings_may_be_as_wide_as_one_likes() -> None:
    # rings of two minutes: the cell itself (0 min), then 1 and 2 minutes together: 12 people, room for 6
    people = np.array([[4.0, 4.0, 8.0, 16.0, 0, 0, 0]])
    found = _cover(people, _facilities([0], [10.0]), ring_min=2.0)
    assert found.served[0].tolist() == [4, 2, 4, 0, 0, 0, 0]


def test_the_order_may_be_a_column_and_ties_go_by_id() -> None:
    people = np.full((1, 7), 1.0)
    facilities = _facilities([0, 0, 0], [1.0, 5.0, 1.0], ids=["z", "m", "a"], turn=[2, 3, 2])
    assert _cover(people, facilities, order="turn").capacity_table["facility_id"].tolist() == ["a", "z", "m"]
    assert _cover(people, facilities).capacity_table["facility_id"].tolist() == ["m", "a", "z"]


def test_three_classes_of_people_sum_to_the_population() -> None:
    friction = LINE.copy()
    friction[0, 5] = np.nan
    people = np.array([[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]])
    found = _cover(people, _facilities([0], [2.0]), friction, cutoff_min=3.0)
    # served 1 and 1 of 2; full 1, 4, 8 within three minutes; 16 beyond; 32 on the barrier, 64 behind it
    assert found.served[0].tolist() == [1, 1, 0, 0, 0, 0, 0]
    assert found.full[0].tolist() == [0, 1, 4, 8, 0, 0, 0]
    assert found.not_reached[0].tolist() == [0, 0, 0, 0, 16, 32, 64]
    assert found.report["on_barriers"] == 32.0
    assert found.report["total"] == 127.0
    np.testing.assert_array_equal(found.remaining, found.full + found.not_reached)


def test_a_capacity_of_nothing_serves_nobody_and_one_without_end_serves_all() -> None:
    people = np.full((1, 7), 3.0)
    none = _cover(people, _facilities([0], [0.0]))
    assert (none.served.sum(), none.full.sum()) == (0.0, 21.0)
    assert np.isnan(none.capacity_table["last_ring_min"]).all()
    everybody = _cover(people, _facilities([0], [np.inf]))
    assert everybody.served.sum() == 21.0
    assert np.isinf(everybody.capacity_table["capacity_left"]).all()


def test_the_cutoff_is_inclusive_and_zero_serves_the_cell_itself() -> None:
    people = np.full((1, 7), 1.0)
    assert _cover(people, _facilities([0], [100.0]), cutoff_min=2.0).served[0].tolist() == [1, 1, 1, 0, 0, 0, 0]
    assert _cover(people, _facilities([0], [100.0]), cutoff_min=0.0).served.sum() == 1.0


def test_coverage_of_nobody_is_nothing() -> None:
    found = _cover(np.zeros((1, 7)), _facilities([0], [5.0]))
    assert found.capacity_table["covered_percent"].tolist() == [0.0]
    empty = _cover(np.ones((1, 7)), _facilities([], []))
    assert empty.not_reached.sum() == 7.0
    assert empty.capacity_table.empty


def test_cells_without_data_hold_nobody_and_are_counted() -> None:
    people = np.array([[1.0, np.nan, 1.0, 0, 0, 0, 0]])
    found = _cover(people, _facilities([0], [5.0]))
    assert found.report["cells_without_data"] == 1
    assert found.served.sum() == 2.0


def test_the_table_speaks_accessmod_too() -> None:
    found = _cover(np.ones((1, 7)), _facilities([0], [5.0]))
    assert set(ACCESSMOD_COLUMNS.values()) <= set(found.accessmod_table().columns)


@pytest.mark.parametrize(
    ("people", "change", "message"),
    [
        (np.full((1, 7), -1.0), {}, "negative"),
        (np.full((1, 7), np.inf), {}, "infinite"),
        (np.ones((2, 7)), {}, "shape"),
        (np.ones((1, 7)), {"capacity": np.nan}, "capacity"),
        (np.ones((1, 7)), {"capacity": -1.0}, "capacity"),
        (np.ones((1, 7)), {"facility_id": ["a", "a"]}, "more than once"),
        (np.ones((1, 7)), {"column": 9}, "outside"),
        (np.ones((1, 7)), {"column": pd.array([1, None], dtype="Int64")}, "column: unknown or negative at 'b'"),
    ],
)
def test_bad_people_and_facilities_are_refused(people, change, message) -> None:
    with pytest.raises(ContractError, match=message):
        _cover(people, _facilities([0, 1], [1.0, 2.0]).assign(**change))


def test_a_column_that_is_missing_or_unknown_is_named() -> None:
    facilities = _facilities([0], [1.0])
    with pytest.raises(ContractError, match="turn: missing"):
        _cover(np.ones((1, 7)), facilities, order="turn")
    with pytest.raises(ContractError, match="turn: unknown"):
        _cover(np.ones((1, 7)), facilities.assign(turn=np.nan), order="turn")


GRID = Raster(np.arange(1.0, 5.0).reshape(2, 2), Affine(100, 0, 0, 0, -100, 200), CRS, "people")
"""1 and 2 above, 3 and 4 below; cells of 100 m."""


def _zones(*shapes, ids=None) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"zone_id": ids or list("abcdefg")[: len(shapes)]}, geometry=list(shapes), crs=CRS)


def test_a_cell_counts_for_the_share_that_a_zone_covers() -> None:
    # the left cells and half of the right ones: 1 + 3 + (2 + 4) / 2; the rest is 3
    found = zonal_sums(GRID, _zones(shapely.box(0, 0, 150, 200), shapely.box(150, 0, 200, 200)))
    assert found.table["sum"].tolist() == pytest.approx([7.0, 3.0])
    assert found.table["cells"].tolist() == pytest.approx([3.0, 1.0])
    assert (found.total, found.in_zones, found.outside) == pytest.approx((10.0, 10.0, 0.0))


def test_what_lies_in_no_zone_and_on_no_data_is_told() -> None:
    holed = Raster(np.where(GRID.values == 4, np.nan, GRID.values), GRID.transform, CRS)
    found = zonal_sums(holed, _zones(shapely.box(0, 0, 200, 100), shapely.box(500, 500, 600, 600)))
    assert found.table["sum"].tolist() == pytest.approx([3.0, 0.0])
    assert found.outside == pytest.approx(3.0)
    assert found.nodata_cells == 1


def test_coverage_by_zone_sums_to_the_whole() -> None:
    found = _cover(np.full((1, 7), 2.0), _facilities([0], [5.0]), cutoff_min=4.0)
    grid = Raster(np.zeros((1, 7)), Affine(100, 0, 0, 0, -100, 100), CRS)
    zones = _zones(shapely.box(0, 0, 250, 100), shapely.box(250, 0, 700, 100))
    table = zonal_coverage(found, zones, grid)
    # served 2, 2, 1: cell 2 is cut in half
    assert table["served"].tolist() == pytest.approx([4.5, 0.5])
    assert table["persons"].tolist() == pytest.approx([5.0, 9.0])
    assert table["not_reached"].tolist() == pytest.approx([0.0, 4.0])
    assert table["covered_percent"].tolist() == pytest.approx([90.0, 100 * 0.5 / 9])


def test_zones_that_cannot_be_used_are_refused() -> None:
    box = shapely.box(0, 0, 100, 100)
    with pytest.raises(ContractError, match="more than once"):
        zonal_sums(GRID, _zones(box, box, ids=["a", "a"]))
    with pytest.raises(ContractError, match="no polygon"):
        zonal_sums(GRID, _zones(shapely.Point(1, 1)))
    with pytest.raises(ContractError, match="missing"):
        zonal_sums(GRID, _zones(box), zone_id="name")
    with pytest.raises(CrsError, match="to_crs"):
        zonal_sums(GRID, _zones(box).set_crs("EPSG:32737", allow_override=True))
    found = _cover(np.ones((1, 7)), _facilities([0], [5.0]))
    with pytest.raises(ContractError, match="shape"):
        zonal_coverage(found, _zones(box), GRID)
