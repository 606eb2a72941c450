"""The sample county's files: unpacked whole, readable by our own readers, and what the study says of them."""

import hashlib
import importlib.resources
import tomllib
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio

from spatial.errors import SourceError
from spatial.inputs.prepare import prepare
from spatial.inputs.services import load_services
from spatial.norms.law import NormRules, applicable_norms, load_register
from spatial.sample import sample_study, write_sample_county, write_sample_study
from spatial.study import Study

ROOT = Path(__file__).parents[2]
NAMES = [
    "sample.osm.pbf",
    "settlements.csv",
    "facilities.csv",
    "flows.csv",
    "population.tif",
    "elevation.tif",
    "landcover.tif",
    "source.toml",
]
SAME = ("jurisdictions", "as_of", "region", "inventory", "tiers", "population", "network", "measures", "norms")
"""Parts of the study file that both forms share."""


@pytest.fixture(scope="module")
def raw(tmp_path_factory, put_sample_county):
    root = tmp_path_factory.mktemp("raw")
    put_sample_county(root / "sample", villages=80)
    return root


@pytest.fixture(scope="module")
def study(raw):
    return Study.from_dict(tomllib.loads(sample_study()), raw=raw)


@pytest.fixture(scope="module")
def layers(study):
    return prepare(study)


@pytest.mark.parametrize("form", ["open", "bureau"])
def test_it_writes_the_files_that_it_lists_as_they_are_described(tmp_path, form) -> None:
    written = write_sample_county(str(tmp_path / "county"), form=form)
    assert sorted(written) == sorted((tmp_path / "county").iterdir())
    described = tomllib.loads(written[-1].read_text(encoding="utf-8"))["file"]
    assert [item["path"] for item in described] == [file.name for file in written[:-1]]
    for item, file in zip(described, written, strict=False):
        assert item["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest(), file.name
        assert item["licence"] == "CC0-1.0"
        assert "(synthetic)" in item["origin"]
    if form == "open":
        assert [file.name for file in written] == NAMES


def test_files_of_the_same_names_are_replaced_and_others_stay(tmp_path) -> None:
    for name in ("flows.csv", "own.csv"):
        (tmp_path / name).write_text("mine")
    write_sample_county(tmp_path)
    assert (tmp_path / "flows.csv").read_text(encoding="utf-8").startswith("origin,destination,")
    assert (tmp_path / "own.csv").read_text() == "mine"
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([*NAMES, "own.csv"])


def test_an_encoding_that_an_older_shapefile_declared_does_not_stay(tmp_path) -> None:
    for name in ("道路.cpg", "own.cpg"):
        (tmp_path / name).write_text("UTF-8")
    write_sample_county(tmp_path, form="bureau")
    assert [file.name for file in tmp_path.glob("*.cpg")] == ["own.cpg"]


def test_a_file_that_cannot_be_replaced_leaves_the_others_whole(tmp_path) -> None:
    (tmp_path / "facilities.csv").mkdir()  # in the way of the third file
    with pytest.raises(OSError, match=r"facilities\.csv"):
        write_sample_county(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([*NAMES[:2], "facilities.csv"])


@pytest.mark.parametrize("name", ["../outside.csv", "/outside.csv", "folder/inside.csv", ".."])
def test_an_archive_that_leads_out_of_its_folder_is_refused(tmp_path, monkeypatch, name) -> None:
    with zipfile.ZipFile(tmp_path / "open.zip", "w") as packed:
        packed.writestr("flows.csv", "a")
        packed.writestr(name, "b")
    monkeypatch.setattr(importlib.resources, "files", lambda _: tmp_path)
    with pytest.raises(SourceError, match="leaves its folder"):
        write_sample_county(tmp_path / "new")
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["new", "open.zip"]


@pytest.mark.parametrize("asked", [{"villages": 80}, {"seed": 0}, {"seed": 20260101, "villages": 400}])
def test_another_county_is_refused_with_the_way_to_the_generator(tmp_path, asked) -> None:
    words = " and ".join(f"{name} = {value}" for name, value in asked.items())
    with pytest.raises(ValueError, match=rf"^{words}: .*python -m tools\.sample_county"):
        write_sample_county(tmp_path / "new", **dict(reversed(asked.items())))
    assert not (tmp_path / "new").exists()


def test_an_unknown_form_is_refused_before_anything_is_written(tmp_path) -> None:
    for unpack in (lambda: write_sample_county(tmp_path / "new", form="paper"), lambda: sample_study("paper")):
        with pytest.raises(ValueError, match="form: 'paper' is not one of open, bureau"):
            unpack()
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(("form", "example"), [("open", "sample"), ("bureau", "bureau")])
def test_the_example_is_the_packaged_study(form, example) -> None:
    assert (ROOT / "examples" / f"{example}.toml").read_text(encoding="utf-8") == sample_study(form)


def test_both_forms_are_judged_alike() -> None:
    ours, theirs = tomllib.loads(sample_study("bureau")), tomllib.loads(sample_study())
    for key in SAME:
        assert ours[key] == theirs[key], key
    assert Study.from_dict(ours).synthetic
    assert "osm" not in ours["sources"]


def test_the_study_says_that_it_is_made_up(study) -> None:
    assert study.synthetic
    assert "ynthetic" in study.title["en"]
    assert "合成" in study.title["zh"]
    assert "ynthetic" in study.note["en"]
    assert "synthétiques" in study.note["fr"]
    assert {*study.title} == {*study.note} == {"en", "fr", "zh"}
    assert all("(synthetic)" in item.by for item in (*study.norms.confirm, *study.norms.adopt))


def test_three_mandatory_chinese_norms_gate_because_the_office_confirmed_them(study) -> None:
    rules = NormRules(
        jurisdictions=study.jurisdictions,
        level=study.norms.level,
        confirm=study.norms.confirm,
        adopt=study.norms.adopt,
        headline=study.norms.headline,
    )
    binding = applicable_norms(load_register(), as_of=study.as_of, rules=rules)
    gates = binding.loc[binding["gates"], "norm_id"].tolist()
    assert gates == ["CN-BARRIERFREE-PLAN", "CN-POST-VILLAGE", "CN-ROADREG-GRADE"]
    assert all(item.on <= study.as_of for item in study.norms.confirm)


def test_the_inventory_names_services_that_there_are_and_leaves_one_unknown(study) -> None:
    vocabulary = load_services()
    services = {service.id for service in vocabulary.services}
    known = services | {"roads", "town", "county_seat"}
    assert set(study.inventory) <= known
    assert [name for name, state in study.inventory.items() if state != "complete"] == ["shop"]


def test_the_readers_take_every_file(layers) -> None:
    # 80 villages, 5 towns (6 for a hundred villages) and the county seat lie in the county
    inside = layers.settlements[layers.settlements["in_study"]]
    assert inside["tier"].value_counts().to_dict() == {"village": 80, "town": 5, "county_seat": 1}
    assert inside["township_id"].notna().all()
    assert (~layers.settlements["in_study"]).any()
    assert len(layers.boundaries) == 1 + 6
    assert layers.boundaries.geometry.is_valid.all()
    assert not layers.flows.empty
    assert not layers.water.empty


def test_no_capacity_is_forgotten_where_the_study_of_the_sample_fills_facilities(raw, study) -> None:
    assert set(study.measures.persons_per_unit) == {"health_centre"}  # what counts as one is a hospital too
    facilities = pd.read_csv(raw / "sample" / "facilities.csv")
    treating = facilities["kind"].isin(["county_hospital", "specialist_hospital", "township_health_centre"])
    assert treating.sum() > 2
    assert facilities.loc[treating, "capacity"].notna().all()
    assert facilities.loc[facilities["kind"] == "elderly_home", "capacity"].isna().any()


def test_townships_fill_the_county_without_gap_or_overlap(layers) -> None:
    county = layers.boundaries.loc[layers.boundaries["admin_level"] == 6].geometry.iloc[0]
    townships = layers.boundaries.loc[layers.boundaries["admin_level"] == 8].geometry
    assert townships.union_all().symmetric_difference(county).area < 1.0
    assert townships.area.sum() == pytest.approx(county.area, rel=1e-9)


def test_every_settlement_lies_in_the_township_that_its_office_names(layers) -> None:
    inside = layers.settlements[layers.settlements["in_study"]]
    names = layers.boundaries.set_index("boundary_id")["name"].str.removesuffix("镇").str.removesuffix("乡")
    assert (inside["township_id"].map(names) == inside["town"]).all()


def test_names_are_in_both_languages_and_a_few_repeat(layers) -> None:
    inside = layers.settlements[layers.settlements["in_study"]]
    assert inside["name_zh"].str.fullmatch(r"[一-鿿]+").all()
    assert inside["name_en"].str.fullmatch(r"[A-Za-z' ]+").all()
    repeated = layers.settlements["name_zh"].duplicated().sum()
    assert 0 < repeated < 0.1 * len(layers.settlements)


def test_residents_are_in_the_raster_but_for_those_that_the_blank_strip_swallowed(layers, raw) -> None:
    residents = layers.settlements["resident_persons"].sum()
    assert 0.97 * residents < layers.population.total < residents * (1 + 1e-6)
    with rasterio.open(raw / "sample" / "population.tif") as raster:
        values = raster.read(1)
        assert raster.nodata == -99_999.0
    assert (values == -99_999.0).any()
    assert ((values >= 0) | (values == -99_999.0)).all()


def test_groups_are_parts_of_the_residents(layers) -> None:
    frame = layers.settlements
    for column in ("elderly_persons", "disabled_persons", "children_persons", "children_6_9_persons"):
        assert (frame[column] <= frame["resident_persons"]).all(), column
    assert (frame["children_6_9_persons"] <= frame["children_6_11_persons"]).all()
    assert (frame["children_6_14_persons"] <= frame["children_persons"]).all()


def test_villages_lose_people_and_the_county_seat_gains(layers) -> None:
    ratio = (layers.settlements["resident_persons"] / layers.settlements["registered_persons"]).groupby(
        layers.settlements["tier"]
    )
    assert ratio.median()["village"] < 0.85
    assert ratio.median()["county_seat"] > 1.0


def test_capacity_lies_idle_in_the_hills_and_is_short_in_the_county_seat(layers) -> None:
    schools = layers.facilities[layers.facilities["service"] == "primary_school"]
    schools = schools[schools["status"] == "existing"].dropna(subset=["capacity", "load"])
    tier = schools["settlement_id"].map(layers.settlements.set_index("settlement_id")["tier"])
    tier = tier.where(tier == "county_seat", "hills")
    use = schools["load"].groupby(tier).sum() / schools["capacity"].groupby(tier).sum()
    assert use["hills"] < 0.85
    assert use["county_seat"] > use["hills"] + 0.1


def test_there_is_one_emergency_hospital_and_a_health_centre_in_every_township(layers) -> None:
    inside = layers.facilities[layers.facilities["in_study"]]
    counts = inside["service"].value_counts()
    assert counts["emergency_hospital"] == 1
    centres = inside.loc[inside["service"] == "health_centre", "settlement_id"]
    seats = layers.settlements.loc[
        layers.settlements["in_study"] & (layers.settlements["tier"] != "village"), "settlement_id"
    ]
    assert set(centres) == set(seats)


def test_every_village_has_a_post_station_so_that_one_gate_passes(layers) -> None:
    stations = layers.facilities.loc[layers.facilities["service"] == "postal_delivery", "settlement_id"]
    assert set(layers.settlements["settlement_id"]) <= set(stations)


def test_flows_go_both_ways_and_parcels_mostly_up_the_hill(layers) -> None:
    flows = layers.flows
    people = flows[flows["kind"] == "people"]
    there = set(zip(people["from_id"], people["to_id"], strict=True))
    both = sum((to, start) in there for start, to in there)
    assert both > 0.9 * len(there)
    village = flows["from_id"].map(layers.settlements.set_index("settlement_id")["tier"]) == "village"
    parcels = flows["kind"] == "parcels"
    sent, received = (flows.loc[parcels & village, "volume"].sum(), flows.loc[parcels & ~village, "volume"].sum())
    assert 0 < sent < 0.5 * received


def test_some_villages_have_a_track_or_nothing(layers) -> None:
    access = layers.settlements["road_access"].value_counts()
    assert access["road"] > 0.8 * len(layers.settlements)
    assert access["none"] >= 1
    assert access["track"] >= 1


def test_mountains_have_ridges_and_valleys_that_drain(layers) -> None:
    heights = layers.elevation.values
    assert np.nanmax(heights) - np.nanmin(heights) > 1000
    rivers = layers.water[layers.water["kind"] == "river"]
    assert len(rivers) > 0


def test_the_study_beside_the_files_is_never_written_over(tmp_path):
    file = write_sample_study(tmp_path, form="open")
    assert file.read_text(encoding="utf-8") == sample_study()
    file.write_text("# mine\n", encoding="utf-8")
    assert write_sample_study(tmp_path, form="open").read_text(encoding="utf-8") == "# mine\n"
