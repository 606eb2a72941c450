"""A user's columns as the tables want them: numbers, words, coordinates; every fault is collected, none is repaired."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from spatial.arrays import BoolArray, FloatArray
from spatial.crs import WGS84, Bounds, parse_crs, transformer_between
from spatial.errors import ContractError, CrsError, SourceError, first_of
from spatial.formats.delimited import narrow, says_scale
from spatial.formats.notes import NOTES, Note, Row, add_notes, columns_of_file, listed, row_numbers
from spatial.formats.tag_rules import fold
from spatial.georef.datums import apply_shift, fit_local_grid, refuse_unknown_shift, refuse_wrong_zone
from spatial.plain_text import shipped_toml, toml_table, toml_text
from spatial.study.sources import TableSource
from spatial.tables import TABLES

# A user's columns as the tables want them: every fault is collected, none is repaired.

_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|janv|févr|mars|avr|mai|juin|juil|août|sept|oct|nov|déc"
_DATED = rf"\d\d?-({_MONTHS})\.?|\d\d?月\d\d?日|\d{{4}}-\d\d-\d\d[ T]00:00:00"
ROUNDED = re.compile(rf"\d+[.,]\d+[eE]\+?\d+|\d+[eE]\+\d+|{_DATED}", re.ASCII)
"""How a spreadsheet writes a code that it took for a number or a date: 5.33325E+11; 2-Jan or 1月2日 for 1-2."""

CARRIED = "source_"
"""Put before a file's own column whose name a mapped column takes."""

MOST = 1e11
"""No count, of people or of what a facility holds, is above ten times the people on earth."""

_GROUPED = re.compile(r"[1-9]\d{0,2}(\.\d{3})+", re.ASCII)
"""A whole number of 1,000 or more, as it is written with points between thousands."""

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def map_columns(
    frame: pd.DataFrame, columns: Mapping[str, str], values: Mapping[str, Mapping[str, str]], problems: list[str]
) -> pd.DataFrame:
    """Give a file's columns our names and its values our values; all other columns travel along."""
    geometry = frame.active_geometry_name if isinstance(frame, gpd.GeoDataFrame) else None
    theirs = [str(column) for column in frame.columns if column != geometry]
    absent = {ours: name for ours, name in columns.items() if name not in theirs}
    if absent:
        wanted = ", ".join(f"{ours} = {name!r}" for ours, name in absent.items())
        problems.append(
            f"columns: no such column for {wanted}; the file has {first_of(theirs, limit=30)}: write one of these, or "
            "look at delimiter, sheet and header_row"
        )
    found = {ours: name for ours, name in columns.items() if name not in absent.values()}
    above = scales_noted(frame)
    for ours, name in found.items():
        if ours.endswith("_persons") and says_scale(name, above=above):
            why = "" if says_scale(name) else f", as {above[0]!r} above the header says"
            remedy = "rename the column" if not why else f"correct that line, or call the column '{name} (persons)'"
            problems.append(
                f"columns.{ours}: {name!r} seems to count in thousands or ten thousands{why}, and persons are wanted: "
                f"multiply the numbers in the file, and {remedy}"
            )
    taken = {name: f"{CARRIED}{name}" for name in found if name in theirs and name not in found.values()}
    mapped = frame.rename(columns=taken)
    renamed = {name: ours for ours, name in found.items()}
    mapped = mapped.rename(columns=renamed)
    for ours, name in found.items():
        if renamed[name] != ours:  # one column of the file stands for several of ours
            mapped[ours] = mapped[renamed[name]]
    for ours, dictionary in values.items():
        if ours in mapped.columns:
            mapped[ours] = translate(text_column(mapped[ours]), dictionary)
        elif ours not in absent:
            problems.append(f"values.{ours}: the table has no column {ours}; map one in columns")
    return mapped


DOTTED = re.compile(r"(?<=\b\w)\.(?=\w\b|$)")
"""Dots within an abbreviation: C.E.G. is CEG."""
_NO_WORD = re.compile(r"(?:[^\w*]|_)+")


def translate(texts: pd.Series, words: Mapping[str, str]) -> pd.Series:
    """Give texts our words: first by the whole text, then by patterns such as * health post *, the longest first."""
    patterns = sorted((theirs for theirs in words if "*" in theirs), key=len, reverse=True)
    rules = [(re.compile(re.escape(_apart(theirs)).replace(r"\*", ".*")), words[theirs]) for theirs in patterns]
    known = {theirs: ours for theirs, ours in words.items() if theirs not in patterns}
    for text in texts.dropna().unique() if rules else ():
        if text not in known and (found := next((ours for rule, ours in rules if rule.fullmatch(_apart(text))), None)):
            known[text] = found
    return texts.replace(known)


def _apart(text: str) -> str:
    """Write words one blank apart, with one before and one behind, where no * stands there."""
    bare = " ".join(_NO_WORD.sub(" ", fold(narrow(DOTTED.sub("", text)))).split())
    return f"{'' if bare.startswith('*') else ' '}{bare}{'' if bare.endswith('*') else ' '}"


def scales_noted(frame: pd.DataFrame) -> list[str]:
    """List lines above the header of a file that say that numbers count thousands or the like."""
    notes: list[Note] = [Note(*row) for row in frame.attrs.get(NOTES, [])]
    return [line for note in notes if note.key == "scales" for line in note.values["where"]["first"]]


def row_labels(frame: pd.DataFrame, key: str) -> pd.Series:
    """Name rows for messages: by id where there is one, else by number."""
    rows = pd.Series([f"row {number}" for number in row_numbers(frame)], index=frame.index, dtype="str")
    if key not in frame.columns:
        return rows
    ids = text_column(frame[key])
    return ids.where(ids.notna(), rows)


def row_items(frame: pd.DataFrame, key: str, chosen: pd.Series | BoolArray) -> dict[str, Any]:
    """List rows as a value of a note: by id where there is one, else by number."""
    ids = text_column(frame[key]) if key in frame.columns else pd.Series(None, index=frame.index, dtype="str")
    numbers = row_numbers(frame)
    return listed(
        Row(int(numbers[at])) if pd.isna(ids.iloc[at]) else ids.iloc[at] for at in np.flatnonzero(np.asarray(chosen))
    )


def tell_rows(
    problems: list[str], frame: pd.DataFrame, key: str, wrong: Any, text: str, values: pd.Series | None = None
) -> None:
    """Add a problem of some rows where there are any: its text says `{rows}`, and `{values}` for what they hold."""
    if wrong.any():
        shown = "" if values is None else first_of(values[wrong].drop_duplicates(), limit=3)
        rows = first_of(row_labels(frame, key)[wrong])
        problems.append(text.replace("{rows}", rows).replace("{values}", shown))


def text_column(series: pd.Series) -> pd.Series:
    """Text of a column; a whole number loses no digit and gains no ``.0``; missing stays missing."""
    if isinstance(series.dtype, pd.StringDtype):
        return series.astype("str")

    def text(value: object) -> object:
        if isinstance(value, float | np.floating) and float(value).is_integer():
            return str(int(value))
        return str(value)

    texts = [text(value) if there else np.nan for value, there in zip(series, series.notna(), strict=True)]
    return pd.Series(texts, index=series.index, dtype="str", name=series.name)


def spoiled_ids(ids: pd.Series) -> pd.Series:
    """Find ids that a spreadsheet made numbers or dates; where all have the form of 2026-01-02 it may be meant."""
    dates = ids.str.fullmatch(r"\d{4}-\d\d-\d\d", na=False)
    return ids.str.fullmatch(ROUNDED, na=False) | (dates if not dates.all() else False)


def id_column(frame: pd.DataFrame, key: str, problems: list[str]) -> pd.Series:
    """Read ids as text, complete and unique."""
    if key not in frame.columns:
        names = first_of(columns_of_file(frame), limit=30)
        problems.append(f"{key}: the column is missing; map it in columns: the table has {names}")
        return row_labels(frame, key)
    ids = text_column(frame[key])
    empty = ids.isna() | (ids.str.strip() == "")
    tell_rows(problems, frame, "", empty, f"{key}: no id in {{rows}}; give each row an id of its own")
    spoiled = spoiled_ids(ids)
    shown = first_of(ids[spoiled].drop_duplicates(), limit=2)
    told = (
        f"{key}: rounded or made a date by a spreadsheet in {{rows}}, such as {shown}; format the column as text and "
    )
    tell_rows(problems, frame, "", spoiled, f"{told}enter the codes again")
    repeated = ids[~empty & ~spoiled & ids.duplicated(keep=False)].drop_duplicates()
    if len(repeated):
        problems.append(f"{key}: repeated id(s) {first_of(repeated)}; make each row's id unique")
    return ids


def complete_text_column(frame: pd.DataFrame, column: str, problems: list[str], *, key: str) -> pd.Series:
    """Text of a column that may not be empty anywhere."""
    text = text_column(frame[column])
    empty = text.isna() | (text.str.strip() == "")
    tell_rows(problems, frame, key, empty, f"{column}: empty for {{rows}}; fill it in")
    return text


def number_column(
    frame: pd.DataFrame, column: str, problems: list[str], *, key: str, complete: bool = False
) -> pd.Series:
    """Read numbers of 0 or more of a column; text, infinite values and gaps where none may be are faults."""
    series = frame[column]
    if pd.api.types.is_numeric_dtype(series.dtype) and not pd.api.types.is_bool_dtype(series.dtype):
        numbers, missing = series.astype("float64"), series.isna()
        unreadable = pd.Series(False, index=series.index)
    else:
        text = text_column(series).str.strip()
        missing = text.isna() | (text == "")
        readable = ~missing & text.map(lambda value: isinstance(value, str) and bool(NUMBER.fullmatch(value)))
        unreadable = ~missing & ~readable
        numbers = pd.Series(np.nan, index=series.index, dtype="float64")
        numbers[readable] = text[readable].astype("float64")
        remedy = "write digits and a decimal point only, or declare decimal = ',' or thousands = ','; 0 for none"
        said = f"{column}: text instead of a number for {{rows}}, such as {{values}}; {remedy}"
        said += "" if complete else ", and leave blank what is not known"
        tell_rows(problems, frame, key, unreadable, said, text)
    if complete:
        remedy = "fill it in (0 where it is none), or do not map the column"
        tell_rows(problems, frame, key, missing, f"{column}: no number for {{rows}}; {remedy}")
    wrong = numbers.notna() & ~((numbers >= 0) & np.isfinite(numbers))
    said = f"{column}: negative or infinite for {{rows}}, such as {{values}}; correct them"
    tell_rows(problems, frame, key, wrong, said, numbers)
    beyond = numbers.notna() & ~wrong & (numbers > MOST)
    said = f"{column}: more than {MOST:g} for {{rows}}; no such number is counted"
    tell_rows(problems, frame, key, beyond, said)
    return numbers.where(~wrong & ~unreadable & ~beyond).rename(column)


def read_texts(frame: pd.DataFrame, columns: Iterable[str], *, fill: bool = False) -> None:
    """Read some columns as text, in place; one that is not there is left out, or filled with missing text."""
    for column in columns:
        if column in frame.columns:
            frame[column] = text_column(frame[column])
        elif fill:
            frame[column] = pd.Series(np.nan, index=frame.index, dtype="str")


def choice_column(
    frame: pd.DataFrame, column: str, choices: Collection[str], problems: list[str], *, key: str, may_lack: bool = False
) -> pd.Series:
    """Text of a column that may hold certain values only."""
    text = text_column(frame[column])
    wrong = ~text.isin(list(choices)) & ~(text.isna() & may_lack)
    if wrong.any():
        shown = first_of(text[wrong].fillna("").drop_duplicates().sort_values(), limit=5)
        known = ", ".join(sorted(choices))
        problems.append(
            f"{column}: unknown value(s) {shown} for {first_of(row_labels(frame, key)[wrong])}; known are {known}: "
            f"translate them in values.{column}{', by none to leave rows out' if column == 'service' else ''}"
        )
    return text


# A user's own words as ours, from an editable file; those of Chinese, French and English lists are shipped.

SHIPPED = ("cn", "en", "fr")
"""Vocabularies of this package, named without an ending."""

_TABLES = {
    "settlements": ("tier", "official_class", "village_plan_class"),
    "facilities": ("service", "status", "village_plan_class"),
    "roads": ("road_class", "surface", "condition", "bridge", "tunnel"),
    "boundaries": ("official_class",),
    "idle": ("tenure",),
    "sites": ("tenure",),
    "constraints": ("kind", "effect"),
}
"""Columns that a vocabulary translates in one table and leaves alone in others, where a name means something else."""
_OF_PLANS = ("tenure", "kind", "effect")
"""Of these, what is left alone in every other table, such as the kind of a river or of a flow."""


def load_values(name: str, *, root: Path) -> dict[str, dict[str, str]]:
    """Read our word by their word, by column of ours, from a vocabulary; an empty word of ours stands for unknown."""
    if name in SHIPPED:
        content = shipped_toml(f"formats/vocabularies/{name}.toml")
    else:
        file = root / name
        try:
            content = toml_table(toml_text(file))
        except FileNotFoundError as error:
            raise SourceError(
                f"values_file {file}: not found; put it there, or name one of the shipped ones: {', '.join(SHIPPED)}"
            ) from error
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise SourceError(f"values_file {file}: cannot be read as TOML in UTF-8: {error}") from error
    wrong = [
        column
        for column, words in content.items()
        if not isinstance(words, dict) or not all(isinstance(ours, str) for ours in words.values())
    ]
    if wrong or not content:
        named = f" under {first_of(wrong)}" if wrong else ""
        raise SourceError(
            f"values_file {name}: must hold tables of words only{named}; write [road_class] and below it "
            "'their word' = 'our word'"
        )
    return content


def translate_values(
    frame: pd.DataFrame, source: TableSource, path: Path, problems: list[str], *, what: str = ""
) -> pd.DataFrame:
    """Give the values of a table our words by its `values_file`, but for those that the study translates itself."""
    if source.values_file is None:
        return frame
    # The study names the vocabulary relative to the folder that its table lies below.
    parts = Path(source.path).parts
    is_below = not Path(source.path).is_absolute() and path.parts[-len(parts) :] == parts
    root = Path(*path.parts[: -len(parts)]) if is_below else path.parent
    result = frame.copy()
    for column, words in load_values(source.values_file, root=root).items():
        # A column of this name may mean something else in this table than it does to the vocabulary.
        homes = [table for table, columns in _TABLES.items() if column in columns]
        is_theirs = homes and what not in homes and (what in _TABLES or column in _OF_PLANS)
        if column not in result.columns or is_theirs:
            continue
        texts = text_column(result[column])
        known = {_folded(ours): ours for ours in words.values()}
        known |= {_folded(theirs): ours for theirs, ours in words.items()}
        there = texts.dropna().unique()
        own = source.values.get(column, {})
        decided = {*own, *own.values()}
        found = {text: known[_folded(text)] for text in there if _folded(text) in known and text not in decided}
        strange = sorted(text for text in there if text not in found and text not in decided and text.strip())
        if strange:
            problems.append(
                f"{column}: word(s) {first_of(strange)} are not in the vocabulary {source.values_file!r}; "
                f"translate them in values.{column}, or copy the vocabulary and add them"
            )
        translated = texts.replace(found)
        translated = translated.mask(translated == "", np.nan)
        unknown = texts[result[column].notna() & translated.isna()].str.strip()
        unknown = unknown[unknown != ""]
        head = source.columns.get(column, column)  # as the office calls it
        told = {"column": head, "count": len(unknown), "where": listed(unknown.drop_duplicates())}
        add_notes(result, [Note("unknown_words", len(unknown), told)])
        result[column] = translated
    return result


def _folded(text: str) -> str:
    return " ".join(fold(narrow(text)).split())


# Coordinates of a user's rows: which columns hold them, in which order, and how they come to a known datum.

_DEGREES = ("longitude", "latitude")

MARGIN_DEGREES = 3.0
"""Data may lie so far outside the area that a CRS is made for."""


def coordinate_columns(source: TableSource) -> tuple[tuple[str, str], tuple[str, str]]:
    """Name the columns of coordinates, the eastward one first, and the keys of the study file that name them."""
    if source.easting is not None and source.northing is not None:
        return (source.easting, source.northing), ("easting", "northing")
    return (source.longitude or _DEGREES[0], source.latitude or _DEGREES[1]), _DEGREES


def coordinate_keys(source: TableSource, *, what: str) -> tuple[str, str]:
    """Name the keys of a table's coordinates: easting and northing for a grid, longitude and latitude otherwise."""
    crs = declared_crs(source, what=what)
    local = source.local_grid is not None and source.local_grid.wkt is None
    return ("easting", "northing") if local or (crs is not None and crs.is_projected) else _DEGREES


def declared_crs(source: TableSource, *, what: str) -> pyproj.CRS | None:
    """Return the CRS a study declares for a table, by `crs` or by the WKT of its local grid, or None."""
    if source.local_grid is not None and source.local_grid.wkt is not None:
        return parse_crs(source.local_grid.wkt, what=f"{what}: local_grid.wkt")
    return parse_crs(source.crs, what=what) if source.crs else None


def from_control_points(frame: gpd.GeoDataFrame, source: TableSource, *, what: str) -> gpd.GeoDataFrame:
    """Take rows in a local grid to the CRS of its control points."""
    grid = source.local_grid
    assert grid is not None
    if frame.crs is not None and (frame.crs.is_projected or frame.crs.is_geographic):
        raise CrsError(
            f"{what}: the file says {frame.crs.to_string()}, the study declares control points of a local grid; "
            "remove local_grid, or correct the file"
        )
    fit = fit_local_grid(grid, what=what)
    return frame.set_geometry(shapely.transform(frame.geometry.to_numpy(), fit)).set_crs(fit.crs, allow_override=True)


def settle_datum(frame: gpd.GeoDataFrame, source: TableSource, *, what: str, key: str) -> gpd.GeoDataFrame:
    """Refuse swapped columns, a wrong zone and an unknown shift of datum; apply the seven parameters of the study."""
    crs = parse_crs(frame.crs, what=what)
    if source.easting is not None and crs.is_geographic:
        raise CrsError(
            f"{what}: easting and northing are metres, and the CRS {crs.to_string()} is in degrees; name the columns "
            "as longitude and latitude, or declare the grid they are in"
        )
    bounds = None
    if len(frame):
        labels = row_labels(frame, key)
        corners = frame.geometry.bounds.to_numpy()[:, :2]
        refuse_wrong_zone(crs, corners[:, 0], corners[:, 1], labels, what=what)
        if _lies_swapped(crs, corners):
            first, second = coordinate_columns(source)[1]
            problem = (
                f"coordinates: {first} and {second} are swapped in {first_of(labels)}: as they are, no row lies where "
                f"{crs.to_string()} is used, and exchanged all do; exchange the two columns"
            )
            raise ContractError(what, [problem])
        bounds = Bounds(*frame.total_bounds.tolist())
    if source.shift is not None:
        return apply_shift(frame, source.shift, rotation=source.rotation, what=what)
    refuse_unknown_shift(crs, bounds, what=what)
    return frame


def _lies_swapped(crs: pyproj.CRS, corners: FloatArray) -> bool:
    """Whether no row lies in the area that the CRS is made for, and all would with the axes exchanged."""
    area = crs.area_of_use
    if area is None or area.west > area.east:
        return False
    to_degrees = transformer_between(crs, WGS84)

    def inside(x: FloatArray, y: FloatArray) -> BoolArray:
        east, north = (np.asarray(axis) for axis in to_degrees.transform(x, y))
        across = (east >= area.west - MARGIN_DEGREES) & (east <= area.east + MARGIN_DEGREES)
        up = (north >= area.south - MARGIN_DEGREES) & (north <= area.north + MARGIN_DEGREES)
        return np.asarray(across & up)

    # Nearly always the first row tells.
    x, y = corners.T
    if inside(x[:1], y[:1]).any():
        return False
    return bool(not inside(x, y).any() and inside(y, x).all())


# Numbers as offices write them: a decimal comma and thousands set apart, as declared; what is ambiguous is refused.

NUMBER_ENDINGS = ("_persons", "_min", "_m", "_km", "_km_h", "_share", "_person", "_x", "_y")
"""A column of ours whose name ends so holds numbers, whether or not a table has it."""

OWN_NUMBERS = frozenset({"admin_level", "volume", "layer"})
"""Numbers of tables of the user's own that no table between stages has."""

_SPACES = dict.fromkeys(map(ord, "\u00a0\u2002\u2003\u2009\u202f"), " ")
_ANGLE = re.compile("[°º'\"\u2032\u2019\u2033]")


def plain_number(text: str, *, decimal: str = ".", thousands: str = "") -> str | None:
    """Write a number with digits and a decimal point only; None for another sign, or groups that are not of three."""
    plain = text.translate(_SPACES).strip()
    if _pattern(decimal, thousands or " ").fullmatch(plain) is None:
        return None
    return plain.replace(thousands or " ", "").replace(decimal, ".")


def perhaps_thousands(series: pd.Series) -> list[str]:
    """List numbers whose point may set thousands apart: none where a point of the column surely is a decimal one."""
    if not isinstance(series.dtype, pd.StringDtype) and series.dtype != object:
        return []
    pointed = [text for text in map(str.strip, series.dropna().astype("str").unique()) if "." in text]
    return pointed if all(map(_GROUPED.fullmatch, pointed)) else []


def plain_numbers(
    frame: pd.DataFrame, source: TableSource, problems: list[str], *, typed: bool = False
) -> pd.DataFrame:
    """Write the numbers of a table plainly where the study says how they are written."""
    if not {"decimal", "thousands"} & source.model_fields_set:
        problems += [
            f"{name}: a point with three digits after it everywhere, such as {first_of(grouped, limit=3)}, may set "
            "thousands apart: declare thousands = '.' and decimal = ',', or decimal = '.' "
            "where people are counted in fractions"
            for name in ([] if typed else map(str, frame.columns))
            if name.endswith("_persons") and (grouped := perhaps_thousands(frame[name]))
        ]
        return frame
    axes, keys = coordinate_columns(source)
    changed = {}
    for name in map(str, frame.columns):
        is_axis = name in axes
        is_number = is_axis or name in _known_numbers() or name.endswith(NUMBER_ENDINGS)
        if not is_number or not isinstance(frame[name].dtype, pd.StringDtype):
            continue
        written = frame[name].str.strip()
        angle = written.str.contains(_ANGLE, na=False) & is_axis
        plain = written.map(
            lambda text: plain_number(text, decimal=source.decimal, thousands=source.thousands), na_action="ignore"
        )
        plain = plain.where(~angle, written.str.replace(source.decimal, ".", regex=False))
        stray = written.notna() & plain.isna() & written.fillna("").str.fullmatch(r"[+-]?[\d.,' \u00a0\u202f]*\d")
        if typed:
            stray &= ~written.fillna("").str.fullmatch(r"[+-]?\d*\.?\d+")
        if stray.any():
            shown = first_of(written[stray].drop_duplicates(), limit=3)
            key = keys[axes.index(name)] if is_axis else name
            problems.append(
                f"{key}: {int(stray.sum())} number(s) not written as decimal = {source.decimal!r} and thousands = "
                f"{source.thousands!r} say, such as {shown}; correct them, or declare how they are written"
            )
        changed[name] = plain.where(plain.notna(), written)
    result = frame.assign(**changed)
    result.attrs = dict(frame.attrs)
    return result


@functools.cache
def _pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    point, apart = re.escape(decimal), re.escape(thousands)
    return re.compile(rf"[+-]?(?:\d+|\d{{1,3}}(?:{apart}\d{{3}})+)(?:{point}\d*)?|[+-]?{point}\d+", re.ASCII)


@functools.cache
def _known_numbers() -> frozenset[str]:
    fields = [field for table in TABLES.values() for field in table.fields]
    return OWN_NUMBERS | {field.name for field in fields if field.kind in {"number", "whole"}}
