"""What QGIS files and the explanation of a settlement say of sources and method, in the language asked for."""

from __future__ import annotations

import contextlib
import sqlite3
import zipfile
from xml.etree import ElementTree as ET

import pytest

import spatial as sp
from spatial.stages.explain import closing_lines

pytestmark = pytest.mark.usefixtures("what_it_rests_on")

SAID = {
    "fr": ("colonnes vides et sans nom laissées de côté : 1 à la fin", "non précisé", "Temps de porte à porte"),
    "zh": ("未读入末尾无名的空列：1", "不详", "门到门时间"),  # noqa: RUF001 - Chinese writes them wide
}


def query(path, sql):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize("language", SAID)
def test_metadata_and_tables_say_in_the_language_what_is_the_packages_own(language, tiny_done):
    noticed, unknown, method = SAID[language]
    tiny_done.tables["outputs"] = {"languages": [language, "en"]}
    tiny_done.tables["qgis"] = {"project": "full"}
    tiny_done.write("source.toml", '[[file]]\npath = "settlements.csv"\nissue = "Old list."\n')
    tiny_done.write("settlements.csv", "\n".join(f"{line}," for line in tiny_done.csv().splitlines()))
    outcome = tiny_done.run("--stage", "qgis")
    assert outcome.code == 0, outcome.err
    folder = tiny_done.processed / "tiny"
    path = folder / "tiny.gpkg"
    whole = query(path, "SELECT metadata FROM gpkg_metadata WHERE md_standard_uri LIKE '%geopackage.org'")[0][0]
    with zipfile.ZipFile(folder / "tiny.qgz") as project:
        text = project.read("tiny.qgs").decode("utf-8")
    for told in (whole.replace("\u00a0", " "), text.replace("\u00a0", " ")):
        assert noticed in told
        assert method in told
        assert f"\n{unknown} (tiny/settlements.csv)" in told or f">{unknown} (tiny/settlements.csv)" in told
        assert any(f"tiny/settlements.csv{colon}Old list." in told for colon in (" : ", "："))  # noqa: RUF001
        assert not any(word in told for word in ("empty columns", "unknown,", "Door-to-door"))
    own = "SELECT issue FROM known_issues WHERE path = 'tiny/settlements.csv' ORDER BY number"
    assert [row[0].replace("\u00a0", " ") for row in query(path, own)] == ["Old list.", noticed]
    ((issue, licence),) = query(path, "SELECT issue, licence FROM provenance WHERE path = 'tiny/settlements.csv'")
    assert "Old list." in issue
    assert noticed in issue.replace("\u00a0", " ")
    assert licence == unknown
    table = sp.read_results(folder).known_issues
    assert "empty columns without a name left out: 1 at the end" in set(table["issue"])


def test_a_printed_sheet_says_faults_and_not_what_a_reader_put_in_order(tiny_done):
    tiny_done.write("source.toml", '[[file]]\npath = "settlements.csv"\nissue = "Old list."\n')
    tiny_done.write("settlements.csv", tiny_done.csv().replace("1", "１"))  # noqa: RUF001 - a wide digit
    outcome = tiny_done.run("--stage", "qgis")
    assert outcome.code == 0, outcome.err
    with zipfile.ZipFile(tiny_done.processed / "tiny" / "tiny.qgz") as project:
        root = ET.fromstring(project.read("tiny.qgs"))  # noqa: S314 - our own
    said = {item.get("labelText") for item in root.iter("LayoutItem") if item.get("id") == "issues"}
    assert len(said) == 1
    assert "Old list." in next(iter(said))
    assert "full-width digits" not in next(iter(said))
    assert "full-width digits" in "".join(root.itertext())


def test_a_settlement_is_explained_with_notices_in_the_language(tiny_done, command):
    tiny_done.write("source.toml", '[[file]]\npath = "settlements.csv"\nissue = "Old list."\n')
    tiny_done.write("settlements.csv", "\n".join(f"{line}," for line in tiny_done.csv().splitlines()))
    assert tiny_done.run("--stage", "gaps").code == 0
    where = ("--raw", tiny_done.raw, "--processed", tiny_done.processed, "--language", "fr")
    out = command("explain", tiny_done.save(), "s2", *where, "-v").out
    told = out.replace("\u00a0", " ").replace("\u202f", " ")
    assert "tiny/settlements.csv : Old list. ; colonnes vides et sans nom laissées de côté : 1 à la fin" in told
    assert "empty columns" not in told
    assert "unknown" not in told


@pytest.mark.parametrize(("number", "rest"), [(3, []), (4, ["1 more known issue"]), (9, ["6 more known issues"])])
def test_the_end_of_a_run_tells_three_known_issues_and_counts_the_others(number, rest, tiny_done):
    summary = sp.read_results(tiny_done.processed / "tiny").summary
    plain = {"issue_kind": "", "notice": "", "notice_values": "", "forbids": [], "affects": ["places"]}
    plain |= {"without_rank": ["t1"], "areas": [], "unknown_areas": []}
    issues = [plain | {"path": f"{at}.csv", "issue": f"Old {at}."} for at in range(number)]
    study = sp.Study.from_toml(tiny_done.save(), raw=tiny_done.raw)
    told = closing_lines(study, summary | {"known_issues": issues})
    assert [line for line in told if ".csv: Old" in line] == told[-3 - len(rest) : len(told) - len(rest)]
    assert told[len(told) - len(rest) :] == [f"{line}: spatial run -v STUDY" for line in rest]


def test_the_terminal_answers_in_the_first_language_of_the_study(tiny_done, command):
    tiny_done.tables.setdefault("outputs", {})["languages"] = ["fr", "en"]
    assert tiny_done.run("--stage", "gaps").code == 0
    where = (tiny_done.save(), "s2", "--raw", tiny_done.raw, "--processed", tiny_done.processed)
    assert "tous les trajets" in command("explain", *where).out.replace("\u00a0", " ")
    assert "all ways" in command("explain", *where, "--language", "en").out
    summary = sp.read_results(tiny_done.processed / "tiny").summary
    assert "Aucune norme obligatoire" in " ".join(
        closing_lines(sp.Study.from_toml(where[0], raw=tiny_done.raw), summary)
    )
