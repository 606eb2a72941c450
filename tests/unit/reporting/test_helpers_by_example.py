"""What small functions of the room give, by an example each whose answer a reader works out in the head."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import shapely

from spatial.messages import Words
from spatial.planning.agenda import BETWEEN
from spatial.reporting.plans import _place_names, plan_records, progress_records, unit_names, whole_parts
from spatial.reporting.score import doubted_units, held_back, level_breaks, rank_doubts
from spatial.reporting.sign_off import fingerprint
from spatial.reporting.summary import told_unit
from spatial.reporting.wording import (
    effect_text,
    item_text,
    name_in,
    names_of,
    norm_name,
    norm_titles,
    pick,
    plain,
    profile_title,
    road_text,
    source_fact,
    source_title,
    stated,
    travelled_m,
)


def test_plan_records_gathers_the_plans_of_a_study_in_their_order() -> None:
    assert plan_records({}) == []


def test_progress_records_gathers_what_people_wrote_of_actions_that_are_no_mere_proposal() -> None:
    assert progress_records({}) == []


def test_whole_parts_rounds_parts_so_that_they_add_up_to_their_rounded_total() -> None:
    assert whole_parts([1.4, 1.4, 0.2], 3) == [2, 1, 0]


def test_place_names_names_where_a_row_is_by_the_places_of_these_ids() -> None:
    assert _place_names(["a", "b"], {}, {"a": {"und": "云溪"}, "b": {"und": "马渡"}})["und"].split(BETWEEN) == [
        "云溪",
        "马渡",
    ]


def test_unit_names_names_units_by_language_as_their_boundaries_do() -> None:
    assert unit_names({"settlements": pd.DataFrame({"township_id": ["t"], "township": ["马渡乡"]})}) == {
        "t": {"und": "马渡乡"}
    }


def test_level_breaks_begins_the_classes_of_levels() -> None:
    assert level_breaks((0.5, 0.8)) == [0.9, 0.8, 0.65, 0.5, 0.0]


def test_held_back_shares_out_what_each_unit_lacks_among_the_measured_components() -> None:
    rows = pd.DataFrame(
        {
            "unit_level": "study",
            "unit_id": "study",
            "pillar": ["order", "structure"],
            "side": "level",
            "component": ["a", "b"],
            "value": [0.4, 0.8],
        }
    )
    assert held_back(rows)[["component", "obstacle_degree"]].round(2).values.tolist() == [["a", 0.75], ["b", 0.25]]


def test_doubted_units_finds_the_units_of_study_that_known_issues_forbid_to_rank() -> None:
    areas = {"boundary_id": ["a", "b", "c"], "name": ["Alba", "Borga", "Cave"]}
    table = gpd.GeoDataFrame(areas, geometry=gpd.points_from_xy([0, 1, 2], [0, 0, 0]).buffer(0.1))
    told = {"path": "p.tif", "number": 1, "issue": "Interchanged", "issue_kind": "declared", "affects": ""}
    issues = pd.DataFrame([told | {"forbids": "comparison", "areas": "Alba;Borga"}])
    assert doubted_units(issues, table, ["a", "b", "c"])[0]["without_rank"] == ["a", "b"]


def test_rank_doubts_tells_which_townships_and_settlements_have_no_rank() -> None:
    doubt = {"forbids": ["comparison"], "areas": [["a"], ["b"]], "without_rank": ["a", "b"]}
    held = rank_doubts([doubt], ["a", "b", "c"], {"v": "a", "w": "c"})
    assert sorted(held.pairs) == [("a", "b"), ("b", "a")]
    assert sorted(held.units["settlement"]) == ["v"]


def test_fingerprint_changes_with_the_rows() -> None:
    rows = pd.DataFrame({"item": ["people"], "ours": [10.0], "official": [10.0], "status": ["ok"]})
    assert fingerprint(rows) != fingerprint(rows.assign(ours=11.0))


def test_told_unit_chooses_the_unit_of_one_measure() -> None:
    assert told_unit(pd.DataFrame({"unit": ["capacity per person"], "value": [0.004]})) == (
        "capacity per 1000 people",
        1000,
    )


def test_plain_turns_a_cell_of_a_table_into_what_json_can_hold() -> None:
    assert plain(float("nan")) is None


def test_source_title_calls_the_instrument_of_a_norm_by_its_own_title_in_its_language() -> None:
    norm = {"source_title": "Postal Law", "source_title_original": "《邮政法》", "original_language": "zh"}
    assert source_title(norm, Words("zh")) == "《邮政法》"
    assert source_title(norm, Words("fr")) == "Postal Law (titre en anglais)"


def test_norm_titles_takes_the_short_names_of_a_norm_by_language() -> None:
    norm = {"title_en": "County seat within 60 minutes", "threshold": 60.0, "register_threshold": 60.0}
    assert norm_titles(norm) == {"en": "County seat within 60 minutes"}
    assert norm_titles(norm | {"threshold": 45.0}) == {}


def test_norm_name_calls_a_norm_by_its_short_name() -> None:
    norm = {"service": "hospital", "metric": "presence_in_unit", "threshold": 1.0, "unit": "service"}
    assert norm_name(norm, Words("en")) == "Hospital: present in the unit"
    assert norm_name(norm | {"title_fr": "CHU"}, Words("fr")) == "CHU"


def test_profile_title_says_what_a_measure_of_site_profile_tells() -> None:
    assert profile_title("workplaces_within_30", Words("en")) == "Workplaces within 30 min"
    assert profile_title("flow_out_parcels", Words("en")) == "Leaving, a year: parcels"


def test_source_fact_says_a_fact_that_nobody_stated_in_the_language() -> None:
    assert source_fact("unknown", Words("fr")) == "non précisé"
    assert source_fact("CC0-1.0", Words("fr")) == "CC0-1.0"


def test_stated_takes_what_a_source_states_of_itself() -> None:
    assert stated("unknown") == ""
    assert stated("CC0-1.0") == "CC0-1.0"


def test_effect_text_says_what_a_known_issue_affects_and_forbids() -> None:
    told = {"affects": [], "areas": ["Alba"], "without_rank": ["a"], "unknown_areas": []}
    assert (
        effect_text(told | {"issue_kind": "declared", "forbids": ["ranking"]}, Words("en"))
        == "forbids to rank Alba; townships without a rank: 1"
    )


def test_name_in_chooses_the_name_of_each_row() -> None:
    places = pd.DataFrame({"name": ["云溪镇", "马渡乡"], "name_en": ["Yunxi Town", None]})
    assert list(name_in(places, "en")) == ["Yunxi Town", "马渡乡"]
    assert list(name_in(places, "fr")) == ["云溪镇", "马渡乡"]


def test_names_of_gathers_the_names_of_a_row_by_language() -> None:
    assert names_of({"name": "云溪镇", "name_en": "Yunxi Town", "name_zh": None, "tier": "town"}) == {
        "und": "云溪镇",
        "en": "Yunxi Town",
    }


def test_pick_chooses_a_name_by_language() -> None:
    assert pick({"und": "云溪镇", "en": "Yunxi Town"}, "fr") == "云溪镇"
    assert pick({"und": "هواني Hoani"}, "fr") == "Hoani هواني"


def test_travelled_m_measures_how_far_a_way_goes_along_each_of_its_edges() -> None:
    road = shapely.LineString([(0, 0), (1320, 0)])
    way = shapely.LineString([(100, 9), (100, 0), (273, 0), (273, 5)])
    assert travelled_m(way, [road], [1320.0]).round(3).tolist() == [173.0]


def test_road_text_names_a_road_without_name_or_class_by_its_id() -> None:
    assert road_text("w12/3", {}, Words("en")) == "road w12/3"


def test_item_text_says_an_item_of_the_table_counts() -> None:
    assert item_text("roads narrower than 2.5 m", Words("fr")) == "routes de moins de 2,5 m de large"
    assert item_text("closed service=bank", Words("zh")) == "关闭的银行"
