"""The study files and commands of the page on comparisons, done as written, on a county known by arithmetic."""

import json

import pandas as pd
import pytest

import spatial as sp

pytestmark = pytest.mark.slow

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


def roads(*lines):
    return collection(
        (
            {"road_id": f"r{number}", "road_class": "tertiary"},
            {"type": "LineString", "coordinates": [at(*corner) for corner in line]},
        )
        for number, line in enumerate(lines)
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
        "plan/roads.geojson": roads(ROAD, BRIDGE),
    }


@pytest.fixture(scope="module")
def walked(walkthrough, tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    for path, text in files().items():
        file = folder / "data/raw" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return walkthrough("compare.md", folder, decide=None).walk()


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
    dates, plan = walked.outputs("compare")
    assert "y2026 (2026-01-01) and y2027 (2027-01-01)" in dates
    assert "y2026 (2026-01-01) and y2026-plan (2026-01-01)" in plan
    for name in ("dates", "plan"):
        assert (walked.folder / "compared" / name / "compare.html").is_file()


def test_a_scenario_of_a_study_makes_no_run_folder(walked):
    made = {path.name for path in (walked.folder / "data/processed").iterdir()}
    assert made == {"y2026", "y2027", "y2026-plan"}
    assert sp.read_results(walked.folder / "data/processed/y2026-plan").record["study"] == "y2026-plan"
