"""What is seen in files is said in their language, on the terminal and in the study file that is written from them."""

from __future__ import annotations

import ast
import pickle
import re
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner

import spatial
from spatial.cli import cli
from spatial.drafting.study_file import open_decisions, report_lines
from spatial.inputs.inspection.inspecting import inspect_file
from spatial.messages import Said, Words

NOTICES = Words("en").messages["notice"]
SIGNS = re.compile(r"[\w)»'\"][ ][:;?!](\s|$)")
"""A French sign behind a blank at which a line may break."""


def said_in(*arguments: object) -> str:
    outcome = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


@pytest.fixture
def bureau(tmp_path: Path) -> Path:
    """French files: people with a blank, facilities of two kinds, roads, a file that is not read."""
    folder = tmp_path / "bureau"
    folder.mkdir()
    places = {"Localité": ["Mbéni", "Hamahamet", "Foumbouni"], "Commune": "Mboinkou", "Population": [100, None, 120]}
    places |= {"Longitude": [43.31, 43.32, 43.33], "Latitude": [-11.61, -11.62, -11.63]}
    pd.DataFrame(places).to_csv(folder / "localités.csv", index=False)
    names = ["Poste de santé de Mbéni", "École primaire de Hamahamet"]
    facilities = pd.DataFrame(
        {"Nom de l'établissement": names, "Localité": ["Mbéni", "Hamahamet"], "Lits": [3, "deux"]}
    )
    facilities.to_csv(folder / "structures.csv", index=False)
    lines = [shapely.LineString([(43.3, y), (43.4, -11.7 - y - 11.6)]) for y in (-11.6, -11.7)]
    roads = gpd.GeoDataFrame({"Nature": ["nationale", "inconnue"]}, geometry=lines, crs="EPSG:4326")
    roads.to_file(folder / "routes.gpkg")
    (folder / "carte.pdf").write_bytes(b"%PDF")
    return folder


def test_init_and_inspect_say_all_of_it_in_the_language_of_the_files(bureau, tmp_path):
    study = tmp_path / "s.toml"
    told = said_in("init", study, "--from", bureau, "--raw", tmp_path, "-v")
    told += "".join(said_in("inspect", "-v", file, "--raw", tmp_path) for file in sorted(bureau.glob("*s.*")))
    text = study.read_text(encoding="utf-8")
    comments = "\n".join(line.partition("#")[2] for line in text.splitlines())
    english = re.compile(r"\b(the|which|rows?|columns?|looks|each|nobody|give|write|its|of|and|are|is)\b")
    for line in (told + comments).splitlines():
        assert not english.search(re.sub(r"`[^`]*`|spatial \w+|/\S+|columns\.", "", line)), line
        assert not SIGNS.search(re.sub(r"(GUESSED|DECIDE):", "", line)), line
    assert "lignes sans nombre\u00a0: 1 sur 3" in comments
    assert "demandez le tableau lui-même, en .xlsx ou en CSV" in comments


def test_a_report_is_english_where_no_column_tells_a_language(tmp_path):
    pd.DataFrame({"a": [1], "b": ["x"]}).to_csv(tmp_path / "some.csv", index=False)
    assert "some.csv: 1 row" in list(report_lines(inspect_file(tmp_path / "some.csv", raw=tmp_path)))


def test_a_chinese_mark_is_found_again_as_it_was_wrapped(tmp_path):
    places = {"村名": ["石桥村", "柳林村"], "户籍人口": [10, 20], "常住人口": [12, 22], "乡镇": "云溪镇"}
    (tmp_path / "县").mkdir()
    pd.DataFrame(places | {"经度": [104.1, 104.2], "纬度": [28.5, 28.6]}).to_csv(
        tmp_path / "县" / "村庄.csv", index=False
    )
    study = tmp_path / "s.toml"
    said_in("init", study, "--from", tmp_path / "县", "--raw", tmp_path)
    marks = [text for _, text in open_decisions(study.read_text(encoding="utf-8"), "# GUESSED:")]
    assert any(text.endswith(Words("zh").say("notice", "no_tier")) for text in marks), marks


def test_what_is_said_survives_pickling_and_is_the_english_text():
    text = Said("of_column", name={"service": "primary_school"}, why=Said("unfit_empty", name="Lits"))
    again = pickle.loads(pickle.dumps(text))  # noqa: S301 - our own
    assert again == text == "primary school: 'Lits' is empty"
    assert Words("fr").again(again) == "école primaire\u00a0: «\u00a0Lits\u00a0» est vide"
    assert Words("zh").again("as the file has it") == "as the file has it"


def test_every_text_that_is_said_again_has_a_message_whose_braces_it_fills():
    checked = 0
    for path in sorted(Path(spatial.__file__).parent.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "Said(" in text else ():
            if not isinstance(node, ast.Call) or getattr(node.func, "id", None) != "Said":
                continue
            key, given = node.args[0], {item.arg for item in node.keywords}
            if isinstance(key, ast.Constant):
                assert key.value in NOTICES, (path, key.value)
                if None not in given:
                    assert given == set(re.findall(r"{(\w+)}", NOTICES[key.value])), (path, key.value)
                checked += 1
    assert checked > 100
