"""A norm on a service of which nothing is mapped: every page says that the map alone cannot judge it."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from spatial.reporting.score import is_unmapped
from tests.page_blocks import data_of

pytestmark = pytest.mark.browser

NORM, ROAD = "GL-PHC-1H", "GL-ROAD-RAI"
PAGE = "gap-health_centre"
TOLD = {
    "en": "nothing of this kind is mapped, and nobody declared the list complete",
    "fr": "rien de ce genre n\u2019est cartographié, et personne n\u2019a déclaré la liste complète",
    "zh": "没有已知的此类设施，且无人声明清单完整",  # noqa: RUF001 - Chinese
}
NOBODY = {"en": "No health centre is mapped", "fr": "Aucun n\u2019est cartographié", "zh": "没有已标绘的卫生院"}
NEARER = re.compile("nothing nearer|rien de plus proche|没有更近")
ALONE = {"en": "Judged on the map alone", "fr": "D\u2019après la seule carte", "zh": "仅按已标绘判断"}


def without_health(county, *, inventory):
    """The county without any health centre or hospital, whose lists are as told, and what is said of its norms."""
    services = ["health_centre", "hospital"]
    complete = inventory == "complete"
    status, reason = ("not_met", "") if complete else ("not_measurable", "nothing_mapped")
    access, results = county.tables["access"].copy(), county.tables["norm_results"].copy()
    own = access["service"].isin(services)
    access.loc[own, ["facility_id", "second_facility_id"]] = None
    access.loc[own, "reach_status"] = "no_facility"
    access.loc[own, access.columns.str.endswith(("_min", "_m"))] = np.nan
    rows = results["norm_id"] == NORM
    results.loc[rows, ["status", "status_as_mapped", "reason"]] = [status, status, reason]
    results.loc[rows, "value"] = np.nan
    study = rows & (results["unit_level"] == "study")
    for what in ("persons", "places"):
        served, unserved = f"{what}_served", f"{what}_unserved"
        beyond = results.loc[study, unserved] + results.loc[study, served]
        results.loc[study, f"{what}_unknown"] += 0.0 if complete else beyond
        results.loc[study, unserved] = beyond if complete else 0.0
        results.loc[study, served] = 0.0
    results.loc[study, "served_share"] = 0.0 if complete else np.nan
    tables = county.tables | {
        "access": access,
        "norm_results": results,
        "facilities": county.tables["facilities"].iloc[:0],
        "routes": county.tables["routes"].iloc[:0],
    }
    norms = [
        {"norm_id": NORM, "nothing_mapped": is_unmapped({"reason": reason})},
        {"norm_id": ROAD, "nothing_mapped": False},
    ]
    names = {"en": "Health centre", "fr": "Centre de santé", "zh": "卫生院"}
    note = replace(county.meta.services["health_centre"], inventory=inventory, names=names)
    meta = replace(county.meta, services=county.meta.services | {"health_centre": note})
    return replace(county, tables=tables, meta=meta, summary=county.summary | {"norms": norms})


@pytest.fixture(scope="module")
def folders(county, save_pages, tmp_path_factory):
    """Pages on disk by what is told of the list of facilities."""
    return {
        inventory: save_pages(without_health(county, inventory=inventory).pages(), tmp_path_factory.mktemp(inventory))
        for inventory in ("unknown", "complete")
    }


@pytest.fixture
def spoken(open_page, in_each_language):
    """What the first page, the legend of the map and the card of a village say of the norm, by language and place."""

    def listened(folder, **size):
        told = {}
        page = open_page(folder / "index.html", **size)
        for language in in_each_language(page, "en"):
            told[language, "index"] = page.text_content(f"li.card:has-text('{NORM}')")
        page = open_page(folder / f"{PAGE}.html", fragment="#lang=en&place=n000012", **size)
        for language in in_each_language(page, "en"):
            told[language, "legend"] = page.text_content("#headline") + page.text_content("#norm")
            told[language, "place"] = page.text_content(f"#place .norm-card:has-text('{NORM}')")
        return told

    return listened


@pytest.mark.parametrize(("inventory", "bare"), [("unknown", [NORM]), ("complete", [])])
def test_every_page_is_handed_the_same_flag_of_a_norm_of_which_nothing_is_mapped(inventory, bare, folders):
    for name in ("index", PAGE, "last-mile", "gap-hospital"):
        norms = data_of(folders[inventory] / f"{name}.html")["norms"]
        assert {NORM, ROAD} <= {norm["id"] for norm in norms}, name
        assert [norm["id"] for norm in norms if norm["nothing_mapped"]] == bare, name


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_a_norm_of_which_nothing_is_mapped_is_not_said_to_fail_on_the_map(width, height, folders, spoken):
    told = spoken(folders["unknown"], width=width, height=height)
    assert len(told) == 9
    for (language, where), text in told.items():
        assert (NOBODY if where == "legend" else TOLD)[language] in text, where
        assert ALONE[language] not in text, where
        assert not NEARER.search(text), where


def test_where_a_complete_list_holds_nothing_the_norm_is_not_met(folders, spoken):
    not_met = {"en": "not met", "fr": "non respectée", "zh": "未达标"}
    for (language, where), text in spoken(folders["complete"]).items():
        assert not_met[language] in text, where
        assert TOLD[language] not in text, where


def test_a_norm_of_which_something_is_mapped_is_judged_on_the_map(county_folder, spoken):
    for (language, where), text in spoken(county_folder).items():
        if where != "place" and language == "en":  # the village itself may meet the norm
            assert re.search("Judged on the map alone:.{1,3}not met", text), where
        assert TOLD[language] not in text, where


@pytest.mark.parametrize("inventory", ["unknown", "complete"])
def test_a_map_of_another_service_says_the_same_of_the_norm(inventory, folders, open_page):
    page = open_page(folders[inventory] / "last-mile.html", fragment="#lang=en&place=n000012")
    cards = page.locator("#place .norm-card").all_text_contents()
    (card,) = [text for text in cards if NORM in text]
    assert (TOLD["en"] in card) == (inventory == "unknown")
    assert all(TOLD["en"] not in text for text in cards if text != card)


@pytest.mark.parametrize(("inventory", "named"), [("unknown", False), ("complete", True)])
def test_a_remedy_is_named_only_for_a_norm_that_can_be_judged(inventory, named, folders, open_page, in_each_language):
    remedy = {"en": "Remedy: a mobile service", "fr": "un service mobile", "zh": "由流动服务覆盖"}
    page = open_page(folders[inventory] / f"{PAGE}.html", fragment="#lang=en&place=n000013")
    for language in in_each_language(page, "en"):
        card = page.text_content(f"#place .norm-card:has-text('{NORM}')")
        assert (remedy[language] in card) == named, language


@pytest.mark.parametrize(("inventory", "offered"), [("unknown", False), ("complete", True)])
def test_only_norms_that_can_be_judged_are_offered_as_not_met(inventory, offered, folders, open_page):
    page = open_page(folders[inventory] / f"{PAGE}.html")
    options = page.locator("#filter-norm option").all_text_contents()
    assert any(ROAD in text for text in options)
    assert any(NORM in text for text in options) == offered
