"""What the public gets tells of no group of fewer than k people, whoever adds up and takes apart all of it."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.optimize import linprog

from spatial.reporting import disclosure
from spatial.reporting.disclosure import SUPPRESSED, cut
from spatial.results import read_results
from spatial.tables import TABLES
from spatial.tables.contract import PERSONS

K = 10
OPEN = ("settlements", "norm_results", "gaps")
GAPS = ["settlement_id", "norm_id", "persons_unserved"]
PEOPLE = ("persons_in_scope", "persons_served", "persons_unserved", "persons_unknown")
NORMS = {"all_30": ("population_persons", 30.0), "all_60": ("population_persons", 60.0)}
NORMS |= {"elderly_30": ("elderly_persons", 30.0), "disabled_45": ("disabled_persons", 45.0)}


def _county(seed, villages=20, townships=4, elderly=None):
    """Villages with groups, their minutes, and norms summed over townships and the study, all in whole persons."""
    random = np.random.default_rng(seed)
    people = random.integers(1, 300, villages).astype(float)
    old = np.floor(people * random.uniform(0.0, 0.4, villages)) if elderly is None else people * elderly
    settlements = pd.DataFrame(
        {
            "settlement_id": [f"s{number:02}" for number in range(villages)],
            "population_persons": people,
            "elderly_persons": old,
            "disabled_persons": np.floor(people * random.uniform(0.0, 0.1, villages)),
            "township_id": [f"t{number % townships}" for number in range(villages)],
            "registered_persons": people + 1.0,
        }
    )
    minutes = random.uniform(5.0, 90.0, villages)
    rows, gaps = [], []
    units = [("settlement", name, settlements["settlement_id"] == name) for name in settlements["settlement_id"]]
    units += [
        ("township", name, settlements["township_id"] == name) for name in sorted(set(settlements["township_id"]))
    ]
    units += [("study", "study", settlements["settlement_id"] != "")]
    for norm, (group, limit) in NORMS.items():
        for level, unit, inside in units:
            scope = settlements.loc[inside, group].sum()
            served = settlements.loc[inside & (minutes <= limit), group].sum()
            status = "met" if served >= 0.9 * scope else "not_met"
            rows.append((norm, level, unit, status, "persons", 0.9, scope, served, scope - served, 0.0))
            if level == "settlement" and served < scope:
                gaps.append((unit, norm, scope - served))
    columns = ["norm_id", "unit_level", "unit_id", "status", "share_of", "target_share", *PEOPLE]
    return {
        "settlements": settlements,
        "norm_results": pd.DataFrame(rows, columns=columns).assign(served_share=0.5),
        "gaps": pd.DataFrame(gaps, columns=GAPS),
        "flows": pd.DataFrame({"from_id": ["s00"], "to_id": ["s01"], "volume": [3.0]}),
        "places": settlements,
    }


def _sums(tables, shown):
    """
    Everything that was released or hidden, as an attacker who knows minutes and townships writes it.

    A number by the villages of a group that it adds up, with its value where it was released and its true one.
    """
    settlements = tables["settlements"].set_index("settlement_id")
    truth = {name: tables[name].sort_values(list(TABLES[name].key)).reset_index(drop=True) for name in OPEN}
    found = {}
    for group in ("population_persons", "elderly_persons", "disabled_persons"):
        for at, name in enumerate(truth["settlements"]["settlement_id"]):
            key = frozenset({(group, name)})
            found.setdefault(key, []).append((shown["settlements"][group][at], truth["settlements"][group][at]))
    by_place = truth["norm_results"].loc[truth["norm_results"]["unit_level"] == "settlement"]
    for column, (at, row) in itertools.product(PEOPLE, truth["norm_results"].iterrows()):
        group = NORMS[row["norm_id"]][0]
        rows = by_place.loc[(by_place["norm_id"] == row["norm_id"]) & (by_place[column] > 0.0)]
        members = rows["unit_id"]
        if row["unit_level"] == "settlement":
            members = members[members == row["unit_id"]]
        elif row["unit_level"] == "township":
            members = members[members.map(settlements["township_id"]) == row["unit_id"]]
        if len(members):
            key = frozenset((group, name) for name in members)
            found.setdefault(key, []).append((shown["norm_results"][column][at], row[column]))
    for at, row in truth["gaps"].iterrows():
        key = frozenset({(NORMS[row["norm_id"]][0], row["settlement_id"])})
        found.setdefault(key, []).append((shown["gaps"]["persons_unserved"][at], row["persons_unserved"]))
    return found


def _told(found, k=K):
    """The hidden numbers that the released ones tell to within k: by their two ends, where all that is known holds."""
    unknowns = sorted({item for key in found for item in key})
    place = {item: at for at, item in enumerate(unknowns)}
    rows, right, less = [], [], []
    for key, cells in found.items():
        released = [value for value, _ in cells if not np.isnan(value)]
        if released:
            row = np.zeros(len(unknowns))
            row[[place[item] for item in key]] = 1.0
            rows.append(row)
            right.append(released[0])
    for group, name in unknowns:
        if group != "population_persons":
            row = np.zeros(len(unknowns))
            row[place[group, name]], row[place["population_persons", name]] = 1.0, -1.0
            less.append(row)
    told = {}
    for key, cells in found.items():
        if all(np.isnan(value) for value, _ in cells):
            aim = np.zeros(len(unknowns))
            aim[[place[item] for item in key]] = 1.0
            ends = []
            for sign in (1.0, -1.0):
                answer = linprog(
                    sign * aim, np.array(less), np.zeros(len(less)), np.array(rows), np.array(right), method="highs"
                )
                ends.append(np.inf if answer.status == 3 else sign * answer.fun)
            if ends[1] - ends[0] < k - 1e-5 and np.inf not in ends:
                told[key] = (ends, cells[0][1])
    return told


@pytest.mark.parametrize(("seed", "k"), [(0, K), (1, 60), (0, 200)])
def test_no_hidden_number_is_told_to_within_k_by_all_that_is_released(seed, k):
    tables = _county(seed)
    made = cut(tables, "public", k=k)
    found = _sums(tables, made.tables)
    assert made.small > 0
    assert made.beside > 0
    assert _told(found, k) == {}
    assert made.least_width >= k - 1e-5


def test_one_answer_of_the_solver_tells_of_all_hidden_numbers(monkeypatch):
    # 100 villages of 50 people, of which the total is known: each two neighbours may have anything from 0 to 5,000.
    numbers, answers = disclosure.PeopleAsSums(), []
    villages = [numbers.unknown(50.0) for _ in range(100)]
    pairs = [frozenset(pair) for pair in itertools.pairwise(villages)]
    for at, key in enumerate([*pairs, frozenset(villages)]):
        numbers.put(key, disclosure.Cell("settlements", at, "population_persons"))

    class Counted(disclosure.Silent):
        def run(self):
            answers.append(1)
            return super().run()

    monkeypatch.setattr(disclosure, "Silent", Counted)
    told = disclosure.told_to(numbers, set(pairs), set(pairs), 60.0)
    assert min(one.width for one in told.values()) >= 60.0
    assert len(answers) < len(pairs)


def test_the_audit_begins_at_the_true_numbers():
    # Two villages have 10 people together. To find any answer first took most of the time of a large county.
    sums, whole = sparse.csr_matrix([[1.0, 0.0]]), sparse.csr_matrix([[1.0, 1.0]])
    ends = np.zeros(2), np.full(2, np.inf)
    facts = disclosure._Facts(whole, np.array([10.0]), np.array([True]), *ends)
    part = disclosure._Part(sums, facts, np.arange(3), np.array([4.0, 6.0]))
    part.least(np.zeros(2))
    assert part.seen(0) == 0.0
    assert part.width_of(0)[0] == pytest.approx(10.0)


def test_what_is_known_of_others_binds_by_the_numbers_that_tell_it():
    # Of 12 people 3 are old, 3 young and 1 disabled, each at least 1: who knows of 12 finds the old to within 1 to 10.
    numbers = disclosure.PeopleAsSums()
    everybody, *groups = [numbers.unknown(value, 1.0) for value in (12.0, 3.0, 3.0, 1.0)]
    for at, item in enumerate([everybody, *groups]):
        numbers.put([item], disclosure.Cell("settlements", at, "population_persons"))
    numbers.at_most.append(({**dict.fromkeys(groups, 1.0), everybody: -1.0}, 0.0))
    hidden = {frozenset({item}) for item in groups}
    told = disclosure.told_to(numbers, hidden, hidden, float(K))
    assert [one.width for one in told.values()] == pytest.approx([9.0] * 3, abs=1e-5)
    assert [one.binding for one in told.values()] == [[frozenset({everybody})]] * 3


def test_no_number_far_away_is_hidden_for_one_that_its_own_village_tells():
    made = cut(_county(0, villages=120, townships=6), "public", k=K)
    assert made.least_width >= K - 1e-5
    assert made.beside < 42


def test_what_follows_from_other_facts_among_groups_is_no_fact_of_its_own():
    # Each group is in the next one: three facts a village, where each with each would be six.
    settlements = pd.DataFrame(
        {
            "settlement_id": ["a", "b"],
            "children_persons": [40.0, 45.0],
            "disabled_persons": [50.0, 52.0],
            "elderly_persons": [60.0, 61.0],
            "population_persons": [70.0, 75.0],
        }
    )
    numbers, _ = disclosure.people_as_sums({"settlements": settlements})
    assert len(numbers.at_most) == 6


@pytest.mark.parametrize("seed", range(3))
def test_no_pair_of_released_numbers_differs_by_a_group_of_fewer_than_k(seed):
    tables = _county(seed)
    found = _sums(tables, cut(tables, "public", k=K).tables)
    released = {key: cells[0][1] for key, cells in found.items() if not np.isnan(cells[0][0])}
    small = [
        (sorted(more - less), released[more] - released[less])
        for more, less in itertools.permutations(released, 2)
        if less < more and 0.0 < released[more] - released[less] < K
    ]
    assert small == []
    assert min(value for value in released.values() if value > 0.0) >= K


def _hamlets(people, *, served, unknown=0, target=0.9, status="met"):
    """Hamlets of one township in their order: first those within a norm, last those of which nobody knows."""
    names = [f"s{at:02}" for at in range(len(people))]
    settlements = pd.DataFrame({"settlement_id": names, "population_persons": np.array(people, float)})
    rows = []
    for level, unit, first, last in [
        *(("settlement", name, at, at + 1) for at, name in enumerate(names)),
        ("study", "study", 0, len(people)),
    ]:
        ends = (0, served, len(people) - unknown, len(people))
        parts = [sum(people[max(first, low) : min(last, high)]) for low, high in itertools.pairwise(ends)]
        word = status if level == "study" else "met"
        rows.append(("all_30", level, unit, word, word, "persons", target, float(sum(people[first:last])), *parts))
    columns = ["norm_id", "unit_level", "unit_id", "status", "status_as_mapped", "share_of", "target_share", *PEOPLE]
    return {"settlements": settlements, "norm_results": pd.DataFrame(rows, columns=columns)}


def test_hamlets_of_which_each_must_have_one_are_not_told_by_their_sum():
    # Ten people in ten hamlets, none of which has a true 0: one in each. With half persons there may be fewer.
    made = cut(_hamlets([1] * 10, served=10), "public", k=K)
    assert made.tables["norm_results"]["persons_in_scope"].isna().all()
    halves = cut(_hamlets([1.5] * 10, served=10), "public", k=K).tables["norm_results"]
    assert halves.set_index("unit_level").loc["study", "persons_in_scope"] == 15.0


def test_a_verdict_counts_those_who_were_not_measured():
    # 300 of 305 are within and nobody knows of 5: with a share of 300 / 305 that is met only if 5 are no more.
    told = cut(_hamlets([300, 5], served=1, unknown=1, target=300 / 305), "public", k=K)
    assert told.tables["settlements"]["population_persons"].isna().all()
    # That no verdict can be given where 95 are within and 5 are not known tells that 5 are no fewer.
    told = cut(_hamlets([95, 5], served=1, unknown=1, target=0.96, status="not_measurable"), "public", k=K)
    assert told.least_width >= K - 1e-5


def test_a_norm_on_large_places_tells_on_which_side_of_their_size_a_hidden_number_is():
    # Of 508 people no fewer than 500 live in the place that the norm asks about: 1 to 8 are left for the hamlet.
    tables = _hamlets([502, 6], served=2)
    is_hamlet = tables["norm_results"]["unit_id"] == "s01"
    of_large = tables["norm_results"].assign(norm_id="large_30")
    of_large.loc[is_hamlet, ["persons_in_scope", "persons_served"]] = 0.0
    of_large.loc[of_large["unit_level"] == "study", ["persons_in_scope", "persons_served"]] = 502.0
    tables["norm_results"] = pd.concat([tables["norm_results"], of_large], ignore_index=True)
    numbers, _ = disclosure.people_as_sums(tables, {"large_30": 500.0})
    hidden = {key for key, value in numbers.sums.items() if value in {502.0, 6.0}}
    told = disclosure.told_to(numbers, hidden, hidden, float(K))
    assert [one.width for one in told.values()] == pytest.approx([7.0, 7.0], abs=1e-5)
    made = cut(tables, "public", k=K, sizes={"large_30": 500.0})
    assert made.least_width == pytest.approx(499.0)  # 1 to 500 people in a hamlet that the norm does not ask about


def test_a_norm_on_large_places_is_left_out_where_it_tells_of_a_hidden_number_what_nobody_can_hide():
    # That a hamlet has 1 to 500 people is known, as the norm does not ask about it: an interval too small for 600.
    tables = _hamlets([502, 6, 900], served=2)
    rows, gaps = tables["norm_results"], pd.DataFrame([("s02", "all_30", 900.0)], columns=GAPS)
    is_hamlet = rows["unit_id"] == "s01"
    of_large = rows.assign(norm_id="large_30", persons_in_scope=rows["persons_in_scope"].mask(is_hamlet, 0.0))
    of_large["persons_served"] = of_large["persons_served"].mask(is_hamlet, 0.0)
    is_study = of_large["unit_level"] == "study"
    of_large.loc[is_study, ["persons_in_scope", "persons_served"]] = 1402.0, 502.0
    both = pd.concat([rows, of_large], ignore_index=True)
    of_both = pd.concat([gaps, gaps.assign(norm_id="large_30")], ignore_index=True)
    sizes = {"large_30": 500.0}
    made = cut({**tables, "norm_results": both, "gaps": of_both}, "public", k=600, sizes=sizes)
    assert made.norms_left_out == {"large_30"}
    assert made.least_width >= 600.0
    without = cut({**tables, "gaps": gaps}, "public", k=600)
    for name in OPEN:
        pd.testing.assert_frame_equal(made.tables[name], without.tables[name])


def test_groups_of_which_nobody_belongs_to_two_leave_each_other_little_room():
    # Of 30 people 25 are elderly, so that no more than 5 are children: who knows both finds 4 to within 1 to 5.
    tables = _hamlets([30, 60], served=2)
    tables["settlements"] = tables["settlements"].assign(elderly_persons=[25.0, 20.0], children_persons=[4.0, 11.0])
    shown = cut(tables, "public", k=K).tables["settlements"]
    assert np.isnan(shown["children_persons"][0])
    assert shown.loc[0, ["population_persons", "elderly_persons"]].isna().any()


def test_a_group_that_is_the_same_share_of_everybody_gives_nobody_away():
    # A tenth of all are children: who knows of 80 people knows of 8 children.
    tables = _hamlets([80, 90, 400], served=3)
    tables["settlements"] = tables["settlements"].assign(children_persons=[8.0, 9.0, 40.0])
    shown = cut(tables, "public", k=K).tables["settlements"][["population_persons", "children_persons"]]
    assert shown.isna().to_numpy().tolist() == [[True, True], [True, True], [False, False]]


def test_an_estimated_group_hides_its_small_villages_and_what_tells_them_alone():
    tables = _county(1, villages=80, elderly=0.2)
    shown = cut(tables, "public", k=K).tables["settlements"]
    hidden, small = shown["elderly_persons"].isna(), tables["settlements"]["elderly_persons"].lt(K).sum()
    assert hidden.equals(shown["population_persons"].isna())
    assert 0 < small <= hidden.sum() <= 2 * small


def test_a_number_whose_bounds_were_just_hidden_for_another_is_looked_at_again():
    # One hamlet of 1 is within, another and one of 8 are not: what tells one of them is hidden for another one.
    made = cut(_hamlets([1, 1, 8], served=1, status="not_met"), "public", k=K)
    assert made.tables["settlements"]["population_persons"].isna().all()


def test_the_attack_finds_what_hiding_small_numbers_alone_gives_away():
    tables = _county(0)
    naive = {name: tables[name].sort_values(list(TABLES[name].key)).reset_index(drop=True) for name in OPEN}
    for name, columns in (("settlements", list({group for group, _ in NORMS.values()})), ("norm_results", PEOPLE)):
        for column in columns:
            naive[name][column] = naive[name][column].mask((naive[name][column] > 0.0) & (naive[name][column] < K))
    naive["gaps"]["persons_unserved"] = naive["gaps"]["persons_unserved"].mask(naive["gaps"]["persons_unserved"] < K)
    assert _told(_sums(tables, naive)) != {}


def test_a_hidden_number_is_hidden_wherever_it_stands_and_is_said():
    tables = _county(0)
    made = cut(tables, "public", k=K)
    for cells in _sums(tables, made.tables).values():
        assert len({bool(np.isnan(value)) for value, _ in cells}) == 1
    for name, frame in made.tables.items():
        people = [
            column for column in frame if column in TABLES[name].by_name and TABLES[name].field(column).unit == PERSONS
        ]
        hidden = frame[people].isna().apply(lambda row: " ".join(sorted(row.index[row])), axis=1)
        assert (hidden == frame[SUPPRESSED.name]).all()
        released = frame[people].to_numpy()
        truth = tables[name].sort_values(list(TABLES[name].key))[people].to_numpy()
        assert ((released == truth) | np.isnan(released)).all()


def test_only_what_is_open_leaves_and_a_column_that_nobody_defined_stays():
    made = cut(_county(0), "public", k=K)
    assert set(made.tables) == {"settlements", "norm_results", "gaps"}
    assert made.left_out == {"flows": "restricted", "places": "internal"}
    assert made.columns_left_out["settlements"] == ["registered_persons"]
    assert made.columns_left_out["norm_results"] == ["served_share"]


def test_inside_the_office_nothing_is_cut():
    tables = _county(0)
    made = cut(tables, "internal", k=K)
    assert made.left_out == {}
    for name, frame in tables.items():
        pd.testing.assert_frame_equal(made.tables[name], frame)


def test_groups_that_make_up_another_do_not_give_each_other_away():
    # Young and old are everybody: who knows two of the three knows the third.
    young, old = np.array([40.0, 60.0, 80.0, 55.0, 70.0]), np.array([3.0, 30.0, 40.0, 50.0, 60.0])
    settlements = pd.DataFrame(
        {
            "settlement_id": list("abcde"),
            "population_persons": young + old,
            "elderly_persons": old,
            "children_persons": young,
            "township_id": "t",
        }
    )
    rows = [
        (f"n_{group}", level, unit, "met", "persons", 0.0, *[settlements.loc[inside, group].sum()] * 2, 0.0, 0.0)
        for group in ("population_persons", "elderly_persons", "children_persons")
        for level, unit, inside in [
            *(("settlement", name, settlements["settlement_id"] == name) for name in "abcde"),
            ("study", "study", settlements["settlement_id"] != ""),
        ]
    ]
    norms = pd.DataFrame(
        rows, columns=["norm_id", "unit_level", "unit_id", "status", "share_of", "target_share", *PEOPLE]
    )
    made = cut({"settlements": settlements, "norm_results": norms}, "public", k=K)
    a = made.tables["settlements"].set_index("settlement_id").loc["a"]
    assert np.isnan(a["elderly_persons"])
    assert a[["population_persons", "children_persons"]].isna().any()
    # The old of a are the people of all less the young, and the same of the study less all others.
    assert made.least_width >= K


def test_three_groups_that_make_up_another_do_not_give_it_away():
    # Of 117 people 55 are disabled, so that 62 are young or old. No village has more old than disabled: 7 are young or
    # more; and the norm is met, so that no more than 16 are. Three groups make up all, as two do.
    children = [25, 52, 57, 17, 7]
    tables = _hamlets(children, served=4)
    groups = {"elderly_persons": [43.0, 48.0, 42.0, 45.0, 55.0], "disabled_persons": [55.0, 56.0, 53.0, 46.0, 55.0]}
    everybody = np.sum([children, *groups.values()], axis=0)
    tables["settlements"] = tables["settlements"].assign(
        children_persons=np.array(children, float), population_persons=everybody, **groups
    )
    made = cut(tables, "public", k=K).tables
    served = made["norm_results"].set_index("unit_level").loc["study", "persons_served"]
    shown = made["settlements"].loc[4, ["children_persons", "population_persons", "disabled_persons"]]
    assert np.isnan(shown["children_persons"])
    assert np.isnan(served) or shown.iloc[1:].isna().any()


def test_zero_people_and_numbers_from_k_on_are_told():
    settlements = pd.DataFrame(
        {"settlement_id": list("abc"), "population_persons": [0.0, 10.0, 500.0], "township_id": "t"}
    )
    made = cut({"settlements": settlements}, "public", k=K)
    assert made.tables["settlements"]["population_persons"].to_list() == [0.0, 10.0, 500.0]
    assert (made.small, made.beside) == (0, 0)


def test_every_open_table_counts_people_only_where_the_audit_looks():
    counted = {
        (name, field.name)
        for name, table in TABLES.items()
        for field in table.fields
        if field.unit == PERSONS and table.sharing == "open" and table.sharing_of(field.name) == "open"
    }
    groups = {("settlements", f"{group}_persons") for group in ("population", "elderly", "disabled", "children")}
    assert counted == groups | {("gaps", "persons_unserved")} | {("norm_results", column) for column in PEOPLE}


def test_no_share_of_people_is_open_since_share_and_number_give_the_other():
    # Open, and shares of something else.
    others = {("norm_results", "target_share")}  # a norm's own
    shares = {
        (name, field.name)
        for name, table in TABLES.items()
        for field in table.fields
        if table.sharing_of(field.name) == "open" and table.sharing == "open" and field.form == "share"
    }
    assert shares == others


@pytest.mark.slow
def test_what_leaves_of_the_sample_county_tells_of_no_small_group(sample_run):
    results = read_results(sample_run / "processed" / "sample")
    tables = {name: getattr(results, name) for name in ("settlements", "norm_results", "gaps")}
    made = cut(tables, "public", k=K)
    assert made.small > 0
    assert made.least_width >= K - 1e-5
    # Each norm in each township: whoever takes one released norm from another of the same people finds no small group.
    norms = made.tables["norm_results"]
    for _, rows in norms.loc[norms["unit_level"] != "settlement"].groupby(["unit_level", "unit_id"]):
        for column in PEOPLE:
            assert not ((rows[column] > 1e-6) & (rows[column] < K - 1e-5)).any()
    own = norms.loc[norms["unit_level"] == "settlement"]
    truth = tables["norm_results"].set_index(["unit_level", "unit_id", "norm_id"])["persons_in_scope"]
    hidden = own.loc[own["persons_in_scope"].isna()]
    places = made.tables["settlements"].set_index("settlement_id")["township_id"]
    for (norm, township), rows in hidden.groupby(["norm_id", hidden["unit_id"].map(places)]):
        total = norms.loc[(norms["norm_id"] == norm) & (norms["unit_id"] == township), "persons_in_scope"]
        if total.notna().all() and len(rows) == 1:
            key = ("settlement", rows["unit_id"].iloc[0], norm)
            assert np.isnan(truth.get(key, np.nan)), f"{key} is what is left of its township"
