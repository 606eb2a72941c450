"""What a declared inventory covers: the services of its list, and no others."""

import pandas as pd
import pytest

from spatial.inputs.services import load_services
from spatial.runner.stage import Options
from spatial.stages.policy import inventories, official_totals
from spatial.study import Study

NO_ROWS = pd.DataFrame({"source": [], "service": []}, dtype="str")
NO_COUNTS = pd.DataFrame({"source": [], "item": []}, dtype="str")


def _inventories(
    *tables: dict, rows: pd.DataFrame = NO_ROWS, counts: pd.DataFrame = NO_COUNTS, **own: str
) -> dict[str, str]:
    sources = {"osm": {"path": "x.osm.pbf"}, "facilities": [{"path": "f.csv", **table} for table in tables]}
    values = {"name": "one", "title": {"en": "One"}, "as_of": "2026-01-01", "sources": sources}
    study = Study.from_dict({**values, "inventory": own})
    return inventories(Options(study, ("sources", "inventory")), load_services(), rows, counts)


def _rows(*pairs: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(pairs, columns=["source", "service"], dtype="str")


def test_a_list_of_one_service_covers_that_one() -> None:
    known = _inventories({"service": "primary_care", "inventory": "complete"})
    assert (known["primary_care"], known["bank"]) == ("complete", "unknown")


def test_a_mixed_list_covers_what_its_words_mean_and_no_other_service() -> None:
    words = {"service": {"小学": "primary_school", "农商银行": "bank"}}
    known = _inventories({"values": words, "inventory": "complete"})
    assert [known[name] for name in ("primary_school", "bank", "water_point")] == ["complete", "complete", "unknown"]


@pytest.mark.parametrize("values", [{}, {"values_file": "fr"}, {"values": {"status": {"在用": "existing"}}}])
def test_a_mixed_list_covers_the_services_of_its_rows_whoever_translates_them(values) -> None:
    # A list of clinics says nothing of bus stops, in our own words as little as in others.
    rows = _rows(("f.csv", "primary_care"), ("f.csv", "market"), ("x.osm.pbf", "bank"))
    known = _inventories({**values, "inventory": "complete"}, rows=rows)
    services = ("primary_care", "market", "bank", "bus_stop", "green_space")
    assert [known[name] for name in services] == ["complete", "complete", "unknown", "unknown", "unknown"]


def test_a_list_covers_what_a_scenario_closes_too() -> None:
    closed = pd.DataFrame({"source": ["f.csv"], "item": ["closed service=hospital"]}, dtype="str")
    known = _inventories({"inventory": "complete"}, rows=_rows(("f.csv", "bank")), counts=closed)
    assert [known[name] for name in ("bank", "hospital", "market")] == ["complete", "complete", "unknown"]


def test_words_translated_by_the_study_and_rows_in_our_own_words_both_count() -> None:
    table = {"values": {"service": {"诊所": "private_practice"}}, "inventory": "complete"}
    known = _inventories(table, rows=_rows(("f.csv", "hospital")))
    services = ("private_practice", "hospital", "bank")
    assert [known[name] for name in services] == ["complete", "complete", "unknown"]


def test_an_empty_list_covers_nothing_and_a_word_without_a_row_is_covered() -> None:
    assert set(_inventories({"inventory": "complete"}).values()) == {"unknown"}
    words = {"service": {"小学": "primary_school"}}
    assert _inventories({"values": words, "inventory": "complete"})["primary_school"] == "complete"


def test_hospitals_of_a_known_level_cover_hospitals() -> None:
    known = _inventories({"inventory": "complete"}, rows=_rows(("f.csv", "district_hospital")))
    assert (known["district_hospital"], known["hospital"], known["bank"]) == ("complete", "complete", "unknown")


def test_the_best_list_that_covers_a_service_counts_in_whatever_order() -> None:
    tables = [{"path": "a.csv", "inventory": "complete"}, {"path": "b.csv", "inventory": "partial"}]
    rows = _rows(("a.csv", "bank"), ("b.csv", "bank"), ("b.csv", "market"))
    for order in (tables, tables[::-1]):
        known = _inventories(*order, rows=rows)
        assert (known["bank"], known["market"]) == ("complete", "partial")


def test_an_extract_covers_everything() -> None:
    sources = {"osm": {"path": "x.osm.pbf", "inventory": "partial"}}
    values = {"name": "one", "title": {"en": "One"}, "as_of": "2026-01-01", "sources": sources}
    options = Options(Study.from_dict(values), ("sources", "inventory"))
    assert set(inventories(options, load_services(), NO_ROWS, NO_COUNTS).values()) == {"partial"}


def test_the_studys_own_word_comes_first() -> None:
    words = {"service": {"小学": "primary_school"}}
    known = _inventories({"values": words, "inventory": "complete"}, primary_school="partial", bank="complete")
    assert (known["primary_school"], known["bank"]) == ("partial", "complete")


def test_offices_count_what_a_scenario_closes_and_not_what_it_opens() -> None:
    osm = {"osm": {"path": "x.osm.pbf"}}
    values = {"name": "one", "title": {"en": "One"}, "as_of": "2026-01-01", "sources": osm}
    official = {"facilities": {"pharmacy": {"value": 22, "source": "Health bureau"}}}
    options = Options(Study.from_dict({**values, "official": official}), ("official",))
    rows = [
        ("f.csv", "closed service=pharmacy", 3.0),
        ("study", "opened service=pharmacy", 1.0),
        ("study", "nodes", 9.0),
    ]
    counts = pd.DataFrame(rows, columns=["source", "item", "number"])
    today, later = (official_totals(options, load_services(), some) for some in (counts.iloc[2:], counts))
    assert (today.facilities["pharmacy"].value, later.facilities["pharmacy"].value) == (22, 20)
    counts.loc[0, "number"] = 30.0
    assert official_totals(options, load_services(), counts).facilities["pharmacy"].value == 1  # the one that opens
