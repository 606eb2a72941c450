"""What `spatial inspect` proposes for the words of a ministry's services."""

from __future__ import annotations

import tomllib
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely

import spatial as sp
from spatial.drafting import toml_block
from spatial.drafting.from_folder import write_draft
from spatial.formats.columns import load_values, translate
from spatial.formats.notes import take_notes
from spatial.inputs.facility_facts import level_of, service_by_level
from spatial.inputs.inspection.kinds import service_in
from spatial.inputs.services import load_services
from spatial.inputs.user_tables import facilities_from_table
from spatial.study import TableSource

ROWS = (
    "Code;Nom de la structure;Type de structure;Localité",
    "K1;CHN Moroni;Hôpital avec urgences;Moroni",
    "K2;CHR Fomboni;HOPITAL;Fomboni",
    "K3;PS Sima;Poste de sante;Sima",
)


def _proposed(tmp_path: Path, *rows: str) -> list[str]:
    file = tmp_path / "structures.csv"
    file.write_bytes("\n".join(rows).encode("cp1252"))
    (layer,) = sp.inspect_file(file, raw=tmp_path).layers
    assert layer.proposal is not None
    return toml_block(layer.proposal)


def test_a_vocabulary_that_knows_all_words_is_proposed_and_tells_emergency_hospitals(tmp_path):
    lines = _proposed(tmp_path, *ROWS)
    assert any(line.startswith('values_file = "fr"') for line in lines)
    assert not any(line.startswith("values.service") for line in lines)


def test_words_that_no_vocabulary_knows_are_translated_one_by_one(tmp_path):
    lines = _proposed(tmp_path, *ROWS, "K4;PS Domoni;Poste de santé du village;Domoni")
    assert not any(line.startswith("values_file") for line in lines)
    assert 'values.service."Poste de sante" = "primary_care"' in lines


def test_one_name_in_four_does_not_name_the_service_of_all(tmp_path):
    names = ("Hôpital Moroni", "Domoni", "Sima", "Ouani")
    rows = [f"K{number};{name};5;43.2{number};-11.7{number}" for number, name in enumerate(names)]
    lines = _proposed(tmp_path, "Code;Nom de la structure;Lits;Longitude;Latitude", *rows)
    assert any('service = "..."' in line for line in lines)


def _status(tmp_path: Path, head: str, *words: str) -> list[str]:
    rows = [f"K{number};PS {number};Poste de santé;{word}" for number, word in enumerate(words)]
    lines = _proposed(tmp_path, f"Code;Nom;Type de structure;{head}", *rows)
    return [line for line in lines if "status" in line]


@pytest.mark.parametrize(
    ("head", "works", "closed"),
    [
        ("Statut", "Fonctionnel", "Fermé"),
        ("Situation actuelle", "en activité", "Désaffectée"),
        ("Current status", "Open", "Permanently closed"),
        ("Facility Status", "Operating", "temporarily closed"),
        ("Remarks", "open", "Demolished"),
        ("Fonctionnel", "oui", "non"),
        ("In use", "Yes", "No"),
        ("Open", "yes", "no"),
    ],
)
def test_the_column_that_says_which_ones_are_closed_is_proposed(tmp_path, head, works, closed):
    lines = _status(tmp_path, head, works, closed, works)
    values = tomllib.loads("\n".join(lines))
    assert values["columns"]["status"] == head
    assert values["values"]["status"] == {works: "existing", closed: "closed"}


@pytest.mark.parametrize(("head", "works", "closed"), [("运行情况", "正常", "停业"), ("状态", "营业中", "撤销")])
def test_a_chinese_list_says_which_ones_are_closed(tmp_path, head, works, closed):
    file = tmp_path / "list.csv"
    file.write_text(f"编号,名称,类型,{head}\n1,甲卫生室,卫生室,{works}\n2,乙卫生室,卫生室,{closed}\n", encoding="utf-8")
    (layer,) = sp.inspect_file(file, raw=tmp_path).layers
    assert layer.proposal is not None
    lines = [line for line in toml_block(layer.proposal) if "status" in line]
    values = tomllib.loads("\n".join(lines))
    assert values["columns"]["status"] == head
    assert values["values"]["status"] == {works: "existing", closed: "closed"}
    # The reader keeps the closed one as closed, and it serves nobody.
    table = TableSource(
        path="list.csv",
        service="primary_care",
        coordinates="none",
        columns={"facility_id": "编号", "name": "名称", **values["columns"]},
        values=values["values"],
    )
    read = facilities_from_table(file, table, may_lack=True)
    assert read["status"].tolist() == ["existing", "closed"]


def test_blanks_and_unknown_words_of_a_status_are_for_the_user_to_decide(tmp_path):
    blank = _status(tmp_path, "Statut", "Fonctionnel", "Fermé", "")
    assert '# columns.status = "Statut"' in blank
    strange = _status(tmp_path, "Statut", "Fonctionnel", "Fermé", "zzz")
    assert 'columns.status = "Statut"' in strange
    assert '# values.status.zzz = "..."' in strange
    # Words that say nothing of the kind are left alone.
    assert not _status(tmp_path, "Statut", "public", "privé", "public")


@pytest.mark.parametrize(("people", "value"), [("常住人口", 43000), ("户籍人口", 50000)])
def test_official_people_are_proposed_on_the_basis_of_the_study(tmp_path, people, value):
    folder = tmp_path / "raw" / "county"
    folder.mkdir(parents=True)
    villages = [f"v{n},村{n}村,金顶镇,村,{100 + n},{99.4 + 0.01 * n},{26.4 + 0.01 * n}" for n in range(12)]
    head = f"编号,村名,所属乡镇,级别,{people},经度,纬度"
    (folder / "村庄名录.csv").write_text("\n".join([head, *villages]), encoding="utf-8")
    yearbook = "乡镇,户籍人口,常住人口\n金顶镇,30000,25000\n河西乡,20000,18000\n"
    (folder / "统计年鉴.csv").write_text(yearbook, encoding="utf-8")
    file = tmp_path / "study.toml"
    list(write_draft(folder, file, raw=tmp_path / "raw", name=None, as_of="2026-01-01"))
    text = file.read_text(encoding="utf-8")
    basis = "resident" if people == "常住人口" else "registered"
    # 25,000 + 18,000 live there, 30,000 + 20,000 are registered.
    assert f"people = {{ value = {value}," in text
    assert f'basis = "{basis}" }}' in text
    assert f'columns.population_persons = "{people}"' in text.partition("[sources.official_units]")[2]


def test_a_kind_of_two_services_is_left_to_decide(tmp_path):
    lines = _proposed(tmp_path, *ROWS, "K4;Ecole Domoni;Ecole primaire et collège;Domoni")
    at = lines.index('# values.service."Ecole primaire et collège" = "..."')
    assert "several services" in " ".join(lines[at - 3 : at])
    assert 'values.service."Poste de sante" = "primary_care"' in lines


@pytest.mark.parametrize(
    ("word", "service"),
    [
        ("Primary Health Clinic", "primary_care"),
        ("Primary Health Care Centre", "health_centre"),
        ("Secondary hospital", "hospital"),
        ("Pre-primary school", "kindergarten"),
        ("Junior Primary", "primary_school"),
        ("Health Centre II", "primary_care"),
        ("Health Centre IV", "health_centre"),
        ("Borne Fontaine", "water_point"),
        ("C.E.G.", "secondary_school"),
        ("E.P.P. Toui", "primary_school"),
        ("CHRD 2", "district_hospital"),
        ("PS Toui", "primary_care"),
        ("Kasese PS", ""),
        ("牙科诊所", "private_practice"),
        ("中医诊所", "primary_care"),
        ("Police station", ""),
    ],
)
def test_words_of_a_ministrys_list_name_services(word, service):
    assert service_in(word) == service


def test_a_word_is_the_same_service_in_every_list_of_words():
    vocabulary = load_services()
    for language in ("en", "fr", "cn"):
        for word, service in load_values(language, root=Path())["service"].items():
            named, level = vocabulary.called(word), level_of(word)
            # What people call a kind may say less than a list's own word, and never another service.
            assert named is None or named.id == service or service in vocabulary.satisfying(named.id), word
            assert level is None or service_by_level(service, level, vocabulary) == service, word


def test_names_alone_say_each_service_by_patterns(tmp_path):
    names = ("Kono Clinic", "Bo C.H.C.", "Kenema Health-Post", "Supermarket", "Gola", "Bo Government Hospital")
    rows = [f"N{n};{name};{8.5 + n / 100};-11.{n}" for n, name in enumerate(names)]
    lines = _proposed(tmp_path, "uid;Facility Name;Longitude;Latitude", *rows)
    asked = lines.index('# values.service."*" = "..."')
    assert "1, such as 'Gola'" in " ".join(lines[asked - 2 : asked])
    settings = tomllib.loads("\n".join(line for line in lines if not line.startswith("[[")))
    source = TableSource(
        path="structures.csv", delimiter=";", longitude="Longitude", latitude="Latitude", crs="EPSG:4326",
        columns=settings["columns"], values={"service": {**settings["values"]["service"], "*": "none"}},
    )  # fmt: skip
    read = facilities_from_table(tmp_path / "structures.csv", source, services=load_services().ids)
    assert dict(zip(read["name"], read["service"], strict=True)) == {
        "Kono Clinic": "primary_care",
        "Bo C.H.C.": "health_centre",
        "Kenema Health-Post": "primary_care",
        "Supermarket": "shop",
        "Bo Government Hospital": "hospital",
    }
    # The one left out is named.
    assert [note.values["where"]["first"] for note in take_notes(read) if note.key == "kinds_left_out"] == [["N4"]]


def test_what_no_name_says_is_what_the_title_says(tmp_path):
    names = ("Ikom Primary School", "Eja High School", "Boki Primary School", "Gola")
    rows = [f"N{n},{name},8.{n},11.5" for n, name in enumerate(names)]
    (tmp_path / "schools.csv").write_text("\n".join(["uid,School Name,Longitude,Latitude", *rows]))
    (layer,) = sp.inspect_file(tmp_path / "schools.csv", raw=tmp_path).layers
    lines = toml_block(layer.proposal)
    assert 'values.service."* high school *" = "secondary_school"' in lines
    assert any(line.startswith('values.service."*" = "school"') for line in lines)


def test_whole_words_come_before_patterns_and_longer_patterns_first():
    words = {"*market*": "market", "*": "none", "Supermarket A": "shop", "* fish market": "food_service"}
    texts = pd.Series(["Supermarket A", "supermarket a", "Big Fish-Market", "fish market hall", "x", None])
    told = translate(texts, words)
    assert told[:5].tolist() == ["shop", "market", "food_service", "market", "none"]
    assert told.isna().tolist() == [False] * 5 + [True]


def test_levels_of_care_are_no_schools(tmp_path):
    rows = [
        f"N{n};Rurum {kind};Primary;8.5{n};11.5{n}" for n, kind in enumerate(("Dispensary", "Clinic", "Health Post"))
    ]
    head = "Facility Code;Facility Name;Facility Level;Longitude;Latitude"
    lines = _proposed(tmp_path, head, *rows, "N3;Rurum General Hospital;Secondary;8.53;11.53")
    assert 'columns.service = "Facility Name"' in lines
    # Of a list of schools they are.
    rows = [
        row.replace(kind, "School") for row, kind in zip(rows, ("Dispensary", "Clinic", "Health Post"), strict=True)
    ]
    assert 'columns.service = "Facility Level"' in _proposed(tmp_path, head, *rows)


def test_columns_of_lists_that_many_download_are_known(tmp_path):
    file = tmp_path / "villages.csv"
    file.write_text("DName2016,VName2016,VCode,Pop2014,POINT_X,POINT_Y\nA,B,1001,20,30.1,0.2\nA,C,1002,30,30.2,0.3\n")
    (layer,) = sp.inspect_file(file, raw=tmp_path).layers
    assert layer.proposal is not None
    lines = toml_block(layer.proposal)
    assert {'columns.name = "VName2016"', 'columns.settlement_id = "VCode"'} <= set(lines)
    rows = "1001,clinic,A,43.2,-11.7\n1004,beauty_shop,B,43.3,-11.6\n"
    (tmp_path / "healthsites.csv").write_text("osm_id,amenity,name,X,Y\n" + rows)
    (layer,) = sp.inspect_file(tmp_path / "healthsites.csv", raw=tmp_path).layers
    assert layer.proposal is not None
    lines = toml_block(layer.proposal)
    assert {'columns.facility_id = "osm_id"', 'columns.service = "amenity"'} <= set(lines)
    # What a tag says is read as in an extract, and what no rule asks for is no service.
    assert {'values.service.clinic = "health_centre"', 'values.service.beauty_shop = "none"'} <= set(lines)


@pytest.mark.parametrize(
    ("name", "kind"), [("com_ppp_2020_constrained.tif", "population"), ("GHS_BUILT_S_E2020.tif", "unknown")]
)
def test_a_raster_of_people_is_told_from_one_of_houses(tmp_path, name, kind):
    cells = np.linspace(0.5, 9.5, 100, dtype="float32").reshape(1, 10, 10)
    place = rasterio.transform.from_origin(43.3, -11.6, 0.001, 0.001)
    form = {"driver": "GTiff", "height": 10, "width": 10, "count": 1, "dtype": "float32", "crs": "EPSG:4326"}
    with rasterio.open(tmp_path / name, "w", transform=place, **form) as raster:
        raster.write(cells)
    (layer,) = sp.inspect_file(tmp_path / name, raw=tmp_path).layers
    assert layer.kind == kind


@pytest.mark.parametrize(
    ("title", "row", "wanted"),
    [
        ("geoBoundaries-COM-ADM3", {"shapeName": "A", "shapeID": "1B", "shapeType": "ADM3"}, ("shapeID", "shapeName")),
        ("gadm41_COM_3", {"GID_1": "COM.1_1", "NAME_1": "M", "GID_3": "C.1", "NAME_3": "A"}, ("GID_3", "NAME_3")),
        ("com_admbnda_adm3", {"ADM3_EN": "A", "ADM3_PCODE": "KM1", "ADM2_PCODE": "KM"}, ("ADM3_PCODE", "ADM3_EN")),
        ("tl_2023_50_cousub", {"STATEFP": "50", "GEOID": "50001", "NAME": "A"}, ("GEOID", "NAME")),
    ],
)
def test_units_that_many_download_are_boundaries_with_ids_and_names(tmp_path, title, row, wanted):
    last = {"shapeID": "2B", "shapeName": "B", "GID_3": "C.2", "NAME_3": "B", "ADM3_EN": "B", "ADM3_PCODE": "KM2"}
    last |= {"GEOID": "50002", "NAME": "B"}
    rows = [row, {key: last.get(key, value) for key, value in row.items()}]
    areas = [shapely.box(43.3 + west, -11.7, 43.4 + west, -11.6) for west in (0, 0.1)]
    gpd.GeoDataFrame(rows, geometry=areas, crs="EPSG:4326").to_file(tmp_path / f"{title}.gpkg")
    (layer,) = sp.inspect_file(tmp_path / f"{title}.gpkg", raw=tmp_path).layers
    assert layer.kind == "boundaries"
    settings = {setting.key: setting.value for setting in layer.proposal.settings}
    assert (settings["columns.boundary_id"], settings["columns.name"]) == wanted


def test_places_of_a_map_that_say_nobody_have_no_people_by_it(tmp_path):
    places = {"osm_id": ["11", "12", "15"], "fclass": ["village", "town", "suburb"], "population": [0, 900, 0]}
    points = gpd.points_from_xy([43.1, 43.2, 43.3], [-11.7, -11.6, -11.5])
    file = tmp_path / "gis_osm_places_free_1.gpkg"
    gpd.GeoDataFrame({**places, "name": ["A", "B", "C"]}, geometry=points, crs="EPSG:4326").to_file(file)
    (layer,) = sp.inspect_file(file, raw=tmp_path).layers
    lines = toml_block(layer.proposal)
    assert not any("columns.population_persons" in line for line in lines)
    assert any("'population' says 0 people in 2 of 3 rows" in line for line in lines)
    assert 'columns.tier = "fclass"' in lines
    assert '# values.tier.suburb = "..."' in lines


def test_of_road_classes_each_known_word_is_read(tmp_path):
    lines = [shapely.LineString([(43.1, -11.7), (43.2, -11.6)])] * 4
    kinds = ["Sentier", "Route à 1 chaussée", "Route à 2 chaussées", "Rond-point"]
    file = tmp_path / "TRONCON_DE_ROUTE.gpkg"
    gpd.GeoDataFrame({"ID": list("abcd"), "NATURE": kinds}, geometry=lines, crs="EPSG:4326").to_file(file)
    (layer,) = sp.inspect_file(file, raw=tmp_path).layers
    told = toml_block(layer.proposal)
    assert any(line.startswith('values_file = "fr"') for line in told)
    assert not any("Sentier" in line for line in told)
    assert any("Route à 1 chaussée" in line for line in told)
    file = tmp_path / "tl_2023_50001_roads.gpkg"
    roads = {"LINEARID": ["1101", "1104"], "FULLNAME": ["Main St", "Elm St"], "MTFCC": ["S1200", "S1400"]}
    gpd.GeoDataFrame(roads, geometry=lines[:2], crs="EPSG:4326").to_file(file)
    (layer,) = sp.inspect_file(file, raw=tmp_path).layers
    told = toml_block(layer.proposal)
    assert {'columns.road_id = "LINEARID"', 'columns.name = "FULLNAME"', 'columns.road_class = "MTFCC"'} <= set(told)
    assert any(line.startswith('values_file = "en"') for line in told)
