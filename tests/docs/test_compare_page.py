"""The study files and commands of the page on comparisons, done as written, on a county known by arithmetic."""

import json

import pandas as pd
import pytest

import spatial as sp

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("what_it_rests_on")]

WEST, SOUTH, STEP = 104.0, 30.0, 0.03
"""2.9 km from west to east, 3.3 km from south to north."""
PLACES = {  # name, tier, class, people, column, row
    "a": ("Seat", "county_seat", "urban", 800, 0, 0),
    "b": ("Town", "town", "rural", 300, 2, 0),
    "c": ("East", "village", "rural", 200, 3, 0),
    "d": ("Hill", "village", "rural", 100, 3, 1),
    "e": ("Over", "village", "rural", 50, 0, 1),
}
ROAD = [(0, 0), (1, 0), (2, 0), (3, 0), (3, 1), (2, 1), (1, 1), (0, 1)]
BRIDGE = [(0, 0), (0, 1)]
"""Across the river from the seat to Over, which lies 20.7 km away by the road."""
STRAIGHT, BY_ROAD = "GL-PHC-5KM", "CN-HEALTH-15MIN-2027"


def at(column, row):
    return [round(WEST + STEP * column, 4), round(SOUTH + STEP * row, 4)]


def collection(features):
    made = [{"type": "Feature", "properties": told, "geometry": shape} for told, shape in features]
    return json.dumps({"type": "FeatureCollection", "features": made})


def roads(*lines, first=0):
    return collection(
        (
            {"road_id": f"r{number}", "road_class": "tertiary"},
            {"type": "LineString", "coordinates": [at(*corner) for corner in line]},
        )
        for number, line in enumerate(lines, start=first)
    )


def table(header, rows):
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)])


def files():
    """Everything that the page takes as given, by its path below the raw root."""
    ring = [[103.9, 29.9], [104.2, 29.9], [104.2, 30.1], [103.9, 30.1], [103.9, 29.9]]
    township = ({"boundary_id": "t1", "name": "Only"}, {"type": "Polygon", "coordinates": [ring]})
    people = [(code, *facts[:4], *at(*facts[4:])) for code, facts in PLACES.items()]
    kinds = [("f1", "primary_care", *at(0, 0))]
    east = ("f2", "primary_care", *at(3, 0))
    settled = table("code,name,level,class,people,lon,lat", people)
    return {
        "county/townships.geojson": collection([township]),
        "county/settlements-2026.csv": settled,
        "county/settlements-2027.csv": settled,
        "county/facilities-2026.csv": table("code,kind,lon,lat", kinds),
        "county/facilities-2027.csv": table("code,kind,lon,lat", [*kinds, east]),
        "county/roads-2026.geojson": roads(ROAD),
        "county/roads-2027.geojson": roads(ROAD),
        "plan/facilities.csv": table("code,kind,lon,lat", [("p1", *east[1:])]),
        "plan/roads.geojson": roads(BRIDGE, first=2),
    }


@pytest.fixture(scope="module")
def walked(walkthrough, tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    for path, text in files().items():
        file = folder / "data/raw" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return walkthrough("compare.md", folder, decide=None, plans=False).walk()


def people(walked, name, norm):
    rows = pd.read_parquet(walked.folder / "compared" / name / "comparison_people.parquet")
    rows = rows[(rows["unit_level"] == "study") & (rows["norm_id"] == norm)]
    return dict(zip(rows["change"], rows["persons_after"], strict=True))


def test_a_clinic_in_the_east_brings_three_places_near(walked):
    # In a straight line b lay 5.8, c 8.7 and d 9.3 km from the only clinic, e 3.3 km; now c has one, 2.9 km from b.
    assert people(walked, "dates", STRAIGHT) == {"gained": 600.0, "within": 50.0}
    # By road c lay 8.7 km away and d 12 km, which takes longer than 15 minutes; e still lies 17 km from c.
    assert people(walked, "dates", BY_ROAD) == {"gained": 300.0, "within": 1100.0, "beyond": 50.0}
    assert people(walked, "dates", "any") == {"gained": 600.0, "same": 850.0}


def test_the_plan_brings_the_village_over_the_river_too(walked):
    assert people(walked, "plan", BY_ROAD) == {"gained": 350.0, "within": 1100.0}
    assert people(walked, "plan", "any") == {"gained": 650.0, "same": 800.0}


def test_each_comparison_has_a_page_and_says_on_what_dates(walked):
    plan, dates = walked.outputs("compare")
    assert "y2026 (2026-01-01) and y2027 (2027-01-01)" in dates
    assert "y2026 (2026-01-01) and y2026--plan (2026-01-01)" in plan
    for name in ("dates", "plan"):
        assert (walked.folder / "compared" / name / "compare.html").is_file()


def test_the_plan_has_a_run_folder_of_its_own_and_times_as_its_table_says(walked):
    folder = walked.folder / "data/processed"
    assert {path.name for path in folder.iterdir()} == {"y2026", "y2027", "y2026--plan"}
    today, plan = sp.read_results(folder / "y2026"), sp.read_results(folder / "y2026--plan")
    assert plan.record["study"] == "y2026--plan"
    table = today.scenario_access.set_index("settlement_id")["after_min"]
    found = plan.access.query("mode == 'drive' and service == 'primary_care'").set_index("settlement_id")
    assert found["travel_time_min"].reindex(table.index).to_numpy() == pytest.approx(table.to_numpy(), abs=1e-9)
    # Over the bridge e lies 3.3 km from the clinic of the seat; by the road it was 20.7 km.
    before = today.access.query("mode == 'drive' and service == 'primary_care'").set_index("settlement_id")
    assert found.loc["e", "travel_time_min"] < before.loc["e", "travel_time_min"] / 5


def test_the_title_of_the_plan_is_that_of_the_page(walked):
    title = "Scenario: A bridge, and a clinic in the east \N{EN DASH} The county, January 2026"
    assert title in walked.text
    assert sp.read_results(walked.folder / "data/processed/y2026--plan").summary["study"]["title"]["en"] == title
