"""The norm register: what is shipped, and what a faulty file is told."""

from __future__ import annotations

import csv
import datetime as dt
import importlib.resources
import io
from collections import Counter

import pytest

from spatial.errors import ContractError, SourceError
from spatial.messages import Words
from spatial.norms.law import COLUMNS, applicable_norms, load_register, split_list
from spatial.reporting.wording import norm_name, norm_titles, source_title


def shipped():
    text = importlib.resources.files("spatial.norms").joinpath("norms.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def write(path, rows, *, columns=COLUMNS, encoding="utf-8"):
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def faults_of(path):
    with pytest.raises(ContractError) as caught:
        load_register(path)
    return caught.value.problems


def test_the_shipped_register_passes_its_own_checks():
    register = load_register()
    assert register["norm_id"].is_unique
    assert tuple(register.columns) == ("norm_id", *COLUMNS[1:])
    # counted in the file: 92 norms, 43 of them with an assumed target share, 12 from memory
    assert len(register) == 92
    assert (register["target_share_basis"] == "assumed").sum() == 43
    assert Counter(register["confidence"])["memory"] == 12
    assert register["threshold"].dtype == "float64"
    assert register["read_in_original"].dtype == "bool"


def test_a_register_of_the_users_own_is_read_as_written(tmp_path):
    rows = [{**row, "read_by": "county"} for row in shipped()[:3]]
    path = write(tmp_path / "norms.csv", rows, columns=(*COLUMNS, "read_by"))
    register = load_register(path)
    assert register["read_by"].tolist() == ["county"] * 3
    assert register["norm_id"].tolist() == [row["id"] for row in rows]


def test_a_register_may_say_who_must_act_and_may_lack_the_column(tmp_path):
    rows = [{**row, "duty_bearer": bearer} for row, bearer in zip(shipped(), ["Health bureau", ""], strict=False)]
    told = load_register(write(tmp_path / "told.csv", rows))
    assert told["duty_bearer"].fillna("").tolist() == ["Health bureau", ""]
    without = write(tmp_path / "without.csv", rows, columns=[name for name in COLUMNS if name != "duty_bearer"])
    added = {**rows[0], "norm_id": "OURS", "duty_bearer": "Road office"}
    assert load_register(without, added=[added])["duty_bearer"].fillna("").tolist() == ["", "", "Road office"]


def test_the_shipped_register_names_who_must_act_only_where_its_text_does():
    # "County government bears the duty." and "County governments shall plan and fund": no other row names anybody.
    named = {row["id"]: row["duty_bearer"] for row in shipped() if row["duty_bearer"]}
    assert named == dict.fromkeys(["CN-ROADREG-GRADE", "CN-BARRIERFREE-PLAN"], "county_government")


def test_a_register_may_call_its_ids_norm_id_in_a_file_and_in_a_frame(tmp_path):
    rows = [{**row, "norm_id": row["id"]} for row in shipped()[:3]]
    as_before = load_register(write(tmp_path / "before.csv", rows))
    path = write(tmp_path / "norms.csv", rows, columns=("norm_id", *COLUMNS[1:]))
    assert load_register(path).equals(as_before)
    # Judged alike, whatever the frame calls them; what comes back says norm_id.
    day = dt.date(2026, 6, 30)
    binding = applicable_norms(as_before.rename(columns={"norm_id": "id"}), as_of=day)
    assert binding.equals(applicable_norms(as_before, as_of=day))
    assert "id" not in binding
    assert set(binding["norm_id"]) <= set(as_before["norm_id"])
    without = write(tmp_path / "without.csv", rows, columns=COLUMNS[1:])
    assert faults_of(without) == ("norm_id: the column is missing",)


def test_a_byte_order_mark_and_blank_lines_do_no_harm(tmp_path):
    path = write(tmp_path / "norms.csv", shipped()[:2], encoding="utf-8-sig")
    path.write_bytes(path.read_bytes() + b"\n,,\n\n".replace(b",,", b"," * (len(COLUMNS) - 1)))
    assert len(load_register(path)) == 2


def test_every_fault_is_named_at_once_with_its_norm_and_column(tmp_path):
    first, second, third, there, far = (dict(row) for row in shipped()[:5])
    first |= {"threshold": "two", "norm_class": "law", "read_in_original": "perhaps"}
    second |= {"unit": "km", "target_share": "95", "valid_from": "2030-01-01", "valid_to": "2020-01-01"}
    third |= {"fail_point": "10", "mode": "walk+fly", "deontic": "obliges", "service": ""}
    there |= {"metric": "presence_in_unit", "direction": "max", "unit": "facility"}
    far |= {"metric": "dist_m", "direction": "presence", "unit": "m", "fail_point": "0"}
    problems = faults_of(write(tmp_path / "norms.csv", [first, second, third, there, far]))
    expected = {
        first["id"]: ["threshold: 'two'", "norm_class: 'law'", "read_in_original: 'perhaps'"],
        second["id"]: ["unit: network_dist_m is measured in m, found 'km'", "target_share: 95", "valid_to: 2020-01-01"],
        third["id"]: ["fail_point: 10", "mode: 'walk+fly'", "deontic: a guiding norm guides", "service: blank"],
        there["id"]: ["direction: presence_in_unit needs presence, found 'max'"],
        far["id"]: ["direction: dist_m needs max or min, found 'presence'"],
    }
    for name, texts in expected.items():
        for text in texts:
            assert any(repr(name) in problem and text in problem for problem in problems), text
    assert len(problems) == sum(len(texts) for texts in expected.values())


def test_a_time_in_seconds_is_suspected(tmp_path):
    row = {**shipped()[3], "threshold": "7200", "fail_point": "14400"}  # 120 minutes as seconds
    assert any("in seconds" in problem for problem in faults_of(write(tmp_path / "norms.csv", [row])))


def test_two_norms_that_supersede_each_other_are_refused(tmp_path):
    first, second = (dict(row) for row in shipped()[:2])
    first["supersedes"], second["supersedes"] = second["id"], first["id"]
    (problem,) = faults_of(write(tmp_path / "norms.csv", [first, second]))
    assert "circle" in problem
    assert first["id"] in problem


def test_a_norm_that_supersedes_itself_or_an_unknown_one_is_refused(tmp_path):
    first, second = (dict(row) for row in shipped()[:2])
    first["supersedes"], second["supersedes"] = first["id"], "NOWHERE"
    problems = faults_of(write(tmp_path / "norms.csv", [first, second]))
    assert len(problems) == 2
    assert any("'NOWHERE' is not in the register" in problem for problem in problems)


def test_repeated_ids_and_missing_columns_are_refused(tmp_path):
    row = shipped()[0]
    assert "more than once" in faults_of(write(tmp_path / "a.csv", [row, row]))[0]
    few = [name for name in COLUMNS if name not in {"mode", "role"}]
    assert faults_of(write(tmp_path / "b.csv", [row], columns=few)) == (
        "mode: the column is missing",
        "role: the column is missing",
    )
    assert "no norm" in faults_of(write(tmp_path / "c.csv", []))[0]


def test_files_that_are_no_register_are_refused_with_a_remedy(tmp_path):
    with pytest.raises(SourceError, match="cannot be read"):
        load_register(tmp_path / "absent.csv")
    row = {**shipped()[0], "source_title": "标准"}
    with pytest.raises(SourceError, match="not UTF-8"):
        load_register(write(tmp_path / "gbk.csv", [row], encoding="gbk"))
    short = tmp_path / "short.csv"
    short.write_text(",".join(COLUMNS) + "\nA,B\n", encoding="utf-8")
    with pytest.raises(SourceError, match=r"line\(s\) 2"):
        load_register(short)
    open_quote = tmp_path / "quote.csv"
    open_quote.write_text(",".join(COLUMNS) + '\n"A,B\n', encoding="utf-8")
    with pytest.raises(SourceError, match="not a CSV"):
        load_register(open_quote)


@pytest.mark.parametrize("sign", [";", "\t"])
def test_a_register_that_a_spreadsheet_saved_is_read(tmp_path, sign):
    file = write(tmp_path / "norms.csv", shipped()[:3])
    rows = csv.reader(io.StringIO(file.read_text("utf-8")))
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream, delimiter=sign).writerows(rows)
    assert load_register(file).equals(load_register(write(tmp_path / "plain.csv", shipped()[:3])))


def test_infinity_is_no_threshold(tmp_path):
    row = {**shipped()[0], "threshold": "inf"}
    assert any("'inf' is not a number" in problem for problem in faults_of(write(tmp_path / "norms.csv", [row])))


def test_lists_are_split_at_bars():
    assert split_list("a| b |") == ("a", "b")
    assert split_list(float("nan")) == ()


def test_members_of_bundles_must_be_services(tmp_path):
    bundle = next(row for row in shipped() if row["id"] == "CN-JINING-5MIN")
    wrong = {**bundle, "bundle_members": "village_clinic|corner_shop|village clinic"}
    (fault,) = faults_of(write(tmp_path / "norms.csv", [wrong]))
    assert fault.startswith("norm 'CN-JINING-5MIN', bundle_members: 'corner_shop', 'village clinic' (2 in all) is no")
    itself = {**bundle, "bundle_members": f"village_clinic|{bundle['service']}"}
    assert len(faults_of(write(tmp_path / "itself.csv", [itself]))) == 1
    parted = {**bundle, "bundle_members": "village_clinic;parcel_point"}
    assert len(faults_of(write(tmp_path / "parted.csv", [parted]))) == 1


def test_members_may_be_roads_services_of_other_norms_and_words_of_the_studys_own(tmp_path):
    rows = shipped()
    bundle = next(row for row in rows if row["id"] == "CN-JINING-5MIN")
    other = next(row for row in rows if row["service"] == "mobile_5g")
    mixed = {**bundle, "bundle_members": "paved_road|all_season_road|mobile_5g|village_clinic"}
    assert len(load_register(write(tmp_path / "norms.csv", [mixed, other]))) == 2
    own = {**bundle, "bundle_members": "teahouse"}
    path = write(tmp_path / "own.csv", [own])
    assert len(load_register(path, services={"teahouse"})) == 1
    assert len(faults_of(path)) == 1


def test_the_own_title_of_an_instrument_comes_with_its_language():
    rows = shipped()
    assert all(bool(row["source_title_original"]) == bool(row["original_language"]) for row in rows)
    road = next(row for row in rows if row["id"] == "CN-ROADREG-GRADE")
    assert source_title(road, Words("zh")) == "《农村公路条例》（国务院令第813号）"  # noqa: RUF001 - Chinese
    assert source_title(road, Words("en")) == road["source_title"]
    assert source_title(road, Words("fr")) == road["source_title"] + " (titre en anglais)"


def test_a_title_that_nobody_knows_in_chinese_is_marked_as_english():
    post = next(row for row in shipped() if row["id"] == "CN-POST-VILLAGE")
    assert not post["source_title_original"]
    assert source_title(post, Words("zh")) == post["source_title"] + "（英文名称）"  # noqa: RUF001 - Chinese
    own = {"source_title": "县人民政府决定", "source_title_original": None, "original_language": None}
    assert source_title(own, Words("zh")) == own["source_title"]


def test_every_norm_has_a_short_name_in_each_language_unless_the_study_judges_by_another_number():
    for row in load_register().to_dict("records"):
        names = norm_titles(row)
        assert set(names) == {"en", "fr", "zh"}
        assert not names["zh"].isascii()
    road = load_register().set_index("norm_id").loc["CN-NATVILLAGE-85"].to_dict()
    changed = road | {"register_threshold": road["threshold"], "register_target_share": road["target_share"]}
    assert norm_titles(changed)["en"] == "Paved road to 85% of larger natural villages"
    assert norm_titles(changed | {"target_share": 0.6}) == {}
    seat = {"title_en": "County seat within 60 minutes", "threshold": 60.0, "register_threshold": 60.0}
    assert norm_titles(seat | {"target_share": 0.9, "register_target_share": 1.0}) == {"en": seat["title_en"]}
    assert norm_titles(seat | {"threshold": 45.0}) == {}


def test_a_norm_without_a_short_name_goes_by_its_service_and_within_what_it_asks_for_it():
    norm = {"service": "pharmacy", "metric": "network_dist_m", "unit": "m", "threshold": 2000.0, "mode": "any"}
    said = [norm_name(norm | {"mode": mode}, Words("en")).replace("\u00a0", " ") for mode in ("any", None, "walk")]
    shortest = "Pharmacy: within 2 km along the shortest way"
    assert said == [shortest, shortest, "Pharmacy: within 2 km along the way (walk)"]
    ramp = {"service": "ramp", "metric": "attribute", "unit": "flag", "threshold": 1.0, "mode": None}
    assert norm_name(ramp, Words("en")) == "Ramp: present"
    places = norm_name(ramp | {"unit": "places", "threshold": 3.0}, Words("en"))
    assert places.replace("\u00a0", " ") == "Ramp: 3 places"
    own = {"service": "library", "metric": "time_min", "unit": "min", "threshold": 7.5, "mode": "drive"}
    told = norm_name(own, Words("fr", names={"library": "Bibliothèque"})).replace("\u00a0", " ")
    assert told == "Bibliothèque : à 7,5 min au plus (voiture)"
    presence = {"service": "post", "metric": "presence_in_unit", "unit": "service", "threshold": None, "mode": None}
    assert norm_name(presence, Words("en")) == norm_name(presence | {"threshold": float("nan")}, Words("en"))
    # A name in another language is a name all the same.
    assert norm_name(own | {"title_en": "A library near"}, Words("fr")) == "A library near"


def test_titles_of_instruments_are_in_brackets_where_chinese():
    rows = shipped()
    assert all(row["source_title_original"].startswith("《") for row in rows if row["original_language"] == "zh")
