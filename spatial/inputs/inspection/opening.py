"""Open every layer or sheet of a file as the readers do, and keep what each says of itself."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import geopandas as gpd
import pandas as pd

from spatial.errors import ContractError, SourceError
from spatial.formats.columns import scales_noted
from spatial.formats.delimited import encoding_but, guess_encoding, is_total, table_text
from spatial.formats.files import damage_told, local_file, local_geodatabase, refuse_large
from spatial.formats.notes import take_notes
from spatial.formats.vector import FORMATS, REMEDIES, declares_crs, doubts_logged, layers_of, open_frame, sibling
from spatial.formats.workbook import find_header, list_sheets, open_sheet, sheet_frame, total_rows
from spatial.inputs.inspection.columns import NumberSigns, tell_signs
from spatial.messages import Said
from spatial.study.sources import TOTAL_WORDS, USUAL_LIMITS, TableSource

WHAT = "file"
MOST_LAYERS = 30
_DELIMITERS = (",", ";", "\t", "|")
_LOOKED_AT_LINES = 20
_LOOKED_AT_LETTERS = 20_000
_SHOWN_ROWS = 5


@dataclass(eq=False)
class Opened:
    """A layer or sheet."""

    name: str = ""  # its name; empty where the file has but one
    frame: pd.DataFrame | None = None  # its rows as the readers give them; None where they refuse it
    # keys of the study file that this layer needs to be read
    keys: dict[str, object] = field(default_factory=dict)
    is_hidden: bool = False  # whether a workbook hides it
    header_rows: tuple[int, ...] = ()  # first and last row of a workbook's header, from 1
    notes: list[str] = field(default_factory=list)  # what the reader did
    noticed: frozenset[str] = frozenset()  # kinds of what the reader did
    above: tuple[str, ...] = ()  # lines above the header that say that numbers count thousands or the like
    problem: str = ""  # why the reader refuses it
    says_crs: bool = True  # whether the file says its CRS, rather than by a default of its format
    signs: NumberSigns = field(default_factory=NumberSigns)  # how its numbers are written


@dataclass(eq=False)
class OpenedFile:
    """A file with its layers."""

    kind: str  # kind of file
    layers: list[Opened] = field(default_factory=list)  # in the order of the file
    encoding: str = ""  # of its text, and by what that was told
    encoding_reason: str = ""
    notes: list[str] = field(default_factory=list)  # what holds for the whole file


def open_layers(path: Path) -> OpenedFile:
    """Open a table or vector file."""
    kind, magic = FORMATS.get(path.suffix.lower(), ("", ()))
    if not kind:
        remedy = REMEDIES.get(path.suffix.lower(), "save it as .xlsx, CSV (UTF-8) or GeoPackage")
        raise SourceError(f"{WHAT} {path}: the ending {path.suffix!r} is not known; {remedy}")
    if kind == "workbook":
        return _workbook(path)
    if kind == "CSV":
        return _text(path)
    if kind == "file geodatabase":
        local_geodatabase(path, what=WHAT)
    else:
        local_file(path, what=WHAT, magic=magic, kind=kind)
    return _vector(path, kind)


def _workbook(path: Path) -> OpenedFile:
    """Open every sheet of a workbook."""
    sheets = list_sheets(path, what=WHAT)
    filled = [(name, shown) for name, shown, is_filled in sheets if is_filled]
    if not filled:
        raise SourceError(f"{WHAT} {path}: every sheet is empty; export it again")
    result = OpenedFile("workbook")
    empty = [name for name, _, is_filled in sheets if not is_filled]
    if empty:
        result.notes.append(Said("empty_sheets", sheets=empty))
    needs_name = sum(shown for _, shown in filled) != 1
    for name, shown in filled[:MOST_LAYERS]:
        layer = Opened(name, is_hidden=not shown)
        if needs_name or not shown:
            layer.keys["sheet"] = name
        grid = None
        try:
            grid = open_sheet(path, name, what=WHAT)
            layer.header_rows = find_header(grid, None, label=f"sheet {name!r}")
            _take(layer, sheet_frame(grid, label=WHAT))
        except (ContractError, SourceError) as error:
            layer.problem = _problem(error)
        if layer.problem and grid is not None:
            # Show the first rows of a sheet that the reader refuses, so that its header can be declared.
            cells = sorted(grid.cells.items())
            for row in sorted({row for row, _ in grid.cells})[:_SHOWN_ROWS]:
                texts = (text for (r, _), text in cells if r == row)
                layer.notes.append(Said("sheet_row", row=row, cells=" | ".join(texts)))
        result.layers.append(layer)
    _note_rest(result, len(filled))
    return result


def _problem(error: ContractError | SourceError) -> str:
    return "; ".join(error.problems) if isinstance(error, ContractError) else str(error)


def _take(layer: Opened, frame: pd.DataFrame) -> None:
    layer.above = tuple(scales_noted(frame))
    noticed = take_notes(frame)
    layer.notes += [Said(note.key, **note.values) for note in noticed]
    layer.noticed = frozenset(note.key for note in noticed)
    layer.frame = frame
    layer.signs = tell_signs(frame)


def _text(path: Path) -> OpenedFile:
    """Open a text file, and tell its encoding and the sign between its fields."""
    refuse_large(local_file(path, what=WHAT).stat().st_size, USUAL_LIMITS, label=f"{WHAT} {path}")
    data = path.read_bytes()
    encoding = guess_encoding(data)
    reason = _reason(encoding)
    if data.startswith(b"\xef\xbb\xbf"):
        reason = Said("bytes_mark")
    elif data.isascii():
        reason = Said("bytes_ascii")
    result = OpenedFile("CSV", encoding=encoding, encoding_reason=reason)
    layer = Opened()
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise SourceError(f"{WHAT} {path}: no text in an encoding that is known; save it as CSV in UTF-8") from error
    # Tell the sign between fields: the one that parts most lines into equally many, more than one.
    lines = [line[:_LOOKED_AT_LETTERS] for line in text.splitlines()][:_LOOKED_AT_LINES]
    delimiter, most, header = ",", 0, 1
    for sign in _DELIMITERS:
        try:
            rows = list(csv.reader(StringIO("\n".join(lines)), delimiter=sign))
        except csv.Error:
            continue
        widths = [len(row) for row in rows if "".join(row).strip()]
        fields = max(set(widths), key=widths.count) if widths else 1
        score = widths.count(fields) * (fields > 1) * 100 + fields
        if fields > 1 and score > most:
            delimiter, most = sign, score
            # A title fills its first cell alone, or less than half of its row.
            filled = [[bool(cell.strip()) for cell in row] for row in rows]
            titles = [sum(cells) < fields / 2 or (cells[0] and sum(cells) == 1) for cells in filled]
            above = titles.index(False) if False in titles else 0
            header = above + 1 if any(map(any, filled[:above])) else 1
    if encoding != "utf-8":
        layer.keys["encoding"] = encoding
    if delimiter != ",":
        layer.keys["delimiter"] = delimiter
    if header > 1:
        layer.keys["header_row"] = header
    try:
        frame = _opened_text(path, {**layer.keys, "total_words": []})
        # Rows of sums are left out of a CSV only where the study names their words.
        found = set()
        for number in total_rows(frame, TOTAL_WORDS):
            texts = [value for value in frame.iloc[number] if isinstance(value, str)]
            found.add(next(word for word in TOTAL_WORDS if any(is_total([text], [word]) for text in texts)))
        if found:
            layer.keys["total_words"] = sorted(found)
        _take(layer, _opened_text(path, layer.keys) if "total_words" in layer.keys else frame)
    except (ContractError, SourceError) as error:
        layer.problem = _problem(error)
        if "holds no rows" in layer.problem or "not text" in layer.problem:
            raise
    result.layers.append(layer)
    return result


def _opened_text(path: Path, keys: dict[str, object]) -> pd.DataFrame:
    return open_frame(path, TableSource.model_validate({"path": path.name, **keys}), what=WHAT)


def _vector(path: Path, kind: str) -> OpenedFile:
    """Open every layer of a GIS file or drawing."""
    result = OpenedFile(kind)
    keys = _shapefile_encoding(path, result) if kind == "Shapefile" else {}
    names = [""]
    if kind not in {"GeoParquet", "DXF", "Shapefile"}:
        with damage_told(f"{WHAT} {path}", kind), doubts_logged(f"{WHAT} {path}"):
            names = layers_of(path, kind, USUAL_LIMITS, label=f"{WHAT} {path}")
        if not names:
            raise SourceError(f"{WHAT} {path}: no layer; export it again")
    try:
        says_crs = kind != "GeoJSON" or declares_crs(path)
    except ValueError:
        says_crs = False
    for name in names[:MOST_LAYERS]:
        layer = Opened(says_crs=says_crs, keys={**keys})
        if len(names) > 1:
            layer.name = layer.keys["layer"] = name
        try:
            _take(layer, open_frame(path, TableSource(path=path.name, **layer.keys), what=WHAT))
        except (ContractError, SourceError) as error:
            if len(names) == 1 and isinstance(error, SourceError):
                raise
            layer.problem = _problem(error)
        result.layers.append(layer)
    _note_rest(result, len(names))
    return result


def _shapefile_encoding(path: Path, result: OpenedFile) -> dict[str, object]:
    """Tell the encoding of a Shapefile's table; return what the study must say of it."""
    page, table = sibling(path, ".cpg"), sibling(path, ".dbf")
    if table is None:
        return {}  # the reader says which parts are absent
    data = table_text(table)
    said = page.read_text(encoding="ascii", errors="replace").strip() if page else ""
    told = encoding_but(said, data) if page else guess_encoding(data)
    result.encoding = told or said
    if page is None:
        result.encoding_reason = Said("no_cpg", why=_reason(told))
    elif told:
        result.encoding_reason = Said("cpg_wrong", file=page.name, encoding=said, why=_reason(told))
    else:
        result.encoding_reason = Said("cpg_says", file=page.name)
    return {"encoding": told} if told not in {"", "utf-8"} else {}


def _reason(encoding: str) -> Said:
    return Said(f"bytes_{encoding.replace('-', '')}")


def _note_rest(result: OpenedFile, number: int) -> None:
    if number > MOST_LAYERS:
        result.notes.append(Said("only_first", most=MOST_LAYERS, layers=number))


def kinds_of_geometry(frame: pd.DataFrame) -> list[str]:
    """Name the families of geometry in a frame."""
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        return []
    families = frame.geometry.geom_type.dropna().str.removeprefix("Multi").value_counts()
    return [str(name) for name, _ in sorted(families.items(), key=lambda item: (-item[1], str(item[0])))]


def geometry_kinds(frame: pd.DataFrame) -> str:
    """Count kinds of geometry, such as ``"LineString (40), MultiLineString (2)"``; empty for a plain table."""
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        return ""
    counts = frame.geometry.geom_type.fillna("no geometry").value_counts()
    return Said("shapes", shapes={"shapes": [[str(name), int(number)] for name, number in sorted(counts.items())]})
