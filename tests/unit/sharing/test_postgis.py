"""A study in PostGIS is whole or as it was before, with its keys and words; and a database is a source like a file."""

import json
import re
import signal
import subprocess
import sys

import geopandas as gpd
import pandas as pd
import pyproj
import pytest
import shapely

from spatial.errors import MissingDependencyError, SourceError, StoreError
from spatial.formats.database import read_database
from spatial.formats.fetch import fetch
from spatial.formats.files import describe, has_password
from spatial.results import Results, read_results
from spatial.sharing import postgis
from spatial.sharing.package import Release
from spatial.sharing.records import PackageMeta
from spatial.stages.share import release_for, share_postgis
from spatial.study import Study
from spatial.tables import TABLES

pytestmark = pytest.mark.postgis
HOSTILE = 'a"; DROP SCHEMA public CASCADE; --'

KILLED = """
import os, signal, sys
from spatial.results import read_results
from spatial.sharing import postgis
from spatial.stages.share import release_for, share_postgis
from spatial.study import Study

made, make = [], postgis._make

def dies(*given):
    make(*given)
    made.append(1)
    if len(made) == 5:
        os.kill(os.getpid(), signal.SIGKILL)

postgis._make = dies
study = Study.from_toml(sys.argv[1], raw=sys.argv[2])
release = release_for(study, read_results(sys.argv[3]), "internal")
list(share_postgis(release, sys.argv[4], schema="killed", reader="", progress=lambda *_: None))
"""


@pytest.fixture
def url(database, monkeypatch):
    """The address of the database, with its password in the environment."""
    monkeypatch.setenv("PGPASSWORD", database.password)
    return database.url


@pytest.fixture
def ask(url, library):
    """Ask the database, as somebody else would."""

    def asked(query, *given):
        with library("psycopg").connect(url, autocommit=True) as connection:
            cursor = connection.execute(query, given)
            return cursor.fetchall() if cursor.description else []

    return asked


def _publish(study, url, schema, *, reader="", audience="internal"):
    opened = Study.from_toml(study.save(), raw=study.raw)
    release = release_for(opened, read_results(study.processed / "tiny"), audience)
    said = list(share_postgis(release, url, schema=schema, reader=reader, progress=lambda *_: None))
    return release, "\n".join(said)


def _few(tmp_path, url, schema, *, reader="", audience="internal"):
    """Publish two small tables, where it does not matter which."""
    places = gpd.GeoDataFrame({"settlement_id": ["s1", "s2"]}, geometry=[shapely.Point(104, 30), None], crs=4326)
    access = pd.DataFrame({"settlement_id": ["s1", "s1"], "service": ["a", "b"], "mode": ["walk", "walk"]})
    release = _made({"settlements": places, "access": access}, tmp_path, audience)
    return postgis.publish(release, url, schema=schema, reader=reader, progress=lambda *_: None)


def _made(frames, tmp_path, audience="internal"):
    told = {"title": {"en": "A county"}, "languages": ["en"], "sources": [], "issues": {"en": []}}
    meta = PackageMeta("made", as_of=pd.Timestamp("2026-01-01").date(), audience=audience, **told)
    return Release(Results(tmp_path), meta, frames)


def test_every_table_is_there_with_its_keys_its_words_and_its_indexes(tiny_done, url, ask):
    tiny_done.tables["outputs"] = {"languages": ["zh", "en"]}
    release, said = _publish(tiny_done, url, "whole", reader="county_readers")
    for name in release.names:
        assert ask(f'SELECT count(*) FROM whole."{name}"') == [(len(release.table(name)),)]
    assert f"{len(release.names)}" in said
    keys = dict(ask("""
        SELECT c.relname, string_agg(a.attname, ' ' ORDER BY array_position(i.indkey::int2[], a.attnum))
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE i.indisprimary AND a.attnum = ANY(i.indkey) AND c.relnamespace = 'whole'::regnamespace GROUP BY 1
    """))  # fmt: skip
    assert set(keys) == set(release.names)
    assert keys["access"] == "settlement_id service mode"
    links = ask("SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'")
    assert ("whole.access", "whole.settlements") in links
    shapes = dict(ask("SELECT f_table_name, type || srid FROM geometry_columns WHERE f_table_schema = 'whole'"))
    assert (shapes["settlements"], shapes["roads"]) == ("POINT4326", "MULTILINESTRING4326")
    indexed = {
        name for (name,) in ask("SELECT tablename FROM pg_indexes WHERE schemaname = 'whole' AND indexdef ~ 'gist'")
    }
    assert indexed == set(shapes)
    told = ask("SELECT col_description('whole.access'::regclass, 5), obj_description('whole.access'::regclass)")[0]
    assert TABLES["access"].title not in told
    assert re.search(r"[\u4e00-\u9fff]", told[0] + told[1])
    assert "\uff1a" in told[0]  # as Chinese writes a colon
    assert ": " not in told[0]
    # The same places, to the centimetre.
    places = release.table("settlements").to_crs(4326).set_index("settlement_id")
    there = ask("SELECT settlement_id, ST_X(geometry), ST_Y(geometry) FROM whole.settlements")
    assert all(places.geometry[name].distance(shapely.Point(x, y)) < 1e-7 for name, x, y in there)


def test_a_reader_reads_and_nothing_else_and_stays_one_when_it_is_published_again(tmp_path, url, ask, library):
    psycopg = library("psycopg")
    _few(tmp_path, url, "again", reader=HOSTILE)
    role = '"' + HOSTILE.replace('"', '""') + '"'
    assert ask("SELECT rolcanlogin, rolsuper FROM pg_roles WHERE rolname = %s", HOSTILE) == [(False, False)]
    _few(tmp_path, url, "again")
    with psycopg.connect(url) as reader:
        reader.execute(f"SET ROLE {role}")
        assert reader.execute("SELECT count(*) FROM again.settlements").fetchone() == (2,)
        for forbidden in ("DELETE FROM again.settlements", "DROP TABLE again.access", "CREATE TABLE again.x (y int)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), reader.transaction():
                reader.execute(forbidden)
    assert ask("SELECT 1 FROM pg_namespace WHERE nspname = 'public'") == [(1,)]


def test_names_and_texts_that_would_be_obeyed_are_names_and_texts(tmp_path, url, ask):
    long = "很长的列名" * 10
    points = [shapely.Point(104, 30), None]
    frame = gpd.GeoDataFrame({"settlement_id": ["s'1", "s\\2"], "name": ["'; DROP TABLE x; --", "a\x00b\t\\N"]},
                             geometry=points, crs=4326)  # fmt: skip
    frame = frame.assign(**{HOSTILE: [1.5, None], "xmin": [True, False], long: ["x", "y"], f"{long}2": ["z", None]})
    access = pd.DataFrame({"settlement_id": ["a", "a"], "service": ["b", "b"], "mode": ["walk", "walk"]})
    done = postgis.publish(
        _made({"settlements": frame, "access": access}, tmp_path), url, schema=HOSTILE, progress=print
    )
    schema, column = ('"' + text.replace('"', '""') + '"' for text in (HOSTILE, HOSTILE))
    rows = ask(f"SELECT settlement_id, name, {column}, xmin_ FROM {schema}.settlements ORDER BY 1")
    assert rows == [("s'1", "'; DROP TABLE x; --", 1.5, True), ("s\\2", "a\ufffdb\t\\N", None, False)]
    assert set(done.renamed) == {"settlements.xmin", f"settlements.{long}", f"settlements.{long}2"}
    assert len(set(done.renamed.values())) == 3
    # A key that repeats is none: its rows have numbers.
    assert ask(f"SELECT row_number FROM {schema}.access ORDER BY 1") == [(1,), (2,)]


def test_a_fault_or_a_kill_in_the_middle_leaves_the_old_version(tiny_done, url, database, ask, monkeypatch):
    release, _ = _publish(tiny_done, url, "killed")
    before = ask("SELECT oid FROM pg_namespace WHERE nspname = 'killed'")

    def breaks(*_):
        raise StoreError("no more")

    monkeypatch.setattr(postgis, "foreign_keys", breaks)
    with pytest.raises(StoreError, match="no more"):
        _publish(tiny_done, url, "killed")
    arguments = [tiny_done.save(), tiny_done.raw, tiny_done.processed / "tiny", url]
    killed = subprocess.run([sys.executable, "-c", KILLED, *map(str, arguments)], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert ask("SELECT oid FROM pg_namespace WHERE nspname = 'killed'") == before
    assert ask("SELECT count(*) FROM killed.access") == [(len(release.table("access")),)]
    monkeypatch.undo()
    monkeypatch.setenv("PGPASSWORD", database.password)
    _publish(tiny_done, url, "killed")  # what the killed one held is free again
    assert ask("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'spatial\\_%%'") == []


def test_what_others_made_is_never_taken_away(tmp_path, url, ask):
    _few(tmp_path, url, "others")
    ask("CREATE VIEW public.theirs AS SELECT settlement_id FROM others.settlements")
    with pytest.raises(StoreError, match="theirs"):
        _few(tmp_path, url, "others")
    ask("DROP VIEW public.theirs")
    ask("CREATE TABLE others.notes (text text)")
    with pytest.raises(StoreError, match="notes"):
        _few(tmp_path, url, "others")
    assert ask("SELECT count(*) FROM others.settlements") == [(2,)]
    ask("CREATE SCHEMA cadastre CREATE TABLE parcels (id int)")
    for schema, why in {
        "cadastre": "no published study",
        "public": "cannot be",
        "pg_x": "cannot be",
        "x" * 64: "cannot",
    }.items():
        with pytest.raises(StoreError, match=why):
            _few(tmp_path, url, schema)
    with pytest.raises(StoreError, match="made-internal"):  # whoever may read it was promised the public one, or not
        _few(tmp_path, url, "others", audience="public")


def test_the_public_gets_its_tables_alone(tiny_done, url, ask):
    release, _ = _publish(tiny_done, url, "public_tiny", audience="public")
    there = {name for (name,) in ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public_tiny'")}
    assert there == set(release.cut)
    assert "cells" not in there


def test_what_is_wrong_is_said_in_words_and_no_password_with_it(tmp_path, url, database, ask, monkeypatch):
    with_password = url.replace("postgres@", "postgres:hunter2@")
    for address in (with_password, url + "?password=hunter2"):
        assert has_password(address)
        with pytest.raises(StoreError, match="PGPASSWORD") as fault:
            _few(tmp_path, address, "x")
        assert "hunter2" not in str(fault.value)
    ask("CREATE DATABASE bare")
    with pytest.raises(StoreError, match="CREATE EXTENSION postgis"):
        _few(tmp_path, url.replace("/gis", "/bare"), "x")
    for wrong in (
        url.replace("/gis", "/nope"),
        url.replace(str(database.port), "1"),
        "mysql://x/y",
        "postgresql://:::",
    ):
        with pytest.raises(StoreError, match=r"does not open|no address"):
            _few(tmp_path, wrong, "x")
    ask("CREATE ROLE guest LOGIN PASSWORD 'x'")
    monkeypatch.setenv("PGPASSWORD", "x")
    with pytest.raises(StoreError, match="permission denied"):
        _few(tmp_path, url.replace("postgres@", "guest@"), "x")
    monkeypatch.setenv("PGPASSWORD", "wrong")
    with pytest.raises(StoreError, match="does not open") as refused:
        _few(tmp_path, url, "x")
    assert "PGPASSWORD" not in str(refused.value)
    monkeypatch.delenv("PGPASSWORD")
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    with pytest.raises(StoreError, match="as PGPASSWORD or into"):
        _few(tmp_path, url, "x")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "spatial.sharing.postgis")
    with pytest.raises(MissingDependencyError, match=r"psycopg is not installed.*\[share\]"):
        list(share_postgis(None, url, schema="x", reader="", progress=print))


def test_the_command_says_what_is_there_and_repeats_no_password(tiny_done, command, url, ask):
    words = ("--raw", tiny_done.raw, "--processed", tiny_done.processed, "--schema", "said")
    outcome = command("share", "postgis", tiny_done.save(), url, *words)
    assert outcome.code == 0, outcome.err
    assert "schema said" in outcome.out
    assert ask("SELECT count(*) FROM said.settlements") == [(8,)]
    # Refused before any other fault, of which the command line would be repeated.
    refused = command("share", "postgis", "no-such.toml", url.replace("postgres@", "postgres:hunter2@"), *words)
    assert (refused.code, "PGPASSWORD" in refused.err, "hunter2" in refused.out + refused.err) == (6, True, False)


def test_a_password_file_opens_the_database(database, tmp_path, monkeypatch):
    kept = tmp_path / "pgpass"
    kept.write_text(f"127.0.0.1:{database.port}:*:postgres:{database.password}\n", encoding="utf-8")
    kept.chmod(0o600)
    monkeypatch.delenv("PGPASSWORD", raising=False)
    monkeypatch.setenv("PGPASSFILE", str(kept))
    assert read_database(database.url, query="SELECT 1 AS one")["one"].tolist() == [1]


@pytest.mark.qgis
def test_qgis_reads_the_tables_with_their_words(tiny_done, url, database, in_qgis):
    release, _ = _publish(tiny_done, url, "in_qgis")
    shapes = {"settlements": "geometry", "roads": "geometry", "access": ""}
    told = [database.layer("in_qgis", name, shape) for name, shape in shapes.items()]
    assert in_qgis("open_in_qgis.py", "postgres", *told).found == [
        {"valid": True, "rows": 8, "shape": "Point", "said": "Settlement"},
        {"valid": True, "rows": len(release.table("roads")), "shape": "Line", "said": "Road"},
        {"valid": True, "rows": len(release.table("access")), "shape": "No geometry", "said": "Settlement"},
    ]


def _described(tiny, **facts):
    entry = "".join(f"{key} = {json.dumps(value)}\n" for key, value in {"path": "from_gis.parquet", **facts}.items())
    tiny.path("source.toml").write_text(f"[[file]]\n{entry}", encoding="utf-8")


def test_a_table_of_a_database_is_a_source_of_a_study(tiny, url, database, ask):
    ask("CREATE SCHEMA survey CREATE TABLE villages (code text, name text, people numeric, tier text, seen date)")
    ask("ALTER TABLE survey.villages ADD COLUMN shape public.geometry(Point, 4326)")
    for number in (3, 1, 2):
        longitude, latitude = map(float, tiny.at(number, 2).split(","))
        row = (f"v{number}", f"村 {number}", 100 + number, longitude, latitude)
        point = "public.ST_SetSRID(public.ST_MakePoint(%s, %s), 4326)"
        ask(f"INSERT INTO survey.villages VALUES (%s, %s, %s, 'village', '2026-01-01', {point})", *row)
    _described(tiny, address=url, table="survey.villages", origin="GIS of the county", licence="CC0-1.0")
    columns = {"settlement_id": "code", "name": "name", "population_persons": "people", "tier": "tier"}
    tiny.tables["sources.settlements"] = {"path": "tiny/from_gis.parquet", "columns": columns}
    study = Study.from_toml(tiny.save(), raw=tiny.raw)
    assert "from_gis.parquet" in {path.name for path in fetch(study)}
    kept = tiny.path("from_gis.parquet")
    there = gpd.read_parquet(kept)
    assert there["code"].tolist() == ["v1", "v2", "v3"]  # in an order of its own, whatever the database does
    assert there.crs == pyproj.CRS.from_epsg(4326)
    assert there["people"].tolist() == [101.0, 102.0, 103.0]
    before = kept.read_bytes()
    kept.unlink()
    fetch(study)
    assert kept.read_bytes() == before
    outcome = tiny.run("--until", "read")
    assert outcome.code == 0, outcome.err
    written = b"".join(path.read_bytes() for path in tiny.processed.rglob("*") if path.is_file())
    assert url.encode() in written  # where it came from
    assert database.password.encode() not in written


def test_a_query_is_read_and_can_change_nothing(url, ask):
    ask("CREATE TABLE public.here (id int, shape geometry(Point, 4326))")
    ask("INSERT INTO public.here VALUES (2, 'SRID=4326;POINT(104 30)'), (1, NULL)")
    frame = read_database(url, query="SELECT id AS place, shape FROM here WHERE id < 5")
    assert (frame["place"].tolist(), frame.geometry.isna().tolist()) == ([1, 2], [True, False])
    typed = read_database(
        url,
        query="SELECT 530123456789::numeric AS code, 0.5::numeric AS share, NULL::int AS none, true AS yes, "
        "DATE '2026-01-01' AS day, 'POINT(104 30)'::geography AS at",
    )
    assert typed.dtypes.astype(str).tolist()[:4] == ["int64", "float64", "float64", "bool"]
    assert (typed["code"].item(), typed["day"].item(), typed.geometry.x.item()) == (530123456789, "2026-01-01", 104.0)
    for query, why in {
        "DELETE FROM here": "read-only",
        "SELECT * FROM nowhere": "nowhere",
        "SELECT 1 AS a, 2 AS a": "two columns",
        "SELECT id FROM here WHERE id > 5": "no rows",
        "SELECT shape, shape AS other FROM here": "several columns are shapes",
        "SELECT ST_SetSRID(shape::geometry, id) AS s FROM here, (VALUES (4326), (32648)) AS two(id)": "CRS|column",
        "SELECT 1; COMMIT; DELETE FROM here": "multiple commands",
        "SET TRANSACTION READ WRITE": "no rows",
    }.items():
        with pytest.raises(SourceError, match=why):
            read_database(url, query=query)
    assert ask("SELECT count(*) FROM here") == [(2,)]


def test_a_password_in_a_description_is_refused_before_it_travels(tiny, url):
    for facts, why in (
        ({"address": url.replace("postgres@", "postgres:hunter2@"), "table": "x"}, "PGPASSWORD"),
        ({"address": url}, "a table or a query"),
        ({"address": url, "table": "x", "query": "SELECT 1"}, "a table or a query"),
        ({"address": "https://x.example/y.parquet", "table": "x"}, "a table or a query"),
    ):
        _described(tiny, **facts)
        with pytest.raises(SourceError, match=why) as fault:
            describe(tiny.raw, "tiny/from_gis.parquet")
        assert "hunter2" not in str(fault.value)
