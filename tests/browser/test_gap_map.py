"""The map of a gap page: townships, the chosen village, names, sea and land."""

from __future__ import annotations

import geopandas as gpd
import pytest
import shapely

from tests.browser.conftest import CRS, SIDE, SOUTH, WEST

pytestmark = pytest.mark.browser

SHOWN = "Spatial.state.places.id.filter((_, i) => Spatial.layers.points.classes[i] !== Spatial.HIDDEN).sort()"
FREE = """(id) => {
  // a spot in the middle of a township that lies near no village
  const { map, state } = Spatial, unit = Spatial.layers.base.units.get(id);
  const box = map.getContainer().getBoundingClientRect();
  for (let k = 1; k < 400; k++) {
    const x = unit.left + (unit.right - unit.left) * (0.2 + 0.6 * ((k * 0.618) % 1));
    const y = unit.top + (unit.bottom - unit.top) * (0.2 + 0.6 * ((k * 0.414) % 1));
    const at = map.unproject([Spatial.middle.x + x, Spatial.middle.y + y], Spatial.UNIT_ZOOM);
    const spot = map.latLngToContainerPoint(at);
    if (Spatial.layers.points.nearest(at, 18) < 0 && Spatial.facilityAt(state, at, Infinity) < 0) {
      return [spot.x + box.left, spot.y + box.top];
    }
  }
}"""


def test_a_click_on_a_township_outlines_it_zooms_and_filters_and_a_second_one_goes_back(
    county, county_folder, open_page
):
    page = open_page(county_folder / "gap-health_centre.html")
    zoom = page.evaluate("Spatial.map.getZoom()")
    page.fill("#slider", "20")
    page.mouse.click(*page.evaluate(FREE, "t4"))
    settlements = county.tables["settlements"]
    assert page.evaluate(SHOWN) == sorted(settlements.loc[settlements["township_id"] == "t4", "settlement_id"])
    assert page.evaluate("Spatial.map.getZoom()") > zoom
    name = county.tables["boundaries"].set_index("boundary_id").loc["t4", "name_en"]
    assert page.inner_text("#beyond-chips [aria-pressed=true]").startswith(name)
    assert page.evaluate(
        """() => {
          const unit = Spatial.layers.base.units.get('t4');
          const corner = Spatial.map.unproject([Spatial.middle.x + unit.left, Spatial.middle.y + unit.top], 14);
          return Spatial.map.getBounds().contains(corner);
        }"""
    )
    page.mouse.click(*page.evaluate(FREE, "t4"))
    assert page.evaluate(SHOWN) == sorted(settlements["settlement_id"])
    assert page.evaluate("Spatial.map.getZoom()") == zoom


def search(page, place):
    page.fill("#search", place)
    page.press("#search", "Enter")


def test_a_village_that_is_searched_for_is_shown_whatever_was_filtered(county, county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html")
    page.select_option("#filter-township", "2")
    page.click("#legend [data-class=over_most]")
    row = county.tables["settlements"].query("township_id == 't4'").iloc[0]
    search(page, row["settlement_id"])
    assert row["settlement_id"] in page.evaluate(SHOWN)
    assert not page.is_visible("#filtered")
    assert page.locator(".only-off:visible").count() == 0
    assert page.input_value("#filter-township") == "-1"
    # one that the filters leave changes none of them
    page.click("#tab-result")
    page.select_option("#filter-township", "4")
    search(page, row["settlement_id"])
    assert page.input_value("#filter-township") == "4"


def test_the_chosen_village_has_a_box_at_the_map_with_what_decides(county, county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html", fragment="#place=n000012")
    access = county.tables["access"].query("service == 'health_centre' and settlement_id == 'n000012'")
    row = access.loc[access["travel_time_min"].idxmin()]
    place = county.tables["settlements"].set_index("settlement_id").loc["n000012"]
    text = page.inner_text("#place-box")
    assert text.startswith(place["name_en"])
    assert f"{round(row['travel_time_min'])} min to " in text
    assert f"{round(place['population_persons']):,} people" in text
    assert "km by road" in text
    page.click("#tab-result")
    page.fill("#slider", "1")
    over = round(row["travel_time_min"]) - 1
    assert f"{over} min over" in page.inner_text("#place-box")
    page.click("#tab-place")
    page.click("#place .close")
    assert page.is_hidden("#place-box")
    # a phone has the same lines on the card
    phone = open_page(county_folder / "gap-health_centre.html", fragment="#place=n000012", width=390, height=844)
    assert phone.is_hidden("#place-box")
    assert "km by road" in phone.inner_text("#place")


def test_a_name_in_two_scripts_begins_with_that_of_the_page_everywhere(county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html")
    told = "names => names.map(Spatial.inScriptOrder)"
    arabic, han = "\u0645\u0648\u0631\u0648\u0646\u064a", "\u767d\u6c34"
    names = [
        f"Moroni {arabic}",
        f"{arabic} Moroni",
        "Bada Kouni",
        f"{han}",
        f"{han} Baishui",
        "Sima 2",
        "Voidju\u00f3n",
    ]
    wanted = [f"Moroni {arabic}"] * 2 + ["Bada Kouni", han, f"Baishui {han}", "Sima 2", "Voidju\u00f3n"]
    assert page.evaluate(told, names) == wanted
    page.evaluate("Spatial.setLanguage('zh')")
    assert page.evaluate(told, [f"Baishui {han}", "Bada Kouni"]) == [f"{han} Baishui", "Bada Kouni"]


def test_roads_bear_their_numbers_and_facilities_their_names_as_one_comes_nearer(
    county, open_page, save_pages, tmp_path
):
    roads = county.tables["roads"].copy()
    roads["ref"] = None
    roads.loc[roads["road_class"] == "primary", "ref"] = "G547;S9"
    tables = county.tables | {"roads": roads}
    pages = type(county)(tables, county.meta, county.summary, county.register).pages()
    page = open_page(save_pages(pages, tmp_path) / "gap-health_centre.html")
    written = "Spatial.state.labels.written.map((box) => box.text)"
    page.evaluate("Spatial.map.setZoom(10, { animate: false })")
    assert "G547" not in page.evaluate(written)
    page.evaluate(
        """() => {
          const { points } = Spatial.layers.base.numbers;
          Spatial.map.setView([points.latitude[0], points.longitude[0]], 12, { animate: false });
        }"""
    )
    assert "G547" in page.evaluate(written)
    page.evaluate(
        """() => {
          const { points } = Spatial.state.facilities;
          Spatial.map.setView([points.latitude[0], points.longitude[0]], 14, { animate: false });
        }"""
    )
    assert page.evaluate("Spatial.facilityName(Spatial.state, 0)") in page.evaluate(written)


def test_sea_and_ground_outside_the_study_are_different(county, county_folder, open_page, save_pages, tmp_path):
    # an island within the study: a ring with land at its left
    water = county.tables["water"]
    side = SIDE / 4
    ring = shapely.LinearRing(
        [
            (WEST - side, SOUTH - side),
            (WEST + SIDE, SOUTH - side),
            (WEST + SIDE, SOUTH + SIDE),
            (WEST - side, SOUTH + SIDE),
        ]
    )
    row = water.iloc[[0]].copy()
    row["kind"], row["water_id"] = "coastline", "coast"
    coast = gpd.GeoDataFrame(row.set_geometry([ring]), crs=CRS)
    tables = county.tables | {"water": gpd.GeoDataFrame(gpd.pd.concat([water, coast], ignore_index=True), crs=CRS)}
    pages = type(county)(tables, county.meta, county.summary, county.register).pages()
    page = open_page(save_pages(pages, tmp_path) / "gap-health_centre.html")
    assert [group["look"] for group in page.evaluate("Spatial.data.base")][:2] == ["area", "sea"]
    bare = open_page(county_folder / "gap-health_centre.html")
    assert "sea" not in [group["look"] for group in bare.evaluate("Spatial.data.base")]


DRAWN = """async () => {
  const { layers } = Spatial, drawn = Object.fromEntries(Object.keys(layers).map((name) => [name, 0]));
  for (const [name, layer] of Object.entries(layers)) {
    const draw = layer._draw;
    layer._draw = (...given) => { drawn[name] += 1; draw(...given); };
  }
  Spatial.setLanguage("fr");
  Spatial.fitMap();
  await null;
  return drawn;
}"""


def test_each_layer_is_drawn_once_however_often_a_page_that_is_filled_asks_for_it(county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html", fragment="#lang=en")
    drawn = page.evaluate(DRAWN)
    assert drawn == dict.fromkeys(("base", "areas", "ties", "points", "marks", "stars"), 1)


def test_the_table_of_townships_says_that_those_without_a_way_are_among_those_beyond(county, county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html", fragment="#lang=en")
    page.click("#tab-table")
    heads = [head.strip() for head in page.locator("#view-table thead th").all_text_contents()]
    within, beyond = (next(k for k, head in enumerate(heads) if head.startswith(word)) for word in ("within", "over"))
    assert [head.startswith("of these no way mapped") for head in heads[beyond + 1 : beyond + 2]] == [True]
    # All are within, beyond, or in a class behind these two that is not among those beyond.
    cells = [row.locator("td").all_inner_texts() for row in page.locator("#view-table tbody tr").all()]
    assert cells
    for row in cells:
        total, own, over, no_way = (int(row[k - 1].replace(",", "")) for k in (1, within, beyond, beyond + 1))
        others = sum(int(text.replace(",", "")) for text in row[beyond + 1 : -1])
        assert abs(own + over + others - total) <= 3
        assert no_way <= over
