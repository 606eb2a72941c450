"""The page "Can I sign this?" in a real browser: its answer, its rows, on a phone, on paper, with hostile names."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.browser

APPROVAL = "GS(2026)0001号"
ATTACK = "<img src=x onerror=\"document.title='owned'\">"
COLUMNS = ("kind", "of", "unit", "ours", "official", "status", "likely_causes", "source", "records")
ROWS = (
    ("people", "", "persons", 49_000.0, 50_000.0, "ok", "", "Yearbook 2025", ""),
    ("villages", "", "places", 60.0, 62.0, "look", "places_of_other_tiers:1;villages_in_buffer:3", "List", ""),
    ("facilities", "hospital", "facilities", 9.0, 3.0, "look", "none_known", "Health bureau", ""),
    ("facilities", "health_centre", "facilities", 4.0, np.nan, "unknown", "", "", ""),
    ("road_km", "tertiary", "km", 120.25, np.nan, "unknown", "", "", ""),
    ("road_km", "county", "km", np.nan, 10.0, "unknown", "", "Highway bureau", ""),
    ("imputed_speed", "drive", "share", 0.83, np.nan, "remark", "", "", ""),
    ("unknown_people", "", "share", 0.015, np.nan, "ok", "", "", ""),
    ("gate", "GL-PHC-1H", "records", 3.0, np.nan, "remark", "gate_pass", "", "n000012 {facility} t1"),
    ("gate", "CN-COUNTY-60", "records", np.nan, np.nan, "unknown", "gate_unknown", "", ""),
    ("gates", "", "gates", 1.0, np.nan, "remark", "gates_in_force:2", "", ""),
)


def sign_off_of(rows, facility="f0"):
    frame = pd.DataFrame(rows, columns=COLUMNS)
    frame["records"] = [text.replace("{facility}", facility) for text in frame["records"]]
    frame["difference"] = frame["ours"] - frame["official"]
    frame["difference_share"] = frame["difference"] / frame["official"]
    frame["item"] = frame["kind"] + ":" + frame["of"]
    return frame


@pytest.fixture(scope="module")
def signed(county):
    """The county with a sign-off table and an approval number."""
    facility = str(county.tables["facilities"]["facility_id"].iloc[1])
    meta = replace(
        county.meta,
        map_approval=APPROVAL,
        inventory={"hospital": "complete", "health_centre": "unknown"},
        names={"hospital": {"en": "Hospital", "zh": "医院", "fr": "Hôpital"}},
    )
    place = str(county.tables["settlements"]["settlement_id"].iloc[0])
    waiting = {"facility_id": [facility, None, None], "name": ["x", ATTACK, None], "note": [None, ATTACK, None]}
    checks = {
        "check_id": ["a", "b", "c"],
        "found": ["not_there", "otherwise", "as_mapped"],
        "observed_min": [np.nan, 41, np.nan],
    }
    checks |= waiting | {"settlement_id": place, "is_confirmed": [False, False, True]}
    built = {"action_id": [f"p/{place}"], "norm_id": ["GL-PHC-1H"], "place": ["?"], "state": ["built"], "since": [None]}
    built |= {"promised_persons": [70.0], "within_persons": [0.0], "plan_id": ["p"], "promised_places": [1.0]}
    tables = county.tables | {"sign_off": sign_off_of(ROWS, facility)}
    tables |= {"field_checks": pd.DataFrame(checks), "plan_progress": pd.DataFrame(built | {"within_places": [0.0]})}
    return replace(county, tables=tables, meta=meta)


@pytest.fixture(scope="module")
def folder(signed, save_pages, tmp_path_factory):
    return save_pages(signed.pages(), tmp_path_factory.mktemp("signed"))


@pytest.mark.parametrize(("width", "height", "first"), [(1280, 900, "en"), (390, 844, "fr"), (320, 700, "zh")])
def test_the_page_opens_without_a_fault(width, height, first, folder, open_page, in_each_language):
    page = open_page(folder / "sign-off.html", fragment=f"#lang={first}", width=width, height=height)
    for _ in in_each_language(page, first):
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        text = page.inner_text("body")
        assert not re.search(r"undefined|NaN|\{\w+\}|\b(sign|sign_\w+|study|road)\.[a-z_]+\b", text)
        assert APPROVAL in text


def test_a_list_of_cells_without_spaces_stays_within_a_phone(folder, open_page):
    page = open_page(folder / "sign-off.html", width=390, height=844)
    page.eval_on_selector(".sources .fault", "cell => { cell.textContent = \"'B122:B136'、\".repeat(9); }")
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_it_answers_in_one_sentence_and_counts_by_verdict(folder, read_page):
    page = read_page(folder / "sign-off.html")
    assert page.inner_text("#verdict-line") == "Not yet: look into 2 rows first."
    pills = page.eval_on_selector_all("#verdict-counts .pill", "nodes => nodes.map(n => n.textContent)")
    assert pills == ["✓2 ok", "!2 to look into", "i2 to be known", "?2 cannot be told", "\u20132 with nothing declared"]
    why = page.inner_text("#verdict-why")
    assert "Of 4 totals with an official number, 1 agree with it." in why
    assert "2 differ by more than the tolerance." in why
    assert "One mandatory norm hangs on a single record." in why


def test_a_row_says_ours_official_difference_causes_and_source(folder, read_page):
    page = read_page(folder / "sign-off.html")
    text = page.inner_text("#totals")
    for wanted in (
        "-2 (-3.2\u00a0%)",
        "Likely causes: 1 place is a town or larger. 3 villages lie outside the study area.",
        "+6 (+200\u00a0%)",
        "\nNothing known explains it.",
        "Official number: Health bureau",
        "Facilities: hospital",
        "Our own number is not known.",
    ):
        assert wanted in text, wanted
    assert page.eval_on_selector_all(".difference-bar i", "nodes => nodes.map(n => n.textContent)") == ["▸"]
    verdicts = page.eval_on_selector_all("#totals tbody .pill", "nodes => nodes.map(n => n.textContent)")
    assert verdicts == ["!look into it", "!look into it", "?cannot be told", "✓ok"]
    silent = page.inner_text("#undeclared")
    assert "Health centre" in silent
    assert "120.2 km" in silent  # a half to the even number


def test_shares_gates_inventory_and_sources_are_told(county, folder, read_page):
    page = read_page(folder / "sign-off.html")
    assert "83\u00a0%" in page.inner_text("#shares")
    gates = page.inner_text("#gates")
    assert "Any one of 3 records would turn it." in gates
    assert "Whether it hangs on a single record cannot be told." in gates
    records = page.eval_on_selector_all(".record", "nodes => nodes.map(n => n.textContent)")
    place = county.tables["settlements"].set_index("settlement_id").loc["n000012"]
    assert records[0] == f"{place['name_en']} ({round(place['population_persons'])})"
    assert "nearest for" in records[1]
    assert records[2].startswith("Baishui Township (")
    assert "Declared complete\nHospital" in page.inner_text("#inventory").replace("\n\n", "\n")
    sources = page.inner_text("#sources")
    assert "Totals of two townships appear interchanged." in sources
    assert "CC BY 4.0" in sources
    assert page.locator("#signature .lines > *").count() == 4


def test_at_twice_the_size_counts_of_lists_and_maps_stay_within_the_window(signed, save_pages, open_page, tmp_path):
    counts = ("facilities", "in_list", "on_map", "matched", "official", "estimated", "missing_at_most")
    spread = ("estimated_lower", "estimated_upper", "completeness_lower", "completeness_upper")
    lists = pd.DataFrame(
        {"service": ["hospital"], "declared": ["complete"]} | dict.fromkeys([*counts, *spread], 1234.0)
    )
    lists = replace(signed, tables=signed.tables | {"inventory": lists})
    page = open_page(save_pages(lists.pages(), tmp_path) / "sign-off.html", width=640, height=400)
    assert page.locator("#inventory-body table").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 640


def test_a_list_that_is_declared_complete_and_holds_none_is_told(signed, save_pages, open_page, tmp_path):
    access = signed.tables["access"].copy()
    access.loc[access["service"] == "hospital", "reach_status"] = "no_facility"
    lists = pd.DataFrame(
        {"service": ["health_centre"], "declared": ["unknown"], "official": np.nan, "estimated": np.nan}
    )
    lists = replace(signed, tables=signed.tables | {"access": access, "inventory": lists})
    page = open_page(save_pages(lists.pages(), tmp_path) / "sign-off.html")
    told = page.inner_text("#inventory").replace("\n\n", "\n")
    assert "Declared complete\nHospital (none)" in told
    assert "Nobody says\nHealth centre" in told
    # All hospitals lie outside the study, which has no row of them.
    around = replace(lists, tables=lists.tables | {"access": signed.tables["access"]})
    page = open_page(save_pages(around.pages(), tmp_path) / "sign-off.html")
    assert "Declared complete\nHospital\n" in page.inner_text("#inventory").replace("\n\n", "\n")


def test_what_waits_on_site_is_counted_and_listed_with_what_it_is(county, folder, read_page):
    page = read_page(folder / "sign-off.html")
    why = page.inner_text("#verdict-why")
    assert "2 field checks wait to be confirmed. One action of the plan is said to be built." in why
    text = page.inner_text("#on-site")
    facility = county.tables["facilities"].iloc[1]
    home = county.tables["settlements"].iloc[0]
    assert f"{facility['name_en']} Not there, near {home['name_en']}" in text
    assert f"{ATTACK} Other than on the map, 41 min, near {home['name_en']}, {ATTACK}" in text
    assert f"{home['name_en']} Primary care within 1 hour" in text
    assert "people promised: 70; within now: 0" in text
    assert page.title() != "owned"


def test_nothing_is_said_of_the_site_where_nothing_waits(signed, open_page, save_pages, tmp_path):
    tables = {name: table for name, table in signed.tables.items() if name not in {"field_checks", "plan_progress"}}
    page = open_page(save_pages(replace(signed, tables=tables).pages(), tmp_path) / "sign-off.html")
    assert page.locator("#on-site").is_hidden()


def test_rows_say_what_to_do_and_the_key_of_the_study_file_is_folded(folder, read_page):
    page = read_page(folder / "sign-off.html")
    text = page.inner_text("main")
    assert "Go through the list of villages with the civil affairs bureau" in text
    assert "Drive a few routes and note the minutes" in text
    assert not re.search(r"\bofficial\.|\[official\]|study file\b(?<!in the study file)", text)
    assert "official.villages" in read_page(folder / "sign-off.html", unfolded=True).inner_text("#analyst")


def test_good_inputs_turn_the_page_green_with_remarks_beside(signed, open_page, save_pages, tmp_path, in_each_language):
    good = (
        ("people", "", "persons", 49_000.0, 49_500.0, "ok", "", "Yearbook 2025", ""),
        ("villages", "", "places", 60.0, 60.0, "ok", "", "List", ""),
        *(row for row in ROWS if row[0] in ("imputed_speed", "unknown_people")),
        *(row for row in ROWS if row[1] == "GL-PHC-1H"),
    )
    folder = save_pages(replace(signed, tables=signed.tables | {"sign_off": sign_off_of(good)}).pages(), tmp_path)
    page = open_page(folder / "sign-off.html")
    said = {"en": "Nothing here speaks against it.", "fr": "Rien", "zh": ""}
    for language in in_each_language(page, "en"):
        assert page.get_attribute("#verdict", "class") == "card verdict-ok"
        assert said[language] in page.inner_text("#verdict-line")
        assert page.locator("#verdict-counts .status-remark").count() == 1
        assert page.locator(".status-not_met").count() == 0
        colour = page.evaluate("getComputedStyle(document.getElementById('verdict')).borderLeftColor")
        assert colour == "rgb(29, 107, 82)"


def test_a_signature_holds_for_the_numbers_that_were_signed_and_for_no_others(
    signed, folder, open_page, save_pages, tmp_path
):
    page = open_page(folder / "sign-off.html")
    assert not page.is_visible("#signed")
    for name, text in (("office", "Planning office"), ("name", ATTACK), ("date", "1 February 2026")):
        page.fill(f"#sign-{name}", text)
    page.click("#sign-now")
    assert "for these numbers" in page.inner_text("#signed")
    assert ATTACK in page.inner_text("#signed")
    code = page.evaluate("Spatial.data.sign.fingerprint")
    assert code in page.inner_text("#fingerprint")
    with page.expect_download() as download:
        page.click("#sign-save")
    saved = download.value.path()
    kept = page.evaluate("location.hash")
    assert "for these numbers" in open_page(folder / "sign-off.html", fragment=kept).inner_text("#signed")
    # A later run counts two people fewer and one village more.
    later = sign_off_of([("people", "", "persons", 48_998.0, *ROWS[0][4:]), *ROWS[1:]])
    changed = save_pages(replace(signed, tables=signed.tables | {"sign_off": later}).pages(), tmp_path)
    for fragment in (kept, ""):
        page = open_page(changed / "sign-off.html", fragment=fragment)
        if not fragment:
            page.set_input_files(
                "#sign-open", {"name": "s.json", "mimeType": "application/json", "buffer": saved.read_bytes()}
            )
        page.wait_for_selector("#signed.signed-changed")
        told = page.inner_text("#signed")
        assert "does not hold for these numbers" in told
        assert "People: 49,000, now 48,998" in told
        assert page.locator("#signed li").count() == 1
        assert page.evaluate("document.querySelectorAll('img').length") == 0
    page.click("#sign-remove")
    assert not page.is_visible("#signed")
    page.set_input_files("#sign-open", {"name": "s.json", "mimeType": "application/json", "buffer": b'{"rows": 1}'})
    page.wait_for_selector("#signed")
    assert "no signature" in page.inner_text("#signed")


def test_every_page_leads_there_and_prints_status_date_and_approval(folder, open_page):
    for file in sorted(folder.glob("*.html")):
        page = open_page(file)
        head = page.inner_text("#study-facts")
        for wanted in ("Draft", "1 January 2026", f"Map approval number: {APPROVAL}"):
            assert wanted in head, (file.name, wanted)
        foot = page.evaluate("document.getElementById('sheet-foot').textContent")
        assert "@bottom-left" in foot
        assert "0001号" in foot
        if file.name == "sign-off.html":
            continue
        link = page.locator("#signing a, #sign-off, .ways a[href^='sign-off.html']").first
        assert link.is_visible()
        assert link.get_attribute("href").startswith("sign-off.html")
        if file.name in ("index.html", "gap-hospital.html"):
            link.click()
            page.wait_for_selector("#verdict-line")
            page.click("#back")
            page.wait_for_selector("#signing")


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs poppler")
def test_it_prints_on_two_sheets_of_a4_each_with_status_and_approval(folder, open_page, tmp_path, in_each_language):
    page = open_page(folder / "sign-off.html")
    for language in in_each_language(page, "en"):
        page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
        text = subprocess.run(
            ["pdftotext", "-layout", tmp_path / "page.pdf", "-"],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        sheets = text.rstrip("\f").split("\f")
        assert len(sheets) <= 2
        for sheet in sheets:
            assert "GS(2026)0001" in sheet
            assert "2026" in sheet
        assert "Likely causes" in text or language != "en"


def test_hostile_words_stay_text(signed, open_page, save_pages, tmp_path):
    rows = sign_off_of(ROWS).assign(source=ATTACK, of=lambda frame: frame["of"].replace("county", ATTACK))
    rows.loc[rows["kind"] == "villages", "likely_causes"] = f"{ATTACK};villages_in_buffer:1"
    settlements = signed.tables["settlements"].assign(name=ATTACK, name_en=ATTACK)
    meta = replace(signed.meta, map_approval=f'"; }} </style>{ATTACK}', title={"en": ATTACK})
    tables = signed.tables | {"sign_off": rows, "settlements": settlements}
    folder = save_pages(replace(signed, tables=tables, meta=meta).pages(), tmp_path)
    page = open_page(folder / "sign-off.html")
    assert page.evaluate("document.querySelectorAll('img, body style').length") == 0
    assert "owned" not in page.title() or page.title().endswith(ATTACK)
    assert page.evaluate("document.styleSheets[document.styleSheets.length - 1].cssRules.length") == 1
    assert ATTACK in page.inner_text("#verdict ~ section#totals")


def test_an_empty_table_and_one_without_official_numbers_answer_honestly(signed, open_page, save_pages, tmp_path):
    for number, rows in enumerate(((), (ROWS[3], ROWS[7]), (ROWS[3], ROWS[9]))):
        tables = signed.tables | {"sign_off": sign_off_of(rows)}
        (tmp_path / str(number)).mkdir()
        folder = save_pages(replace(signed, tables=tables).pages(), tmp_path / str(number))
        page = open_page(folder / "sign-off.html")
        assert page.inner_text("#verdict-line") == "Nobody can tell: no official number is declared."
        assert ("No mandatory norm is in force." in page.inner_text("#gates")) == (number < 2)


def test_names_on_a_chinese_page_are_those_as_written(signed, folder, open_page):
    written = signed.tables["settlements"].set_index("settlement_id").loc["n000012", "name"]
    page = open_page(folder / "sign-off.html", fragment="#lang=zh")
    assert written in page.inner_text("body")


def test_faults_of_a_file_are_said_one_by_one_and_only_words_of_the_source_are_quoted(
    signed, open_page, save_pages, tmp_path, in_each_language
):
    said = {
        "en": "hidden sheets left unread: 'draft' (1 in all); Totals are old",
        "fr": "feuilles masquées non lues : 'draft' (1 en tout)\u202f; Totals are old (cité dans sa langue d’origine)",  # noqa: RUF001 - French
        "zh": "隐藏的工作表未读：'draft'（共1个）；Totals are old（引用原文）",  # noqa: RUF001 - Chinese
    }
    first = signed.meta.sources[0]
    hidden = {"notice": "hidden", "notice_values": json.dumps({"where": {"first": ["draft"], "in_all": 1}})}
    told = {
        "hidden sheets left unread: 'draft' (1 in all)": hidden | {"issue_kind": "noticed"},
        "Totals are old": {"issue_kind": "plain_text", "notice": "", "notice_values": ""},
    }
    nothing = {key: [] for key in ("affects", "forbids", "areas", "without_rank", "unknown_areas")}
    issues = [nothing | {"path": first["path"], "issue": text} | facts for text, facts in told.items()]
    meta = replace(signed.meta, sources=(first | {"issue": "; ".join(told)},))
    book = replace(signed, meta=meta, summary=signed.summary | {"known_issues": issues})
    page = open_page(save_pages(book.pages(), tmp_path) / "sign-off.html")
    for language in in_each_language(page, "en"):
        assert page.inner_text("#sources-body td.fault").replace("\u00a0", " ") == said[language]
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 680, "height": 960})  # as wide as A4 within its margins
    across = {
        name: page.locator(f"#sources-body {name}").first.bounding_box()["width"] for name in ("td.fault", "table")
    }
    assert across["td.fault"] > 0.3 * across["table"]


def test_what_is_within_the_limit_is_bracketed_behind_its_name(signed, open_page, save_pages, tmp_path):
    group = ("estimated_group", "children_12_14", "share", 0.015, np.nan, "ok", "", "", "")
    book = replace(signed, tables=signed.tables | {"sign_off": sign_off_of([*ROWS, group])})
    page = open_page(save_pages(book.pages(), tmp_path) / "sign-off.html")
    assert page.inner_text(".within-limit").endswith("12 to 14 (1.5\u00a0%).")


def test_people_by_unit_show_the_largest_differences(signed, open_page, save_pages, tmp_path):
    units = pd.DataFrame(
        {
            "unit_id": ["t0", "t1", "no_unit", "x"], "unit": ["青岩乡", "白水乡", "", "Elsewhere"], "unit_code": "",
            "group": "everybody", "official_persons": [1000.0, 0.0, np.nan, 500.0],
            "our_persons": [1100.0, 40.0, 3.0, np.nan], "residual_persons": [-100.0, -40.0, np.nan, np.nan],
            "factor": [1.25, np.nan, np.nan, np.nan], "scaling": ["scaled", "official_zero", "no_unit", "no_unit"],
            "status": ["look", "look", "unknown", "unknown"], "likely_causes": ["basis_modelled", "", "", ""],
        }
    )  # fmt: skip
    told = ("units", "", "units", 2.0, np.nan, "look", "units_told:2", "Yearbook", "t0 t1")
    tables = signed.tables | {"unit_totals": units, "sign_off": sign_off_of([*ROWS, told])}
    folder = save_pages(replace(signed, tables=tables).pages(), tmp_path)
    text = open_page(folder / "sign-off.html").inner_text("#units")
    assert "Units outside the tolerance: 2" in text
    assert "+100 (+10\u00a0%)" in text
    assert "Qingyan Township" in text
    assert "Already scaled to the official number by 1.25." in text
    assert "+40" in text
    assert "Elsewhere" not in text


def test_without_the_table_there_is_neither_page_nor_link(county, county_folder, read_page):
    assert "sign-off.html" not in {page.name for page in county.pages()}
    assert not read_page(county_folder / "index.html").is_visible("#signing")
    assert not read_page(county_folder / "gap-hospital.html").is_visible("#sign-off")


def test_public_maps_of_china_without_a_number_say_so(signed, open_page, save_pages, tmp_path):
    meta = replace(signed.meta, map_approval="", approval_wanted=True, status="public")
    folder = save_pages(replace(signed, meta=meta).pages(), tmp_path)
    for file in sorted(folder.glob("*.html")):
        assert "No map approval number is given." in open_page(file).inner_text("body"), file.name


def test_row_order_never_matters_and_the_same_input_gives_the_same_bytes(signed):
    first = signed.pages()[1]
    assert first.name == "sign-off.html"
    tables = {
        name: signed.tables[name].sample(frac=1.0, random_state=5) for name in ("settlements", "facilities", "access")
    }
    again = replace(signed, tables=signed.tables | tables).pages()[1]
    assert first.content == again.content
