"""PostGIS: the door to a database, and a table or query of it as a frame; no password is taken, said or kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pyproj
import shapely

from spatial.errors import DataError, MissingDependencyError, SourceError, StoreError
from spatial.formats.files import DATABASES, refuse_password

if TYPE_CHECKING:
    import psycopg


WEB_DEGREES = 4326
"""Number of longitude and latitude (WGS 84) in PostGIS."""
SECONDS = 10
"""How long a database is waited for that does not answer."""
NUMBERS = ("int2", "int4", "int8", "float4", "float8", "numeric")
SHAPES = ("geometry", "geography")
"""Types of PostGIS. What is neither of these, nor yes or no, becomes text."""


def connect(url: str, fault: type[DataError | StoreError]) -> psycopg.Connection[Any]:
    """Open a database by an address without a password, or say in words why not."""
    try:
        import psycopg  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise MissingDependencyError("psycopg", "share") from error
    refuse_password(url, fault)
    if not url.startswith(DATABASES):
        raise fault(f"{url!r} is no address of a database; write postgresql://user@host/database")
    try:
        return psycopg.connect(url, connect_timeout=SECONDS, application_name="spatial", client_encoding="utf8")
    except psycopg.Error as error:
        asks = error.pgconn is not None and error.pgconn.needs_password
        remedy = "; put the password into the environment as PGPASSWORD or into ~/.pgpass" if asks else ""
        raise fault(f"{url}: the database does not open: {in_words(error)}{remedy}") from error


def in_words(error: psycopg.Error) -> str:
    """Say on one line what a database said."""
    return " ".join((error.diag.message_primary or str(error)).split())


def read_database(url: str, *, table: str = "", query: str = "", what: str = "source") -> pd.DataFrame:
    """
    Read a table, such as `public.villages`, or what a query gives; nothing can be changed by it.

    Rows stand in the order of their cells, so that the same rows are the same frame. With a column of PostGIS they have
    places, in the CRS that it states.
    """
    with connect(url, SourceError) as connection:
        import psycopg  # noqa: PLC0415 - an extra, which is there
        from psycopg import sql  # noqa: PLC0415 - as above

        connection.read_only = True
        try:
            asked: Any = query
            if table:
                asked = sql.SQL("SELECT * FROM {}").format(sql.Identifier(*table.split(".", 1)))
            # Prepared, it is one statement: none behind it may end the transaction that only reads.
            cursor = connection.execute(asked, prepare=True)
            if cursor.description is None:
                raise SourceError(f"{what}: the query gives no rows; write a SELECT")
            names = [column.name for column in cursor.description]
            rows = cursor.fetchall()
            kinds = dict(connection.execute("SELECT oid, typname FROM pg_type").fetchall())
            types = [kinds.get(column.type_code, "text") for column in cursor.description]
            frame = pd.DataFrame(rows, columns=names, dtype=object)
            shapes = [name for name, kind in zip(names, types, strict=True) if kind in SHAPES]
            repeated = sorted({name for name in names if names.count(name) > 1})
            if frame.empty or len(shapes) > 1 or repeated:
                problem = "the query gives no rows" if frame.empty else f"two columns are called {repeated}"
                several = f"several columns are shapes, {shapes}; write a query that names one"
                raise SourceError(f"{what}: {several if len(shapes) > 1 else problem}")
            for name, kind in zip(names, types, strict=True):
                if kind in NUMBERS:
                    # A code of twelve digits is whole, be its column one of decimals.
                    whole = not kind.startswith("float") and all(
                        cell is not None and float(cell).is_integer() and abs(cell) < 2**63 for cell in frame[name]
                    )
                    frame[name] = frame[name].astype("int64" if whole else "float64")
                elif kind == "bool":
                    frame[name] = frame[name].astype("bool" if frame[name].notna().all() else "object")
                elif kind not in SHAPES:
                    frame[name] = frame[name].map(lambda cell: None if cell is None else str(cell)).astype("str")
            if not shapes:
                return _in_order(frame)
            (shape,) = shapes
            places = shapely.from_wkb(frame[shape].to_numpy())
            numbers_of_crs = sorted({int(number) for number in shapely.get_srid(places) if number > 0})
            if len(numbers_of_crs) != 1:
                raise SourceError(
                    f"{what}: the shapes have {len(numbers_of_crs)} CRS; set one by ST_SetSRID or ST_Transform"
                )
            known = connection.execute(
                "SELECT auth_name || ':' || auth_srid FROM spatial_ref_sys WHERE srid = %s", numbers_of_crs
            ).fetchone()
        except psycopg.Error as error:
            raise SourceError(f"{what}: the database says: {in_words(error)}") from error
    try:
        crs = pyproj.CRS.from_user_input(known[0] if known else f"EPSG:{numbers_of_crs[0]}")
    except pyproj.exceptions.CRSError as error:
        raise SourceError(f"{what}: nobody knows the CRS with the number {numbers_of_crs[0]}") from error
    placed = gpd.GeoDataFrame(_in_order(frame.assign(**{shape: places})), geometry=shape, crs=crs)
    return placed.rename_geometry("geometry")


def _in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Put rows into the order of their cells: a table of a database has none."""
    return frame.loc[frame.astype("str").sort_values(list(frame.columns), kind="stable").index].reset_index(drop=True)
