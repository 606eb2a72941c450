"""Sign-off: totals against official ones, what was imputed, and gates that hang on one record."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from spatial.errors import StudyError
from spatial.messages import Words
from spatial.reporting.sign_off import causes_text, fingerprint, gates_on_one_record, sign_off_table
from spatial.stages.policy import check_policy
from spatial.study import OfficialOptions, Study
from spatial.tables import TABLES
from spatial.tables.words import SIGN_OFF_KIND, SIGN_OFF_STATUS

LANGUAGES = ("en", "zh", "fr")


def norm_rows(served, *, gate, target=0.5, weights=None, level="settlement"):
    """A norm on places with one row a place, and its row of the study."""
    weights = weights or [1.0] * len(served)
    whole = sum(weights)
    met = sum(weight for weight, yes in zip(weights, served, strict=True) if yes)
    same = {"norm_id": "N", "service": "hospital", "share_of": "persons", "threshold": 30.0, "target_share": target}
    study = {
        **same, "unit_level": "study", "unit_id": "study", "gate": gate, "value": np.nan,
        "status": "met" if gate == "pass" else "not_met", "persons_in_scope": whole,
        "served_share_lower": met / whole, "served_share_upper": met / whole,
    }  # fmt: skip
    below = [
        {
            **same, "unit_level": level, "unit_id": f"s{number}", "gate": "none_applicable",
            "status": "met" if yes else "not_met", "persons_in_scope": weight, "served_share_lower": float(yes),
            "served_share_upper": float(yes), "value": 1.0 if yes else 0.0,
        }
        for number, (yes, weight) in enumerate(zip(served, weights, strict=True))
    ]  # fmt: skip
    return pd.DataFrame([study, *below])


def rules(metric="network_dist_m", mode="drive"):
    return pd.DataFrame({"id": ["N"], "metric": [metric], "mode": [mode]})


def access_rows(*rows):
    columns = ["settlement_id", "facility_id", "travel_time_min", "second_facility_id", "second_travel_time_min"]
    frame = pd.DataFrame(rows, columns=columns).astype({"settlement_id": "str"})
    return frame.assign(service="hospital", mode="drive")


def hung(results, *, access=None, register=None):
    found = gates_on_one_record(
        results, access_rows() if access is None else access, rules() if register is None else register
    )
    return [gate.records for gate in found]


def test_a_gate_that_passes_by_one_place_hangs_on_each_place_served():
    assert hung(norm_rows([True, True, False, False], gate="pass")) == [("s0", "s1")]


def test_a_gate_with_room_to_spare_hangs_on_nobody_but_the_large():
    assert hung(norm_rows([True] * 3 + [False], gate="pass")) == [()]
    assert hung(norm_rows([True] * 3 + [False], gate="pass", weights=[5.0, 1.0, 1.0, 1.0])) == [("s0",)]


def test_a_gate_that_fails_by_one_place_hangs_on_each_place_beyond():
    assert hung(norm_rows([True, False, False, False], gate="fail")) == [("s1", "s2", "s3")]
    assert hung(norm_rows([False] * 4, gate="fail")) == [()]


def test_a_gate_hangs_on_the_one_facility_that_serves_enough_places():
    results = norm_rows([True] * 3 + [False], gate="pass")
    access = access_rows(("s0", "a", 10.0, "b", 40.0), ("s1", "a", 10.0, None, np.nan), ("s2", "a", 10.0, "b", 30.0))
    assert hung(results, access=access, register=rules("time_min")) == [("a",)]
    # where the second nearest is within the threshold for all, no facility decides
    spare = access.assign(second_facility_id="b", second_travel_time_min=30.0)
    assert hung(results, access=spare, register=rules("time_min")) == [()]


@pytest.mark.parametrize(("mode", "of_access"), [("walk+drive", "drive"), ("bus", "walk+bus"), ("any", "drive")])
def test_a_facility_decides_by_whatever_modes_the_norm_means(mode, of_access):
    results = norm_rows([True] * 3 + [False], gate="pass")
    access = access_rows(("s0", "a", 10.0, "b", 40.0), ("s1", "a", 10.0, None, np.nan), ("s2", "a", 10.0, "b", 30.0))
    access = access.assign(mode=of_access)
    assert hung(results, access=access, register=rules("time_min", mode)) == [("a",)]
    # Who walks to another one in time does not need it.
    if mode == "walk+drive":
        walks = access_rows(*((place, "c", 30.0, None, np.nan) for place in ("s0", "s1", "s2"))).assign(mode="walk")
        assert hung(results, access=pd.concat([access, walks]), register=rules("time_min", mode)) == [()]


def test_presence_hangs_on_townships_that_one_facility_decides():
    results = norm_rows([True, True, False, False], gate="pass", level="township").assign(threshold=1.0)
    register = rules("presence_in_unit")
    assert hung(results, register=register) == [("s0", "s1")]
    results.loc[results["unit_id"] == "s0", "value"] = 2.0
    assert hung(results, register=register) == [("s1",)]


def test_a_gate_that_is_unknown_or_does_not_add_up_is_not_judged():
    results = norm_rows([True, False], gate="unknown")
    assert hung(results) == [None]
    assert hung(norm_rows([True, True], gate="pass").assign(served_share_lower=0.7)) == [None]
    assert hung(norm_rows([True], gate="none_applicable")) == []


CRS = "EPSG:32648"


@pytest.fixture
def tables():
    """Three villages and a town inside a square of ten kilometres, one village outside."""
    ids = [f"s{number}" for number in range(5)]
    square = shapely.box(0, 0, 10_000, 10_000)
    settlements = gpd.GeoDataFrame(
        {
            "settlement_id": ids,
            "name": ids,
            "tier": ["village", "village", "village", "town", "village"],
            "in_study": [True] * 4 + [False],
            "population_persons": [100.0, 200.0, np.nan, 700.0, 50.0],
            "population_source": ["raster", "column", "none", "raster", "raster"],
        },
        geometry=gpd.points_from_xy([1000.0, 2000.0, 3000.0, 4000.0, 11_000.0], [1000.0] * 5),
        crs=CRS,
    )
    facilities = gpd.GeoDataFrame(
        {
            "facility_id": ["a", "b", "c", "d"],
            "service": ["hospital", "hospital", "pharmacy", "hospital"],
            "status": ["existing", "closed", "existing", "existing"],
            "in_study": [True, True, True, False],
        },
        geometry=gpd.points_from_xy([1.0] * 4, [1.0] * 4),
        crs=CRS,
    )
    roads = gpd.GeoDataFrame(
        {"road_id": ["r1", "r2", "r3"], "road_class": ["primary", "primary", "ferry"], "oneway": ["yes", None, None]},
        geometry=[
            shapely.LineString([(0, 100), (4000, 100)]),
            shapely.LineString([(8000, 200), (12_000, 200)]),
            shapely.LineString([(0, 300), (4000, 300)]),
        ],
        crs=CRS,
    )  # fmt: skip
    return {
        "settlements": settlements,
        "population_account": pd.DataFrame(
            {"item": ["raster_total", "allocated", "too_far"], "persons": [1100.0, 1000.0, 100.0]}
        ),
        "facilities": facilities,
        "findings_read": pd.DataFrame({"kind": ["merged_duplicate"], "subject_id": ["x"], "other_id": ["a"]}),
        "roads": roads,
        "study_area": gpd.GeoDataFrame({"area_id": ["1"]}, geometry=[square], crs=CRS),
        "edges": pd.DataFrame(
            {
                "mode": "drive",
                "length_m": [3000.0, 1000.0],
                "speed_source": ["class", "maxspeed"],
                "surface": [None, "asphalt"],
            }
        ),
        "access": access_rows(),
        "norm_results": norm_rows([True, True, False, False], gate="pass"),
    }


def table_of(tables, **official):
    found = sign_off_table(
        tables,
        official=OfficialOptions.model_validate(official),
        inventory={"pharmacy": "complete"},
        basis="modelled",
        register=rules(),
    )
    TABLES["sign_off"].check(found)
    return found.set_index("item")


def test_totals_are_those_of_the_tables(tables):
    rows = table_of(tables)
    settlements, facilities = tables["settlements"], tables["facilities"]
    inside = settlements["in_study"]
    assert rows.loc["people", "ours"] == settlements.loc[inside, "population_persons"].sum()
    assert rows.loc["villages", "ours"] == 3.0
    counted = facilities["in_study"] & (facilities["status"] == "existing")
    assert rows.loc[rows["kind"] == "facilities", "ours"].sum() == counted.sum()
    assert rows.loc[rows["kind"] == "road_km", "ours"].to_dict() == {"road_km:primary": 6.0}  # cut at the border
    totals = rows["kind"].isin(["people", "villages", "facilities", "road_km"])
    assert set(rows.loc[totals, "status"]) == {"unknown"}  # nothing was declared


def test_official_numbers_are_held_against_ours_with_the_facts_that_may_explain(tables):
    rows = table_of(
        tables,
        people={"value": 1010, "source": "Yearbook"},
        villages={"value": 5, "source": "List"},
        facilities={"hospital": {"value": 4, "source": "Bureau"}, "pharmacy": {"value": 0, "source": "Bureau"}},
        road_km={"national": {"value": 5, "source": "Bureau", "classes": ["primary"]}},
    )
    assert rows.loc["people", ["status", "likely_causes", "source"]].tolist() == ["ok", "", "Yearbook"]
    assert rows.loc["people", "difference"] == -10.0
    assert rows.loc["villages", "likely_causes"] == "places_of_other_tiers:1;villages_in_buffer:1"
    assert rows.loc["villages", "difference_share"] == pytest.approx(-0.4)
    assert rows.loc["facilities:hospital", "likely_causes"] == (
        "inventory_unknown;merged_duplicates:1;facilities_in_buffer:1;not_existing:1"
    )
    assert rows.loc["facilities:pharmacy", ["status", "likely_causes"]].tolist() == ["look", "none_known"]
    assert np.isnan(rows.loc["facilities:pharmacy", "difference_share"])
    assert rows.loc["road_km:national", "likely_causes"] == "km_oneway:4"


def test_people_that_went_nowhere_are_named_where_people_are_missing(tables):
    causes = table_of(tables, people={"value": 2000, "source": "Y"}).loc["people", "likely_causes"]
    assert causes == "people_not_allocated:100;places_without_people:1;people_in_buffer:50;basis_modelled"


def test_shares_say_what_was_imputed(tables):
    rows = table_of(tables, imputed_share=0.75)
    assert rows.loc["imputed_speed:drive", ["ours", "status"]].tolist() == [0.75, "ok"]
    assert rows.loc["imputed_surface:drive", "ours"] == 0.75
    assert rows.loc["modelled_people", ["ours", "status"]].tolist() == [0.8, "remark"]
    assert rows.loc["unknown_people", "ours"] == 0.25


def test_gates_have_a_row_each_and_one_for_all(tables):
    rows = table_of(tables)
    assert rows.loc["gate:N", ["ours", "status", "records"]].tolist() == [2.0, "remark", "s0 s1"]
    assert rows.loc["gates", ["ours", "likely_causes"]].tolist() == [1.0, "gates_in_force:1"]
    tables["norm_results"]["gate"] = "none_applicable"
    assert table_of(tables).loc["gates", ["status", "likely_causes"]].tolist() == ["unknown", "no_gate"]


def test_a_study_with_good_inputs_has_nothing_left_to_look_into(tables):
    """All that can be held against an official number agrees; what the study cannot clear is remarked upon."""
    ours = table_of(tables)["ours"]
    facilities = {item.partition(":")[2]: value for item, value in ours.items() if item.startswith("facilities:")}
    tables["settlements"]["population_persons"] = tables["settlements"]["population_persons"].fillna(5.0)
    people = tables["settlements"].loc[tables["settlements"]["in_study"], "population_persons"].sum()
    rows = table_of(
        tables,
        people={"value": float(people), "source": "Yearbook"},
        villages={"value": 3, "source": "List"},
        facilities={name: {"value": value, "source": "Bureau"} for name, value in facilities.items()},
        road_km={"primary": {"value": 6, "source": "Bureau"}},
    )
    assert set(rows["status"]) == {"ok", "remark"}
    remarks = set(rows.loc[rows["status"] == "remark", "kind"])
    assert remarks == {"imputed_speed", "imputed_surface", "modelled_people", "gate", "gates"}
    # Nothing but a number that somebody can correct is ever to be looked into.
    assert table_of(tables, villages={"value": 9, "source": "List"}).loc["villages", "status"] == "look"


def test_a_fingerprint_belongs_to_the_numbers_whatever_their_order(tables):
    table = table_of(tables).reset_index()
    told = fingerprint(table)
    assert len(told) == 12
    assert fingerprint(table.sample(frac=1.0, random_state=1)) == told
    more = table.assign(ours=table["ours"].where(table["item"] != "people", 7.0))
    assert fingerprint(more) != told


def keys_of(messages):
    """Keys by section; Chinese has no singular of its own."""
    return {name: {key for key in keys if not key.endswith("_one")} for name, keys in messages.items()}


def test_every_language_has_words_for_every_code():
    english = Words("en", "sign_off").messages
    for language in LANGUAGES:
        messages = Words(language, "sign_off").messages
        assert keys_of(messages) == keys_of(english)
        assert set(messages["kind"]) == set(SIGN_OFF_KIND)
        assert set(messages["status"]) == set(SIGN_OFF_STATUS)
    said = causes_text("people_not_allocated:12345;basis_modelled", Words("zh"))
    assert said == "12,345人未分配到任何居民点；本研究的人口为模型估算，并非清点"  # noqa: RUF001
    assert causes_text("not_existing:1;not_existing:21", Words("en")) == (
        "1 is a candidate or closed; 21 are candidates or closed"
    )
    assert "," not in causes_text("km_outside:12345", Words("fr"))  # a comma is a decimal mark there


def test_a_service_that_is_not_there_is_refused_before_anything_runs():
    values = {
        "name": "x",
        "title": {"en": "x"},
        "as_of": "2026-01-01",
        "sources": {"osm": {"path": "x.osm.pbf"}},
        "official": {"facilities": {"clinics": {"value": 1, "source": "Bureau"}}},
    }
    with pytest.raises(StudyError, match=r"official\.facilities\.clinics: unknown .* name those"):
        check_policy(Study.from_dict(values))
    values["official"]["facilities"]["clinics"]["services"] = ["primary_care"]
    check_policy(Study.from_dict(values))
    del values["official"]["facilities"]["clinics"]["source"]
    with pytest.raises(StudyError, match=r"official\.facilities\.clinics\.source: missing"):
        Study.from_dict(values)


def test_the_share_of_facilities_that_may_be_missing_is_a_row(tables):
    inventory = pd.DataFrame(
        {
            "service": ["hospital", "pharmacy", "bank"],
            "basis": ["official", "capture_recapture", "none"],
            "facilities": [1.0, 9.0, 2.0],
            "completeness_lower": [0.25, 0.9, np.nan],
            "estimated_lower": [np.nan, 9.0, np.nan],
            "estimated_upper": [np.nan, 10.0, np.nan],
        }
    )
    rows = table_of({**tables, "inventory": inventory})
    told = rows.loc[rows["kind"] == "missing_facilities", ["of", "ours", "status", "likely_causes"]]
    assert told.to_numpy().tolist() == [
        ["hospital", 0.75, "look", "missing_by_official"],
        ["pharmacy", pytest.approx(0.1), "ok", "missing_by_capture_recapture"],
    ]


def people_row(tables, study, **people):
    official = OfficialOptions(people={"value": 300.0, "source": "Yearbook 2024", **people})
    made = sign_off_table(tables, official=official, inventory={}, basis=study, register=rules())
    return made.set_index("kind").loc["people"]


@pytest.mark.parametrize("people", [{"basis": "registered"}, {"source": "年鉴, 户籍人口"}])
def test_registered_people_raise_no_alarm_in_a_study_of_residents(tables, people):
    for basis in ("resident", "modelled"):
        row = people_row(tables, basis, **people)
        assert (row["status"], row["official"]) == ("unknown", 300.0)
        assert np.isnan(row["difference"])
        assert row["likely_causes"] == f"official_registered;basis_{basis}"
        for language in LANGUAGES:
            said = causes_text(row["likely_causes"], Words(language))
            assert "_" not in said
    # Like with like is compared.
    assert people_row(tables, "registered", **people)["status"] in {"look", "ok"}
    assert people_row(tables, "resident", source="Usual residents")["status"] in {"look", "ok"}


def test_people_of_a_list_are_not_called_modelled():
    values = {"name": "x", "title": {"en": "X"}, "as_of": "2026-01-01"}
    own = {"settlements": {"path": "a.csv"}, "roads": {"path": "b.gpkg"}}
    assert Study.from_dict({**values, "sources": own}).population.basis == "listed"
    assert (
        Study.from_dict({**values, "sources": own, "population": {"min_known_share": 0.5}}).population.basis == "listed"
    )
    stated = {**values, "sources": own, "population": {"basis": "resident"}}
    assert Study.from_dict(stated).population.basis == "resident"
    raster = {**values, "sources": {**own, "population": {"path": "p.tif"}}}
    assert Study.from_dict(raster).population.basis == "modelled"
