"""Studies that lack what others have: every table keeps the columns and kinds of values of the whole run."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest

from spatial.tables import TABLES


def kinds(folder):
    """Kinds of values by table and column, of every table of a run."""
    return {
        (path.stem, field.name): str(field.type)
        for path in sorted(folder.glob("*.parquet"))
        for field in pq.read_schema(path)
    }


def no_facility(tiny):
    tiny.write("facilities.csv", "code,kind,name,lon,lat\nf1,bank,Bank,104.02,30.02\n")


def no_road_near(tiny):
    tiny.write("roads.osm", tiny.osm().replace('lat="30.', 'lat="30.2'))
    tiny.tables["region"]["buffer_km"] = 60


def one_village(tiny):
    head, first, *_ = tiny.csv().split("\n")
    tiny.write("settlements.csv", f"{head}\n{first}\n")


def no_unit(tiny):
    units = json.loads(tiny.townships())
    units["features"] = units["features"][:1]
    tiny.write("townships.geojson", json.dumps(units))


@pytest.mark.trial
@pytest.mark.parametrize("lacking", [no_facility, no_road_near, one_village, no_unit])
def test_a_study_that_lacks_something_ends_in_words_or_in_tables_of_the_same_kinds(tiny, tiny_run, lacking):
    lacking(tiny)
    outcome = tiny.run()
    assert outcome.code in {0, 3, 5}, outcome
    whole, found = kinds(tiny_run / "processed" / "tiny"), kinds(tiny.processed / "tiny")
    assert found
    # A column that is all unknown has no kind of its own in Parquet.
    unlike = {key: (kind, found[key]) for key, kind in whole.items() if key in found and kind != found[key]}
    assert {key: pair for key, pair in unlike.items() if "null" not in pair} == {}
    assert {table for table, _ in found} <= set(TABLES)
