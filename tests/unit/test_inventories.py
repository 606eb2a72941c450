"""What a declared inventory covers: the services of its list, and no others."""

import pandas as pd
import pytest

from spatial.runner.stage import Options
from spatial.sources.services import load_services
from spatial.stages.rules import inventories
from spatial.study import Study


def _inventories(*tables: dict, **own: str) -> dict[str, str]:
    sources = {"osm": {"path": "x.osm.pbf"}, "facilities": [{"path": "f.csv", **table} for table in tables]}
    values = {"name": "one", "title": {"en": "One"}, "as_of": "2026-01-01", "sources": sources}
    study = Study.from_dict({**values, "inventory": own})
    return inventories(Options(study, ("sources", "inventory")), load_services())


def test_a_list_of_one_service_covers_that_one() -> None:
    known = _inventories({"service": "primary_care", "inventory": "complete"})
    assert (known["primary_care"], known["bank"]) == ("complete", "unknown")


def test_a_mixed_list_covers_what_its_words_mean_and_no_other_service() -> None:
    words = {"service": {"小学": "primary_school", "农商银行": "bank"}}
    known = _inventories({"values": words, "inventory": "complete"})
    assert [known[name] for name in ("primary_school", "bank", "water_point")] == [
        "complete",
        "complete",
        "unknown",
    ]


@pytest.mark.parametrize("values", [{}, {"status": {"在用": "existing"}}])
def test_a_mixed_list_in_our_own_words_covers_everything(values) -> None:
    assert set(_inventories({"values": values, "inventory": "partial"}).values()) == {"partial"}


def test_the_studys_own_word_comes_first() -> None:
    words = {"service": {"小学": "primary_school"}}
    known = _inventories(
        {"values": words, "inventory": "complete"}, primary_school="partial", bank="complete"
    )
    assert (known["primary_school"], known["bank"]) == ("partial", "complete")


def test_a_list_that_a_vocabulary_translates_covers_the_services_of_its_rows() -> None:
    table = {"path": "f.csv", "values_file": "fr", "inventory": "complete"}
    sources = {"osm": {"path": "x.osm.pbf"}, "facilities": [table]}
    values = {"name": "one", "title": {"en": "One"}, "as_of": "2026-01-01", "sources": sources}
    options = Options(Study.from_dict(values), ("sources", "inventory"))
    rows = pd.DataFrame({"source": ["f.csv", "x.osm.pbf"], "service": ["primary_care", "bank"]})
    known = inventories(options, load_services(), rows)
    services = ("primary_care", "bank", "green_space")
    assert [known[name] for name in services] == ["complete", "unknown", "unknown"]
