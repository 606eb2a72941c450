"""One layer: its frame, names and looks, with columns that every reader accepts; what a study says about itself."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from spatial.errors import CrsError
from spatial.messages import FALLBACK, Words
from spatial.qgis.styles import Style
from spatial.reporting.wording import StudyMeta, capital, details_told
from spatial.tables import TABLES
from spatial.tables.contract import Field
from spatial.tables.words import NOTICE

# Columns that every GeoPackage reader accepts: plain unique names, 64-bit integers, text for mixed values.

RESERVED = dict.fromkeys(("fid", "ogc_fid", "rowid", "oid", "_rowid_"), "fid") | {
    "geom": "geometry",
    "geometry": "geometry",
}
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


@dataclass(frozen=True)
class Renamed:
    """A column that bears another name in the GeoPackage, or was left out."""

    layer: str  # table of the GeoPackage
    was: str  # name in the source
    now: str  # name here; empty where it was left out
    why: str  # key of the reason in the message file: geometry, fid, case, ascii or list


def plain_name(text: str, *, fallback: str = "column") -> str:
    """Turn any text into a lower-case ASCII name; the fallback where nothing is left of it."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "_", ascii_text.lower()).strip("_")
    if not name:
        return fallback
    return f"_{name}" if name[0].isdigit() else name


def plain_columns(frame: pd.DataFrame, *, layer: str) -> tuple[pd.DataFrame, dict[str, str], tuple[Renamed, ...]]:
    """Give a frame names and types that every reader of GeoPackages accepts."""
    geometry = frame.geometry.name if isinstance(frame, gpd.GeoDataFrame) else None
    columns = [column for column in frame.columns if column != geometry]
    listed = {
        column
        for column in columns
        if frame[column].dtype == np.dtype(object)
        and frame[column].map(lambda value: isinstance(value, (list, tuple, set, np.ndarray))).any()
    }
    record = [Renamed(layer, str(column), "", "list") for column in columns if column in listed]
    kept = [column for column in columns if column not in listed]
    wanted = [str(column) for column in kept]
    # Names that may stay as they are come first, so that a source's "Name" gives way to our "name".
    taken = {name for name in wanted if _PLAIN.fullmatch(name) and name not in RESERVED}
    names = []
    for name in wanted:
        lower = name.lower()
        if name in taken and _PLAIN.fullmatch(name):
            names.append((name, "same"))
            continue
        if lower in RESERVED:
            why, start = RESERVED[lower], f"source_{plain_name(name)}"
        else:
            why, start = ("case" if lower in taken else "ascii"), plain_name(name)
        endings = itertools.chain([""], (f"_{number}" for number in itertools.count(2)))
        chosen = next(start + ending for ending in endings if start + ending not in taken)
        taken.add(chosen)
        names.append((chosen, why))
    record += [
        Renamed(layer, str(column), name, why) for column, (name, why) in zip(kept, names, strict=True) if why != "same"
    ]
    values = {name: _plain_values(frame[column]) for column, (name, _) in zip(kept, names, strict=True)}
    plain = pd.DataFrame(values, index=frame.index)
    sources = {item.now: item.was for item in record if item.now}
    if geometry is None:
        return plain, sources, tuple(record)
    return gpd.GeoDataFrame(plain, geometry=frame.geometry.array, crs=frame.crs), sources, tuple(record)


def _plain_values(series: pd.Series[Any]) -> pd.Series[Any]:
    kind = series.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return _plain_values(series.astype(kind.categories.dtype))
    if pd.api.types.is_bool_dtype(kind):
        return series
    if pd.api.types.is_integer_dtype(kind):
        return series.astype("Int64" if series.isna().any() else "int64")
    if pd.api.types.is_float_dtype(kind):
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        return pd.Series(np.where(np.isinf(values), np.nan, values), index=series.index, name=series.name)
    if kind == np.dtype(object):
        said = partial(json.dumps, ensure_ascii=False, sort_keys=True)
        texts = series.map(lambda value: said(value) if isinstance(value, dict) else str(value), na_action="ignore")
        return texts.astype("str")
    return series


# What a layer is, before its columns are made plain.


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Where and when the project shows a layer."""

    visible: bool = False  # whether the project opens with it switched on
    shelf: str = ""  # sub-group in the group; empty for none
    branch: str = ""  # sub-group of the shelf, for layers that are switched on together; empty for none
    slim: bool = False  # whether the small project has it too
    theme: str = ""  # map theme and print that it stands in; empty for none
    finding: str = ""  # what a print of that theme has as its headline; the theme itself where it is empty
    legend: str = ""  # what a legend says of it beside its title
    beside: Mapping[str, str] = field(default_factory=dict)  # themes of others that it stands in, with its style there
    smallest_scale: int = 0  # hidden when the map is zoomed out beyond 1 to this; 0 for never


@dataclass(frozen=True)
class Draft(Shown):
    """A layer in the making."""

    # its table in the GeoPackage; title and description are looked up under this name where they are empty
    table: str
    frame: pd.DataFrame  # in the working CRS, with the sources' columns
    # its look, or what makes it from the finished frame; None for a plain table
    style: Callable[[pd.DataFrame], Style] | Style | None
    sources: tuple[str, ...]  # tables of `spatial.tables` that define its columns, the most fitting first
    group: str = "results"  # where the project shows it
    title: str = ""  # for people
    description: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)  # titles of columns that no table defines
    # makes further looks from the finished frame
    more_looks: Callable[[pd.DataFrame], Iterator[Look]] | None = None
    # makes further styles of the layer itself, by name
    styles: Callable[[pd.DataFrame], Mapping[str, Style]] | None = None


def by_key(frame: pd.DataFrame, *keys: str) -> pd.DataFrame:
    """Sort rows, so that equal tables give equal bytes."""
    return frame.sort_values(list(keys), kind="stable").reset_index(drop=True)


def placed(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Keep the rows that can be drawn."""
    return frame[frame.geometry.notna() & ~frame.geometry.is_empty]


# One layer: its frame, names and looks.

_MULTI: dict[str, Callable[..., Any]] = {
    "Point": shapely.multipoints,
    "LineString": shapely.multilinestrings,
    "Polygon": shapely.multipolygons,
}
GROUPS = ("edits", "results", "network", "base", "checks")
"""Groups of the project, from the top."""

SHELVES = (
    "plans", "gaps", "townships", "access", "flows", "score", "areas", "measures", "certainty", "season", "off_road",
    "scenarios", "emergency", "tables",
)  # fmt: skip
"""Sub-groups of the results, in the order of questions, below the layers that stand in the group itself."""

EXCLUSIVE = frozenset(SHELVES) - {"areas", "off_road", "tables"}
"""Sub-groups of which one layer, or one branch, is shown at a time."""


@dataclass(frozen=True)
class Look(Shown):
    """A further layer of the project on a table that is shown already."""

    key: str  # tells it from the table's other looks
    title: str  # for people
    style: Style  # how it looks
    group: str = "results"  # where the project shows it


@dataclass(frozen=True)
class QgisLayer:
    """One layer, ready to be written and shown."""

    table: str  # its table in the GeoPackage
    title: str  # for people, in the study's first language
    description: str
    group: str  # where the project shows it
    frame: pd.DataFrame  # in the output CRS, with plain columns
    style: Style | None  # none for a plain table
    aliases: dict[str, str]  # names of columns for people
    comments: dict[str, str]  # what columns mean
    shown: Shown = Shown()
    renamed: tuple[Renamed, ...] = ()  # columns that had another name, or were left out
    more_looks: tuple[Look, ...] = ()  # further layers of the project on the same table
    styles: Mapping[str, Style] = field(default_factory=dict)  # further styles of the layer itself

    @cached_property
    def geometry(self) -> str:
        """Kind of geometry: Point, LineString or Polygon; empty for a plain table."""
        if not isinstance(self.frame, gpd.GeoDataFrame):
            return ""
        first = next(shape for shape in self.frame.geometry if shape is not None)
        return str(first.geom_type).removeprefix("Multi")

    @cached_property
    def is_multi(self) -> bool:
        """Whether any geometry has several parts."""
        return bool((self.frame.geom_type == f"Multi{self.geometry}").any())

    @cached_property
    def shapes(self) -> NDArray[np.object_]:
        """Its geometries, each of them with parts where any is: a layer of a GeoPackage has one kind."""
        shapes = np.array(self.frame.geometry)
        if self.is_multi:
            single = (self.frame.geom_type == self.geometry).to_numpy()
            shapes[single] = _MULTI[self.geometry](shapes[single][:, None])
        return shapes

    @cached_property
    def crs(self) -> pyproj.CRS:
        """The output CRS."""
        if not isinstance(self.frame, gpd.GeoDataFrame) or self.frame.crs is None:
            raise CrsError(f"{self.table}: a plain table has no CRS")
        return pyproj.CRS(self.frame.crs)


# What the checks found, one layer a kind.

SOURCES = tuple(f"findings_{name}" for name in ("read", "population", "network", "access", "off_road", "scenarios"))
FIRST = (
    "unsnapped", "beyond_tolerance", "small_component", "merged_duplicate", "ambiguous_duplicate", "outside_own_unit"
)  # fmt: skip
"""Kinds that lead the group; others follow by name."""

SUFFIX = {"Point": "", "LineString": "_lines", "Polygon": "_areas"}


def findings_by_kind(
    tables: Mapping[str, pd.DataFrame], words: Words, look: Callable[[str, int], Style]
) -> Iterator[Draft]:
    """Draft the findings, a layer for each kind and geometry, and all of them as a table; ids are in their order."""
    frames = [tables[name] for name in SOURCES if name in tables]
    if not frames:
        return
    together = pd.concat(frames, ignore_index=True)
    is_outside, facilities = together["kind"] == "outside_own_unit", tables.get("facilities", pd.DataFrame())
    if is_outside.any() and "township_id" in facilities:
        # It tells something only where the own unit has what people go elsewhere for.
        at_home = set(zip(facilities["township_id"], facilities["service"], strict=True))
        homes = tables["settlements"].set_index("settlement_id").get("township_id", pd.Series(dtype="str"))
        subjects = together["subject_id"].map(homes)
        services = [[*name.split("/"), "", ""][2] for name in together["finding_id"]]
        tells = np.array([pair in at_home for pair in zip(subjects, services, strict=True)])
        together = together.loc[(~is_outside).to_numpy() | tells]
    together = together.assign(detail=details_told(together, words)).drop(columns=list(NOTICE), errors="ignore")
    found = gpd.GeoDataFrame(together.sort_values(["kind", "finding_id"], kind="stable"))
    shape = found.geom_type.str.removeprefix("Multi")
    kinds, place = set(found["kind"]), itertools.count()
    shared: dict[str, Any] = {"sources": ("findings_read",), "group": "checks"}
    for kind in [*(name for name in FIRST if name in kinds), *sorted(kinds - set(FIRST))]:
        shown = words.say("findings", kind) if words.has("findings", kind) else kind.replace("_", " ")
        for geometry, suffix in SUFFIX.items():
            rows = found[(found["kind"] == kind) & (shape == geometry)]
            if len(rows):
                title = words.say("layers", "qa", kind=shown)
                if len({*shape[found["kind"] == kind]} & {*SUFFIX}) > 1:
                    drawn = words.of("results").say("notice_shape", geometry)
                    title += words.of("pages").say("page", "brackets", text=drawn)
                yield Draft(
                    f"qa_{plain_name(kind)}{suffix}",
                    rows.reset_index(drop=True),
                    look(geometry, next(place)),
                    title=title,
                    description=words.say("layers", "qa_text", kind=shown),
                    **shared,
                )
    table = pd.DataFrame(found.drop(columns=found.geometry.name)).reset_index(drop=True)
    yield Draft("findings", table, None, **shared)


@dataclass(frozen=True)
class NormWords:
    """What a norm is called, and what it says of whom, in the study's first language."""

    title: str  # its name, with its id
    says: str = ""  # its legal class, and who is beyond it of how many
    finding: str = ""  # a sentence on who is beyond it and where; empty where nobody is


@dataclass(frozen=True, kw_only=True)
class QgisMeta(StudyMeta):
    """What a study says about itself, beside its tables."""

    # the date on which norms are judged; also the time stamp of every file, so that equal input gives equal bytes
    as_of: dt.date
    licences: Sequence[str] = ()  # one line a source: its name, licence and vintage
    issues: Sequence[str] = ()  # what is known of the sources, for metadata
    faults: Sequence[str] = ()  # what of it a printed sheet says: no number hangs on the rest
    method: str = ""  # one paragraph on how the numbers were made
    mode: str = ""  # the mode that headlines use; empty for the first by name
    # names of services by id and language
    services: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    headline_services: Sequence[str] = ()  # services whose minutes open the settlements' table; empty for all
    # for a headline service the facility services that count for it; itself where it is not named
    satisfied_by: Mapping[str, Sequence[str]] = field(default_factory=dict)
    # norms by id, those that open the study first; service and id where one is not named
    norms: Mapping[str, NormWords] = field(default_factory=dict)
    opening_norms: Sequence[str] = ()  # of them, those that the small project shows
    own_services: Sequence[str] = ()  # services that users may choose in what they draw
    edits: str = ""  # path of what they draw, from the project; empty for none
    is_full: bool = False  # whether every table and every look is there, or those that answer the first questions
    # minutes of the first norm on each service that gives minutes
    thresholds_min: Mapping[str, float] = field(default_factory=dict)
    # titles of scenarios by name and language
    scenarios: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    # what each plan finds, how the study calls it and where each action is, by their ids, in the first language
    plans: Mapping[str, str] = field(default_factory=dict)
    plan_names: Mapping[str, str] = field(default_factory=dict)
    places_of_actions: Mapping[str, str] = field(default_factory=dict)
    # cutoffs of the study, rising; the last one stands where no norm gives minutes
    cutoffs_min: Sequence[float] = (15.0, 30.0, 60.0)
    # A level of integration below the first is low, from the second on high
    level_bands: tuple[float, float] = (0.5, 0.8)

    @property
    def stamp(self) -> str:
        """Time stamp of everything written."""
        return f"{self.as_of.isoformat()}T00:00:00.000Z"


def measure_name(words: Words, measure: str) -> str:
    """Name a measure of access."""
    if measure.startswith("cumulative_") and measure.endswith("_min"):
        return words.say("measures", "cumulative", minutes=measure.removeprefix("cumulative_").removesuffix("_min"))
    if words.has("measures", measure):
        return words.say("measures", measure)
    return measure.replace("_", " ").capitalize()


def service_name(service: str, words: Words, meta: QgisMeta) -> str:
    """Name a service or a tier of town."""
    names = meta.services.get(service, {})
    if words.language in names:
        return names[words.language]
    if words.has("tiers", service):
        return words.say("tiers", service)
    return names.get(FALLBACK) or capital(words.term(service))


def known_field(name: str, tables: Sequence[str]) -> Field | None:
    """Find a column's definition in the first of some tables that has it; None where none has."""
    return next((item for table in tables if (item := TABLES[table].field(name)) is not None), None)
