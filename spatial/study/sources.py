"""Where the data of a study come from, how rows without coordinates are located, and lists merged with the map."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from spatial.study.base import FilePath, Model, Names, Unrepeated, one_in_a_list, option, refuse_group_names, unrepeated
from spatial.study.region import basis_told

# How a table of the user's own says where its rows lie, beyond a CRS: seven parameters, or a local grid.

Rotation = Literal["position_vector", "coordinate_frame"]
Shift = tuple[float, float, float, float, float, float, float]


class ControlPoint(Model):
    """A point known in a local grid and in a known CRS."""

    easting: float = Field(description="Easting in the local grid, metres")
    northing: float = Field(description="Northing in the local grid, metres")
    longitude: float | None = option(None, "Degrees, WGS 84 or CGCS2000", ge=-180, le=180)
    latitude: float | None = option(None, "Degrees, WGS 84 or CGCS2000", ge=-90, le=90)
    true_easting: float | None = option(None, "Instead of degrees: easting in true_crs, metres")
    true_northing: float | None = option(None, "Instead of degrees: northing in true_crs, metres")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        degrees = (self.longitude is not None, self.latitude is not None)
        metres = (self.true_easting is not None, self.true_northing is not None)
        if not (all(degrees) or all(metres)) or (any(degrees) and any(metres)):
            raise ValueError("give longitude and latitude, or true_easting and true_northing")
        return self


class LocalGrid(Model):
    """A local grid, such as a county's own: its definition, or points known in it and in a known CRS."""

    wkt: str | None = option(None, "Its definition as WKT or PROJ string")
    control_points: tuple[ControlPoint, ...] = option((), "At least three points known in both")
    true_crs: str | None = option(None, "CRS of true_easting and true_northing")
    fit: Literal["similarity", "affine"] = option(
        "similarity", "Shift, turn and one scale; or, from four points on, an affine fit"
    )
    tolerance_m: float = option(1.0, "Largest residual of a control point that is accepted", gt=0)

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if (self.wkt is None) == (not self.control_points):
            raise ValueError("give either wkt or control_points")
        if self.wkt is not None:
            return self
        needed = 3 if self.fit == "similarity" else 4
        if len(self.control_points) < needed:
            raise ValueError(
                f"control_points: a {self.fit} fit needs {needed} points or more, so that its residuals show a "
                f"wrong one; there are {len(self.control_points)}"
            )
        kinds = {point.longitude is None for point in self.control_points}
        if len(kinds) > 1:
            raise ValueError("control_points: give all in degrees, or all in true_easting and true_northing")
        if kinds == {True} and self.true_crs is None:
            raise ValueError("true_crs: say the CRS of true_easting and true_northing, such as 'EPSG:4545'")
        if kinds == {False} and self.true_crs is not None:
            raise ValueError("true_crs goes with true_easting and true_northing, not with degrees")
        return self


# How places without coordinates are located.


class PlacingOptions(Model):
    """How rows of tables without coordinates are located."""

    name_min: float = option(0.85, "Least similarity of names, 0-1, for a place to be located by its name", ge=0, le=1)
    margin: float = option(0.05, "Least lead of the most similar settlement over the next, 0-1", ge=0, le=1)
    decisions: FilePath | None = option(
        None, "CSV below the raw root: places_to_decide.csv with settlement_id filled in"
    )
    postcodes: tuple[FilePath, ...] = option(
        (),
        "Tables of postcodes below the raw root, such as Code-Point Open: rows of lists with a column postcode lie "
        "where theirs does; rows without a known one are listed, not put amid a village by their names",
    )

    @field_validator("postcodes", mode="before")
    @classmethod
    def _one_file(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


# How lists of facilities are merged with the mapped ones.

MapMayWin = Literal[
    "geometry", "name", "name_en", "name_zh", "service", "status", "level", "capacity", "load", "opening_hours",
    "eligibility",
]  # fmt: skip


class MergeOptions(Model):
    """How facilities of lists of the user's own are merged with those of the extract."""

    distance_m: float = option(
        500.0, "A row of a list and a mapped facility of its family of services, called alike, are one up to here", ge=0
    )
    name_min: float = option(0.85, "Least similarity of two names, 0-1, to be called alike", ge=0, le=1)
    doubles_m: float = option(
        150.0, "Two rows called alike, or one of them without a name, are one up to here in every source", ge=0
    )
    far_m: float = option(5000.0, "Up to here a mapped facility called alike is put on the list to review", ge=0)
    map_wins: Annotated[tuple[MapMayWin, ...], Unrepeated] = option(
        (), "Columns in which the map wins; in all others the list does where it says anything"
    )
    decisions: FilePath | None = option(
        None, "CSV below the raw root: facilities_to_review.csv with decision filled in"
    )


# Where the data of a study come from.

Datum = Literal["wgs84", "gcj02", "bd09"]
Inventory = Literal["complete", "partial", "unknown"]

TOTAL_WORDS = (
    "合计", "小计", "总计", "共计", "全县", "全市", "全区", "全旗", "全省", "全国", "全乡", "全镇",
    "Total", "Totals", "Subtotal", "Sub-total", "Grand total", "Sous-total", "Total général", "Total general", "Totaux",
    "Ensemble",
)  # fmt: skip
"""Words that mark a row of sums in a workbook, unless a study names others."""


class ReadLimits(Model):
    """How much of a file is read: what is larger is refused, since it would fill the memory."""

    max_unpacked_mb: float = option(
        100.0,
        "Largest size of a text, or unpacked of a workbook, in megabytes; of a GeoParquet only where it unpacks to "
        "more than 20 times its size; a larger one is refused",
        gt=0,
    )
    max_columns: int = option(2000, "Most columns of a table; more are refused", ge=1)
    max_merged_cells: int = option(200_000, "Most places of merged cells in a sheet; more are refused", ge=1)


USUAL_LIMITS = ReadLimits()
"""Limits of files of which no study says anything."""

MAX_UNPACKED_TIMES = 100.0
"""XML of maps packs to a tenth or a twentieth of its size."""


class OsmSource(Model):
    """An OpenStreetMap extract."""

    path: FilePath = Field(description="File below the raw root: .osm.pbf, .osm, .osm.gz or .osm.bz2")
    inventory: Inventory = option("unknown", "Whether every facility is mapped")
    unit_code_tag: str | None = option(None, "Tag of boundaries and places that holds their unit code, such as ref:gss")
    name_tags: Names = option(
        (), "Tags that name settlements and facilities without a name, the first that is there: name:en, int_name ..."
    )
    settlements: bool = option(True, "Read settlements from it")
    facilities: bool = option(True, "Read facilities from it")
    roads: bool = option(True, "Read roads from it")
    boundaries: bool = option(True, "Read boundaries from it")
    max_unpacked_times: float = option(
        MAX_UNPACKED_TIMES,
        "How many times its size a packed extract may unpack to; what unpacks to more is refused",
        gt=0,
    )


class PlainTable(ReadLimits):
    """A file of the user's own and how its columns and words are read."""

    path: FilePath = Field(description="File below the raw root; for a file geodatabase its folder .gdb")
    layer: str | None = option(None, "Layer of a GeoPackage or file geodatabase, folder of a KML, layer of a DXF")
    sheet: str | int | None = option(None, "Sheet of a workbook: its name, or its number from 1")
    header_row: int | None = option(
        None,
        "Row of a workbook or CSV with the column names, from 1; of a workbook found by itself where not given",
        ge=1,
    )
    total_words: tuple[str, ...] = option(
        TOTAL_WORDS, "Words that mark a row of sums, which is left out and reported; [] keeps all rows"
    )
    columns: dict[str, str] = option({}, "Our column = the file's column, such as population_persons = 'POP'")
    values: dict[str, dict[str, str]] = option({}, "For a column of ours: the file's value = our value")
    values_file: FilePath | None = option(
        None, "Vocabulary of the file's words: cn, en, fr, or a TOML file below the raw root; values come first"
    )
    keep_columns: Names = option(
        (),
        "Columns of the file that stay in the tables and are handed out with them, by their names in the "
        "file; of the others only those stay that a key names or a table has",
    )
    encoding: str = option(
        "utf-8", "Text encoding of a CSV or Shapefile, such as gb18030; auto to tell it from the bytes"
    )
    delimiter: str = option(",", "Delimiter of a CSV", min_length=1, max_length=1)
    decimal: Literal[".", ","] = option(".", "Decimal sign of numbers and coordinates in text")
    thousands: Literal["", " ", ",", ".", "'"] = option(
        "", "Sign between groups of three digits of numbers in text, such as ',' for 1,234"
    )


class TableSource(PlainTable):
    """A table of the user's own: a workbook, text, a drawing or a file of a GIS."""

    longitude: str | None = option(None, "Column of longitude, degrees, for a file without geometry")
    latitude: str | None = option(None, "Column of latitude, degrees, for a file without geometry")
    easting: str | None = option(None, "Instead of longitude: column of easting, metres")
    northing: str | None = option(None, "Instead of latitude: column of northing, metres")
    lonlat: str | None = option(
        None, "Instead of both: column of both in one cell, longitude first, such as 104.18,28.51"
    )
    latlon: str | None = option(None, "Instead of both: column of both in one cell, latitude first")
    crs: str | None = option(None, "CRS of the coordinates where the file does not say it")
    datum: Datum = option("wgs84", "wgs84, or a shifted Chinese datum: gcj02, bd09")
    shift: Shift | None = option(
        None,
        "Seven parameters from the datum of crs to WGS 84 or CGCS2000: dx, dy, dz in metres, rx, ry, rz in "
        "seconds of arc, scale in parts per million",
    )
    rotation: Rotation | None = option(
        None, "Convention of the rotations in shift: position_vector or coordinate_frame"
    )
    local_grid: LocalGrid | None = option(None, "Instead of crs: a local grid")
    coordinates: Literal["all", "some", "none"] = option(
        "all",
        "Whether all, some or none of the rows have coordinates; settlements and facilities without them "
        "are located by unit_code, else by name",
    )
    id_from: Names = option(
        (), "Columns of the file that together name each row, where no single one does: the id is their values with /"
    )
    inventory: Inventory = option("unknown", "Whether every facility is in it")
    service: str | None = option(None, "Service of every row, where the file has no such column")
    capacity_unit: str | None = option(None, "Unit of the columns capacity and load, such as beds or pupils")
    tier: Literal["village", "town", "county_seat", "city"] | None = option(
        None, "Tier of every settlement, where the file has no column tier or place"
    )

    @model_validator(mode="after")
    def _coordinates(self) -> Self:
        """Refuse declarations of coordinates that exclude each other or lack their other half."""
        shifted, metres = self.datum != "wgs84", self.easting is not None
        axes = (self.longitude, self.latitude, self.easting, self.northing)
        pairs = [name for name in (self.lonlat, self.latlon) if name is not None]
        faults = {
            "easting and northing go together: name both columns": metres != (self.northing is not None),
            "give either easting and northing (metres) or longitude and latitude (degrees)": (
                metres and not (self.longitude is None and self.latitude is None)
            ),
            f"datum = '{self.datum}' goes with longitude and latitude, not with easting and northing": (
                metres and shifted
            ),
            "easting and northing need a crs, such as 'EPSG:4545', or a local_grid": (
                metres and self.crs is None and self.local_grid is None
            ),
            "local_grid says where the rows lie: remove crs and datum": (
                self.local_grid is not None and (self.crs is not None or shifted)
            ),
            f"shift and datum = '{self.datum}' exclude each other": self.shift is not None and shifted,
            "rotation goes with shift, the seven parameters": self.shift is None and self.rotation is not None,
            "rotation: say in which convention the three rotations of shift are: 'position_vector' (as towgs84 in "
            "PROJ, EPSG method 9606) or 'coordinate_frame' (EPSG method 9607, usual in Chinese surveys); the wrong one "
            "moves everything by metres": self.shift is not None and any(self.shift[3:6]) and self.rotation is None,
            "lonlat and latlon name one column that holds both: give one of them, and no other column of coordinates": (
                any(pairs) and (any(axes) or len(pairs) > 1)
            ),
            f"decimal and thousands are both {self.decimal!r}; give each its own sign": self.thousands == self.decimal,
        }
        if first := next((fault for fault, found in faults.items() if found), None):
            raise ValueError(first)
        return self


class OfficialUnits(PlainTable):
    """Official numbers of people by unit, as a yearbook has them; needs no coordinates."""

    source: str = Field(min_length=1, description="Where the numbers stand: publication, table, year")
    basis: Literal["resident", "registered"] | None = option(
        None,
        "Whose numbers: resident or registered; without it what the column or the source says (常住, 户籍, "
        "resident, registered) counts",
    )
    level: int | None = option(
        None, "Admin level of the boundaries that are its units; the townships of the study by default", ge=1, le=12
    )

    @property
    def counts(self) -> str:
        """Whose numbers they are, resident or registered; empty where nobody says it."""
        return self.basis or basis_told(self.columns.get("population_persons", "")) or basis_told(self.source)

    def as_table(self) -> TableSource:
        """Write it as a table without coordinates, with the same columns."""
        told = self.model_dump(exclude_unset=True, exclude={"source", "level", "basis"})
        return TableSource(**{**told, "total_words": self.total_words, "coordinates": "none"})


class RoadSource(TableSource):
    """Roads of the user's own: a table, and how its lines become a network."""

    noding: Literal["none", "report", "snap"] = option(
        "none",
        "none: roads meet where they share a vertex; report: also where they cross or touch, and what "
        "nearly meets is reported; snap: it is joined, and overshoots trimmed",
    )
    tolerance_m: float = option(5.0, "Up to what distance ends nearly meet a road or overshoot it", ge=0.01, le=100)
    narrow_m: float | None = option(None, "Roads with a width_m below it get the word narrow in smoothness", gt=0)


MOST_CELLS = 4e8
"""Cells of a raster that are read unless a study allows more: 3.2 GB."""


class RasterSource(Model):
    """One or more raster files that together cover the study area."""

    paths: tuple[FilePath, ...] = Field(
        description="GeoTIFF or zipped .hgt files below the raw root; of one file `path` instead", min_length=1
    )
    nodata: float | None = option(
        None, "Value of cells without data, where the file does not say it", allow_inf_nan=True
    )
    max_cells: float = option(MOST_CELLS, "Most cells that are read; more are refused", gt=0)

    @model_validator(mode="before")
    @classmethod
    def _one_path(cls, value: Any) -> Any:
        if isinstance(value, dict) and "path" in value and "paths" not in value:
            return {**{key: item for key, item in value.items() if key != "path"}, "paths": [value["path"]]}
        return value


class LandcoverSource(RasterSource):
    """Land cover: files of classes, or one file of shares a class."""

    fractions: dict[int, FilePath] = option(
        {},
        "Instead of path: class of the speed table = file of its share of each cell; the largest share gives the class",
    )

    @model_validator(mode="before")
    @classmethod
    def _files_of_fractions(cls, value: Any) -> Any:
        if not isinstance(value, dict) or not isinstance(value.get("fractions"), dict) or not value["fractions"]:
            return value
        files = list(value["fractions"].values())
        if "path" in value or list(value.get("paths", files)) != files:
            raise ValueError("give either path (classes) or fractions (a file of shares a class), not both")
        return {**value, "paths": files}


class Sources(Model):
    """Where the data come from. Paths are relative to the raw root."""

    osm: OsmSource | None = option(None, "OpenStreetMap extract")
    settlements: TableSource | None = option(None, "Settlements of the user's own, instead of those of the extract")
    attributes: tuple[PlainTable, ...] = option(
        (),
        "Tables whose mapped columns, such as population_persons, are joined onto the settlements by "
        "settlement_id, unit_code or name",
    )
    facilities: tuple[TableSource, ...] = option((), "Facilities of the user's own, beside those of the extract")
    roads: RoadSource | None = option(None, "Roads of the user's own, instead of those of the extract")
    boundaries: TableSource | None = option(None, "Boundaries of the user's own, instead of those of the extract")
    water: tuple[TableSource, ...] = option((), "Rivers and lakes of the user's own, instead of those of the extract")
    flows: TableSource | None = option(None, "Observed flows between settlements")
    population: RasterSource | None = option(None, "Population raster, persons per cell")
    population_groups: dict[str, RasterSource] = option(
        {},
        "Rasters of a group of people, persons per cell, added up, such as elderly = { paths = "
        "['women-65.tif', 'men-65.tif'] }: they fill elderly_persons where the list has no number",
    )
    official_units: OfficialUnits | None = option(
        None, "Official numbers of people by unit, which ours are held against"
    )
    elevation: RasterSource | None = option(None, "Digital elevation model, metres")
    landcover: LandcoverSource | None = option(None, "Land cover")

    _one_table = field_validator("attributes", "facilities", "water", mode="before")(one_in_a_list)

    @property
    def by_key(self) -> dict[str, Any]:
        """Every source that is named, by its key below `sources`."""
        found = {key: getattr(self, key) for key in ("osm", "settlements", "roads", "boundaries", "flows")}
        found["official_units"] = self.official_units
        for key in ("attributes", "facilities", "water"):
            found |= {f"{key}.{number}": table for number, table in enumerate(getattr(self, key))}
        found |= {key: getattr(self, key) for key in ("population", "elevation", "landcover")}
        found |= {f"population_groups.{name}": group for name, group in self.population_groups.items()}
        return {key: source for key, source in found.items() if source is not None}

    @field_validator("population_groups")
    @classmethod
    def _group_names(cls, value: dict[str, RasterSource]) -> dict[str, RasterSource]:
        refuse_group_names(value)
        for source in value.values():
            unrepeated(source.paths)
        return value

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if self.osm is None and self.settlements is None:
            raise ValueError("no settlements: name an extract in [sources.osm] or a table in [sources.settlements]")
        if self.osm is None and self.roads is None:
            raise ValueError("no roads: name an extract in [sources.osm] or a table in [sources.roads]")
        return self
