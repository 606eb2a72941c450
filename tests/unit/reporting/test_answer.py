"""The answer first: findings in order, townships against norms, villages by name, minutes where no norm fails."""

from __future__ import annotations

import json
import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from spatial.messages import Words
from spatial.reporting.answer import (
    answer_lead,
    answer_lines,
    answer_title,
    finding_text,
    first_actions,
    first_plan,
    head_texts,
    over_text,
    reach_titles,
    service_texts,
    summarise_answer,
)
from spatial.reporting.plans import gain_text

ROAD, SEAT, FLAG = "ROAD", "SEAT", "FLAG"
PEOPLE = {"a": 100.0, "b": 300.0, "c": 50.0, "d": 20.0, "e": math.nan}
TOWNSHIP = {"a": "t1", "b": "t1", "c": "t2", "d": "t2", "e": "t2"}
MINUTES = {"a": 70.0, "b": 90.0, "c": 20.0, "d": math.inf, "e": 10.0}
HAS_ROAD = {"a": False, "b": True, "c": False, "d": True, "e": True}


def settlements():
    ids = list(PEOPLE)
    return gpd.GeoDataFrame(
        {
            "settlement_id": ids,
            "name": [name.upper() for name in ids],
            "in_study": True,
            "population_persons": list(PEOPLE.values()),
            "township_id": [TOWNSHIP[name] for name in ids],
            "township": [{"t1": "First", "t2": "Second"}[TOWNSHIP[name]] for name in ids],
        },
        geometry=gpd.points_from_xy(range(5), [0] * 5),
        crs="EPSG:32738",
    )


def is_beyond(norm, name):
    return not HAS_ROAD[name] if norm == ROAD else MINUTES[name] > 60.0


def results():
    rows = []
    for norm in (ROAD, SEAT):
        for level in ("settlement", "township", "study"):
            groups = {"settlement": {n: [n] for n in PEOPLE}, "study": {"study": list(PEOPLE)}}.get(level) or {
                unit: [name for name in PEOPLE if TOWNSHIP[name] == unit] for unit in ("t1", "t2")
            }
            for unit, names in groups.items():
                beyond = [name for name in names if is_beyond(norm, name)]
                rows.append(
                    {
                        "norm_id": norm,
                        "unit_level": level,
                        "unit_id": unit,
                        "status": "not_met" if beyond else "met",
                        "status_as_mapped": "not_met" if beyond else "met",
                        "persons_unserved": np.nansum([PEOPLE[name] for name in beyond]),
                        "persons_in_scope": np.nansum([PEOPLE[name] for name in names]),
                        "places_unserved": float(len(beyond)),
                        "places_in_scope": float(len(names)),
                    }
                )
    return pd.DataFrame(rows)


def gaps():
    rows = [
        {
            "settlement_id": name,
            "norm_id": norm,
            "persons_unserved": PEOPLE[name],
            "value": 0.0 if norm == ROAD else MINUTES[name] if math.isfinite(MINUTES[name]) else math.nan,
            "excess": 1.0 if norm == ROAD else MINUTES[name] - 60.0 if math.isfinite(MINUTES[name]) else math.nan,
            "unit": "link" if norm == ROAD else "min",
            "reach_status": "reached" if math.isfinite(MINUTES[name]) else "no_path",
        }
        for norm in (ROAD, SEAT)
        for name in PEOPLE
        if is_beyond(norm, name)
    ]
    return pd.DataFrame(rows)


def access(minutes=None):
    values = minutes or MINUTES
    return pd.DataFrame(
        {
            "settlement_id": list(values),
            "service": "hospital",
            "mode": "drive",
            "travel_time_min": [value if math.isfinite(value) else math.nan for value in values.values()],
            "reach_status": ["reached" if math.isfinite(value) else "no_path" for value in values.values()],
        }
    )


def norm(name, **more):
    own = results().loc[lambda rows: (rows["norm_id"] == name) & (rows["unit_level"] == "study")]
    sums = own.iloc[0][[f"{w}_{s}" for w in ("persons", "places") for s in ("unserved", "in_scope")]].to_dict()
    sums |= {f"{w}_served": sums[f"{w}_in_scope"] - sums[f"{w}_unserved"] for w in ("persons", "places")}
    is_road = name == ROAD
    return (
        {
            "norm_id": name,
            "service": "graded_road" if is_road else "county_seat",
            "metric": "presence_in_unit" if is_road else "time_min",
            "mode": "any",
            "threshold": 1.0 if is_road else 60.0,
            "unit": "link" if is_road else "min",
            "stat_unit": "administrative_village" if is_road else "population",
            "scope": "rural",
            "norm_class": "mandatory" if is_road else "guiding",
            "status": "not_met",
            "status_as_mapped": "not_met",
            "gate": "fail" if is_road else "none_applicable",
            "target_share": 1.0,
            "target_share_is_assumed": True,
            "share_of": "places" if is_road else "persons",
            "served_share": 0.5,
            "is_chosen": False,
            "is_own": True,
            "direction": "presence" if is_road else "max",
            "is_headline": True,
            "certainty": None,
        }
        | sums
        | more
    )


def tables(**more):
    return {"settlements": settlements(), "norm_results": results(), "gaps": gaps(), "access": access()} | more


@pytest.fixture(scope="module")
def answer():
    silent = norm(ROAD, norm_id=FLAG, service="postal_delivery", gate="unknown", status="not_measurable")
    silent |= {"status_as_mapped": "not_measurable"}
    return summarise_answer(tables(), [norm(SEAT), norm(ROAD), silent], mode="drive")


def test_a_failed_duty_comes_before_a_norm_that_fails_more_people(answer):
    assert [finding["norm_id"] for finding in answer["findings"]] == [ROAD, SEAT]
    road, seat = answer["findings"]
    assert (road["counted"], road["places"], road["persons"]["beyond"]) == (
        "places",
        {"beyond": 2.0, "within": 3.0, "base": 5.0},
        150,
    )
    assert (seat["counted"], seat["persons"]) == ("persons", {"beyond": 420.0, "within": 50.0, "base": 470.0})
    assert [norm["norm_id"] for norm in answer["silent"]] == [FLAG]


def test_a_norm_of_the_study_that_nobody_can_judge_is_told_with_the_reason():
    own = norm(SEAT, norm_id="OWN", threshold=45.0, is_chosen=True, status="not_measurable", is_headline=False)
    own |= {"status_as_mapped": "not_measurable", "reason": "inventory:unknown;class_unknown"}
    answer = summarise_answer(
        tables(), [norm(SEAT), own, own | {"norm_id": "WATCHED", "is_chosen": False}], mode="drive"
    )
    assert [(norm["norm_id"], norm["reason"]) for norm in answer["unjudged"]] == [("OWN", own["reason"])]
    said = answer_lines(answer, [], Words("en"))[1].replace("\u00a0", " ")
    reason = "not known whether the place is urban or rural"
    assert said == f"The study asks, but nobody can judge: county seat within 45 min ({reason})."
    silent = summarise_answer(tables(), [norm(SEAT), own | {"reason": ""}], mode="drive")
    assert answer_lines(silent, [], Words("en"))[1].replace("\u00a0", " ").endswith("county seat within 45 min.")


def test_a_township_without_settlements_or_that_nobody_can_judge_stands_in_the_table():
    rows = results()
    of_t2 = (rows["norm_id"] == SEAT) & (rows["unit_id"] == "t2")
    rows.loc[of_t2, ["status_as_mapped", "places_unserved"]] = ["not_measurable", 0.0]
    own = {"norm_id": FLAG, "unit_level": "township", "status": "not_met", "status_as_mapped": "not_met"}
    lacking = pd.DataFrame([own | {"unit_id": "t3", "places_unserved": 1.0, "places_in_scope": 1.0}])
    boundaries = pd.DataFrame({"boundary_id": ["t3"], "name": ["Third"]})
    told = tables(norm_results=pd.concat([rows, lacking]), boundaries=boundaries)
    post = norm(ROAD, norm_id=FLAG, service="postal_delivery", stat_unit="township", gate="none_applicable")
    answer = summarise_answer(told, [norm(SEAT), post], mode="drive")
    lacks, matrix = next(each for each in answer["findings"] if each["norm_id"] == FLAG), answer["matrix"]
    assert lacks["worst"] is None  # one township of one is no worse than another
    assert [(row["unit_id"], row["persons"], row["unjudged"]) for row in matrix["rows"]] == [
        ("t1", 400.0, []),
        ("t2", 70.0, [SEAT]),
        ("t3", 0.0, []),
    ]
    assert list(matrix["rows"][2]["cells"]) == [FLAG]


@pytest.mark.parametrize(("gate", "times"), [("fail", 2), ("none_applicable", 0)])
def test_what_a_programme_calls_mandatory_is_not_told_as_law(gate, times):
    answer = summarise_answer(tables(), [norm(ROAD, gate=gate)], mode="drive")
    told = answer_lead(answer, Words("en")) + answer_lines(answer, [], Words("en"))[0]
    assert told.count("the law asks for it everywhere") == times


def test_the_worst_township_is_where_most_of_them_live_and_villages_are_named_by_people(answer):
    seat = answer["findings"][1]
    assert seat["worst"]["names"] == {"und": "First"}
    assert (seat["worst"]["persons_unserved"], seat["worst"]["places_in_scope"]) == (400.0, 2.0)
    assert [place["settlement_id"] for place in seat["first"]] == ["b", "a", "d"]
    assert [other["norm_id"] for other in seat["first"][1]["also"]] == [ROAD]
    assert seat["first"][2]["value"] is None
    assert seat["first"][2]["reach_status"] == "no_path"


def test_a_township_counts_a_village_once_whatever_it_is_beyond(answer):
    first, second = answer["matrix"]["rows"]
    assert (first["unit_id"], first["persons_beyond"], first["places_beyond"]) == ("t1", 400.0, 2)
    assert (second["unit_id"], second["persons_beyond"], second["persons"]) == ("t2", 70.0, 70.0)
    assert second["cells"][ROAD]["persons_unserved"] == 50.0
    assert [column["norm_id"] for column in answer["matrix"]["columns"]] == [ROAD, FLAG, SEAT]
    assert answer["villages"] == 4


def test_minutes_of_a_service_count_people_and_tell_no_way_apart(answer):
    (hospital,) = answer["services"]
    assert hospital["median_min"] == 90.0  # 100 at 70 and 50 at 20 are less than half of 470
    assert hospital["within"] == {"5": 0.0, "10": 0.0, "15": 0.0, "30": 50.0, "60": 50.0}
    assert hospital["far_min"] == 30.0
    assert (hospital["all"], hospital["no_way"]) == (470.0, 20.0)
    assert [place["settlement_id"] for place in hospital["farthest"][:3]] == ["b", "a", "c"]
    assert [place["minutes"] for place in hospital["farthest"]] == [90.0, 70.0, 20.0, 10.0]


def test_where_all_are_near_those_are_far_whom_a_lesser_step_leaves_beyond():
    found = access().assign(travel_time_min=lambda rows: rows["travel_time_min"] / 6.0)
    (hospital,) = summarise_answer(tables(access=found), [], mode="drive")["services"]
    assert hospital["farthest"][0]["minutes"] == 15.0
    assert (hospital["far_min"], hospital["within"]["10"], hospital["within"]["15"]) == (10.0, 50.0, 450.0)


@pytest.mark.parametrize(
    ("language", "further", "lost"),
    [
        ("en", "20 people further than was searched", "with no way found"),
        ("fr", "20 habitants au-delà du temps exploré", "sans itinéraire trouvé"),
        ("zh", "20人超出搜索时间", "未找到路线"),
    ],
)
def test_who_is_further_than_searched_is_told_apart_from_who_has_no_way(language, further, lost):
    # Four hours are searched: beyond them there may be a way, which nobody looked for.
    far = access().assign(reach_status=["reached", "reached", "reached", "beyond_cutoff", "reached"])
    answer = summarise_answer(tables(gaps=gaps().iloc[:0], access=far), [], mode="drive")
    (line,) = answer_lines(answer, [], Words(language))
    assert further in line.replace("\u00a0", " ")
    assert lost not in line
    assert "map" not in line
    assert "carto" not in line
    (hospital,) = answer["services"]
    assert (hospital["searched"], hospital["no_way"]) == (20.0, 0.0)


def test_a_place_of_which_nobody_knows_the_way_is_in_no_sum():
    found = access().assign(reach_status=["unknown", "reached", "reached", "no_path", "reached"])
    (hospital,) = summarise_answer(tables(access=found), [], mode="drive")["services"]
    assert hospital["all"] == 370.0


def test_the_answer_can_be_written_as_json_and_names_no_number_that_is_none(answer):
    assert "NaN" not in json.dumps(answer, allow_nan=False)


def test_sentences_name_people_places_and_the_worst_first(answer):
    words = Words("en")
    assert answer_title(answer, words) == (
        "2 villages have no graded road; 420 rural people are more than 60 min from the nearest county seat"
    )
    road, seat, silent = answer_lines(answer, [], words)
    assert road == (
        "2 of the 5 villages have no graded road (150 people); worst is First, 1 of 2 villages, 100 people; "
        "the law asks for it everywhere."
    )
    assert seat == (
        "420 of the 470 rural people are more than 60 min from the nearest county seat; worst is First, all 2 places, "
        "400 people."
    )
    assert "nobody has recorded it" in silent
    columns = {column["norm_id"]: column for column in answer["matrix"]["columns"]}
    # Two norms of one service and limit are told apart by all that they ask for.
    driven, walked = ({**columns[SEAT], "mode": mode} for mode in ("drive", "walk"))
    assert len({*head_texts([driven, walked], words)}) == 2
    assert head_texts([driven], words) == ["County seat 60 min"]
    first = answer["findings"][1]["first"]
    assert over_text(first[0], columns[SEAT], words) == "county seat 90 min, 30 min over"
    assert over_text(first[2], columns[SEAT], words) == "county seat: no way mapped"
    far = {**first[2], "reach_status": "not_snapped"}
    assert over_text(far, columns[SEAT], words) == "county seat: too far from every road"


@pytest.mark.parametrize("language", ["en", "zh", "fr"])
def test_every_sentence_is_whole_in_each_language(answer, language):
    words = Words(language)
    for line in (answer_title(answer, words), *answer_lines(answer, [], words)):
        assert not set("{_") & set(line)
        assert line.strip()


def test_without_a_norm_that_fails_the_answer_is_minutes():
    met = norm(SEAT, status="met", status_as_mapped="met", places_unserved=0.0, persons_unserved=0.0)
    answer = summarise_answer(tables(gaps=gaps().iloc[:0]), [met], mode="drive")
    assert answer_title(answer, Words("en")) == "Met, as far as can be judged: county seat within 60 min"
    both = summarise_answer(tables(gaps=gaps().iloc[:0]), [met, met | {"mode": "any"}], mode="drive")
    assert len(both["met"]) == 2
    assert answer_title(both, Words("en")) == answer_title(answer, Words("en"))
    (line,) = answer_lines(answer, [], Words("en"))
    assert line == (
        "Hospital: half of the 470 people within 90 min by car; farthest B 90 min, A 70 min; 20 people with no way "
        "found."
    )
    # Only the 20 people without a way are farther than 90 min: half of all are as far, and not farther.
    none = summarise_answer(tables(gaps=gaps().iloc[:0]), [], mode="drive")
    assert (
        answer_title(none, Words("en")) == "Half of the 470 people are at least 90 min by car from the nearest hospital"
    )
    near = access().assign(travel_time_min=0.4)
    at_door = summarise_answer(tables(gaps=gaps().iloc[:0], access=near), [], mode="drive")
    assert answer_title(at_door, Words("en")) == "Half of the 470 people have the nearest hospital at the door"


def test_of_one_place_no_half_is_told_and_it_is_said_that_all_count_at_its_middle():
    alone = access({"b": 90.0})
    answer = summarise_answer(tables(gaps=gaps().iloc[:0], access=alone), [], mode="drive")
    assert answer_title(answer, Words("en")) == "B, the one place here, is 90 min by car from the nearest hospital"
    first, second = answer_lines(answer, [], Words("en"))
    assert first == "Hospital: 90 min by car from B, the one place here."
    assert second.startswith("Everybody counts at one point, the middle of B")
    # Of another place nobody knows the way: it is not the one place here, and what is not counted is told.
    lost = alone.assign(settlement_id="a", travel_time_min=math.nan, reach_status="unknown")
    answer = summarise_answer(tables(gaps=gaps().iloc[:0], access=pd.concat([alone, lost])), [], mode="drive")
    known = "B, the one place here whose way is known, is 90 min by car from the nearest hospital"
    assert answer_title(answer, Words("en")) == known
    assert answer_lines(answer, [], Words("en")) == [
        "Hospital: 90 min by car from B, the one place here whose way is known.",
        "Not counted in this, as not measured: 1 place.",
    ]
    # One that is too far from every road has no way, as norms have it.
    lost = pd.concat([alone, lost.assign(reach_status="not_snapped")])
    answer = summarise_answer(tables(gaps=gaps().iloc[:0], access=lost), [], mode="drive")
    (line,) = answer_lines(answer, [], Words("en"))
    assert line.endswith("; farthest B 90 min; 100 people with no way found.")
    two = summarise_answer(tables(gaps=gaps().iloc[:0], access=access({"a": 1.0, "b": 90.0})), [], mode="drive")
    assert "one place" not in " ".join([answer_title(two, Words("en")), *answer_lines(two, [], Words("en"))])


def test_without_people_places_are_counted():
    bare = settlements().assign(population_persons=math.nan)
    rows = results().assign(persons_unserved=math.nan, persons_in_scope=math.nan)
    own = norm(SEAT, persons_unserved=None, persons_served=None, persons_in_scope=None)
    answer = summarise_answer(tables(settlements=bare, norm_results=rows), [own], mode="drive")
    assert answer_title(answer, Words("en")) == "3 places are more than 60 min from the nearest county seat"
    assert "people" not in " ".join(answer_lines(answer, [], Words("en")))
    assert [row["persons_beyond"] for row in answer["matrix"]["rows"]] == [None, None]
    assert answer["matrix"]["rows"][0]["places_beyond"] == 2


@pytest.mark.parametrize(("places", "over"), [(4.0, "4 places over 30 min"), (1.0, "1 place over 30 min")])
def test_one_place_beyond_is_told_of_as_one(places, over):
    service = {"far_min": 30.0, "within": {"30": 5.0 - places}, "all": 5.0, "counted": "places"}
    told = service_texts(service, None, {"value": 20.0, "unit": "min"}, Words("en"))
    assert told["over"].replace("\u00a0", " ") == over


@pytest.mark.parametrize(
    ("median", "half"), [(10.0, "10 min"), (10.3, "10.3 min"), (10.04, "10.04 min"), (10.6, "11 min")]
)
def test_half_are_never_within_a_limit_that_fewer_reach(median, half):
    service = {"far_min": 10.0, "within": {"10": 3.0 + (median <= 10.0)}, "all": 7.0, "counted": "places"}
    told = service_texts(service, None, {"value": median, "unit": "min"}, Words("en"))
    assert told["half"].replace("\u00a0", " ") == f"half within {half}"


@pytest.mark.parametrize(("places", "half"), [(1, "2 min away"), (2, "half within 2 min")])
def test_of_one_place_the_map_of_a_service_tells_no_half(places, half):
    service = {"far_min": 5.0, "within": {"5": 1.0}, "all": 1.0, "counted": "places", "places": places}
    told = service_texts(service, None, {"value": 2.0, "unit": "min"}, Words("en"))
    assert told["half"].replace("\u00a0", " ") == half


@pytest.mark.parametrize(
    ("persons", "places", "language", "said"),
    [
        (1, 1, "en", "comes within 5 min of the clinic"),
        (2, 1, "en", "come within 5 min of the clinic"),
        (None, 1, "en", "comes within 5 min of the clinic"),
        (1, 1, "fr", "passe à 5 min au plus (clinic)"),
    ],
)
def test_of_one_who_gains_it_is_said_as_of_one(persons, places, language, said):
    plan = {"question": "sites", "service": "clinic", "threshold": 5.0, "unit": "min", "mode": "any", "names": {}}
    plan |= {"metric": "time_min", "norm_class": "guiding"}
    told = gain_text(plan, {"shown": {"persons": persons, "places": places}}, Words(language))
    assert told.replace("\u00a0", " ") == said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "come within 30 min of the clinic there and back on foot"),
        ("fr", "passent à 30 min au plus aller-retour à pied (clinic)"),
    ],
)
def test_who_gains_a_way_there_and_back_is_told_of_both_ways(language, said):
    plan = {"question": "sites", "service": "clinic", "threshold": 30.0, "unit": "min", "mode": "walk", "names": {}}
    plan |= {"metric": "roundtrip_time_min", "norm_class": "guiding"}
    told = gain_text(plan, {"shown": {"persons": 2, "places": 1}}, Words(language))
    assert told.replace("\u00a0", " ") == said


def test_where_nobody_counts_people_norms_that_are_only_watched_come_after_minutes():
    bare = settlements().assign(population_persons=math.nan)
    rows = results().assign(persons_unserved=math.nan, persons_in_scope=math.nan)
    told = tables(settlements=bare, norm_results=rows)
    watched = norm(SEAT, persons_unserved=None, persons_served=None, persons_in_scope=None, is_own=False)
    answer = summarise_answer(told, [watched], mode="drive")
    assert not answer["findings"]
    assert answer["matrix"] is None
    title = answer_title(answer, Words("en"))
    assert title == "Half of the 5 places are at least 70 min by car from the nearest hospital"
    first, last = answer_lines(answer, [], Words("en"))
    assert first.startswith("Hospital: half of the 5 places within 70 min by car; farthest B 90 min")
    assert last == (
        "By norms that are watched all over the world, as far as things are mapped: "
        "3 places (county seat within 60 min)."
    )
    # A norm of its own, or people, and the findings open again.
    own = norm(ROAD, persons_unserved=None, persons_served=None, persons_in_scope=None)
    both = summarise_answer(told, [watched, own], mode="drive")
    assert [[each["norm_id"] for each in both[part]] for part in ("findings", "watched")] == [[ROAD], [SEAT]]
    # Village a is beyond both: what is only watched stands neither beside its duty nor in the table.
    assert [place["also"] for place in both["findings"][0]["first"]] == [[], []]
    assert [head["norm_id"] for head in both["matrix"]["columns"]] == [ROAD]
    assert summarise_answer(tables(), [norm(SEAT, is_own=False)], mode="drive")["findings"]


def test_without_a_norm_services_that_matter_come_first_and_the_farthest_place_is_one_that_arrives():
    other = {"hospital": 25.0, "primary_care": 5.0, "school": 10.0, "cinema": 300.0}
    rows = [access().assign(service=name, travel_time_min=lambda all_, far=far: all_["travel_time_min"].clip(upper=far))
            for name, far in other.items()]  # fmt: skip
    inventory = pd.DataFrame({"service": list(other), "facilities": [3, 1, 9, 1]})
    told = tables(access=pd.concat(rows), inventory=inventory)
    services = summarise_answer(told, [], mode="drive")["services"]
    assert [each["service"] for each in services] == ["hospital", "primary_care", "school", "cinema"]
    # Nobody is farthest who never arrives; those are told apart.
    assert [place["settlement_id"] for place in services[-1]["farthest"]] == ["b", "a", "c", "e"]
    assert services[-1]["no_way"] == 20.0


def test_a_mapped_service_that_nobody_reaches_is_told_of_and_one_that_is_not_mapped_is_not():
    lost = access().assign(travel_time_min=np.nan, reach_status="unreachable")
    near = lost.assign(service="town", travel_time_min=5.0, reach_status="reached")
    inventory = pd.DataFrame({"service": ["hospital", "school"], "facilities": [1, 0]})
    told = tables(gaps=gaps().iloc[:0], access=pd.concat([near, lost, lost.assign(service="school")]))
    answer = summarise_answer(told | {"inventory": inventory}, [], mode="drive")
    assert [each["service"] for each in answer["services"]] == ["hospital", "town"]
    assert (answer["services"][0]["no_way"], answer["services"][0]["far_min"]) == (470.0, 30.0)
    assert answer_title(answer, Words("en")) == "None of the 470 people reach any hospital"
    first, _ = answer_lines(answer, [], Words("en"))
    assert first == "Hospital (1 mapped): none of the 470 people reach one by car, as no way is found."


def test_a_norm_that_the_study_chose_stands_before_one_that_fails_more_people_and_tells_its_target():
    other = norm(SEAT, norm_id="OTHER", places_unserved=4.0, persons_unserved=460.0, norm_class="guiding")
    own = norm(SEAT, is_chosen=True, target_share=0.9)
    answer = summarise_answer(tables(), [other, own], mode="drive")
    assert [finding["norm_id"] for finding in answer["findings"]] == [SEAT, "OTHER"]
    first, *_ = answer_lines(answer, [], Words("en"))
    assert first.endswith("; 10.6 % are within, 90 % are asked for.")


@pytest.mark.parametrize("gate", ["none_applicable", "unknown"])
def test_what_binds_here_stands_before_a_norm_that_is_mandatory_elsewhere(gate):
    other = norm(SEAT, norm_id="OTHER", norm_class="mandatory", gate=gate)
    answer = summarise_answer(tables(), [other, norm(ROAD), norm(SEAT, is_chosen=True)], mode="drive")
    assert [finding["norm_id"] for finding in answer["findings"]] == [ROAD, SEAT, "OTHER"]


def test_a_norm_on_the_county_is_no_column_of_its_townships():
    county = norm(ROAD, norm_id="COUNTY", stat_unit="county", places_unserved=1.0, places_in_scope=1.0)
    answer = summarise_answer(tables(), [county, norm(SEAT)], mode="drive")
    assert [finding["norm_id"] for finding in answer["findings"]] == ["COUNTY", SEAT]
    assert [column["norm_id"] for column in answer["matrix"]["columns"]] == [SEAT]
    assert summarise_answer(tables(), [county], mode="drive")["matrix"] is None


def test_a_norm_that_the_study_chose_is_told_where_it_is_met():
    met = norm(SEAT, status="met", status_as_mapped="met", is_chosen=True, target_share=0.9)
    met |= {"places_unserved": 0.0, "places_served": 5.0, "persons_unserved": 0.0, "persons_served": 470.0}
    answer = summarise_answer(tables(gaps=gaps().iloc[:0]), [met], mode="drive")
    kept, *_ = answer_lines(answer, [], Words("en"))
    assert kept == "Met: county seat within 60 min, by 100 % of the 470 rural people; 90 % are asked for."


def test_what_is_only_not_mapped_is_not_said_to_be_missing():
    unsure = norm(ROAD, status="not_measurable", service="village_clinic")
    answer = summarise_answer(tables(), [unsure], mode="drive")
    assert answer_title(answer, Words("en")) == "No village clinic is mapped in 2 villages"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "420 rural people have no county seat"),
        ("fr", "420\xa0ruraux sans chef-lieu"),
        ("zh", "420名农村居民没有县城"),
    ],
)
def test_where_there_is_none_at_all_nobody_is_far_from_the_nearest(language, said):
    absent = gaps().assign(reach_status="no_facility", value=np.nan, excess=np.nan)
    answer = summarise_answer(tables(gaps=absent), [norm(SEAT)], mode="drive")
    assert answer_title(answer, Words(language)) == said
    # A single one that is out of reach is there all the same.
    absent.loc[absent["settlement_id"] == "a", "reach_status"] = "no_path"
    answer = summarise_answer(tables(gaps=absent), [norm(SEAT)], mode="drive")
    assert answer_title(answer, Words("en")) == "420 rural people are more than 60 min from the nearest county seat"


@pytest.mark.parametrize(
    ("language", "said"), [("en", "420 villagers"), ("fr", "420\xa0villageois"), ("zh", "420名村民")]
)
def test_of_a_norm_on_villages_people_are_villagers_since_rural_people_are_more(language, said):
    villages = norm(SEAT, stat_unit="administrative_village")
    assert said in answer_title(summarise_answer(tables(), [villages], mode="drive"), Words(language))


@pytest.mark.parametrize(
    ("language", "least", "others"),
    [
        ("en", "at least", "at least 420 rural people (county seat within 60 min)"),
        ("fr", "au moins", "au moins 420 ruraux ("),
        ("zh", "至少", "至少420名农村居民"),
    ],
)
def test_those_beyond_are_at_least_so_many_where_some_are_not_known(language, least, others):
    words = Words(language)

    def is_least(told, changed):
        return least in answer_title(summarise_answer(told, [changed], mode="drive"), words).lower()

    unsure, known, told = norm(SEAT, persons_unknown=30.0), norm(SEAT), tables()
    assert is_least(told, unsure)
    # The same where nobody counted the people of a village that is beyond; e, of which that is so, is within.
    uncounted = gaps()
    uncounted.loc[uncounted["settlement_id"] == "d", "persons_unserved"] = math.nan
    assert is_least(tables(gaps=uncounted), known)
    assert not is_least(told, known)
    # What is withheld from the public is known, and in the sum.
    withheld = uncounted.assign(suppressed=np.where(uncounted["persons_unserved"].isna(), "persons_unserved", ""))
    assert not is_least(tables(gaps=withheld), known)
    # What is not mapped may still be there: of these nobody knows the least number.
    assert not is_least(told, unsure | {"status": "not_measurable"})
    # Behind the first ones too; but not where the base of those counted is told beside them.
    many = [norm(ROAD, norm_id=str(n), is_chosen=True) for n in range(3)] + [unsure]
    lines = answer_lines(summarise_answer(told, many, mode="drive"), [], words)
    assert any(others in line.replace("\u00a0", " ") for line in lines)
    assert least not in finding_text(summarise_answer(told, [unsure], mode="drive")["findings"][0], words).lower()


def test_villages_in_no_township_are_a_row_of_their_own():
    places, level = settlements(), results()
    places.loc[places["settlement_id"] == "a", ["township_id", "township"]] = None
    rows = level.loc[(level["unit_level"] != "township") | (level["unit_id"] != "t1")]
    answer = summarise_answer(tables(settlements=places, norm_results=rows), [norm(SEAT), norm(ROAD)], mode="drive")
    by_unit = {row["unit_id"]: row for row in answer["matrix"]["rows"]}
    assert by_unit[""]["persons_beyond"] == 100.0
    assert {name: cell["persons_unserved"] for name, cell in by_unit[""]["cells"].items()} == {ROAD: 100.0, SEAT: 100.0}
    assert sum(row["persons_beyond"] for row in by_unit.values()) == 470.0
    assert sum(row["places"] for row in by_unit.values()) == len(PEOPLE)


def test_people_of_a_township_are_at_least_so_many_only_where_some_are_withheld():
    places, rows = settlements().assign(suppressed=""), results().assign(suppressed="")
    is_place = (rows["unit_level"] == "settlement") & (rows["norm_id"] == ROAD)
    rows.loc[is_place & (rows["unit_id"] == "a"), "suppressed"] = "persons_unserved"
    places.loc[places["settlement_id"] == "c", "suppressed"] = "population_persons"
    public = tables(settlements=places, norm_results=rows)
    first, second = summarise_answer(public, [norm(SEAT), norm(ROAD)], mode="drive")["matrix"]["rows"]
    # Of the first it is hidden how many lack a road, and not how many people there are.
    assert (first["unit_id"], first["at_least"], first["people_at_least"]) == ("t1", True, False)
    assert (second["unit_id"], second["at_least"], second["people_at_least"]) == ("t2", True, True)


def test_the_plan_told_first_helps_the_first_finding_that_has_one(answer):
    plans = [{"plan_id": "x", "norm_id": "OTHER", "actions": [1]}, {"plan_id": "y", "norm_id": SEAT, "actions": [1]}]
    assert first_plan(answer, plans)["plan_id"] == "y"
    assert first_plan(answer, plans[:1])["plan_id"] == "x"
    assert first_plan(answer, [{"plan_id": "z", "norm_id": SEAT, "actions": []}]) is None


def planned(norm_id, *gains):
    actions = [{"shown": {"persons": gain, "places": 1}} for gain in gains]
    return {"plan_id": norm_id.lower(), "norm_id": norm_id, "actions": actions}


def told(chosen):
    return [(step.plan["plan_id"], step.at) for step in chosen]


def test_the_first_actions_are_one_of_each_plan_that_helps_and_then_whatever_brings_most(answer):
    road, seat = planned(ROAD, 10, 20, 900), planned(SEAT, 400, 30, 300)
    # The duty first, then the other finding; of what follows 30 is more than 20, and 900 has to wait for it.
    assert told(first_actions(answer, [seat, road])) == [("road", 0), ("seat", 0), ("seat", 1)]
    assert told(first_actions(answer, [seat, road], 5))[3:] == [("seat", 2), ("road", 1)]
    assert told(first_actions(answer, [planned("OTHER", 5), planned("MORE", 7)])) == [("other", 0)]
    assert first_actions(answer, [planned(SEAT)]) == []


def test_of_one_township_alone_none_is_worst():
    alone = settlements().assign(township_id="t1", township="First")
    rows = results()
    rows = rows.loc[rows["unit_id"] != "t2"]
    (seat,) = summarise_answer(tables(settlements=alone, norm_results=rows), [norm(SEAT)], mode="drive")["findings"]
    assert seat["worst"] is None
    assert "worst" not in finding_text(seat, Words("en"))


def test_no_township_is_worst_because_the_people_of_another_are_withheld():
    rows = results().assign(suppressed="")
    hidden = (rows["unit_level"] == "township") & (rows["unit_id"] == "t1") & (rows["norm_id"] == SEAT)
    rows.loc[hidden, ["persons_unserved", "suppressed"]] = [np.nan, "persons_unserved"]
    public = tables(settlements=settlements().assign(suppressed=""), norm_results=rows)
    (seat,) = summarise_answer(public, [norm(SEAT)], mode="drive")["findings"]
    # Two places of the first are beyond, and one of the second.
    assert (seat["worst"]["unit_id"], seat["worst"]["places_unserved"]) == ("t1", 2.0)
    # Among people another one may be the worst: the sentence says what was compared.
    assert "all 2 places (by places, since not all numbers of people are told)" in finding_text(seat, Words("en"))


@pytest.mark.parametrize(
    ("language", "places", "said"),
    [
        ("en", 1, "; worst is A, its one place"),
        ("fr", 1, "surtout à A\u00a0: sa seule localité"),
        ("fr", 6, "surtout à A\u00a0: la totalité de ses 6 localités,"),
    ],
)
def test_of_a_township_beyond_as_a_whole_its_places_are_told_once(answer, language, places, said):
    seat = next(each for each in answer["findings"] if each["norm_id"] == SEAT)
    worst = {"unit_id": "a", "names": {"und": "A"}, "persons_unserved": 5.0, "is_by_places": False}
    worst |= {"places_unserved": places, "places_in_scope": places}
    assert said in finding_text(seat | {"worst": worst}, Words(language))


def test_the_lead_says_the_share_within_and_what_is_asked_for(answer):
    seat = next(each for each in answer["findings"] if each["norm_id"] == SEAT)
    within, base = (seat["persons"][side] for side in ("within", "base"))
    lead = answer_lead(answer, Words("en"))
    assert f"{100 * within / base:.1f}".removesuffix(".0") + " % of the" in lead
    assert "the law asks for it everywhere" in lead
    # A target that nobody but the study assumes is not asked for.
    assert "asks for 100 %" not in lead
    own = answer | {"findings": [each | {"target_share_is_assumed": False} for each in answer["findings"]]}
    assert "the norm asks for 100 %" in answer_lead(own, Words("en"))


@pytest.mark.parametrize("language", ["en", "zh", "fr"])
def test_the_curve_and_the_farthest_place_are_told_in_every_language(answer, language):
    far = {"names": {"en": "Far", "und": "远村"}, "value": 147.2, "persons": None}
    reach = {
        "norm_id": SEAT, "service": "county_seat", "unit": "min", "threshold": 60.0, "median": 41.0, "all": 1000.0,
        "curve": [[0.0, 0.0], [60.0, 660.0], [148.0, 900.0]], "farthest": [far],
        "searched": {"places": 7}, "no_way": {"places": 9},
    }  # fmt: skip
    words = Words(language)
    told = reach_titles(reach, answer, words)
    assert words.share(0.66) in told["curve"]
    assert "41" in told["curve"]
    assert "147" in told["farthest"]
    assert "7" in told["farthest"]
    assert "9" in told["farthest"]
    assert words.share(0.66) in reach_titles(reach | {"median": None}, answer, words)["curve"]
    # Whoever is farthest is beyond the limit by seconds, and half of them with it.
    near = reach | {"farthest": [far | {"value": 60.2}], "median": 60.2}
    told = reach_titles(near, answer, words)
    assert words.measure(60.2, "min", decimals=1) in told["farthest"]
    assert words.measure(60.2, "min", decimals=1) in told["curve"]
