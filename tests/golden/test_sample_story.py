"""The sample county's story, as the documentation tells it."""

import tomllib

import pytest

import spatial as sp

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def told(tmp_path_factory, put_sample_county, lean):
    root = tmp_path_factory.mktemp("story")
    put_sample_county(root / "raw" / "sample")
    whole = tomllib.loads(sp.sample_study())
    study = sp.Study.from_dict({**lean(whole), "scenarios": whole["scenarios"]}, raw=root / "raw")
    return sp.run(study, processed=root / "processed", maps=root / "maps", until="score")


@pytest.fixture(scope="module")
def study_parts(told):
    parts = told.score_components
    return parts[parts["unit_level"] == "study"].set_index("component")


def test_the_pillars_are_uneven_and_the_county_is_segmented(told, study_parts):
    study = told.scores.set_index("unit_id").loc["study"]
    levels = [study[f"level_{pillar}"] for pillar in ("structure", "boundaries", "elements", "order")]
    assert levels == pytest.approx([0.94, 0.89, 0.61, 0.50], abs=0.01)
    assert study["integration_level"] == pytest.approx(0.71, abs=0.01)
    assert (study["level_band"], study["gap_band"]) == ("middle", "wide")
    asked = study_parts[study_parts["meets_target"] != "no_target"]["meets_target"]
    kept = {"border_effect_min", "border_captive_share", "theil_between_share"}
    assert set(asked.index[asked == "yes"]) == kept
    apart = {"gap_ratio", "coverage_gap", "dissimilarity", "dissimilarity_contiguity"}
    assert set(asked.index[asked == "no"]) == apart | {"flow_balance"}
    # townships that touch differ less than the whole, and good access lies by good
    spatial = study_parts["value"]
    assert 0.1 < spatial["dissimilarity_contiguity"] < spatial["dissimilarity"] < 1.0
    assert 0.1 < spatial["information_environment"] < spatial["dissimilarity_environment"] < 1.0
    assert spatial["moran_i"] > 0.5
    assert study_parts.loc["moran_i", "detail"] == "travel_time;p=0.001"
    assert study_parts.loc["border_effect_min", "value"] == pytest.approx(1.1, abs=0.05)
    assert study_parts.loc["gap_ratio", "value"] < 1 / 3
    # 4 out for 1 back: balance = 2 x 1 / 5
    assert study_parts.loc["two_way_flow:parcels", "value"] == pytest.approx(0.4, abs=0.03)
    assert study_parts.loc["two_way_flow:people", "value"] > 0.95


def test_two_things_hold_it_back_most(told, study_parts):
    levels = study_parts[(study_parts["side"] == "level") & study_parts["value"].notna()]["value"]
    worst = levels.sort_values().index[:2]
    assert set(worst) == {"robust_coverage", "two_way_flow:parcels"}
    assert levels["robust_coverage"] == pytest.approx(0.25, abs=0.01)
    assert levels["gates_passed"] == pytest.approx(1 / 2)
    towns, settlements = told.towns, told.settlements.set_index("settlement_id")
    passed = towns.loc[towns["via_share"].idxmax()]
    assert settlements.loc[passed["settlement_id"], "name_en"].startswith("Madong")
    assert passed["via_share"] > 0.8


def test_who_is_last_and_who_cannot_be_told_apart(told):
    scores = told.scores
    townships = scores[scores["unit_level"] == "township"].sort_values("integration_level")
    names = told.boundaries.set_index("boundary_id")["name_en"]
    last, second = townships.iloc[0], townships.iloc[1]
    assert names[last["unit_id"]].startswith("Kongfeng")
    assert (last["low_rank"], last["high_rank"]) == (16.0, 25.0)
    assert names[second["unit_id"]].startswith("Datan")
    assert second["low_rank"] >= 23.0
    best = townships.tail(2)
    assert set(best["low_rank"]) == {1.0}
    assert best["high_rank"].max() == 4.0
    pairs = told.rank_pairs.set_index(["unit_id", "other_id"])["probability_before"]
    ids = best["unit_id"].tolist()
    assert all(pairs[one, other] < 0.9 for one in ids for other in ids if one != other)


def test_who_gains_from_better_roads(told):
    access = told.scenario_access
    township = told.settlements.set_index("settlement_id")["township_id"]
    names = told.boundaries.set_index("boundary_id")["name_en"]
    for service, minutes, total, most, name in (
        ("county_seat", 60, 2314, 725, "Datan"),
        ("medical_point", 15, 5009, 2353, "Shidong"),
    ):
        rows = access[access["in_study"] & (access["service"] == service) & (access["cutoff_min"] == minutes)]
        gained = rows[rows["class_change"] == "gained"]
        people = gained.groupby(gained["settlement_id"].map(township))["population_persons"].sum()
        assert people.sum() == pytest.approx(total, abs=1)
        assert people.max() == pytest.approx(most, abs=1)
        assert names[people.idxmax()].startswith(name)


def test_the_official_class_counts_and_the_other_stands_beside_it(told):
    types = told.settlement_types.merge(told.settlements[["settlement_id", "population_persons"]])
    dense = types[types["classes_differ"] & (types["official_class"] == "rural")]
    assert dense["population_persons"].sum() == pytest.approx(209_900, abs=100)
