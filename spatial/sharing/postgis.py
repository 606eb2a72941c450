"""A study for a database: every table that an audience gets in one schema of PostGIS, replaced in one transaction."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, count
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import psycopg
import shapely
from psycopg import sql

from spatial.errors import StoreError
from spatial.formats.database import WEB_DEGREES, connect, in_words
from spatial.sharing.package import Release, foreign_keys, shared_frame
from spatial.tables import TABLES

LONGEST_NAME = 63
"""Bytes of a name that PostgreSQL keeps."""
ITS_OWN = frozenset(("ctid", "xmin", "xmax", "cmin", "cmax", "tableoid", "oid"))
"""Columns that every table of PostgreSQL has already."""
UNWRITABLE = re.compile("[\x00\ud800-\udfff]")
"""What no text of PostgreSQL can hold."""
TYPES = {"f": "double precision", "i": "bigint", "u": "bigint", "b": "boolean"}
"""Types of columns by the kind of array; anything else is text."""
ROW = "row_number"
"""Column that names the rows of a table whose key repeats."""
READERS = """
SELECT DISTINCT pg_get_userbyid(acl.grantee)
FROM pg_namespace AS schema, aclexplode(schema.nspacl) AS acl
WHERE schema.nspname = %s AND acl.privilege_type = 'USAGE' AND acl.grantee NOT IN (0, schema.nspowner)
"""
WAIT = "30s"
"""How long a table is waited for that somebody else is reading."""


class Published(NamedTuple):
    """What was put into a database."""

    place: str  # host, port and database
    rows: Mapping[str, int]  # of each table
    renamed: Mapping[str, str]  # columns, as table.column, that have another name there


def publish(
    release: Release, url: str, *, schema: str, reader: str = "", progress: Callable[[float, str], None]
) -> Published:
    """
    Put the tables of a release into a schema of a PostGIS database, in place of those that stand there, or not at all.

    All is one transaction: whoever reads sees the old tables until the new ones are whole, and a failure or a kill
    leaves the old ones. A schema that holds anything else, or that others build upon, is left as it is.
    """
    mark = f"spatial-integration: {release.meta.package_name}"
    if not schema or schema != _name(schema) or schema.startswith("pg_") or schema in {"public", "information_schema"}:
        raise StoreError(
            f"{schema!r} cannot be the schema of a study: name one that is its own, of at most {LONGEST_NAME} bytes"
        )
    with connect(url, StoreError) as connection:
        place = f"{connection.info.host or 'local'}:{connection.info.port}/{connection.info.dbname}"
        try:
            with connection.transaction(), connection.cursor() as cursor:
                types = _begin(cursor, schema, mark, place)
                new = f"spatial_{secrets.token_hex(8)}"
                cursor.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(new)))
                rows, renamed = _fill(cursor, new, release, types, progress)
                progress(0.95, schema)
                old = [name for name in _relations(cursor, schema) if name in TABLES]
                granted = [name for (name,) in cursor.execute(READERS, [schema]).fetchall()]
                if old:
                    # Without CASCADE: what others have built upon these tables is not ours to take away.
                    tables = sql.SQL(", ").join(sql.Identifier(schema, name) for name in old)
                    cursor.execute(sql.SQL("DROP TABLE {}").format(tables))
                cursor.execute(sql.SQL("DROP SCHEMA IF EXISTS {}").format(sql.Identifier(schema)))
                cursor.execute(
                    sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(sql.Identifier(new), sql.Identifier(schema))
                )
                cursor.execute(sql.SQL("COMMENT ON SCHEMA {} IS {}").format(sql.Identifier(schema), sql.Literal(mark)))
                role = "SELECT 1 FROM pg_roles WHERE rolname = %s"
                if reader and not cursor.execute(role, [reader]).fetchone():
                    may = "SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user"
                    if cursor.execute(may).fetchone() != (True,):
                        raise StoreError(
                            f"{place}: there is no role {reader!r}, and you may not make one; ask the owner of the "
                            "database for it, then run again"
                        )
                    cursor.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(reader)))
                for name in dict.fromkeys([*granted, *([reader] if reader else [])]):
                    for grant in ("GRANT USAGE ON SCHEMA {} TO {}", "GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {}"):
                        cursor.execute(sql.SQL(grant).format(sql.Identifier(schema), sql.Identifier(name)))
        except psycopg.errors.DependentObjectsStillExist as error:
            held = " ".join((error.diag.message_detail or "").split())
            raise StoreError(
                f"{place}: schema {schema} holds what is no table of a study, or others build upon its tables, and was "
                f"left as it was: {held}; take that away first, or name another --schema"
            ) from error
        except psycopg.errors.LockNotAvailable as error:
            raise StoreError(
                f"{place}: somebody holds the tables of schema {schema} in use; the old ones are left, try again later"
            ) from error
        except psycopg.Error as error:
            raise StoreError(f"{place}: {in_words(error)}; what stood there before is left") from error
    return Published(place, rows, renamed)


def _begin(cursor: psycopg.Cursor[Any], schema: str, mark: str, place: str) -> sql.Composable:
    """Refuse a database without PostGIS and a schema of somebody else; give the schema in which the types lie."""
    cursor.execute(sql.SQL("SET LOCAL search_path = pg_catalog"))
    cursor.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(WAIT)))
    # One publisher of a schema at a time: the second one waits for the first.
    cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"spatial-integration {schema}"])
    found = cursor.execute(
        "SELECT nspname FROM pg_extension JOIN pg_namespace AS n ON n.oid = extnamespace WHERE extname = 'postgis'"
    ).fetchone()
    if found is None:
        raise StoreError(f"{place}: the database has no PostGIS; its owner adds it by: CREATE EXTENSION postgis")
    there = cursor.execute(
        "SELECT coalesce(obj_description(oid, 'pg_namespace'), '') FROM pg_namespace WHERE nspname = %s", [schema]
    ).fetchone()
    if there is not None and there[0] != mark and (there[0] or _relations(cursor, schema)):
        told = f"is {there[0]!r}" if there[0].startswith("spatial-integration") else "is no published study"
        raise StoreError(f"{place}: schema {schema} is there and {told}; name another with --schema")
    return sql.Identifier(found[0])


def _relations(cursor: psycopg.Cursor[Any], schema: str) -> list[str]:
    """Name the tables, views and sequences of a schema."""
    query = "SELECT relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE nspname = %s"
    return [name for (name,) in cursor.execute(f"{query} AND relkind IN ('r', 'v', 'm', 'f', 'p', 'S')", [schema])]


def _fill(
    cursor: psycopg.Cursor[Any],
    schema: str,
    release: Release,
    types: sql.Composable,
    progress: Callable[[float, str], None],
) -> tuple[dict[str, int], dict[str, str]]:
    """Make the tables with their rows, keys, indexes and comments; count what arrived."""
    ids, words = release.ids(), release.meta.words
    rows: dict[str, int] = {}
    renamed: dict[str, str] = {}
    links: list[tuple[str, sql.Composed]] = []
    keyed: set[str] = set()
    for at, name in enumerate(release.names):
        progress(0.9 * at / len(release.names), name)
        frame = shared_frame(release.table(name))
        # Names that PostgreSQL takes: not too long, not one of its own, none twice.
        columns: dict[str, str] = {}
        for column in map(str, frame.columns):
            wanted = _name(column) or "column"
            wanted = f"{wanted}_" if wanted in ITS_OWN else wanted
            others = (_name(wanted, f"_{number}") for number in count(2))
            columns[column] = next(new for new in chain([wanted], others) if new not in columns.values())
        renamed |= {f"{name}.{column}": new for column, new in columns.items() if column != new}
        table = sql.Identifier(schema, name)
        key = [column for column in TABLES[name].key if column in frame]
        is_key = len(key) == len(TABLES[name].key) > 0 and not (
            frame[key].isna().any(axis=None) or frame.duplicated(key).any()
        )
        if not is_key:
            own = ROW if ROW not in columns.values() else f"{ROW}_{secrets.token_hex(4)}"
            frame = frame.assign(**{own: np.arange(1, len(frame) + 1)})
            key, columns = [own], columns | {own: own}
        elif len(key) == 1:
            keyed.add(name)
        _make(cursor, table, frame, columns, types)
        counted = cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(table)).fetchone()
        if counted != (len(frame),):
            raise StoreError(f"table {name}: of {len(frame)} rows {counted} arrived; nothing was changed, try again")
        rows[name] = len(frame)
        keys = sql.SQL(", ").join(sql.Identifier(columns[column]) for column in key)
        cursor.execute(sql.SQL("ALTER TABLE {} ADD PRIMARY KEY ({})").format(table, keys))
        if isinstance(frame, gpd.GeoDataFrame):
            shape = sql.Identifier(columns[str(frame.active_geometry_name)])
            cursor.execute(sql.SQL("CREATE INDEX ON {} USING gist ({})").format(table, shape))
        for link in foreign_keys(ids, name, frame):
            (column,), target = link["fields"], link["reference"]
            ends = [sql.Identifier(columns[column]), sql.Identifier(schema, target["resource"])]
            ends.append(sql.Identifier(*target["fields"]))
            add = sql.SQL("ALTER TABLE {} ADD FOREIGN KEY ({}) REFERENCES {} ({})").format(table, *ends)
            links.append((target["resource"], add))
            if column != key[0]:
                cursor.execute(sql.SQL("CREATE INDEX ON {} ({})").format(table, ends[0]))
        say = sql.SQL("COMMENT ON TABLE {} IS {}").format(table, sql.Literal(words.title(TABLES[name].title)))
        cursor.execute(say)
        for column, new in columns.items():
            if (known := TABLES[name].field(column)) is not None:
                title, about = words.title(known.title, known.unit), words.about(known.description)
                said = words.told_of(title, about) if about else title
                text = sql.SQL("COMMENT ON COLUMN {}.{} IS {}").format(table, sql.Identifier(new), sql.Literal(said))
                cursor.execute(text)
    for target, add in links:
        if target in keyed:
            cursor.execute(add)
    return rows, renamed


def _make(
    cursor: psycopg.Cursor[Any],
    table: sql.Composable,
    frame: pd.DataFrame,
    columns: Mapping[str, str],
    types: sql.Composable,
) -> None:
    """Make a table and copy the rows of a frame into it."""
    shape = frame.active_geometry_name if isinstance(frame, gpd.GeoDataFrame) else None
    made: list[sql.Composable] = []
    values: list[Sequence[Any]] = []
    kind: sql.Composable
    for column in frame.columns:
        cells = frame[column]
        if column == shape:
            flat = shapely.force_2d(frame.geometry.to_numpy())
            flat[shapely.is_empty(flat)] = None
            there = {one.geom_type for one in flat if one is not None}
            singles = {name.removeprefix("Multi") for name in there}
            whole = singles.pop() if len(singles) == 1 else "Geometry"
            several: Any = {"LineString": shapely.MultiLineString, "Polygon": shapely.MultiPolygon}.get(whole)
            if several is not None:  # one column has one type: a line is one of several where any of a table are
                flat = np.array(
                    [several([one]) if one is not None and one.geom_type == whole else one for one in flat],
                    dtype=np.object_,
                )
                whole = f"Multi{whole}"
            whole = "Geometry" if whole == "Point" and "MultiPoint" in there else whole
            kind = sql.SQL("{}.geometry({}, {})").format(types, sql.SQL(whole), sql.Literal(WEB_DEGREES))
            values.append(shapely.to_wkb(shapely.set_srid(flat, WEB_DEGREES), hex=True, include_srid=True).tolist())
        else:
            kind = sql.SQL(TYPES.get(cells.dtype.kind, "text"))
            plain = cells.astype(object).where(cells.notna(), None).tolist()  # unknown is NULL there
            if cells.dtype.kind not in TYPES:
                plain = [None if cell is None else UNWRITABLE.sub("\ufffd", str(cell)) for cell in plain]
            values.append(plain)
        made.append(sql.SQL("{} {}").format(sql.Identifier(columns[column]), kind))
    cursor.execute(sql.SQL("CREATE TABLE {} ({})").format(table, sql.SQL(", ").join(made)))
    with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(table)) as copy:
        for row in zip(*values, strict=True):
            copy.write_row(row)
    cursor.execute(sql.SQL("ANALYZE {}").format(table))


def _name(text: str, ending: str = "") -> str:
    """Cut a name to what PostgreSQL keeps of it."""
    room = LONGEST_NAME - len(ending)
    return UNWRITABLE.sub("", text).encode()[:room].decode(errors="ignore") + ending
