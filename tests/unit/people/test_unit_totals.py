"""Official totals by unit: read, matched by code or name, held against ours, and scaled to."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS

from spatial.errors import ContractError, StudyError
from spatial.formats.notes import take_notes
from spatial.inputs.units import match_units, official_units_from_table
from spatial.people.population import raster_by_unit
from spatial.rasters import Raster
from spatial.runner import Options
from spatial.stages.population import population
from spatial.study import OfficialUnits, PlacingOptions, Study
from spatial.tables import TABLES
from tests.effort import tried

CRS_M = "EPSG:32648"
OPTIONS = ("population", "network", "sources", "placing", "region", "official")


def _study(**population_options):
    return Study.from_dict(
        {
            "name": "toy",
            "title": {"en": "T"},
            "as_of": "2026-01-01",
            "sources": {
                "osm": {"path": "toy.osm.pbf"},
                "official_units": {"path": "yearbook.csv", "source": "Yearbook 2025, table 2-1"},
            },
            "population": {"basis": "registered", **population_options},
        }
    )


def _settlements(people, units, **more):
    n = len(people)
    return gpd.GeoDataFrame(
        {
            "settlement_id": [f"s{number}" for number in range(n)],
            "name": pd.Series([None] * n, dtype="str"),
            "tier": "village",
            "in_study": True,
            "population_persons": np.array(people, dtype=float),
            "population_source": "column",
            "township_id": pd.Series(units, dtype="str"),
            "township": pd.Series(units, dtype="str"),
            **more,
        },
        geometry=gpd.points_from_xy(500_000 + 1000 * np.arange(n), [3_000_000] * n),
        crs=CRS_M,
    )


def _boundaries(ids, names=None, **more):
    boxes = [shapely.box(499_500 + 1000 * n, 2_999_000, 500_500 + 1000 * n, 3_001_000) for n in range(len(ids))]
    return gpd.GeoDataFrame(
        {"boundary_id": ids, "name": names or ids, "admin_level": 8, "is_unit": True, **more}, geometry=boxes, crs=CRS_M
    )


def _official(rows, **columns):
    ids, people = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "official_id": list(ids),
            "unit_code": pd.Series([None] * len(ids), dtype="str"),
            "name": list(ids),
            "population_persons": np.array(people, dtype=float),
            **columns,
        }
    )


def _run(study, places, boundaries, official, **more):
    area = gpd.GeoDataFrame({"area_id": ["all"], "name": ["all"]}, geometry=[boundaries.union_all()], crs=CRS_M)
    inputs = {"places": places, "boundaries": boundaries, "study_area": area, "official_units": official, **more}
    made = population(**inputs, nodes=None, edges=None, options=Options(study, OPTIONS))
    for name, frame in made.items():
        TABLES[name].check(frame)
    return made


def _by_unit(made, group="everybody"):
    table = made["unit_totals"]
    return table[table["group"] == group].set_index("unit_id")


def test_ours_stand_beside_the_official_numbers_and_nothing_is_dropped():
    places = _settlements([60.0, 40.0, 50.0, 7.0], ["Alder", "Alder", "Birch", None])
    boundaries = _boundaries(["Alder", "Birch", "Cedar", "Dogwood"])
    made = _run(
        _study(), places, boundaries, _official([("Alder", 101), ("Birch", 100), ("Cedar", 30), ("Yonder Vale", 9)])
    )
    table = _by_unit(made)
    assert table.index.tolist() == ["Alder", "Birch", "Cedar", "Dogwood", "Yonder Vale", "no_unit"]
    assert table["our_persons"].tolist()[:4] == [100.0, 50.0, 0.0, 0.0]
    assert table["residual_persons"].tolist()[:3] == [1.0, 50.0, 30.0]
    assert table["difference_persons"].tolist()[:3] == [-1.0, -50.0, -30.0]
    assert table["status"].tolist() == ["ok", "look", "look", "unknown", "unknown", "unknown"]
    assert table["likely_causes"].tolist() == [
        "",
        "basis_registered",
        "no_settlements;basis_registered",
        "no_official;no_settlements",
        "not_found",
        "",
    ]
    assert table.loc["no_unit", "our_persons"] == 7.0
    assert table.loc["Yonder Vale", "official_persons"] == 9.0
    assert np.isnan(table.loc["Yonder Vale", "our_persons"])
    assert table["source"].tolist()[3:] == ["", "Yearbook 2025, table 2-1", ""]
    assert (table["scaling"].iloc[:5] == "not_asked").all()
    assert made["settlements"]["population_persons"].tolist() == [60.0, 40.0, 50.0, 7.0]


def test_settlements_are_scaled_to_unit_totals_and_the_account_says_so():
    places = _settlements([60.0, 40.0, 50.0, 7.0], ["Alder", "Alder", "Birch", None])
    boundaries = _boundaries(["Alder", "Birch", "Cedar"])
    official = _official([("Alder", 150), ("Birch", 40), ("Cedar", 30)])
    made = _run(_study(rescale_to="units"), places, boundaries, official)
    settlements, table = made["settlements"], _by_unit(made)
    assert settlements["population_persons"].tolist() == pytest.approx([90.0, 60.0, 40.0, 7.0], rel=1e-12)
    assert settlements["population_factor"].tolist() == pytest.approx([1.5, 1.5, 0.8, 1.0])
    assert settlements["population_source"].tolist() == ["column_rescaled"] * 3 + ["column"]
    assert table["factor"].tolist()[:2] == pytest.approx([1.5, 0.8])
    assert table["scaling"].tolist() == ["scaled", "scaled", "no_places", "no_unit"]
    assert table["residual_persons"].tolist()[:3] == pytest.approx([0.0, 0.0, 30.0], abs=1e-9)
    assert table["difference_persons"].tolist()[:2] == [-50.0, 10.0]
    account = made["population_account"].set_index("item")["persons"]
    assert account["allocated"] == 157.0
    assert account["scaled_up"] == pytest.approx(50.0)
    assert account["scaled_down"] == pytest.approx(10.0)
    assert account["after_scaling"] == pytest.approx(157.0 + 50.0 - 10.0)


@pytest.mark.parametrize(
    ("people", "official", "word"),
    [
        ([60.0, 40.0], 201.0, "factor_refused"),  # 2.01 > 2
        ([60.0, 40.0], 200.0, "scaled"),  # inclusive
        ([60.0, 40.0], 50.0, "scaled"),
        ([60.0, 40.0], 49.9, "factor_refused"),
        ([60.0, 40.0], 0.0, "official_zero"),
        ([0.0, 0.0], 10.0, "nobody_of_ours"),
        ([0.0, 0.0], 0.0, "scaled"),
        ([60.0, np.nan], 80.0, "people_unknown"),
        ([60.0, 40.0], np.nan, "no_official"),
        ([1e-320, 0.0], 10.0, "factor_refused"),
    ],
)
def test_a_unit_that_cannot_be_scaled_stays_and_says_why(people, official, word):
    places = _settlements([*people, *[5.0] * 20], ["Alder"] * 2 + [None] * 20)
    made = _run(_study(rescale_to="units"), places, _boundaries(["Alder"]), _official([("Alder", official)]))
    row = _by_unit(made).loc["Alder"]
    assert row["scaling"] == word
    after = made["settlements"]["population_persons"].to_numpy()[:2]
    if word == "scaled":
        assert after.sum() == pytest.approx(official, rel=1e-12)
    else:
        np.testing.assert_array_equal(after, people)
        if word in {"official_zero", "nobody_of_ours", "factor_refused"}:
            assert word in row["likely_causes"].split(";")


def test_a_unit_that_reaches_beyond_the_study_area_is_not_scaled():
    places = _settlements([60.0, 40.0], ["Alder", "Alder"])
    places["in_study"] = [True, False]
    made = _run(_study(rescale_to="units"), places, _boundaries(["Alder"]), _official([("Alder", 120)]))
    row = _by_unit(made).loc["Alder"]
    assert row["scaling"] == "partly_outside"
    assert row["places"] == 1
    assert row["our_persons"] == 60.0
    assert "people_in_buffer:40" in row["likely_causes"]


def test_units_match_by_code_before_name_and_a_total_of_others_counts_nobody():
    places = _settlements([60.0, 40.0, 50.0], [None, "b1", "b2"])
    places["unit_code"] = pd.Series(["533325101203", None, "533325102201"], dtype="str")
    boundaries = _boundaries(["b1", "b2"], ["Alder", "Birch"], unit_code=["533325103", None])
    official = _official([("533325", 500), ("533325101", 60), ("533325103", 45), ("Birch Town", 55)])
    official["unit_code"] = pd.Series(["533325", "533325101000", "533325103000", None], dtype="str")
    official["name"] = ["County", "First", "Birch", "Birch Town"]
    found = match_units(official, places, boundaries, options=PlacingOptions())
    units = found.units.set_index("unit_id")
    assert units["matched_by"].to_dict() == {
        "b1": "unit_code",  # although another row is called like the other one
        "b2": "name",
        "533325": "none",
        "533325101": "unit_code",  # by the code of a settlement alone
    }
    assert units.loc["533325", "fault"] == "total_of_others"
    assert [found.units["unit_id"].iloc[row] for row in found.home] == ["533325101", "b1", "b2"]
    assert units.loc["b2", "match_score"] >= 0.85
    assert not found.strayed.any()


def test_a_settlement_whose_code_names_another_unit_is_counted_there_and_said_so():
    places = _settlements([60.0, 40.0], ["b1", "b1"])
    places["unit_code"] = pd.Series(["533325101203", "533325102201"], dtype="str")
    boundaries = _boundaries(["b1", "b2"], unit_code=["533325101", "533325102"])
    official = _official([("533325101", 60), ("533325102", 45)])
    official["unit_code"] = ["533325101", "533325102"]
    made = _run(_study(), places, boundaries, official)
    table = _by_unit(made)
    assert table["our_persons"].tolist() == [60.0, 40.0]
    assert "places_of_another_unit:1" in table.loc["b2", "likely_causes"]


def test_names_that_fit_two_units_are_not_guessed():
    boundaries = _boundaries(["b1", "b2", "b3"], ["Alderton East", "Alderton West", "Birch"])
    official = _official([("Alderton", 10), ("Birch", 5)])
    found = match_units(official, _settlements([1.0], ["b1"]), boundaries, options=PlacingOptions(name_min=0.6))
    units = found.units.set_index("unit_id")
    assert units.loc["Alderton", "fault"] == "ambiguous_name"
    assert units.loc["b3", "matched_by"] == "name"
    # The other way round two rows want one unit alike, and neither has it.
    boundaries = _boundaries(["b1", "b2"], ["Alderton", "Birch"])
    official = _official([("Alderton East", 10), ("Alderton West", 10), ("Birch", 5)])
    found = match_units(official, _settlements([1.0], ["b1"]), boundaries, options=PlacingOptions(name_min=0.6))
    assert found.units.set_index("unit_id")["matched_by"][["b1", "b2"]].tolist() == ["none", "name"]


def test_the_same_name_is_sure_although_another_is_nearly_alike():
    boundaries = _boundaries(["b1", "b2", "b3"], ["Yaounde I", "Yaounde II", "A"])
    official = _official([("YAOUNDE II", 10), ("A", 3), ("Yaounde I", 5)])
    found = match_units(official, _settlements([1.0], ["b1"]), boundaries, options=PlacingOptions())
    units = found.units.set_index("unit_id")
    assert official["official_id"].iloc[units["official"]].tolist() == ["Yaounde I", "YAOUNDE II", "A"]
    assert units["match_score"].tolist() == [1.0, 1.0, 1.0]


def test_two_official_rows_never_share_a_unit():
    boundaries = _boundaries(["b1"], ["Alder"])
    official = _official([("Alder", 10), ("Aldera", 5)])
    found = match_units(official, _settlements([1.0], ["b1"]), boundaries, options=PlacingOptions())
    units = found.units.set_index("unit_id")
    assert official["official_id"].iloc[units.loc["b1", "official"]] == "Alder"
    assert units.loc["Aldera", "fault"] == "not_found"


def test_neither_order_nor_ids_matter():
    rng = np.random.default_rng(7)
    units = [f"U{n}" for n in range(6)]
    people = rng.uniform(1, 100, 40)
    homes = [units[n] for n in rng.integers(0, 5, 40)]
    places = _settlements(people, homes)
    official = _official([(unit, float(number)) for unit, number in zip(units, rng.uniform(300, 500, 6), strict=True)])
    boundaries = _boundaries(units)
    study = _study(rescale_to="units", rescale_max_factor=50.0)
    straight = _run(study, places, boundaries, official)
    mixed = _run(
        study,
        places.sample(frac=1, random_state=1).reset_index(drop=True),
        boundaries.sample(frac=1, random_state=2).reset_index(drop=True),
        official.sample(frac=1, random_state=3).reset_index(drop=True),
    )
    pd.testing.assert_frame_equal(_by_unit(straight), _by_unit(mixed), rtol=1e-12)
    one = straight["settlements"].set_index("settlement_id")["population_persons"].sort_index()
    other = mixed["settlements"].set_index("settlement_id")["population_persons"].sort_index()
    np.testing.assert_allclose(one, other, rtol=1e-12)
    renamed = places.assign(settlement_id=[f"x{n}" for n in range(40)][::-1])
    again = _run(study, renamed, boundaries, official)
    pd.testing.assert_frame_equal(_by_unit(straight), _by_unit(again), rtol=1e-12)


def test_totals_of_two_units_that_look_interchanged_are_named():
    places = _settlements([100.0, 354.0, 66.0], ["Alder", "Birch", "Cedar"])
    official = _official([("Alder", 101), ("Birch", 52), ("Cedar", 327)])
    table = _by_unit(_run(_study(), places, _boundaries(["Alder", "Birch", "Cedar"]), official))
    assert "looks_interchanged:327" in table.loc["Birch", "likely_causes"]
    assert "looks_interchanged:52" in table.loc["Cedar", "likely_causes"]
    assert table.loc["Alder", "status"] == "ok"


def _raster(values, x=499_500, size=500.0):
    values = np.array(values, dtype=float)
    return Raster(values, Affine(size, 0, x, 0, -size, 3_000_250), CRS.from_user_input(CRS_M), "population")


def test_the_raster_is_added_up_by_boundary_and_the_list_stands_beside_it():
    raster = _raster([[1, 2, 4, 8, 16, 32]])  # cells 500 m, units 1000 m wide; the third pair in no unit
    shapes = gpd.GeoSeries([*_boundaries(["a", "b"]).geometry, None], crs=CRS_M)
    np.testing.assert_array_equal(raster_by_unit(raster, shapes), [3.0, 12.0, np.nan, 48.0])


def _csv(folder: Path, text: str, encoding="utf-8") -> Path:
    file = folder / "yearbook.csv"
    file.write_bytes(text.encode(encoding))
    return file


def _source(**more):
    return OfficialUnits(
        path="yearbook.csv",
        source="Y",
        columns={"unit_code": "code", "name": "乡镇", "population_persons": "人口"},
        **more,
    )


def test_a_yearbook_is_read_with_its_sums_left_out(tmp_path):
    file = _csv(tmp_path, "code,乡镇,人口\n533325101000,金顶镇,3200\n533325102000,啦井镇,\n,合计,3200\n", "gb18030")
    frame = official_units_from_table(file, _source(encoding="gb18030"))
    TABLES["official_units"].check(frame)
    assert frame["official_id"].tolist() == ["533325101", "533325102"]
    assert frame["population_persons"].iloc[0] == 3200.0
    assert np.isnan(frame["population_persons"].iloc[1])
    assert "total" in str(frame.attrs["notes"])


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("533325101,A,-5", "negative or infinite"),
        ("533325101,A,many", "text instead of a number"),
        ("533325101,A,5\n533325101000,B,6", "repeated '533325101'"),
        (",A,5\n,A,6", "repeated 'A'"),
        (",,5", "neither in 'row 1'"),
        ("5.33325E+11,A,5", "rounded by a spreadsheet"),
    ],
)
def test_faulty_rows_are_refused_with_their_place(tmp_path, rows, said):
    with pytest.raises(ContractError, match="official units") as caught:
        official_units_from_table(_csv(tmp_path, f"code,乡镇,人口\n{rows}\n"), _source())
    assert said in str(caught.value)


def test_a_table_without_its_columns_is_refused(tmp_path):
    file = _csv(tmp_path, "a,b\n1,2\n")
    with pytest.raises(ContractError, match="unit_code, name: both are missing"):
        official_units_from_table(file, OfficialUnits(path="yearbook.csv", source="Y"))
    file = _csv(tmp_path, "name,population_persons,elderly_persons,children_share\nA,10,11,1.5\n")
    with pytest.raises(ContractError) as caught:
        official_units_from_table(file, OfficialUnits(path="yearbook.csv", source="Y"))
    assert "elderly_persons: more than population_persons for 'A'" in str(caught.value)
    assert "children_share: above 1 for 'A'" in str(caught.value)


def test_a_level_that_no_boundary_has_is_refused():
    study = _study()
    sources = study.sources.model_copy(
        update={"official_units": study.sources.official_units.model_copy(update={"level": 4})}
    )
    study = study.model_copy(update={"sources": sources})
    with pytest.raises(StudyError, match="no boundary of level 4 is in the study area"):
        _run(study, _settlements([1.0], ["Alder"]), _boundaries(["Alder"]), _official([("Alder", 1)]))


def test_units_of_a_coarser_level_hold_the_settlements_inside():
    study = _study()
    sources = study.sources.model_copy(
        update={"official_units": study.sources.official_units.model_copy(update={"level": 4})}
    )
    study = study.model_copy(update={"sources": sources})
    fine = _boundaries(["a", "b"])
    island = gpd.GeoDataFrame(
        {"boundary_id": ["I"], "name": ["Island"], "admin_level": 4, "is_unit": False},
        geometry=[fine.union_all()],
        crs=CRS_M,
    )
    boundaries = gpd.GeoDataFrame(pd.concat([fine, island], ignore_index=True), crs=CRS_M)
    made = _run(study, _settlements([3.0, 4.0], ["a", "b"]), boundaries, _official([("Island", 7)]))
    table = _by_unit(made)
    assert table.index.tolist() == ["I"]
    assert table.loc["I", ["our_persons", "status"]].tolist() == [7.0, "ok"]
    assert made["settlements"]["township_id"].tolist() == ["a", "b"]


def test_scaling_without_an_official_table_is_refused():
    with pytest.raises(StudyError, match="needs the table"):
        Study.from_dict(
            {
                "name": "toy",
                "title": {"en": "T"},
                "as_of": "2026-01-01",
                "sources": {"osm": {"path": "toy.osm.pbf"}},
                "population": {"rescale_to": "units"},
            }
        )


def test_an_empty_official_number_for_everybody_is_said(tmp_path):
    made = _run(_study(), _settlements([3.0], ["Alder"]), _boundaries(["Alder"]), _official([("Alder", np.nan)]))
    row = _by_unit(made).loc["Alder"]
    assert row["status"] == "unknown"
    assert row["likely_causes"] == "official_blank"


def test_units_that_only_the_list_names_are_matched_by_their_name():
    places = _settlements([60.0, 40.0, 5.0], [None, None, None])
    places["township"] = pd.Series(["金顶镇", "金顶镇", "啦井镇"], dtype="str")
    none = _boundaries(["x"]).iloc[:0]
    official = _official([("金顶镇", 100), ("通甸镇", 7)])
    found = match_units(official, places, none, options=PlacingOptions())
    assert found.units["unit_id"].tolist() == ["啦井镇", "金顶镇", "通甸镇"]
    assert found.units["matched_by"].tolist() == ["none", "name", "none"]
    assert [found.units["unit_id"].iloc[row] for row in found.home] == ["金顶镇", "金顶镇", "啦井镇"]


def test_nothing_to_match_is_no_fault():
    places = _settlements([1.0], [None]).iloc[:0]
    none = _boundaries(["x"]).iloc[:0]
    found = match_units(_official([("A", 1)]), places, none, options=PlacingOptions())
    assert found.units["fault"].tolist() == ["not_found"]
    assert len(found.home) == 0


@given(
    shuffle=st.randoms(use_true_random=False),
    codes=st.lists(st.sampled_from(["5333", "533325", "533325101", "533325102", "E02003954", "E020", ""]), max_size=7),
)
@tried(60)
def test_any_codes_give_every_row_and_every_settlement_one_place(shuffle, codes):
    rows = sorted({code for code in codes if code})
    official = _official([(code, 1) for code in rows] or [("Nowhere", 1)])
    official["unit_code"] = pd.Series(rows or [None], dtype="str")
    places = _settlements([1.0] * len(codes), ["b1"] * len(codes))
    places["unit_code"] = pd.Series(codes, dtype="str")
    order = list(range(len(official)))
    shuffle.shuffle(order)
    found = match_units(
        official.iloc[order].reset_index(drop=True), places, _boundaries(["b1"]), options=PlacingOptions()
    )
    assert found.units["unit_id"].is_unique
    assert sorted(row for row in found.units["official"] if row >= 0) == list(range(len(official)))
    assert (found.home >= 0).all()
    totals = found.units["fault"] == "total_of_others"
    assert not totals.iloc[found.home].any()


def _sums_told(frame):
    return [note.detail for note in take_notes(frame.copy()) if note.key == "printed_sums"]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_printed_sum_that_differs_from_its_rows_is_noted_with_both_numbers(tmp_path, form):
    # 3,200 + 800 = 4,000 and 1,000 = 1,000; in all 5,000, where 5,100 is printed and one group says 4,050.
    rows = [
        ("乡镇", "人口"), ("金顶镇", 3200), ("啦井镇", 800), ("小计", 4050),
        ("河西乡", 1000), ("小计", 1000), ("合计", 5100),
    ]  # fmt: skip
    file = tmp_path / f"yearbook.{form}"
    frame = pd.DataFrame(rows[1:], columns=rows[0])
    if form == "csv":
        frame.to_csv(file, index=False)
    else:
        frame.to_excel(file, index=False)
    source = OfficialUnits(
        path=file.name, source="Y", columns={"name": "乡镇", "population_persons": "人口"}, total_words=("合计", "小计")
    )
    read = official_units_from_table(file, source)
    assert read["population_persons"].tolist() == [3200.0, 800.0, 1000.0]
    (told,) = _sums_told(read)
    assert "4050 ≠ 4000" in told
    assert "5100 ≠ 5000" in told
    assert "(2 in all)" in told


def test_a_printed_sum_that_is_right_wherever_it_stands_is_not_noted(tmp_path):
    for rows in ("合计,5000\n金顶镇,3200\n啦井镇,1800", "金顶镇,3200\n啦井镇,1800\n合计,5000"):
        file = _csv(tmp_path, f"乡镇,人口\n{rows}\n")
        source = OfficialUnits(
            path="yearbook.csv",
            source="Y",
            columns={"name": "乡镇", "population_persons": "人口"},
            total_words=("合计",),
        )
        assert not _sums_told(official_units_from_table(file, source))


def test_units_whose_official_number_counts_others_raise_no_alarm():
    places, units = _settlements([100.0, 50.0], ["Alder", "Birch"]), _boundaries(["Alder", "Birch"])
    official = _official([("Alder", 300.0), ("Birch", 50.0)])
    study = _study()
    for basis, counts, status in (
        ("resident", "registered", ["unknown", "unknown"]),
        ("registered", "resident", ["unknown", "unknown"]),
        ("registered", "registered", ["look", "ok"]),
        ("listed", "registered", ["look", "ok"]),
    ):
        values = study.model_dump(exclude={"raw"})
        values["population"]["basis"] = basis
        values["sources"]["official_units"]["basis"] = counts
        made = _by_unit(_run(Study.from_dict(values), places, units, official))
        assert made.loc[["Alder", "Birch"], "status"].tolist() == status
        told = made.loc["Alder", "likely_causes"].split(";")
        assert (f"official_{counts}" in told) == (status[0] == "unknown")


def test_whose_numbers_official_units_are_is_told_by_the_column_or_the_source():
    def counts(column, source="Yearbook", **more):
        return OfficialUnits(path="y.csv", source=source, columns={"population_persons": column}, **more).counts

    assert counts("年末户籍人口") == "registered"
    assert counts("常住人口(人)") == "resident"
    assert counts("POP", "Registered population, police, 2024") == "registered"
    assert counts("人口") == ""
    assert counts("户籍人口", basis="resident") == "resident"
