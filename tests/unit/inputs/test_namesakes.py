"""Facilities of one name near each other: listed for review, and named where a scenario closes one of them."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from spatial.access.scenarios import compare_scenarios, summarise_scenarios
from spatial.errors import ContractError
from spatial.inputs.list_merge import combine_facilities, read_review
from spatial.inputs.names import same_name
from spatial.inputs.osm import read_osm
from spatial.inputs.services import load_services
from spatial.messages import Words, languages
from spatial.network.build import build_network
from spatial.network.scenarios import Scenario
from spatial.reporting.wording import namesake_texts
from spatial.study import MergeOptions
from tests.page_blocks import text_of
from tests.unit.stages.test_scenario_stage import study_of

pytestmark = pytest.mark.slow

CRS = "EPSG:32738"
WORDS = load_services()
LIST, MAP = "list.csv", "map.osm.pbf"


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Oakham Medical Practice", "OAKHAM  Med. Practice"),
        ("St. Mary's Surgery", "Saint Marys surgery"),
        ("CS de Moroni", "Centre de Santé de Moroni"),
        ("Hôpital El-Maarouf", "hopital el maarouf"),
        ("مستشفى Sima", "Sima"),
        ("人民医院 People's Hospital", "人民医院"),
        ("兰坪县金顶镇官坪村卫生室", "官坪村卫生室"),
        ("Ysbyty Gwynedd / Gwynedd Hospital", "Gwynedd Hospital"),
        ("The Health Center of Brack", "Health Centre Brack"),
        ("LaTrobe Clinic", "La Trobe Clinic"),
    ],
)
def test_one_name_is_one_in_whatever_form_it_is_written(one, two):
    assert same_name([one], [two])
    assert same_name([two], [one])


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("School 1", "School 2"),
        ("Mo Domoni Clinic", "Moroni Domoni Clinic"),  # two letters are no word cut short
        ("Ecole Primaire de Ntsudjini", "Lycée de Ntsudjini"),
        ("Oakham Hospital", "Oakham Health Centre"),
        ("Oakham North Clinic", "Oakham South Clinic"),
        ("第一小学", "第二小学"),
        ("", "Clinic"),
    ],
)
def test_names_that_say_different_things_are_two(one, two):
    assert not same_name([one], [two])


def facilities(*rows, source=MAP, **columns):
    """Facilities on a line: id, metres east, name."""
    made = pd.DataFrame(
        {
            "facility_id": pd.Series([row[0] for row in rows], dtype="str"),
            "name": pd.Series([row[2] for row in rows], dtype="str"),
            "service": pd.Series(["primary_care"] * len(rows), dtype="str"),
            "status": pd.Series(["existing"] * len(rows), dtype="str"),
            "capacity": np.nan,
            "load": np.nan,
            "source": pd.Series([source] * len(rows), dtype="str"),
        }
    ).assign(**columns)
    return gpd.GeoDataFrame(made, geometry=[shapely.Point(row[1], 0) for row in rows], crs=CRS)


def combined(*frames, **more):
    both = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), geometry="geometry", crs=CRS)
    return combine_facilities(both, lists={LIST}, options=MergeOptions(), vocabulary=WORDS, **more)


def told(found):
    return list(found.review[["list_id", "map_id", "reason"]].itertuples(index=False, name=None))


def test_two_mapped_ones_of_one_name_are_listed_up_to_500_m_and_never_merged():
    # 150 m is the rule of doubles: beyond it both stay, at 500 m they are listed, at 501 m they are not.
    near = combined(facilities(("n1", 0, "Oakham Medical Practice"), ("n2", 179, "Oakham medical practice")))
    assert list(near.frame["facility_id"]) == ["n1", "n2"]
    assert told(near) == [("n1", "n2", "same_name")]
    assert near.counts == [("facilities to review", 1.0)]
    assert told(combined(facilities(("n1", 0, "A Clinic"), ("n2", 500, "A Clinic"))))
    assert not told(combined(facilities(("n1", 0, "A Clinic"), ("n2", 501, "A Clinic"))))


def test_closed_ones_and_other_services_are_no_pair():
    rows = (("n1", 0, "A"), ("n2", 200, "A"))
    assert not told(combined(facilities(*rows, status=["existing", "closed"])))
    assert not told(combined(facilities(*rows, service=["primary_care", "pharmacy"])))
    # A school of no stated level and a primary school are of one family.
    assert told(combined(facilities(*rows, service=["school", "primary_school"])))


def test_a_list_that_names_one_twice_and_a_second_double_on_the_map_are_listed():
    own = facilities(("a", 0, "Alba Clinic"), ("b", 300, "Alba clinic"), source=LIST)
    found = combined(own, facilities(("m1", 10, "Alba Clinic"), ("m2", 700, "Alba Clinic")))
    assert ("a", "b", "same_name") in told(found)
    # m1 goes into `a`, and `b` takes m2 (400 m off, called alike), so that nothing else is left.
    assert set(found.frame["facility_id"]) == {"a", "b"}
    twins = facilities(("m1", 10, "Alba Clinic"), ("m2", 400, "Alba Clinic"))
    one = combined(facilities(("a", 0, "Alba Clinic"), source=LIST), twins)
    assert told(one) == [("a", "m2", "same_name")]


def test_one_within_the_outline_of_the_other_is_listed_under_any_name():
    campus = gpd.GeoDataFrame({"facility_id": ["w1"]}, geometry=[shapely.box(-100, -50, 900, 50)], crs=CRS)
    rows = facilities(("w1", 0, "General Hospital"), ("n2", 800, "Maternity"), ("n3", 1000, "Maternity B"))
    found = combined(rows, outlines=campus)
    assert told(found) == [("n2", "w1", "one_outline")]
    assert len(found.frame) == 3


def test_three_of_one_name_are_two_pairs_that_can_all_be_decided(tmp_path):
    rows = facilities(("n1", 0, "A Clinic"), ("n2", 200, "A Clinic"), ("n3", 400, "A Clinic"))
    found = combined(rows)
    assert told(found) == [("n1", "n2", "same_name"), ("n2", "n3", "same_name")]
    path = tmp_path / "decided.csv"
    found.review.assign(decision="same").to_csv(path, index=False)
    done = combined(rows, decisions=read_review(path, {LIST}, maps={MAP}))
    assert list(done.frame["facility_id"]) == ["n1"]
    assert set(done.frame["merged_from"].iloc[0].split()) == {"n2", "n3"}
    found.review.assign(decision=["drop", "different"]).to_csv(path, index=False)
    done = combined(rows, decisions=read_review(path, {LIST}, maps={MAP}))
    assert list(done.frame["facility_id"]) == ["n1", "n3"]
    assert told(done) == [("n1", "n3", "same_name")]  # 400 m apart, and nobody decided on these two
    found.review.assign(decision=["", "different"]).to_csv(path, index=False)
    left = told(combined(rows, decisions=read_review(path, {LIST}, maps={MAP})))
    assert left == [("n1", "n2", "same_name"), ("n1", "n3", "same_name")]
    with pytest.raises(ContractError, match="no list of the study"):
        read_review(path, {LIST})


def test_a_list_s_twin_is_dropped_or_merged_by_decision(tmp_path):
    own = facilities(("a", 0, "A Clinic"), ("b", 300, "A clinic"), source=LIST)
    path = tmp_path / "decided.csv"
    for word in ("same", "drop"):
        combined(own).review.assign(decision=word).to_csv(path, index=False)
        done = combined(own, decisions=read_review(path, {LIST}, maps={MAP}))
        assert list(done.frame["facility_id"]) == ["a"]


def test_the_extract_gives_the_outlines_of_areas_and_of_sites(tmp_path):
    # A hospital area of 0.01 degrees, and a school that is a site of two buildings.
    corners = [(0, 0), (0.01, 0), (0.01, 0.01), (0, 0.01), (0.02, 0), (0.021, 0), (0.021, 0.001), (0.02, 0.001)]
    nodes = [f'<node id="{n}" version="1" lon="{x}" lat="{y}"/>' for n, (x, y) in enumerate(corners, start=1)]
    area = "".join(f'<nd ref="{n}"/>' for n in (1, 2, 3, 4, 1))
    house = "".join(f'<nd ref="{n}"/>' for n in (5, 6, 7, 8, 5))
    text = [
        '<osm version="0.6">',
        *nodes,
        f'<way id="1" version="1">{area}<tag k="amenity" v="hospital"/></way>',
        f'<way id="2" version="1">{house}<tag k="building" v="yes"/><tag k="amenity" v="school"/></way>',
        '<relation id="3" version="1"><member type="way" ref="2" role=""/><tag k="type" v="site"/>',
        '<tag k="amenity" v="school"/></relation>',
        "</osm>",
    ]
    file = tmp_path / "a.osm"
    file.write_text("\n".join(text), encoding="utf-8")
    found = read_osm(file).outlines.set_index("facility_id").geometry
    assert set(found.index) == {"w1", "w2", "r3"}
    assert found["w1"].area == pytest.approx(1e-4)
    assert found["r3"].equals(found["w2"])


@pytest.fixture(scope="module")
def street():
    """A road of 3 km at 25 km/h, a village of 100 at its west end."""
    road = gpd.GeoDataFrame({"road_id": ["w"]}, geometry=[shapely.LineString([(0, 0), (3000, 0)])], crs=CRS)
    village = gpd.GeoDataFrame(
        {"settlement_id": ["v"], "population_persons": [100.0], "in_study": True},
        geometry=[shapely.Point(0, 0)],
        crs=CRS,
    )
    return build_network(road, mode="drive"), village


def closing(street, rows, *ids, **columns):
    graph, village = street
    before = facilities(*rows, **columns)
    after = before[~before["facility_id"].isin(ids)]
    return compare_scenarios(
        graph,
        Scenario("closing", factors={"w": 1.0}),
        village,
        before,
        service=frozenset({"primary_care", "health_centre"}),
        facilities_after={"closing": after},
    )


def test_closing_one_of_two_records_says_which_other_one_stays_open(street):
    rows = (("a", 1000, "Oakham Medical Practice"), ("b", 1179, "OAKHAM Medical Practice"))
    found = closing(street, rows, "a")
    # Nobody loses the service, and the table says why that may be wrong.
    assert summarise_scenarios(found)["lost_persons"].tolist() == [0.0]
    (finding,) = found.attrs["findings"]
    assert (finding["subject_id"], finding["other_id"], finding["distance_m"]) == ("a", "b", 179.0)
    assert "'OAKHAM Medical Practice' (b) of the same name stays open 179 m away" in finding["detail"]
    assert summarise_scenarios(found).attrs["findings"] == found.attrs["findings"]


@pytest.mark.parametrize("name", ["Oakham Surgery", None])
def test_closing_one_beside_another_name_says_nothing(street, name):
    assert "findings" not in closing(street, (("a", 1000, "Medical Practice"), ("b", 1179, name)), "a").attrs


def test_closing_two_of_three_warns_of_each_and_closing_all_of_none(street):
    rows = (("a", 1000, "A"), ("b", 1200, "A"), ("c", 1400, "A"))
    pairs = [(one["subject_id"], one["other_id"]) for one in closing(street, rows, "a", "b").attrs["findings"]]
    assert pairs == [("a", "c"), ("b", "c")]
    assert "findings" not in closing(street, rows, "a", "b", "c").attrs


def test_the_warning_reaches_500_m_and_other_services_do_not_count(street):
    at = lambda metres: (("a", 1000, "A"), ("b", 1000 + metres, "A"))  # noqa: E731 - two rows
    assert "findings" in closing(street, at(500), "a").attrs
    assert "findings" not in closing(street, at(501), "a").attrs
    assert "findings" not in closing(street, at(200), "a", service=["primary_care", "pharmacy"]).attrs
    assert "findings" not in closing(street, at(200), "a", status=["existing", "closed"]).attrs


@pytest.fixture(scope="module")
def closed(tmp_path_factory, tiny_at, tiny_run, go_on_from, what_it_rests_on):
    """A run whose second hospital record stays open when the first is closed, and the run of that scenario."""
    import spatial as sp  # noqa: PLC0415 - slow to import

    tiny = tiny_at(tmp_path_factory.mktemp("closing"))
    go_on_from(tiny_run, tiny.folder)
    text = tiny.path("facilities.csv").read_text(encoding="utf-8")
    # 0.003 degrees north: 332.6 m on the ellipsoid at 30 north.
    tiny.write("facilities.csv", f"{text}\nf9,hospital,石桥 医院,{tiny.at(2, 2.3)}\n")
    items = [{"name": "shut", "services": ["hospital"], "close_facilities": ["f1"]}]
    study = study_of(tiny, scenarios=items, outputs={"languages": ["en", "zh", "fr"]})
    where = {"processed": tiny.processed, "maps": tiny.maps}
    return tiny, sp.run(study, until="maps", **where), sp.run(study, scenario="shut", until="maps", **where)


def test_findings_summary_terminal_and_pages_of_both_runs_name_it(closed):
    from spatial.stages.explain import headline_lines  # noqa: PLC0415 - as above

    tiny, today, planned = closed
    finding = today.findings_scenarios.iloc[0]
    assert (finding["kind"], finding["subject_id"], finding["other_id"]) == ("open_namesake", "f1", "f9")
    assert finding["distance_m"] == pytest.approx(332.6, abs=0.5)
    assert list(planned.findings_network.query("kind == 'open_namesake'")["detail"]) == [finding["detail"]]
    study = study_of(tiny)
    for ran in (today, planned):
        assert ran.summary["open_namesakes"] == [json.loads(finding["notice_values"])]
        assert finding["detail"] in headline_lines(study, ran.summary)
        page = text_of(ran.index_page)
        for language in languages():
            (said,) = namesake_texts(ran.summary, Words(language))
            assert "f9" in said
            assert said in page


def test_the_comparison_of_both_runs_says_it_in_every_language(closed):
    from spatial.stages.compare import compare_folders  # noqa: PLC0415 - as above

    _, today, planned = closed
    for language in languages():
        lines = compare_folders([today.folder, planned.folder], language=language)
        assert sum("(f1)" in line and "(f9)" in line for line in lines) == 1
