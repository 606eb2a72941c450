"""The sample county's files: the same for a seed, readable by our own readers, and what the study says of them."""

import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio

from spatial.integration.norms_rules import NormRules, applicable_norms
from spatial.integration.register import load_register
from spatial.sources.prepare import prepare
from spatial.sources.sample import sample_study, write_sample_county
from spatial.sources.services import load_services
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
SMALL = 60


@pytest.fixture(scope="module")
def raw(tmp_path_factory, put_sample_county):
    root = tmp_path_factory.mktemp("raw")
    put_sample_county(root / "sample", villages=SMALL)
    return root


@pytest.fixture(scope="module")
def study(raw):
    return Study.from_dict(tomllib.loads(sample_study()), raw=raw)


@pytest.fixture(scope="module")
def layers(study):
    return prepare(study)


def test_it_writes_the_files_that_it_lists(raw, tmp_path) -> None:
    assert sorted(path.name for path in (raw / "sample").iterdir()) == sorted(NAMES)


def test_the_same_seed_gives_the_same_bytes_in_another_process(raw, tmp_path) -> None:
    code = (
        "from pathlib import Path; from spatial.sources.sample import write_sample_county; "
        f"write_sample_county(Path({str(tmp_path)!r}), villages={SMALL})"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, env={"PYTHONHASHSEED": "7"})
    for name in NAMES:
        assert (tmp_path / name).read_bytes() == (raw / "sample" / name).read_bytes(), name


def test_another_seed_gives_another_county_in_a_folder_named_by_a_text(raw, tmp_path) -> None:
    written = write_sample_county(str(tmp_path / "county"), seed=7, villages=40)
    assert sorted(file.name for file in written if file.is_file()) == sorted(NAMES)
    assert (tmp_path / "county" / "elevation.tif").read_bytes() != (
        raw / "sample" / "elevation.tif"
    ).read_bytes()


@pytest.mark.parametrize("villages", [0, 39, 901])
def test_a_county_too_small_or_too_full_is_refused_before_anything_is_written(tmp_path, villages) -> None:
    with pytest.raises(ValueError, match="villages"):
        write_sample_county(tmp_path / "new", villages=villages)
    assert not (tmp_path / "new").exists()


def test_the_example_is_the_packaged_study() -> None:
    assert (ROOT / "examples" / "sample.toml").read_text(encoding="utf-8") == sample_study()


def test_the_study_says_that_it_is_made_up(study) -> None:
    assert study.synthetic
    assert "ynthetic" in study.title["en"]
    assert "合成" in study.title["zh"]
    assert "ynthetic" in study.note["en"]
    assert all("(synthetic)" in item.by for item in (*study.norms.confirm, *study.norms.adopt))


def test_every_file_is_described_as_synthetic_and_free(raw) -> None:
    described = tomllib.loads((raw / "sample" / "source.toml").read_text(encoding="utf-8"))["file"]
    assert [item["path"] for item in described] == NAMES[:-1]
    assert {item["licence"] for item in described} == {"CC0-1.0"}
    assert all("(synthetic)" in item["origin"] for item in described)


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
    # 60 villages, 4 towns (6 for a hundred villages) and the county seat lie in the county
    inside = layers.settlements[layers.settlements["in_study"]]
    assert inside["tier"].value_counts().to_dict() == {"village": 60, "town": 4, "county_seat": 1}
    assert inside["township_id"].notna().all()
    assert (~layers.settlements["in_study"]).any()
    assert len(layers.boundaries) == 1 + 5
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
    sent, received = (
        flows.loc[parcels & village, "volume"].sum(),
        flows.loc[parcels & ~village, "volume"].sum(),
    )
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
