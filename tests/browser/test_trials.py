"""What if, response of crews and room at facilities, on the pages: the numbers of the tables, in both languages."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.browser

PAGE = "gap-health_centre.html"
CUTOFF = 60.0
CHOOSE = """key => {
  const select = document.getElementById('layer');
  select.value = Spatial.state.layers.findIndex((layer) => layer.key === key);
  select.dispatchEvent(new Event('change'));
}"""
FITTED = {
    "status": "calibrated",
    "calibrated": True,
    "observations": 40,
    "departure": "weekdays 08:00",
    "before_median_error_min": 2.0,
    "before_median_error_share": 0.06,
    "before_p05_error_share": -0.3,
    "before_p95_error_share": 0.4,
    "after_median_error_min": -1.25,
    "after_median_error_share": -0.04,
    "after_p05_error_share": -0.18,
    "after_p95_error_share": 0.25,
}
TITLE = {"en": "Bridge is rebuilt", "zh": "重建大桥"}


def _way(county):
    access = county.tables["access"]
    own = access.loc[(access["service"] == "health_centre") & (access["mode"] == "drive")]
    return own.reset_index(drop=True), county.tables["settlements"].reset_index(drop=True)


def _scenarios(county):
    own, places = _way(county)
    n = np.arange(len(own))
    before = own["travel_time_min"].to_numpy()
    after = np.select([n % 4 == 0, n % 9 == 1, n % 13 == 2], [before * 0.5, before + 30.0, np.nan], before)
    was, became = before <= CUTOFF, after <= CUTOFF
    change = np.select([became & ~was, was & ~became], ["gained", "lost"], "same")
    people = places["population_persons"].fillna(0.0).to_numpy()
    shared = {"scenario": "bridge", "service": "health_centre", "mode": "drive", "cutoff_min": CUTOFF}
    table = pd.DataFrame(
        {
            "settlement_id": own["settlement_id"],
            "before_min": before,
            "after_min": after,
            "difference_min": after - before,
            "before_status": own["reach_status"],
            "after_status": np.where(np.isnan(after), "no_path", "reached"),
            "class_change": change,
            "within_before": was,
            "within_after": became,
            "population_persons": places["population_persons"],
            "in_study": True,
        }
    ).assign(**shared)
    row = shared | {"is_class": True, "persons": people.sum(), "unknown_places": 1}
    for kind in ("gained", "lost"):
        row |= {f"{kind}_persons": people[change == kind].sum(), f"{kind}_places": int((change == kind).sum())}
    other = row | {"cutoff_min": 30.0, "is_class": False, "gained_persons": 1e9}
    return {"scenario_access": table, "scenario_people": pd.DataFrame([row, other])}


def _crews(county):
    own, places = _way(county)
    drive = own["travel_time_min"].to_numpy() / 2.0
    whole = drive + 3.0
    response = pd.DataFrame(
        {
            "settlement_id": own["settlement_id"],
            "service": "health_centre",
            "mode": "drive",
            "station_id": own["facility_id"].where(np.isfinite(drive), None),
            "mobilisation_min": np.where(np.isfinite(drive), 3.0, np.nan),
            "drive_min": drive,
            "response_min": whole,
            "target_met_min": np.select([whole <= 15.0, whole <= 30.0], [15.0, 30.0], np.nan),
            "reach_status": own["reach_status"],
            "population_persons": places["population_persons"],
            "in_study": True,
        }
    )
    people, rows = places["population_persons"].fillna(0.0).to_numpy(), []
    for target in (30.0, 15.0):
        within = whole <= target
        rows.append(
            {
                "service": "health_centre",
                "mode": "drive",
                "target_min": target,
                "within_persons": people[within].sum(),
                "beyond_persons": people[~within].sum(),
                "within_places": int(within.sum()),
                "beyond_places": int((~within).sum()),
                "unknown_places": 1,
            }
        )
    return {"emergency_response": response, "emergency_people": pd.DataFrame(rows)}


def _room(county):
    own, places = _way(county)
    people, n = places["population_persons"].to_numpy(), np.arange(len(own))
    share = np.select([n % 5 == 0, n % 7 == 1], [0.0, 0.25], 1.0)
    reached = own["reach_status"].to_numpy() == "reached"
    served = pd.DataFrame(
        {
            "settlement_id": own["settlement_id"],
            "service": "health_centre",
            "mode": "drive",
            "served_persons": people * share * reached,
            "full_persons": people * (1.0 - share) * reached,
            "not_reached_persons": people * ~reached,
        }
    )
    return {"served": served}


@pytest.fixture(scope="module")
def tried(county):
    meta = dataclasses.replace(county.meta, scenarios={"bridge": TITLE})
    tables = county.tables | _scenarios(county) | _crews(county) | _room(county)
    observed = {"speed_status": "calibrated", "speed_factors": [0.82, 1.25], "calibrated": True}
    norms = [
        norm | {"certainty": norm["certainty"] | observed} if "certainty" in norm else norm
        for norm in county.summary["norms"]
    ]
    summary = county.summary | {
        "norms": norms,
        "certainty": county.summary["certainty"] | observed,
        "calibration": FITTED,
    }
    return dataclasses.replace(county, tables=tables, meta=meta, summary=summary)


@pytest.fixture(scope="module")
def tried_folder(tried, save_pages, tmp_path_factory):
    return save_pages(tried.pages(), tmp_path_factory.mktemp("tried"))


def _people(county):
    return county.tables["settlements"]["population_persons"].fillna(0.0).to_numpy()


def _whole(*numbers):
    return [f"{round(number):,}" for number in numbers]


def _cells(page, row):
    return [cell.strip() for cell in page.locator(row).inner_text().split("\t")]


def test_the_index_tells_who_gains_and_loses_as_the_table_does(tried, tried_folder, open_page):
    page = open_page(tried_folder / "index.html", unfolded=True)
    row = tried.tables["scenario_people"].iloc[0]
    unchanged = row["persons"] - row["gained_persons"] - row["lost_persons"]
    assert row["gained_persons"] > 0
    assert row["lost_persons"] > 0
    cells = _cells(page, "#what-if tbody tr")
    assert cells[1:] == _whole(row["gained_persons"], row["lost_persons"], unchanged)
    assert cells[0] == "Health centre within 60 min by car"
    assert "Bridge is rebuilt" in page.inner_text("#what-if")
    assert "1 place without a known population" in page.inner_text("#what-if")
    page.click("#what-if a")
    page.wait_for_selector("#legend")
    assert page.url.split("#")[0].endswith(PAGE)


def test_the_index_tells_whom_crews_reach_from_the_call(tried, tried_folder, read_page):
    page = read_page(tried_folder / "index.html", unfolded=True)
    targets = tried.tables["emergency_people"].sort_values("target_min")
    for number, (_, row) in enumerate(targets.iterrows()):
        cells = _cells(page, f"#emergency tbody tr >> nth={number}")
        assert cells[0] == f"within {row['target_min']:g} min"
        assert [cells[1], cells[3]] == _whole(row["within_persons"], row["beyond_persons"])
    assert "mobilisation 3 min, as the study states it" in page.inner_text("#emergency")


def test_the_index_tells_three_numbers_of_room_that_sum(tried, tried_folder, read_page):
    page = read_page(tried_folder / "index.html", unfolded=True)
    told = [int(text.replace(",", "")) for text in page.locator("#room dd:not(.muted)").all_inner_texts()]
    sums = tried.tables["served"][["served_persons", "full_persons", "not_reached_persons"]].sum()
    np.testing.assert_allclose(told, sums, atol=0.5)
    assert abs(sum(told) - _people(tried).sum()) <= 2
    assert f"Of {round(_people(tried).sum()):,} people." in page.inner_text("#room")


def test_the_index_tells_the_errors_left_by_a_calibration(tried_folder, read_page):
    text = read_page(tried_folder / "index.html", unfolded=True).inner_text("#sure")
    assert "0.82 to 1.25 times those assumed" in text
    assert "±20\u00a0%" not in text
    assert "half of 40 observed times" in text
    assert "-1.2 min (-4\u00a0%) at the median" in text.replace("−", "-")  # noqa: RUF001 - a minus sign
    assert "between -18\u00a0% and +25\u00a0%" in text.replace("−", "-")  # noqa: RUF001 - a minus sign
    assert "Observed: weekdays 08:00." in text


def test_errors_of_speeds_that_are_only_compared_are_told_without_paired_runs(tried, open_page, save_pages, tmp_path):
    summary = {"issues": [], "calibration": FITTED | {"status": "compared", "departure": None}}
    tables = {name: frame for name, frame in tried.tables.items() if name != "intervals"}
    told = dataclasses.replace(tried, tables=tables, summary=summary)
    text = open_page(save_pages(told.pages(), tmp_path) / "index.html", unfolded=True).inner_text("#sure")
    assert "+2 min (+6\u00a0%) at the median; 90\u00a0% of the errors lie between" in text
    assert "Observed:" not in text


def test_a_scenario_is_a_layer_of_changes(tried, tried_folder, open_page):
    page = open_page(tried_folder / PAGE)
    page.evaluate(CHOOSE, "scenario")
    table, people = tried.tables["scenario_access"], _people(tried)
    before, after = (table[f"{side}_min"].fillna(np.inf).to_numpy() for side in ("before", "after"))
    change = table["class_change"].to_numpy()
    same_class = change == "same"
    with np.errstate(invalid="ignore"):
        wanted = [
            change == "gained",
            same_class & (before - after >= 0.5),
            same_class & ~(np.abs(before - after) >= 0.5) & np.isfinite(before),
            same_class & (after - before >= 0.5),
            change == "lost",
        ]
    shown = page.evaluate("Array.from(Spatial.state.sums.people)")
    np.testing.assert_allclose(shown[:5], [people[one].sum() for one in wanted], rtol=1e-6, atol=1e-3)
    assert "What if: Bridge is rebuilt" in page.inner_text("#layer")
    asked = max(people[change == "gained"].sum(), people[change == "lost"].sum())
    assert page.inner_text("#headline strong") == _whole(asked)[0]
    assert not page.is_visible("#slider-box")
    page.click("#tab-table")
    assert "Share" not in page.inner_text("#table-head")


@pytest.mark.parametrize("threshold", [15, 30])
def test_response_is_judged_by_the_targets_and_moves_with_the_slider(threshold, tried, tried_folder, open_page):
    page = open_page(tried_folder / PAGE)
    page.evaluate(CHOOSE, "response")
    assert page.inner_text("#slider-value") == "15 min"
    page.fill("#slider", str(threshold))
    row = tried.tables["emergency_people"].set_index("target_min").loc[threshold]
    assert page.inner_text("#headline strong") == _whole(row["beyond_persons"])[0]
    assert f"wait more than {threshold} min from the call" in page.inner_text("#headline")
    assert "mobilisation 3 min" in page.inner_text("#norm")


def test_room_counts_people_not_places(tried, tried_folder, open_page):
    page = open_page(tried_folder / PAGE)
    page.evaluate(CHOOSE, "room")
    sums = tried.tables["served"][["full_persons", "not_reached_persons"]].sum()
    assert page.inner_text("#headline strong") == _whole(sums.sum())[0]
    for words in ("everybody finds room", "some find room", "all in reach are full", "none in reach"):
        assert words in page.inner_text("#legend")


def test_the_card_tells_before_and_after_the_crew_and_room(tried, tried_folder, read_page):
    page = read_page(tried_folder / PAGE, fragment="#lang=en&place=n000008")
    text = page.inner_text("#place")
    row = tried.tables["scenario_access"].set_index("settlement_id").loc["n000008"]
    crew = tried.tables["emergency_response"].set_index("settlement_id").loc["n000008"]
    assert re.search(
        rf"Before\s+{round(row['before_min'])} min\s+After\s+{round(row['after_min'])} min\s+Change\s+\w+", text
    )
    assert re.search(rf"From the call\s+{round(crew['response_min'])} min\s+Mobilisation\s+3 min", text)
    assert re.search(r"Served\s+[\d,]+ (people|person)", text)
    lost = read_page(tried_folder / PAGE, fragment="#lang=en&place=n000015").inner_text("#place")
    assert re.search(r"After\s+no way there", lost)


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
@pytest.mark.parametrize("layers", [("index",), ("scenario", "response", "room")])
def test_every_part_speaks_every_language_and_fits(layers, width, height, tried_folder, open_page, in_each_language):
    name = "index.html" if layers == ("index",) else PAGE
    fragment = "#lang=en&place=n000008"
    page = open_page(tried_folder / name, fragment=fragment, width=width, height=height, unfolded=True)
    for language, layer in ((language, layer) for language in in_each_language(page, "en") for layer in layers):
        if layer != "index":
            page.evaluate(CHOOSE, layer)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        text = page.evaluate("document.body.innerText")
        assert "undefined" not in text
        assert "NaN" not in text
        assert not re.search(r"\{\w+\}", text)
        assert not re.search(r"\b(trial|class|headline|norm|layer|sure)\.[a-z_]+\b", text)
        if language == "zh" and layer == "index":
            told = "".join(page.inner_text(f"#{part}") for part in ("what-if", "emergency", "room"))
            assert not re.search(r"[a-z]{4,}", told), told


def test_pages_without_the_tables_show_no_block(county_folder, read_page):
    index = read_page(county_folder / "index.html")
    for part in ("what-if", "emergency", "room"):
        assert not index.is_visible(f"#{part}")
    assert "Errors" not in index.inner_text("#sure")
    page = read_page(county_folder / PAGE, fragment="#lang=en&place=n000008")
    assert (
        page.evaluate("Spatial.state.layers.some((one) => ['scenario', 'response', 'room'].includes(one.key))") is False
    )
    assert "What if" not in page.inner_text("#place")


def test_places_are_counted_where_nobody_knows_the_people(tried, open_page, save_pages, tmp_path):
    settlements = tried.tables["settlements"].assign(population_persons=np.nan)
    tables = {name: frame for name, frame in tried.tables.items() if name != "served"}
    unpeopled = dataclasses.replace(tried, tables=tables | {"settlements": settlements})
    page = open_page(save_pages(unpeopled.pages(), tmp_path) / "index.html", unfolded=True)
    row = tried.tables["scenario_people"].iloc[0]
    gained, lost = int(row["gained_places"]), int(row["lost_places"])
    cells = _cells(page, "#what-if tbody tr")
    assert cells[1:] == _whole(gained, lost, len(settlements) - gained - lost)
    first = tried.tables["emergency_people"].sort_values("target_min").iloc[0]
    assert _cells(page, "#emergency tbody tr >> nth=0")[1] == _whole(first["within_places"])[0]


def test_the_order_of_rows_and_hostile_titles_change_nothing(tried, open_page, save_pages, tmp_path):
    names = ("scenario_access", "scenario_people", "emergency_response", "emergency_people", "served")
    mixed = {name: tried.tables[name].sample(frac=1.0, random_state=5) for name in names}
    shuffled = dataclasses.replace(tried, tables=tried.tables | mixed)
    assert [page.content for page in shuffled.pages()] == [page.content for page in tried.pages()]
    attack = "<img src=x onerror=\"document.title='owned'\">"
    meta = dataclasses.replace(tried.meta, scenarios={"bridge": {"en": attack}})
    folder = save_pages(dataclasses.replace(tried, meta=meta).pages(), tmp_path)
    for name in ("index.html", PAGE):
        page = open_page(folder / name, fragment="#lang=en&place=n000008")
        assert attack in page.evaluate("document.body.textContent")
        assert page.title() != "owned"
        assert page.evaluate("document.querySelectorAll('img').length") == 0


def test_changes_go_to_paper_and_to_csv(tried_folder, open_page, tmp_path):
    page = open_page(tried_folder / PAGE)
    page.evaluate(CHOOSE, "scenario")
    page.click("#tab-table")
    with page.expect_download() as download:
        page.click("#csv-places")
    head = download.value.path().read_text(encoding="utf-8-sig").splitlines()[0]
    assert head.endswith("class,before_min,after_min,population_basis")
    pdf = page.pdf(path=str(tmp_path / "page.pdf"), prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type /Page\b", pdf)) <= 3
