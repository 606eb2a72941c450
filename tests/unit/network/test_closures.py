"""Which edges of a grid city points, lines and areas close."""

import geopandas as gpd
import pytest
import shapely

from spatial.errors import ContractError, CrsError
from spatial.network.scenarios import edges_closed_by


@pytest.fixture(scope="module")
def city(grid_city):
    return grid_city.graph(2)


def closed(grid_city, city, *shapes, within_m=10.0):
    marks = gpd.GeoSeries(list(shapes), crs=grid_city.crs)
    ids = edges_closed_by(city, marks, within_m=within_m)
    lines = dict(zip(city.edge_id, city.edge_lines(), strict=True))
    x0, y0 = grid_city.origin
    middles = [lines[name].interpolate(0.5, normalized=True) for name in ids]
    return sorted((round((p.x - x0) / 1000, 1), round((p.y - y0) / 1000, 1)) for p in middles)


def test_a_point_closes_the_nearest_edge_and_at_a_junction_all(grid_city, city):
    assert closed(grid_city, city, grid_city.point(0.3, 0.01)) == [(0.5, 0.0)]
    assert closed(grid_city, city, grid_city.point(1, 1)) == [(0.5, 1.0), (1.0, 0.5), (1.0, 1.5), (1.5, 1.0)]


def test_a_line_closes_what_it_runs_along_or_crosses_but_no_side_road(grid_city, city):
    assert closed(grid_city, city, grid_city.line((0, 1), (2, 1))) == [(0.5, 1.0), (1.5, 1.0)]
    assert closed(grid_city, city, grid_city.line((0.4, -0.5), (0.4, 0.5))) == [(0.5, 0.0)]


def test_an_area_closes_what_touches_it(grid_city, city):
    area = grid_city.point(1, 1).buffer(100.0)
    assert len(closed(grid_city, city, area)) == 4
    both = shapely.MultiPoint([grid_city.point(0.3, 0), grid_city.point(0.3, 2)])
    assert closed(grid_city, city, both) == [(0.5, 0.0), (0.5, 2.0)]


def test_the_tolerance_is_inclusive_and_a_mark_off_the_roads_is_refused(grid_city, city):
    assert closed(grid_city, city, grid_city.point(0.3, 0.05), within_m=50.0) == [(0.5, 0.0)]
    with pytest.raises(ContractError, match="no road within 10 m of 'row 2'"):
        closed(grid_city, city, grid_city.point(0.3, 0), grid_city.point(0.3, 0.05))
    drawn = gpd.GeoDataFrame({"edit_id": ["landslide"]}, geometry=[grid_city.point(0.3, 0.05)], crs=city.crs)
    with pytest.raises(ContractError, match="no road within 10 m of 'landslide'"):
        edges_closed_by(city, drawn)
    with pytest.raises(CrsError, match="reproject"):
        edges_closed_by(city, gpd.GeoSeries([shapely.Point(0, 0)], crs="EPSG:4326"))
