"""Villages by name on the maps of services: the table of who is beyond, its CSV, labels, the finding in the title."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from tests.browser.test_plan import OUTCOMES, plan_tables

pytestmark = pytest.mark.browser

ROWS = "[...document.querySelectorAll('#beyond-body tr')].map((row) => [...row.children].map((cell) => cell.innerText))"
HEAD = "[...document.querySelectorAll('#beyond-head th')].map((cell) => cell.textContent)"


@pytest.fixture(scope="module")
def planned(county, save_pages, tmp_path_factory):
    """Pages of the county with plans, of which one helps towards health centres."""
    tables = county.tables | plan_tables(county.tables["settlements"])
    pages = type(county)(tables, county.meta, county.summary, county.register).pages()
    return save_pages(pages, tmp_path_factory.mktemp("planned"))


def beyond(county, threshold=60.0):
    """Settlements farther than a threshold from a health centre by the fastest mode, most people first, no way last."""
    access = county.tables["access"]
    minutes = access.loc[access["service"] == "health_centre"].groupby("settlement_id")["travel_time_min"].min()
    found = county.tables["settlements"].set_index("settlement_id").assign(minutes=minutes)
    found = found.loc[~(found["minutes"] <= threshold)]
    return found.assign(no_way=found["minutes"].isna()).sort_values(
        ["no_way", "population_persons"], ascending=[True, False], na_position="last"
    )


def counted(places):
    """Say how many: villages where none of them is a town or more."""
    return f"{len(places)} {'villages' if (places['tier'] == 'village').all() else 'places'}"


def slide(page, minutes):
    page.fill("#slider", str(minutes))


@pytest.mark.parametrize("threshold", [20, 45, 60])
def test_the_table_is_the_tables(threshold, county, county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html")
    slide(page, threshold)
    wanted = beyond(county, threshold)
    last = " (those without a known way last)" if wanted["no_way"].nunique() > 1 else ""
    assert page.inner_text("#beyond-title") == f"Beyond: {counted(wanted)}, most people first{last}"
    if page.is_visible("#beyond-all"):
        page.click("#beyond-all")
    assert page.evaluate(HEAD)[:5] == ["Village", "Township", "People", "Minutes", "Over by"]
    rows = page.evaluate(ROWS)
    names = dict(zip(county.tables["boundaries"]["boundary_id"], county.tables["boundaries"]["name_en"], strict=True))
    assert [row[:2] for row in rows] == [[row.name_en, names[row.township_id]] for row in wanted.itertuples()]
    told = [f"{round(n):,}" if n >= 0 else "not known" for n in wanted["population_persons"]]
    assert [row[2] for row in rows] == told
    for row, minutes in zip(rows, wanted["minutes"], strict=True):
        if np.isnan(minutes):
            assert row[3:5] == ["no way mapped", ""]
        elif round(minutes) > threshold:
            assert row[3:5] == [f"{round(minutes)} min", f"{round(minutes) - threshold} min"]
        else:
            decimals = next(n for n in (1, 2) if round(minutes, n) > threshold)
            assert row[3:5] == [f"{minutes:.{decimals}f} min", "under 1 min"]


def test_a_value_beyond_a_limit_is_never_printed_as_the_limit(county_folder, read_page):
    page = read_page(county_folder / "gap-health_centre.html")
    told = "([value, unit, limit]) => Spatial.beyondText(value, unit, limit)"
    # As sentences tell it: 60.14 is no 60.2.
    assert page.evaluate(told, [60.14, "min", 60]) == "60.1 min"
    assert page.evaluate(told, [60.02, "min", 60]) == "60.02 min"
    assert page.evaluate(told, [60.002, "min", 60]) == "60.1 min"
    assert page.evaluate(told, [60.6, "min", 60]) == "61 min"
    assert page.evaluate(told, [2020.0, "m", 2000]) == "2,020 m"
    assert page.evaluate(told, [2000.2, "m", 2000]) == "2,001 m"
    assert page.evaluate(told, [800.2, "m", 800]) == "801 m"
    assert page.evaluate(told, [2020.2, "m", 2000]) == "2,020 m"
    assert page.evaluate(told, [5400.0, "m", 5000]) == "5.4 km"


def test_the_csv_is_what_is_read_on_the_page(planned, open_page, tmp_path, in_each_language):
    page = open_page(planned / "gap-health_centre.html")
    slide(page, 20)
    page.click("#beyond-head [data-column=over]")
    page.click("#beyond-all")
    for language in in_each_language(page, "en"):
        with page.expect_download() as waiting:
            page.click("#beyond-csv")
        waiting.value.save_as(tmp_path / "beyond.csv")
        with Path(tmp_path / "beyond.csv").open(encoding="utf-8-sig", newline="") as file:
            first, *rows = csv.reader(file)
        assert waiting.value.suggested_filename == "gap-health_centre-beyond.csv"
        assert first[0] == {"en": "Village", "fr": "Village", "zh": "村"}[language]
        assert first[:-1] == page.evaluate(HEAD)
        assert [row[:-1] for row in rows] == page.evaluate(ROWS)
        assert len(rows) > 20
        assert {row[-1] for row in rows} == {page.evaluate("Spatial.t('study.basis_modelled')")}


def test_sorting_by_any_column_keeps_those_without_a_way_last(planned, open_page):
    page = open_page(planned / "gap-health_centre.html")
    slide(page, 20)
    page.click("#beyond-all")
    for column in page.evaluate("[...document.querySelectorAll('#beyond-head button')].map((n) => n.dataset.column)"):
        for _ in range(2):
            page.click(f"#beyond-head [data-column={column}]")
            values = [row[3] for row in page.evaluate(ROWS)]
            without = [value == "no way mapped" for value in values]
            assert any(without)
            assert without == sorted(without)
            assert page.evaluate("document.activeElement.dataset.column") == column
    page.click("#beyond-head [data-column=value]")
    minutes = [float(row[3].split()[0]) for row in page.evaluate(ROWS) if row[3] != "no way mapped"]
    assert minutes == sorted(minutes, reverse=True)
    assert page.locator("#beyond-head [aria-sort=descending]").count() == 1


def test_the_plan_says_what_would_bring_a_village_within(planned, county, open_page):
    page = open_page(planned / "gap-health_centre.html")
    slide(page, 20)
    page.click("#beyond-all")
    ids = list(county.tables["settlements"]["settlement_id"])
    places = page.evaluate(
        "[...document.querySelectorAll('#beyond-body tr')].map((n) => Spatial.state.places.id[n.dataset.place])"
    )
    told = {ids.index(place): row[-1] for place, row in zip(places, page.evaluate(ROWS), strict=True)}
    assert {ids[number] for number in told} == set(beyond(county, 20).index)
    sites = [county.tables["settlements"]["name_en"][row] for row in (25, 37)]
    for number, text in told.items():
        outcome = OUTCOMES[number]
        if outcome == "gained":
            # 30 min with the plan is within 60, and beyond the 20 that the slider asks for
            assert text == "still over with the plan: 30 min"
        elif outcome == "beyond":
            assert text == f"still over with the plan: {61 + number % 9} min"
        elif outcome == "none_reached":
            assert text == "none within reach with the plan either"
        else:
            assert text == ""
    slide(page, 45)
    helped = {row[-1] for row in page.evaluate(ROWS) if row[-1].startswith("A site in")}
    assert helped <= {f"A site in {site}: 30 min" for site in sites}
    assert helped
    # where no plan is drawn, nothing is said
    page.select_option("#layer", str(page.evaluate("Spatial.state.layers.findIndex((layer) => layer.norm === null)")))
    assert "What would help" not in page.evaluate(HEAD)


def test_filters_and_standard_count_in_the_table_as_on_the_map(county, county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html")
    slide(page, 20)
    chips = page.evaluate("[...document.querySelectorAll('#beyond-chips .chip')].map((n) => n.innerText)")
    wanted = beyond(county, 20)
    by_township = wanted.groupby("township_id").size()
    names = dict(zip(county.tables["boundaries"]["boundary_id"], county.tables["boundaries"]["name_en"], strict=True))
    assert chips[0] == f"All townships {len(wanted)}"
    assert sorted(chips[1:]) == sorted(f"{names[unit]} {n}" for unit, n in by_township.items())
    page.click("#beyond-chips .chip >> nth=1")
    chosen = page.inner_text("#beyond-chips [aria-pressed=true]")
    count = int(chosen.rsplit(" ", 1)[1])
    assert page.inner_text("#beyond-title").startswith(f"Beyond: {count} ")
    assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"
    assert {row[1] for row in page.evaluate(ROWS)} == {chosen.rsplit(" ", 1)[0]}
    sums = page.evaluate("Spatial.split(Spatial.state.sums.places).beyond")
    assert sums == count
    page.click("#beyond-chips .chip >> nth=0")
    assert page.inner_text("#beyond-title").startswith(f"Beyond: {len(wanted)} ")


@pytest.mark.parametrize("name", ["within_half", "over_quarter", "no_way"])
def test_a_class_of_the_legend_is_shown_alone_on_map_lists_and_csv(name, county, county_folder, open_page, tmp_path):
    page = open_page(county_folder / "gap-health_centre.html")
    slide(page, 20)
    minutes = county.tables["access"].query("service == 'health_centre'").groupby("settlement_id")["travel_time_min"]
    minutes = minutes.min().reindex(county.tables["settlements"]["settlement_id"])
    # half of 20, and a quarter above it
    wanted = {"within_half": minutes <= 10, "over_quarter": (minutes > 20) & (minutes <= 25), "no_way": minutes.isna()}
    ids = sorted(minutes.index[wanted[name]])
    assert ids
    headline = page.inner_text("#headline")
    row = page.locator(f"#legend [data-class={name}]")
    label = row.locator(".legend-label").inner_text()
    assert row.bounding_box()["height"] >= 44
    row.focus()
    page.keyboard.press("Enter")
    shown = "Spatial.state.places.id.filter((_, i) => Spatial.layers.points.classes[i] !== Spatial.HIDDEN).sort()"
    assert page.evaluate(shown) == ids
    # said on the map, above the legend and above the list, and by the row itself, which has the focus still
    assert page.locator(".only-off:visible").all_inner_texts() == [f"Only: {label}. Show all"] * 3
    assert page.evaluate("document.activeElement.dataset.class") == name
    assert page.locator("#legend [aria-pressed=true]").count() == 1
    # the number of the page stays what it is: an answer, no filter
    assert page.inner_text("#headline") == headline
    assert page.inner_text("#beyond-title").startswith(f"{label[0].upper()}{label[1:]}: {len(ids)} ")
    listed = "[...document.querySelectorAll('#beyond-body tr')].map((n) => Spatial.state.places.id[n.dataset.place])"
    if page.is_visible("#beyond-all"):
        page.click("#beyond-all")
    assert sorted(page.evaluate(listed)) == ids
    assert set(page.evaluate("Spatial.state.labels.written.map((box) => box.text)")) <= {
        *county.tables["settlements"].set_index("settlement_id").loc[ids, "name_en"],
        *(each["name_en"].removesuffix(" Township").upper() for _, each in county.tables["boundaries"].iterrows()),
    }
    page.click("#tab-table")
    for button, head in (("#csv-places", "settlement_id"), ("#csv-townships", "Township")):
        with page.expect_download() as waiting:
            page.click(button)
        waiting.value.save_as(tmp_path / "saved.csv")
        with Path(tmp_path / "saved.csv").open(encoding="utf-8-sig", newline="") as file:
            first, *rows = csv.reader(file)
        assert first[0] == head
        if button == "#csv-places":
            assert sorted(row[0] for row in rows) == ids
        else:
            people = county.tables["settlements"].set_index("settlement_id").loc[ids, "population_persons"].sum()
            assert first[1] == label
            assert sum(int(row[1]) for row in rows) == pytest.approx(people, abs=0.5 * len(rows))
    page.click("#stage .only-off")
    assert len(page.evaluate(shown)) == len(minutes)
    assert page.locator(".only-off:visible").count() == 0


def test_where_no_norm_asks_for_it_nobody_is_red(county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html")
    page.select_option("#layer", str(page.evaluate("Spatial.state.layers.findIndex((layer) => layer.norm === null)")))
    fills = page.evaluate("Spatial.layers.points.looks.slice(0, 5).map((look) => look.fill)")
    assert fills == ["#eef0f0", "#cfd4d6", "#a3abaf", "#78838a", "#4d565b"]


def test_a_failing_mandatory_norm_is_a_thick_ring_on_any_fill(county, county_folder, open_page, save_pages, tmp_path):
    ringed = "Spatial.state.places.id.filter((_, i) => Spatial.layers.points.ringed[i])"
    page = open_page(county_folder / "gap-health_centre.html")
    assert page.evaluate(ringed) == []
    assert not page.is_visible("#key-ring")
    results = county.tables["norm_results"].copy()
    results.loc[results["norm_id"] == "CN-COUNTY-60", "norm_class"] = "mandatory"
    failed = results.query("norm_id == 'CN-COUNTY-60' and unit_level == 'settlement' and status == 'not_met'")
    tables = county.tables | {"norm_results": results}
    pages = type(county)(tables, county.meta, county.summary, county.register).pages()
    page = open_page(save_pages(pages, tmp_path) / "gap-health_centre.html")
    # on the page of another service, whatever their class there
    assert set(page.evaluate(ringed)) == set(failed["unit_id"])
    assert len(set(page.evaluate("[...Spatial.state.classes].filter((_, i) => Spatial.layers.points.ringed[i])"))) > 1
    told = page.inner_text("#key-ring")
    people = county.tables["settlements"].set_index("settlement_id").loc[failed["unit_id"], "population_persons"].sum()
    assert "County seat within 60 minutes" in told
    assert f"{len(failed)} villages, {round(people):,} people" in told


@pytest.mark.parametrize("name", ["gap-county_seat", "gap-health_centre", "last-mile"])
def test_classes_of_a_legend_add_up_to_what_is_said_of_them(name, county_folder, read_page):
    page = read_page(county_folder / f"{name}.html")
    rows = page.evaluate("""[...document.querySelectorAll('#legend .legend-row')].map((row) =>
      [row.dataset.class, Number(row.querySelector('strong').innerText.replaceAll(',', ''))])""")
    people = page.evaluate("[...Spatial.state.sums.people]")
    classes = page.evaluate("Spatial.classesOf(Spatial.state.layer)")
    aside = ("unknown", "no_data", "out_of_scope")
    sides = [["within_half", "within_limit"], [key for key in classes[2:] if key not in aside]]
    if name == "last-mile":
        sides = [[key for key in classes if key not in aside]]
    for side in sides:
        exact = sum(people[classes.index(key)] for key in side)
        assert sum(number for key, number in rows if key in side) == round(exact) > 0


def test_classes_of_a_legend_are_counted_in_one_word(county_folder, read_page):
    # The seat is in one class alone; beside its places the other classes are no villages.
    page = read_page(county_folder / "gap-health_centre.html")
    told = page.locator("#legend .legend-row .muted").all_inner_texts()
    assert len(told) > 2
    assert {text.split()[-1].removesuffix("s") for text in told} == {"place"}


def test_the_search_of_the_table_finds_by_any_name_and_says_how_many(county, county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html")
    slide(page, 20)
    row = beyond(county, 20).iloc[-1]
    page.fill("#beyond-search", row["name_zh"])
    assert row["name_en"] in [cells[0] for cells in page.evaluate(ROWS)]
    assert page.inner_text("#beyond-note").startswith(f"{len(page.evaluate(ROWS))} of {len(beyond(county, 20))}")
    # Tables pad short names with blanks; input methods write wide digits and letters.
    page.fill("#beyond-search", " ".join(row["name_en"].upper().replace("1", "\uff11")))
    assert row["name_en"] in [cells[0] for cells in page.evaluate(ROWS)]
    page.fill("#beyond-search", "no such name")
    assert page.inner_text("#beyond-body") == "None of that name is beyond"


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_a_row_chooses_the_village_on_the_map_and_the_map_the_row(size, county, county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html", width=size[0], height=size[1])
    slide(page, 20)
    page.click("#to-beyond")
    assert page.evaluate("document.getElementById('beyond-title').getBoundingClientRect().top < innerHeight / 2")
    page.focus("#beyond-body tr:nth-child(3) button")
    page.keyboard.press("Enter")
    row = beyond(county, 20).iloc[2]
    assert page.evaluate("Spatial.state.places.id[Spatial.state.selected]") == row.name
    assert page.inner_text("#place-name") == row["name_en"]
    # the map is seen again, with the card beside or below it
    assert page.evaluate("document.getElementById('stage').getBoundingClientRect().top") == 0 or size[0] > 760
    assert page.evaluate("document.getElementById('place-name').getBoundingClientRect().top < innerHeight")
    last = beyond(county, 20).index[-1]
    page.evaluate("id => Spatial.choosePlace(Spatial.state.places.id.indexOf(id), false)", last)
    marked = "Spatial.state.places.id[document.querySelector('#beyond-body [aria-current]').dataset.place]"
    assert page.evaluate(marked) == last
    assert page.locator("#beyond-body [aria-current]").count() == 1


def test_from_the_index_to_the_villages_beyond_a_norm_are_at_most_two_clicks(county, county_folder, open_page):
    page = open_page(county_folder / "index.html")
    page.click("#all-maps > summary")
    page.click("#maps a[href^='gap-health_centre.html']")
    page.wait_for_selector("body[data-ready=yes]")
    # the list stands open below the map
    seen = page.locator("#beyond-body tr:nth-child(1)")
    assert seen.is_visible()
    assert beyond(county).iloc[0]["name_en"] in seen.inner_text()
    # the same number as the norm has in the tables
    assert len(beyond(county)) == page.evaluate("Spatial.split(Spatial.state.sums.places).beyond")


def test_the_title_says_the_finding_and_the_number_its_base(county, county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html")
    people = county.tables["settlements"]["population_persons"].sum()
    wanted = beyond(county)
    share = wanted["population_persons"].sum() / people
    title = page.inner_text("#page-title")
    said = "% of people live over 60 min from any health centre on the map; worst: "
    assert title.startswith(f"{100 * share:.1f}\u00a0{said}")
    worst = wanted.groupby("township_id")["population_persons"].sum().idxmax()
    names = dict(zip(county.tables["boundaries"]["boundary_id"], county.tables["boundaries"]["name_en"], strict=True))
    assert names[worst] in title
    number = page.inner_text("#headline .headline-number").replace("\n", " ")
    assert f"{round(wanted['population_persons'].sum()):,}" in number
    assert f"of {round(people):,} people, in {counted(wanted)}" in number
    assert page.text_content("#page-topic") == "Access: Health centre"
    slide(page, 120)
    if page.evaluate("Spatial.split(Spatial.state.sums.places).beyond") == 0:
        assert page.inner_text("#page-title").startswith("Everybody lives within 120 min")


def drawn(page):
    """Names on the map as they are drawn: text and box."""
    return page.evaluate("Spatial.state.labels.written.map((box) => [box.text, ...box])")


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_labels_never_cover_each_other_and_name_the_largest_beyond(size, county, county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html", width=size[0], height=size[1])
    slide(page, 20)
    boxes = drawn(page)
    for k, (_, *a) in enumerate(boxes):
        for _, *b in boxes[k + 1 :]:
            assert a[0] >= b[2] or a[2] <= b[0] or a[1] >= b[3] or a[3] <= b[1]
    tools = page.evaluate(
        """() => {
          const names = ['.map-tools', '.leaflet-spatialMarks-pane canvas'];
          const [box, canvas] = names.map((name) => document.querySelector(name).getBoundingClientRect());
          const [left, top] = [box.left - canvas.left, box.top - canvas.top];
          return [left, top, left + box.width, top + box.height];
        }"""
    )
    assert all(a[0] >= tools[2] or a[2] <= tools[0] or a[1] >= tools[3] or a[3] <= tools[1] for _, *a in boxes)
    texts = [text for text, *_ in boxes]
    largest = beyond(county, 20).sort_values("population_persons", ascending=False)["name_en"].head(3)
    assert set(largest) <= set(texts)
    # townships in capitals, without the word that all their names end with
    assert "QINGYAN" in texts
    before = len(set(texts))
    page.evaluate("Spatial.map.setZoom(Spatial.map.getZoom() + 2, { animate: false })")
    inside = page.evaluate(
        "(() => { const b = Spatial.map.getBounds(); return [...Spatial.state.points.latitude]"
        ".filter((at, i) => b.contains([at, Spatial.state.points.longitude[i]])).length; })()"
    )
    # nearer, a larger share of those in sight is named
    assert len(drawn(page)) / max(1, inside) > before / len(county.tables["settlements"])


def test_areas_of_circles_are_by_people_and_the_legend_says_so(county, county_folder, read_page):
    page = read_page(county_folder / "gap-health_centre.html")
    people, radii = page.evaluate(
        "[[...Spatial.state.places.population], [...Spatial.state.points.x.keys()]"
        ".map((i) => Spatial.layers.points.radiusAt(i, Spatial.map.getZoom()))]"
    )
    people, radii = np.array(people, dtype=float), np.array(radii)
    smallest, largest = np.nanmin(radii), np.nanmax(radii)
    inside = (people > 0) & (radii > smallest * 1.01) & (radii < largest * 0.99)
    ratio = radii[inside] ** 2 / people[inside]
    assert inside.sum() > 20
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-5)
    sizes = page.evaluate("Spatial.layers.points.sizes()")
    assert 2 <= len(sizes) <= 3
    told = ", ".join(f"{one['people']:,}" for one in sizes)
    assert page.inner_text("#key-size-text") == f"Circle: {told} people"
    np.testing.assert_allclose([one["radius"] ** 2 / one["people"] for one in sizes][-1], ratio[0], rtol=1e-5)


def test_facilities_stand_beside_the_villages_that_they_would_cover(county_folder, read_page):
    page = read_page(county_folder / "gap-county_seat.html")
    # the seat is a destination at its own place
    assert page.evaluate("[...Spatial.state.facilities.near].every((i) => i >= 0)")


def test_thousands_of_rows_are_drawn_as_one_comes_to_them(county_of, open_page, save_pages, tmp_path):
    county = county_of(1500, routes=False)
    page = open_page(save_pages(county.pages(), tmp_path) / "gap-health_centre.html")
    slide(page, 5)
    count = "document.querySelectorAll('#beyond-body tr').length"
    total = page.evaluate("Spatial.split(Spatial.state.sums.places).beyond")
    assert total > 1000
    assert page.evaluate(count) == 20
    # counted in the same moment, before whoever looks at the end of the list is given more
    assert page.evaluate(f"() => {{ document.getElementById('beyond-all').click(); return {count}; }}") == 500
    page.wait_for_function(f"() => {{ window.scrollTo(0, document.body.scrollHeight); return {count} === {total}; }}")


def test_an_address_opens_a_norm_and_the_list(county_folder, open_page):
    norm = "GL-PHC-1H"
    page = open_page(county_folder / "gap-health_centre.html", fragment=f"#lang=zh&norm={norm}&list=yes")
    judged = "Spatial.data.norms[Spatial.state.layer.norm].id"
    assert page.evaluate(judged) == norm
    assert page.evaluate("document.activeElement.id") == "beyond-title"
    assert page.evaluate("document.getElementById('beyond-title').getBoundingClientRect().top < innerHeight / 2")


def test_whoever_has_no_way_is_told_in_the_last_row_and_drawn_apart(county, county_folder, read_page):
    page = read_page(county_folder / "gap-health_centre.html")
    wanted = beyond(county)
    people = wanted.loc[wanted["no_way"], "population_persons"].sum()
    labels = page.evaluate("[...document.querySelectorAll('#legend > *')].map((row) => row.innerText)")
    assert labels[4].startswith("over 90 min")
    assert labels[5].startswith("no way mapped")
    assert f"{round(people):,}" in labels[5]
    drawn_apart = page.evaluate("[...Spatial.layers.points.classes].filter((code) => code === Spatial.NO_WAY).length")
    assert drawn_apart == int(wanted["no_way"].sum())


def test_what_a_finger_presses_on_a_phone_is_large_enough(county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html", fragment="#place=n000012", width=390, height=844)
    # a row is pressed as a whole, the slider and the handle of the sheet are dragged
    low = """[...document.querySelectorAll('button, select, input, .ways a')]
      .filter((node) => node.offsetParent && !node.closest('.beyond tbody, #sheet-handle') && node.type !== 'range')
      .map((node) => [node.id || node.className, node.getBoundingClientRect().height])
      .filter(([, high]) => high < 43.5)"""
    assert page.evaluate(low) == []
    page.click("#tab-result")
    assert page.evaluate(low) == []
