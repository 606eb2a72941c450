"""Open a vector file of any accepted format, KML and DXF among them, by its name and only if its content agrees."""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import re
import sqlite3
import warnings
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pyproj

from spatial.errors import ContractError, CrsError, SourceError, first_of, refuse
from spatial.formats.columns import coordinate_columns, map_columns, plain_numbers, text_column, translate_values
from spatial.formats.delimited import AUTO, encoding_but, guess_encoding, narrow_frame, read_delimited, table_text
from spatial.formats.files import (
    BYTES_A_MB,
    LETTERS_OF_CAUSE,
    damage_told,
    local_file,
    local_geodatabase,
    refuse_large,
    refuse_wide,
)
from spatial.formats.notes import ListColumns, Note, add_notes, leave_out, row_numbers
from spatial.formats.workbook import left_totals, read_workbook, total_rows
from spatial.messages import Said
from spatial.plain_text import shipped_toml
from spatial.study.sources import ReadLimits, TableSource

_log = logging.getLogger(__name__)

# KML and KMZ: the fields that people wrote, without those that the format adds by itself.

_OF_THE_FORMAT = (
    "timestamp", "begin", "end", "altitudeMode", "tessellate", "extrude", "visibility", "drawOrder", "icon",
    "snippet",
)  # fmt: skip


def tidy_kml(frame: pd.DataFrame, *, label: str) -> gpd.GeoDataFrame:
    """Leave out the fields of display that the format gives every place."""
    placed = frame[frame.geometry.notna()].reset_index(drop=True) if isinstance(frame, gpd.GeoDataFrame) else None
    if placed is None or placed.empty:
        raise SourceError(
            f"{label}: no place in the KML; if it only links to data elsewhere, save the places themselves as KML"
        )
    tidy = placed.drop(columns=list(_OF_THE_FORMAT), errors="ignore")
    without = len(frame) - len(placed)
    add_notes(tidy, [Note("no_place", without, {"count": without})])
    return tidy


# DXF drawings: the lines of all or one of their layers.

_LINES = ("LineString", "MultiLineString")


def drawn_lines(frame: pd.DataFrame, layer: str | None, *, label: str) -> gpd.GeoDataFrame:
    """Keep the lines of a drawing."""
    if not isinstance(frame, gpd.GeoDataFrame):
        raise SourceError(f"{label}: no entity of the drawing has a place; save the drawing as DXF again")
    chosen = frame
    if layer is not None:
        names = sorted(frame["Layer"].dropna().unique())
        if layer not in names:
            raise SourceError(f"{label}: no layer {layer!r} in the drawing; it has {first_of(names, limit=20)}")
        chosen = frame[frame["Layer"] == layer]
    is_line = chosen.geometry.geom_type.isin(_LINES)
    if "PaperSpace" in chosen.columns:
        is_line &= ~chosen["PaperSpace"].fillna(0).astype(bool)
    if not is_line.any():
        raise SourceError(f"{label}: no line in the drawing; name the right layer = '...'")
    lines = chosen[is_line].reset_index(drop=True)
    others = chosen[~is_line].geometry.geom_type.fillna("no geometry").value_counts().sort_index()
    shapes = [[str(kind), int(number)] for kind, number in others.items()]
    add_notes(lines, [Note("no_lines", int(others.sum()), {"where": {"shapes": shapes}})])
    return lines


# Open a vector file of any accepted format, by its name and only if its content agrees.

FORMATS: dict[str, tuple[str, tuple[bytes, ...]]] = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), ("CSV", ())),
    **dict.fromkeys((".xlsx", ".xlsm", ".xls"), ("workbook", ())),
    ".gpkg": ("GeoPackage", (b"SQLite format 3\x00",)),
    **dict.fromkeys((".geojson", ".json"), ("GeoJSON", (b"{", b"\xef\xbb\xbf{"))),
    ".shp": ("Shapefile", (b"\x00\x00\x27\x0a",)),
    ".fgb": ("FlatGeobuf", (b"fgb\x03",)),
    **dict.fromkeys((".parquet", ".geoparquet"), ("GeoParquet", (b"PAR1",))),
    ".gdb": ("file geodatabase", ()),
    ".kml": ("KML", (b"<", b"\xef\xbb\xbf<")),
    ".kmz": ("KML", (b"PK",)),
    ".dxf": ("DXF", (b"0", b"999", b"AutoCAD Binary DXF")),
}
"""Kind of file and how it begins, by the ending of its name."""

REMEDIES = {
    ending: Said(f"remedy_{kind}")
    for kind, endings in shipped_toml("formats/unread.toml").items()
    for ending in endings
}
"""What to do with files that offices have and that are not read."""

BETWEEN = (
    r"(?<![经纬])\s*[,;\uff0c\u3001\s]\s*(?!\s*(?:[\d.,]+\s*['\u2032\u2019\"\u2033\u201d分秒]|[NSEWO](?!\d)|[°º˚度分秒'\"\u2032\u2033]))"
    r"|(?<=[秒\u2033\"NSEW])(?=[东西北南][经纬])"
)
"""What stands between two coordinates in one cell, as a regular expression; blanks inside an angle are part of it."""
_AROUND = re.compile(r"^(?:POINT\s*)?[\[(]\s*|\s*[\])]$", re.IGNORECASE)

HONEST_TIMES = 20.0
"""A GeoParquet that unpacks to no more times its size is read, however large: it is as it seems."""
BYTES_A_CELL = 8

NOT_DATA = {"layer_styles", "qgis_projects"}

_MOST_FUNCTIONS = 100
_STEPS_AT_ONCE, _MOST_STEPS = 1_000_000, 300
"""How often SQLite says that it is at work, and how often it may: a query that gives nothing is left after seconds."""


def split_pairs(cells: pd.Series) -> pd.DataFrame:
    """Split cells that hold two coordinates into two columns: "43.2, -11.7", "[43.2,-11.7]" or "POINT (43.2 -11.7)"."""
    bare = cells.str.strip().str.replace(_AROUND, "", regex=True)
    return bare.str.split(BETWEEN, n=1, expand=True, regex=True).reindex(columns=range(2))


def open_frame(path: Path, source: TableSource, *, what: str) -> pd.DataFrame:
    """Read a file as it is."""
    kind, magic = FORMATS.get(path.suffix.lower(), ("", ()))
    if not kind:
        raise SourceError(
            f"{what} {path}: files that end in {path.suffix!r} are not read; "
            + REMEDIES.get(path.suffix.lower(), f"save it as CSV (UTF-8), GeoPackage or one of {', '.join(FORMATS)}")
        )
    if kind == "workbook":
        return read_workbook(
            path, sheet=source.sheet, header_row=source.header_row, total_words=source.total_words, what=what,
            limits=source,
        )  # fmt: skip
    if kind == "CSV":
        told = {key: getattr(source, key) for key in ("encoding", "delimiter", "header_row")}
        frame = narrow_frame(read_delimited(path, **told, what=what, limits=source))
        if "total_words" in source.model_fields_set:
            return left_totals(frame, source.total_words)
        sums = total_rows(frame, source.total_words)
        if sums:
            problem = (
                f"row(s) {first_of(row_numbers(frame)[sums])} look like sums of other rows, by a word such as 合计 or "
                "Total; write total_words = ['合计', 'Total'] to leave such rows out, or total_words = [] to keep them"
            )
            raise ContractError(f"{what} {path}", [problem])
        return frame
    if kind == "file geodatabase":
        file = local_geodatabase(path, what=what)
    else:
        file = local_file(path, what=what, magic=magic, kind=kind)
    if kind == "GeoParquet":
        with damage_told(f"{what} {file}", kind), doubts_logged(f"{what} {file}"):
            schema = pq.read_schema(file)
            refuse_wide(len(schema.names), source, label=f"{what} {file}")
            told = pq.read_metadata(file)
            unpacked = sum(told.row_group(number).total_byte_size for number in range(told.num_row_groups))
            # Cells that are all alike take no room in the file, and eight bytes each in memory.
            needed = max(unpacked, BYTES_A_CELL * told.num_rows * told.num_columns)
            if needed > HONEST_TIMES * file.stat().st_size:
                refuse_large(needed, source, label=f"{what} {file}")
            frame = gpd.read_parquet(file) if b"geo" in (schema.metadata or {}) else pd.read_parquet(file)
            # Bytes that are no text are met where a text is first looked at: look at all of them here.
            texts = [name for name in frame.columns if isinstance(frame[name].dtype, pd.StringDtype)]
            pa.Table.from_pandas(pd.DataFrame(frame[texts]), preserve_index=False).validate(full=True)
    else:
        frame = _read_ogr(file, kind, source, what)
    # Lists and tables within a cell, which some formats have, become text.
    for name in [name for name in frame.columns if frame[name].dtype == object]:
        nested = frame[name].map(lambda value: isinstance(value, dict | list | tuple | np.ndarray))
        if nested.any():
            frame[name] = frame[name].mask(nested, frame[name].map(str))
    if kind == "KML":
        frame = tidy_kml(frame, label=f"{what} {path}")
    if frame.empty:
        raise SourceError(f"{what} {path}: the layer holds no rows; export it again")
    return drawn_lines(frame, source.layer, label=f"{what} {path}") if kind == "DXF" else frame


def open_mapped(
    path: Path, source: TableSource, *, what: str, key: str = "", wanted: ListColumns | None = None
) -> pd.DataFrame:
    """Read a file with its columns and values under our names; `key` is ours of the ids, for those made of several."""
    problems: list[str] = []
    file = open_frame(path, source, what=what)
    frame = map_columns(file, source.columns, source.values, problems)
    pair = source.lonlat or source.latlon
    absent = [name for name in (*source.id_from, pair) if name and name not in file.columns]
    if absent:
        problems.append(
            f"id_from, lonlat, latlon: no such column {first_of(absent)}; the file has {list(file.columns)}"
        )
    elif source.id_from and key:
        parts = [text_column(file[name]).fillna("").str.strip() for name in source.id_from]
        frame[key] = pd.Series(["/".join(part) for part in zip(*parts, strict=True)], index=frame.index, dtype="str")
    if pair and not absent:
        order = ("longitude", "latitude") if source.lonlat else ("latitude", "longitude")
        cells = split_pairs(text_column(file[pair]))
        frame = frame.assign(**dict(zip(order, (cells[0], cells[1]), strict=True)))
    frame = translate_values(frame, source, path, problems, what=what)
    is_typed = FORMATS[path.suffix.lower()][0] == "workbook"
    frame = plain_numbers(frame, source, problems, typed=is_typed)
    refuse(f"{what} {path}", problems)
    if wanted is None:
        return frame
    is_placed = isinstance(file, gpd.GeoDataFrame) and file.active_geometry_name is not None
    declared = (source.longitude, source.latitude, source.easting, source.northing)
    axes = [name for name in declared if name] if is_placed else [*coordinate_columns(source)[0]]
    axes.extend([pair] if pair else [])
    return leave_out(frame, file, source, wanted, axes=axes, label=f"{what} {path}")


def declares_crs(path: Path) -> bool:
    """Whether a file itself says its CRS, rather than by a default of its format."""
    if FORMATS.get(path.suffix.lower(), ("",))[0] != "GeoJSON":
        return True
    with damage_told(str(path), "GeoJSON"):
        member = json.loads(path.read_text(encoding="utf-8-sig")).get("crs")
    if member is None:
        return False
    properties = member.get("properties") if isinstance(member, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    try:
        pyproj.CRS.from_user_input(name)
    except (pyproj.exceptions.CRSError, TypeError, ValueError) as error:
        raise CrsError(
            f'{path}: the file says in its member "crs" that it is in {name!r}, which is no known CRS; correct it, or '
            "delete the member and declare crs in the study file"
        ) from error
    return True


@contextlib.contextmanager
def doubts_logged(label: str) -> Iterator[None]:
    """Log what GDAL says of a file that it reads all the same; raised within its C, nothing could catch it."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", RuntimeWarning)
        yield
    for text in dict.fromkeys(" ".join(str(one.message).split())[:LETTERS_OF_CAUSE] for one in said):
        _log.warning("%s: %s", label, text)


@contextlib.contextmanager
def written_unsynced() -> Iterator[None]:
    """Let a temporary GeoPackage be written without waiting for the disk: it is read back at once, and thrown away."""
    pyogrio.set_gdal_config_options({"OGR_SQLITE_SYNCHRONOUS": "OFF"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_SQLITE_SYNCHRONOUS": None})


def _read_ogr(file: Path, kind: str, source: TableSource, what: str) -> pd.DataFrame:
    encoding = None
    if kind == "Shapefile":
        absent = [ending for ending in (".shx", ".dbf") if not sibling(file, ending)]
        if absent:
            raise SourceError(
                f"{what} {file}: a Shapefile is several files, and {', '.join(absent)} is not beside it; copy them all"
            )
        encoding = _shapefile_encoding(file, source.encoding, what)
    label = f"{what} {file}"
    with damage_told(label, kind), doubts_logged(label):
        names = layers_of(file, kind, source, label=label)
    layer = None if kind == "DXF" else source.layer
    if layer is not None and layer not in names:
        raise SourceError(f"{label}: no layer {layer!r}; it has {first_of(names, limit=20)}")
    if layer is None and len(names) != 1:
        several = f"several layers, {first_of(names, limit=20)}; name one as layer = '...'"
        raise SourceError(f"{label}: {several if names else 'no layer'}")
    with damage_told(label, kind), doubts_logged(label):
        if kind == "GeoPackage":
            refuse_endless(file, layer or names[0], source, label=label)
        try:
            frame: pd.DataFrame = pyogrio.read_dataframe(file, layer=layer or names[0], encoding=encoding)
        except UnicodeDecodeError as error:
            table = sibling(file, ".dbf") if kind == "Shapefile" else None
            if table and guess_encoding(table_text(table)) == "utf-8":
                return _without_cut_letters(pyogrio.read_dataframe(file, encoding="ISO-8859-1"))
            told = f"its text is not {source.encoding}; write encoding = 'gb18030' for a Chinese file"
            raise SourceError(f"{label}: {told}") from error
    return frame


def _without_cut_letters(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn what was read byte by byte into UTF-8 without letters that the width of a field cut, as in 行政村名称."""

    def whole(text: object) -> object:
        return text.encode("latin-1").decode("utf-8", "ignore") if isinstance(text, str) else text

    for name in frame.select_dtypes(["object", "str"]):
        frame[name] = frame[name].map(whole)
    names = pd.Series(frame.columns.map(whole))
    again = names.groupby(names).cumcount()
    frame.columns = names.where(again == 0, names + "_" + again.astype("str"))
    return frame


def layers_of(file: Path, kind: str, limits: ReadLimits, *, label: str) -> list[str]:
    """List the layers of a file, but those of looks and projects."""
    if kind == "GeoPackage":
        refuse_endless(file, None, limits, label=label)
    return [str(name) for name, _ in pyogrio.list_layers(file) if name not in NOT_DATA]


def refuse_endless(file: Path, layer: str | None, limits: ReadLimits, *, label: str) -> None:
    """
    Refuse a GeoPackage with a layer that a query makes, if it gives more than the study allows or never ends.

    GDAL knows no limit: it runs each query up to its first row to list layers, and to the end to read one. A layer that
    is stored takes the room of its file and is not looked at.
    """
    steps, names = itertools.count(), [layer]
    # Where QGIS has it open, what it wrote last lies beside it.
    is_open = file.with_name(f"{file.name}-wal").exists()
    address = f"{file.absolute().as_uri()}?mode=ro{'' if is_open else '&immutable=1'}"
    with contextlib.closing(sqlite3.connect(address, uri=True)) as opened:
        opened.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, int(min(limits.max_unpacked_mb * BYTES_A_MB, 2**31 - 1)))
        opened.set_progress_handler(lambda: next(steps) >= _MOST_STEPS, _STEPS_AT_ONCE)
        try:
            if layer is None:
                names = [name for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'view'")]
            for name in names:
                quoted = str(name).replace('"', '""')
                kinds = opened.execute("SELECT type FROM sqlite_master WHERE name = ?", (name,)).fetchall()
                # Hidden columns of the kinds 2 and 3 are reckoned from others when they are read.
                reckoned = any(column[6] in {2, 3} for column in _rows_of(opened, f'PRAGMA table_xinfo("{quoted}")'))
                if kinds == [("table",)] and not reckoned:
                    continue
                size = 0
                for row in _rows_of(opened, f'SELECT * FROM "{quoted}"'):  # noqa: S608 - a name, quoted
                    size += sum(len(cell) if isinstance(cell, str | bytes) else BYTES_A_CELL for cell in row)
                    refuse_large(size, limits, label=label)
                    if layer is None:
                        break
        except sqlite3.DataError:
            refuse_large(np.inf, limits, label=label)
        except sqlite3.OperationalError as error:
            raise SourceError(
                f"{label}: the query behind the layer {name!r} does not come to its end ({error}); store what it gives "
                "as a layer of its own, and leave the query out"
            ) from error


def _rows_of(opened: sqlite3.Connection, query: str) -> sqlite3.Cursor:
    """Run a query as far as its rows; functions that GDAL alone knows, such as ST_Buffer, give what they are given."""
    for _ in range(_MOST_FUNCTIONS):
        try:
            return opened.execute(query)
        except sqlite3.OperationalError as error:
            unknown = re.fullmatch(r"no such function: (\w+)", str(error))
            if unknown is None:
                raise
            opened.create_function(unknown[1], -1, lambda *given: next(iter(given), None))
    return opened.execute(query)


def _shapefile_encoding(file: Path, declared: str, what: str) -> str | None:
    """Return the declared encoding, or None where the .cpg beside the file is to say it."""
    plain, table = declared.lower().replace("_", "-"), sibling(file, ".dbf")
    assert table is not None  # the caller has looked
    data, page = table_text(table), sibling(file, ".cpg") if plain in {"utf-8", "utf8", AUTO} else None
    if plain == AUTO and page is None:
        return guess_encoding(data)
    said = page.read_text(encoding="ascii", errors="replace").strip() if page else declared
    try:
        "".encode(declared if plain != AUTO else "utf-8")
    except LookupError as error:
        raise SourceError(f"{what} {file}: the encoding {declared!r} is not known; write 'gb18030'") from error
    told = encoding_but(said, data)
    if page and (told in {"", "utf-8"} or plain == AUTO):
        return told or None
    if page or told == "utf-8":
        by = f", as {page.name} says" if page else ""
        raise SourceError(f"{what} {file}: its text is not {said}{by}; write encoding = {told!r}")
    return declared


def sibling(file: Path, ending: str) -> Path | None:
    """Find a part of a Shapefile beside it, by its ending in small letters or capitals."""
    return next((part for form in (ending, ending.upper()) if (part := file.with_suffix(form)).exists()), None)
