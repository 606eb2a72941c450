"""The map pressed anywhere: minutes of the nearest cell that the run has measured, and nothing where there is none."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from spatial.cartography import places

pytestmark = pytest.mark.browser

PAGE, STEP = "gap-health_centre.html", 1000.0
# one that is put away fades for a moment
SAID = """[...document.querySelectorAll('.leaflet-popup')].filter((node) => node.style.opacity !== '0')
  .map((node) => node.textContent).join('')"""
PRESS = "([lat, lng]) => void Spatial.map.fire('click', { latlng: L.latLng(lat, lng) })"


def measured(county, *, beyond=()):
    """Cells of 1 km in the south-west of the county, each as many minutes away as it has a number."""
    settlements = county.tables["settlements"]
    west, south = settlements.total_bounds[:2]
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(8) * STEP + west - 9000, np.arange(8) * STEP + south - 9000))
    ids = [f"cell{k}" for k in range(64)]
    frame = pd.DataFrame({"settlement_id": ids, "in_study": True})
    cells = gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(x, y), crs=settlements.crs)
    minutes = np.where(np.isin(np.arange(64), beyond), np.nan, np.arange(64) + 100.4)
    access = pd.concat(
        pd.DataFrame(
            {
                "settlement_id": ids, "service": "health_centre", "mode": mode, "travel_time_min": minutes * factor,
                "reach_status": np.where(np.isnan(minutes), "no_path", "reached"),
            }
        )
        for mode, factor in (("drive", 1.0), ("walk", 5.0))
    )  # fmt: skip
    return replace(county, tables=county.tables | {"cells": cells, "cell_access": access}), cells.to_crs(4326).geometry


@pytest.fixture(scope="module")
def pressed(county, save_pages, tmp_path_factory):
    whole, points = measured(county, beyond=(5,))
    return save_pages(whole.built(), tmp_path_factory.mktemp("cells")), points


def test_ground_answers_with_the_minutes_of_the_nearest_cell(pressed, open_page):
    folder, points = pressed
    page = open_page(folder / PAGE, fragment="#lang=en&layer=time:drive")
    for k in (0, 9, 63):
        page.evaluate(PRESS, [points[k].y + 0.001, points[k].x])
        said = page.evaluate(SAID)
        assert said.startswith(f"About {100 + k} min by car to the nearest health centre")
        # 0.001 degrees of latitude are 111 m
        assert "Approximate: computed for people 11" in said
    page.evaluate(PRESS, [points[5].y, points[5].x])
    assert page.evaluate(SAID).startswith("No health centre within reach by car from here")
    # by the mode of the layer shown
    walking = open_page(folder / PAGE, fragment="#lang=en&layer=time:walk")
    walking.evaluate(PRESS, [points[9].y, points[9].x])
    assert walking.evaluate(SAID).startswith(f"About {round((9 + 100.4) * 5)} min on foot")


def test_where_no_cell_is_near_nothing_is_said(pressed, open_page):
    folder, points = pressed
    page = open_page(folder / PAGE, fragment="#lang=en")
    page.evaluate(PRESS, [points[63].y, points[63].x])
    assert page.evaluate(SAID)
    page.evaluate(PRESS, [points[0].y - 0.02, points[0].x])
    assert page.evaluate(SAID) == ""


def test_a_village_a_facility_and_another_language_put_it_away(pressed, county, open_page):
    folder, points = pressed
    page = open_page(folder / PAGE, fragment="#lang=en")
    village = county.tables["settlements"].to_crs(4326).geometry[12]
    page.evaluate(PRESS, [points[0].y, points[0].x])
    page.evaluate(PRESS, [village.y, village.x])
    assert page.evaluate("Spatial.state.places.id[Spatial.state.selected]") == "n000012"
    assert page.evaluate(SAID) == ""
    page.evaluate(PRESS, [points[0].y, points[0].x])
    page.evaluate("void Spatial.setLanguage('fr')")
    assert page.evaluate(SAID) == ""
    page.evaluate(PRESS, [points[0].y, points[0].x])
    assert page.evaluate(SAID).startswith("Environ 100")


def test_without_a_table_of_cells_or_with_too_many_the_click_says_nothing(
    county, county_folder, open_page, save_pages, tmp_path, monkeypatch
):
    whole, points = measured(county)
    bare = open_page(county_folder / PAGE)
    bare.evaluate(PRESS, [points[0].y, points[0].x])
    assert bare.evaluate(SAID) == ""
    monkeypatch.setattr(places, "MOST_CELLS", 63)
    page = open_page(save_pages(whole.built(), tmp_path) / PAGE)
    page.evaluate(PRESS, [points[0].y, points[0].x])
    assert page.evaluate(SAID) == ""


def test_without_cells_the_nearest_village_answers_by_name_up_to_two_kilometres(county, county_folder, open_page):
    page = open_page(county_folder / PAGE, fragment="#lang=en&layer=time:drive")
    told = page.evaluate(
        """() => {
          const { points, places, layer } = Spatial.state, away = (a, b) => Spatial.map.distance(a, b);
          const at = (i) => L.latLng(points.latitude[i], points.longitude[i]);
          for (let i = 0; i < points.n; i++) {
            const spot = L.latLng(points.latitude[i] + 1200 / 111195, points.longitude[i]);
            const others = Array.from({ length: points.n }, (_, k) => away(at(k), spot));
            if (isFinite(layer.values[i]) && others.every((far, k) => k === i || far > 1600)) return { i, lat: spot.lat, lng: spot.lng, name: Spatial.placeName(places, i), value: Math.round(layer.values[i]) };
          }
          return null;
        }"""  # noqa: E501 - a script
    )
    page.evaluate(PRESS, [told["lat"], told["lng"]])
    said = page.evaluate(SAID)
    assert said.startswith(f"About {told['value']} min by car")
    assert f"as from {told['name']}, 1.2 km from here" in said
