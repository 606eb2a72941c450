"""The sample county's story: that of 400 villages as documented, and that of 80 at every `make test`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass

import pytest

import spatial as sp

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Story:
    """What is told of a county; townships and towns by the beginning of their English names."""

    levels: tuple[float, ...]  # of structure, boundaries, elements and order
    level: float
    within: frozenset[str]  # of what is asked of gaps: the targets that are met, and those that are not
    beyond: frozenset[str]
    moran_i: float  # more than this
    border_min: float
    worst: frozenset[str]  # the two lowest components
    robust: float
    passed: str  # the town through which most ways lead
    last: tuple[str, float, float]  # name, and first and last rank that it may have
    second_last: tuple[str, float]  # name, and the first rank that it may have at best
    alike: slice  # townships in the order of their levels that cannot be told apart
    alike_ranks: tuple[float, float]
    gains: tuple[tuple[str, int, int, int, str], ...]  # service, minutes, people, most of a township, which
    classed_otherwise: int  # people where the official class says country, and the Degree of Urbanisation clusters


APART = {"gap_ratio", "coverage_gap", "dissimilarity", "dissimilarity_contiguity", "flow_balance"}
BORDERS = {"border_effect_min", "border_captive_share"}
STORIES = {
    400: Story(
        levels=(0.94, 0.89, 0.61, 0.50),
        level=0.71,
        within=frozenset(BORDERS | {"theil_between_share"}),
        beyond=frozenset(APART),
        moran_i=0.5,
        border_min=1.1,
        worst=frozenset({"robust_coverage", "two_way_flow:parcels"}),
        robust=0.25,
        passed="Madong",
        last=("Kongfeng", 16.0, 25.0),
        second_last=("Datan", 23.0),
        alike=slice(-2, None),
        alike_ranks=(1.0, 4.0),
        gains=(("county_seat", 60, 2314, 725, "Datan"), ("medical_point", 15, 5009, 2353, "Shidong")),
        classed_otherwise=209_900,
    ),
    # The figures of the packed county, which change with its archive alone.
    80: Story(
        levels=(0.93, 0.89, 0.62, 0.645),
        level=0.76,
        within=frozenset(BORDERS),
        beyond=frozenset(APART | {"theil_between_share"}),
        moran_i=0.4,
        border_min=0.16,
        worst=frozenset({"gates_passed", "two_way_flow:parcels"}),
        robust=0.55,
        passed="Yinshan",
        last=("Baiyan", 5.0, 6.0),
        second_last=("Yuyan", 4.0),
        alike=slice(-3, -1),
        alike_ranks=(2.0, 3.0),
        gains=(
            ("county_seat", 60, 114, 114, "Yuyan"),
            ("medical_point", 15, 1251, 1251, "Yuyan"),
            ("primary_school", 30, 3180, 1450, "Jinya"),
        ),
        classed_otherwise=24_000,
    ),
}


@pytest.fixture(scope="module", params=[80, pytest.param(400, marks=pytest.mark.trial)])
def villages(request):
    return request.param


@pytest.fixture(scope="module")
def story(villages):
    return STORIES[villages]


@pytest.fixture(scope="module")
def told(villages, tmp_path_factory, put_sample_county, lean, sample_run):
    if villages == 80:
        return sp.read_results(sample_run / "processed" / "sample")
    root = tmp_path_factory.mktemp("story")
    put_sample_county(root / "raw" / "sample")
    whole = tomllib.loads(sp.sample_study())
    study = sp.Study.from_dict({**lean(whole), "scenarios": whole["scenarios"]}, raw=root / "raw")
    return sp.run(study, processed=root / "processed", maps=root / "maps", until="score")


@pytest.fixture(scope="module")
def study_parts(told):
    parts = told.score_components
    return parts[parts["unit_level"] == "study"].set_index("component")


def test_the_pillars_are_uneven_and_the_county_is_segmented(told, study_parts, story):
    study = told.scores.set_index("unit_id").loc["study"]
    levels = [study[f"level_{pillar}"] for pillar in ("structure", "boundaries", "elements", "order")]
    assert levels == pytest.approx(story.levels, abs=0.01)
    assert study["integration_level"] == pytest.approx(story.level, abs=0.01)
    assert (study["level_band"], study["gap_band"]) == ("middle", "wide")
    asked = study_parts[study_parts["meets_target"] != "no_target"]["meets_target"]
    assert set(asked.index[asked == "yes"]) == story.within
    assert set(asked.index[asked == "no"]) == story.beyond
    # townships that touch differ less than the whole, and good access lies by good
    spatial = study_parts["value"]
    assert 0.1 < spatial["dissimilarity_contiguity"] < spatial["dissimilarity"] < 1.0
    assert 0.1 < spatial["information_environment"] < spatial["dissimilarity_environment"] < 1.0
    assert spatial["moran_i"] > story.moran_i
    assert study_parts.loc["moran_i", "detail"] == "travel_time;p=0.001"
    assert study_parts.loc["border_effect_min", "value"] == pytest.approx(story.border_min, abs=0.05)
    assert study_parts.loc["gap_ratio", "value"] < 1 / 3
    # 4 out for 1 back: balance = 2 x 1 / 5
    assert study_parts.loc["two_way_flow:parcels", "value"] == pytest.approx(0.4, abs=0.03)
    assert study_parts.loc["two_way_flow:people", "value"] > 0.95


def test_two_things_hold_it_back_most(told, study_parts, story):
    levels = study_parts[(study_parts["side"] == "level") & study_parts["value"].notna()]["value"]
    worst = levels.sort_values().index[:2]
    assert set(worst) == story.worst
    assert levels["robust_coverage"] == pytest.approx(story.robust, abs=0.01)
    assert levels["gates_passed"] == pytest.approx(1 / 2)
    towns, settlements = told.towns, told.settlements.set_index("settlement_id")
    passed = towns.loc[towns["via_share"].idxmax()]
    assert settlements.loc[passed["settlement_id"], "name_en"].startswith(story.passed)
    assert passed["via_share"] > 0.8


def test_who_is_last_and_who_cannot_be_told_apart(told, story):
    scores = told.scores
    townships = scores[scores["unit_level"] == "township"].sort_values("integration_level")
    names = told.boundaries.set_index("boundary_id")["name_en"]
    last, second = townships.iloc[0], townships.iloc[1]
    name, *ranks = story.last
    assert names[last["unit_id"]].startswith(name)
    assert [last["low_rank"], last["high_rank"]] == ranks
    name, low = story.second_last
    assert names[second["unit_id"]].startswith(name)
    assert second["low_rank"] >= low
    alike = townships.iloc[story.alike]
    assert (set(alike["low_rank"]), alike["high_rank"].max()) == ({story.alike_ranks[0]}, story.alike_ranks[1])
    pairs = told.rank_pairs.set_index(["unit_id", "other_id"])["probability_before"]
    ids = alike["unit_id"].tolist()
    assert all(pairs[one, other] < 0.9 for one in ids for other in ids if one != other)


def test_who_gains_from_better_roads(told, story):
    access = told.scenario_access
    township = told.settlements.set_index("settlement_id")["township_id"]
    names = told.boundaries.set_index("boundary_id")["name_en"]
    for service, minutes, total, most, name in story.gains:
        rows = access[access["in_study"] & (access["service"] == service) & (access["cutoff_min"] == minutes)]
        gained = rows[rows["class_change"] == "gained"]
        people = gained.groupby(gained["settlement_id"].map(township))["population_persons"].sum()
        assert people.sum() == pytest.approx(total, abs=1)
        assert people.max() == pytest.approx(most, abs=1)
        assert names[people.idxmax()].startswith(name)


def test_the_official_class_counts_and_the_other_stands_beside_it(told, story):
    types = told.settlement_types.merge(told.settlements[["settlement_id", "population_persons"]])
    dense = types[types["classes_differ"] & (types["official_class"] == "rural")]
    assert dense["population_persons"].sum() == pytest.approx(story.classed_otherwise, abs=100)
