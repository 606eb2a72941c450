"""What is tried on a finished run: the same numbers as the scenario, told by name, and written on request."""

import re
import tomllib
from types import SimpleNamespace

import numpy as np
import pytest

import spatial as sp
from spatial.errors import StudyError
from spatial.stages.what_if import GROUND, what_if

pytestmark = pytest.mark.slow


def tried(tiny, **wanted):
    study = sp.Study.from_toml(tiny.save(), raw=tiny.raw)
    return what_if(study, sp.read_results(tiny.processed / "tiny"), **wanted)


def after(table, mode="drive", service="primary_school"):
    rows = table.loc[(table["mode"] == mode) & (table["service"] == service)]
    return rows.set_index("settlement_id")["after_min"]


def test_what_is_tried_equals_the_scenario_that_it_writes(tiny_done, command):
    # A school closes, one opens at the north end (2, 4), and the best village gets one too.
    words = ("--close", "柳河小学", "--add", f"{tiny_done.at(2, 4)}:primary school", "--best", "1:primary_school")
    now = tried(tiny_done, close=["柳河小学"], add=[f"{tiny_done.at(2, 4)}:primary school"], best=["1:primary_school"])
    outcome = command("try", tiny_done.save(), *words, "--write", "schools", *tiny_done.folders()[:4])
    assert outcome.code == 0, outcome.err
    written = tomllib.loads(tiny_done.file.read_text("utf-8"))["scenarios"]
    assert [item["name"] for item in written] == ["schools"]
    assert written[0]["close_facilities"] == ["f2"]
    study = sp.Study.from_toml(tiny_done.file, raw=tiny_done.raw)
    folders = {"processed": tiny_done.processed, "maps": tiny_done.maps}
    stage = sp.run(study, until="scenarios", **folders).scenario_access
    whole = sp.run(study, scenario="schools", until="access", **folders).access
    whole = whole.loc[(whole["mode"] == "drive") & (whole["service"] == "primary_school")]
    known = whole.set_index("settlement_id")["travel_time_min"]
    told = after(now.table)
    assert len(told) == len(tiny_done.places)
    assert np.allclose(told, after(stage).reindex(told.index), rtol=0.0, atol=1e-6)
    assert np.allclose(told, known.reindex(told.index), rtol=0.0, atol=1e-6)


def test_the_second_nearest_is_where_people_go_when_the_nearest_closes(tiny_done):
    access = sp.read_results(tiny_done.processed / "tiny").access
    rows = access.loc[(access["mode"] == "drive") & (access["service"] == "primary_school")].set_index("settlement_id")
    closed = after(tried(tiny_done, close=["f2"]).table)
    kept = rows["travel_time_min"].where(rows["facility_id"] != "f2", rows["second_travel_time_min"])
    assert np.allclose(closed, kept.reindex(closed.index), rtol=0.0, atol=1e-6)


@pytest.mark.parametrize("words", [["try", "--close", "柳河小学"], ["explain", "s3"]])
def test_a_run_that_its_study_has_left_behind_is_told_of_with_a_warning(words, tiny_done, command):
    told, *more = words
    asked = (*more, *tiny_done.folders()[:4])
    assert command(told, tiny_done.save(), *asked).err == ""
    tiny_done.tables["access"]["cutoffs_min"] = [17]  # which no way rests on
    assert command(told, tiny_done.save(), *asked).err == ""
    tiny_done.tables["network"]["walk_km_h"] = 4.0
    outcome = command(told, tiny_done.save(), *asked)
    assert outcome.code == 0, outcome.err
    assert "the run is not up to date (network: " in outcome.err


def test_losers_are_named_largest_first_with_their_minutes(tiny_done):
    lines = tried(tiny_done, close=["柳河小学"]).lines
    assert lines[0].startswith("What if: closes 柳河小学; ")
    assert "Primary school: farther for" in lines[1]
    places = [line for line in lines if line.startswith("  ")]
    assert places[0].startswith("  柳河, 70 people: ")
    assert " min -> " in places[0]
    assert not any("下村" in line for line in places)  # it has the other school


def test_who_has_none_any_more_is_not_merely_farther_and_comes_first_by_people(tiny_done):
    lines = tried(tiny_done, close=["f2", "f3"]).lines
    assert lines[1].startswith("Primary school: none within reach any more for ")
    assert "farther" not in lines[1]
    people = [int(re.search(r", (\d+) people: .* -> none there", line)[1]) for line in lines if line.startswith("  ")]
    assert people == sorted(people, reverse=True)
    assert len({*people}) > 1
    opened = tried(tiny_done, close=["f2", "f3"], add=[f"{tiny_done.at(2, 4)}:primary school"]).lines
    assert "none within reach" not in opened[1]


def test_the_best_site_is_where_most_person_minutes_are_saved(tiny_done):
    found = tried(tiny_done, best=["1:hospital"])
    # Every place is tried: none leaves fewer person-minutes in all.
    (site,) = found.scenario.open
    scores = {}
    for place, *_ in tiny_done.places:
        one = sp.Study.from_toml(tiny_done.file, raw=tiny_done.raw).model_copy(
            update={
                "scenarios": (found.scenario.model_copy(update={"open": (site.model_copy(update={"at": place}),)}),)
            }
        )
        table = sp.run(one, processed=tiny_done.processed, maps=tiny_done.maps, until="scenarios").scenario_access
        rows = table.loc[table["service"] == "hospital"]
        scores[place] = float((rows["after_min"] * rows["population_persons"]).sum())
    assert scores[site.at] == pytest.approx(min(scores.values()))


def test_among_many_places_the_best_site_is_sought_where_most_would_be_saved(tiny_done, monkeypatch, caplog):
    every = tried(tiny_done, best=["1:hospital"]).scenario.open
    assert not caplog.text
    # With a hospital at 石桥 in the middle, few minutes are to be saved beside it and many at the ends.
    monkeypatch.setattr("spatial.stages.what_if.SITES_MOST", 4)
    few = tried(tiny_done, best=["1:hospital"]).scenario.open
    assert "among the 4 of 8 settlements" in caplog.text
    assert few == every


def with_a_norm_of_its_own(tiny):
    """Run the study with a norm on a school within a minute."""
    tiny.save()
    norm = 'id = "OURS"\nservice = "primary_school"\nmetric = "time_min"\nmode = "any"\nthreshold = 1.0\n'
    norm += 'target_share = 1.0\nscope = "all"\nnorm_class = "guiding"\nstat_unit = "population"\n'
    text = tiny.file.read_text("utf-8").replace('["GL-PHC-1H"]', '["GL-PHC-1H", "OURS"]')
    tiny.file.write_text(f"{text}\n[[norms.add]]\n{norm}", encoding="utf-8")
    study = sp.Study.from_toml(tiny.file, raw=tiny.raw)
    results = sp.run(study, processed=tiny.processed, maps=tiny.maps, until="norms")
    return study, results


def test_a_norm_that_is_crossed_is_named(tiny_done):
    study, results = with_a_norm_of_its_own(tiny_done)
    lines = what_if(study, results, close=["f2"]).lines
    # A norm without a title is called as the other commands and all pages call it.
    norm = "Primary school: within 1 min (fastest mode)"
    # 柳河 has the school in the place, and lives within a minute of no other.
    assert any(line.startswith(f"{norm}: 70 people in 1 place now beyond") for line in lines)
    assert any(line.startswith("  柳河") and line.endswith(f"now beyond: {norm}") for line in lines)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh", ["关闭柳河小学", "驾车", "(最快方式)", "不再覆盖1个居民点的70人", "  柳河,70人:", "分钟 -> "]),
        ("fr", ["fermer 柳河小学\u202f; en voiture", "(mode le plus rapide)", "désormais au-delà", "  柳河, 70"]),
    ],
)
def test_what_is_tried_is_told_in_the_language_of_the_study(tiny_done, language, said):
    study, results = with_a_norm_of_its_own(tiny_done)
    study = study.model_copy(update={"outputs": study.outputs.model_copy(update={"languages": (language, "en")})})
    told = "\n".join(what_if(study, results, close=["f2"]).lines)
    plain = told.translate(dict(zip(map(ord, "\uff08\uff09\uff0c\uff1a"), "(),:", strict=True)))
    assert [part for part in said if part not in plain] == []
    assert not re.search(r"What if|closes|farther|nearer|nobody|now |people|within|beyond|there", told)


def test_a_norm_of_metres_is_said_not_to_be_tried(tiny_done):
    study, results = with_a_norm_of_its_own(tiny_done)
    metres = study.norms.add[0].model_copy(update={"metric": "network_dist_m", "threshold": 3218.688})
    study = study.model_copy(update={"norms": study.norms.model_copy(update={"add": (metres,)})})
    (line,) = (line for line in what_if(study, results, close=["f2"]).lines if line.startswith("not tried"))
    assert "Primary school: within 3.219 km along the shortest way" in line


def test_minutes_that_cross_a_norm_are_not_written_as_the_norm(tiny_done):
    study, results = with_a_norm_of_its_own(tiny_done)
    four = study.norms.add[0].model_copy(update={"threshold": 4.0})
    study = study.model_copy(update={"norms": study.norms.model_copy(update={"add": (four,)})})
    lines = what_if(study, results, add=["104.0,30.02:primary_school"]).lines
    # 石桥 has 4.1 min to the school of 柳河 and 3.9 to the new one, 2 km to its west: both are 4 in whole minutes.
    (line,) = (line for line in lines if line.startswith("  石桥"))
    assert line.endswith(": 4.1 min -> 3.9 min, now within: Primary school: within 4 min (fastest mode)")


def test_a_norm_on_children_counts_children(tiny_done):
    study, results = with_a_norm_of_its_own(tiny_done)
    # The same norm on children, of whom there are as many as a tenth of the people.
    added = study.norms.add[0].model_copy(update={"stat_unit": "children_6_11"})
    on_children = study.model_copy(update={"norms": study.norms.model_copy(update={"add": (added,)})})
    judged = results.norm_results.assign(persons_in_scope=results.norm_results["persons_in_scope"] / 10.0)
    run = SimpleNamespace(
        **{name: getattr(results, name) for name in (*GROUND, "facilities", "access")}, norm_results=judged
    )
    lines = what_if(on_children, run, close=["f2"]).lines
    assert any("within 1 min (fastest mode): 7 children aged 6 to 11 in 1 place now beyond" in line for line in lines)


def test_what_is_not_clear_is_refused_with_candidates_all_at_once(tiny_done):
    with pytest.raises(StudyError) as error:
        tried(
            tiny_done, close=["小学"], add=["104:x", "30.0,104.0:hospital"], best=["2:scool", "gp"]
        )  # gp without a number
    said = str(error.value)
    for part in (
        "柳河小学 (primary_school, f2)",
        "'104:x' is not such as",
        "unknown service 'scool'",
        "'gp' is not such",
        "30,104 lies off the roads",
    ):
        assert part in said
    with pytest.raises(StudyError, match="nothing to try"):
        tried(tiny_done)
    with pytest.raises(StudyError, match="no short name"):
        tried(tiny_done, close=["f2"], name="Two words")


def test_candidates_are_named_in_the_language_of_the_study(tiny_done):
    there = sp.read_results(tiny_done.processed / "tiny")
    tables = {name: getattr(there, name) for name in (*GROUND, "access", "norm_results")}
    tables["facilities"] = there.facilities.assign(name_en=lambda table: "School " + table["facility_id"])
    study = sp.Study.from_toml(tiny_done.save(), raw=tiny_done.raw)
    with pytest.raises(StudyError, match=r"is it one of these\? .*School f2 \(primary_school, f2\)"):
        what_if(study, SimpleNamespace(**tables), close=["school"])


def test_what_opens_where_nobody_could_come_is_refused_and_not_told_to_help_nobody(tiny_done):
    # Half a kilometre from the streets and lanes around, where nobody walks further than 100 m to one.
    tiny_done.tables["network"]["max_snap_m"] = 100.0
    with pytest.raises(StudyError, match=r"or further than 0\.1 km from each of them and from every settlement"):
        tried(tiny_done, add=[f"{tiny_done.at(2.5, 2.5)}:hospital"])


def test_a_service_that_the_study_does_not_list_is_looked_at_where_it_changes(tiny_done):
    # The health centre counts for primary care; the study lists neither, and a norm asks for the latter.
    found = tried(tiny_done, close=["f4"])
    assert "health_centre" in found.scenario.services
    assert after(found.table, service="health_centre").isna().all()
    # The only one: nobody is told to lack a way.
    assert any("min -> none there" in line for line in found.lines)
    assert not any("no way" in line for line in found.lines)
    with pytest.raises(StudyError, match="the run has no times to health_centre"):
        tried(tiny_done, best=["1:health_centre"])


def test_a_name_that_is_taken_is_not_written(tiny_done, command):
    where = tiny_done.folders()[:4]
    first = command("try", tiny_done.save(), "--close", "f2", *where)
    # A service goes by what people call it.
    called = command("try", tiny_done.file, "--add", f"{tiny_done.at(2, 4)}:GP", *where)
    assert "opens primary care at" in called.out, called.err
    assert "--write NAME" in first.out
    assert "scenarios" not in tiny_done.file.read_text("utf-8")
    assert command("try", tiny_done.file, "--close", "f2", "--write", "one", *where).code == 0
    before = tiny_done.file.read_text("utf-8")
    assert "one is there already" in command("try", tiny_done.file, "--close", "f3", "--write", "one", *where).err
    assert tiny_done.file.read_text("utf-8") == before


def test_more_sites_than_settlements_are_refused_in_the_words_of_the_command(tiny_done):
    with pytest.raises(StudyError, match="--best: 9 asked for; settlements to put them in: 8"):
        tried(tiny_done, best=["9:primary_school"])
