"""
Every table between stages: the data dictionary of the package.

From these definitions come the checks between stages, the data dictionary in the documentation, the aliases in the
GeoPackage, the metadata in Parquet and the units in tooltips. A contract refuses; it never repairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaError, SchemaErrors

from spatial.crs import require_metres
from spatial.errors import ContractError, first_of

__all__ = ["TABLES", "Field", "Table"]

Kind = Literal["text", "number", "whole", "flag", "list"]
GeometryKind = Literal["Point", "LineString", "Polygon", "Any"]

TIERS = ("village", "town", "county_seat", "city")
REACH_STATUS = ("reached", "beyond_cutoff", "no_path", "not_snapped", "no_facility", "unknown")
SNAP_STATUS = ("ok", "far", "none")
NORM_STATUS = ("met", "not_met", "not_applicable", "not_measurable")
GATE = ("pass", "fail", "unknown", "none_applicable")
LAST_MILE = ("connected", "near", "gap", "none", "unknown")
GEOMETRY_TYPES = {
    "Point": {"Point"},
    "LineString": {"LineString", "MultiLineString"},
    "Polygon": {"Polygon", "MultiPolygon"},
}


@dataclass(frozen=True)
class Field:
    """
    One column of a table.

    Parameters
    ----------
    name : str
        The column; carries its unit where it has one.
    kind : {'text', 'number', 'whole', 'flag', 'list'}
        Text, float64, integer, boolean, or a list of values a row.
    title : str
        A short name for people, in English.
    description : str
        What it is and what NaN means.
    unit : str
        Unit, empty where there is none.
    required : bool
        Whether the column must be there.
    nullable : bool
        Whether a value may be missing.
    unique : bool
        Whether values may not repeat.
    minimum, maximum : float or None
        Inclusive bounds of a number.
    values : tuple of str
        The only values a text may have; empty for any.
    """

    name: str
    kind: Kind
    title: str
    description: str = ""
    unit: str = ""
    required: bool = True
    nullable: bool = False
    unique: bool = False
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[str, ...] = ()

    def column(self) -> pa.Column:
        """
        Build the pandera column that checks this field.

        Returns
        -------
        pandera.Column
            With unit, title and description as metadata.
        """
        checks = []
        if self.minimum is not None:
            checks.append(pa.Check.ge(self.minimum))
        if self.maximum is not None:
            checks.append(pa.Check.le(self.maximum))
        if self.values:
            checks.append(pa.Check.isin(self.values))
        checks.extend(_KIND_CHECKS[self.kind])
        return pa.Column(
            None,
            checks,
            nullable=self.nullable,
            unique=self.unique,
            required=self.required,
            title=self.title,
            description=self.description,
            metadata={"unit": self.unit, "kind": self.kind},
        )


def _is_text(series: pd.Series) -> bool:
    if isinstance(series.dtype, pd.StringDtype):
        return True
    return bool(series.map(lambda value: isinstance(value, str)).all())


def _is_float(series: pd.Series) -> bool:
    return bool(pd.api.types.is_float_dtype(series.dtype))


def _is_whole(series: pd.Series) -> bool:
    return bool(pd.api.types.is_integer_dtype(series.dtype))


def _is_flag(series: pd.Series) -> bool:
    return bool(pd.api.types.is_bool_dtype(series.dtype))


_KIND_CHECKS: dict[str, list[pa.Check]] = {
    "text": [pa.Check(_is_text, error="must be text", name="text")],
    "number": [pa.Check(_is_float, error="must be a float column", name="number")],
    "whole": [pa.Check(_is_whole, error="must be an integer column", name="whole")],
    "flag": [pa.Check(_is_flag, error="must be a boolean column", name="flag")],
    "list": [],
}


@dataclass(frozen=True)
class Table:
    """
    The contract of one table.

    Parameters
    ----------
    name : str
        The table's name, also its file's stem.
    title : str
        A short name for people, in English.
    key : tuple of str
        Columns that together name a row.
    geometry : {'Point', 'LineString', 'Polygon', 'Any'} or None
        Type of geometry; None for a plain table.
    fields : tuple of Field
        Its columns. Other columns may travel along unless `strict`.
    strict : bool
        Whether unknown columns are refused.
    may_lack_geometry : bool
        Whether a row may have none.
    """

    name: str
    title: str
    key: tuple[str, ...]
    geometry: GeometryKind | None
    fields: tuple[Field, ...]
    strict: bool = False
    may_lack_geometry: bool = False

    def field(self, name: str) -> Field | None:
        """
        Find a field by its column name.

        Parameters
        ----------
        name : str
            The column.

        Returns
        -------
        Field or None
            None where the table does not define that column.
        """
        return next((item for item in self.fields if item.name == name), None)

    def schema(self) -> pa.DataFrameSchema:
        """
        Build the pandera schema of the columns.

        Returns
        -------
        pandera.DataFrameSchema
            It never coerces.
        """
        return pa.DataFrameSchema(
            {item.name: item.column() for item in self.fields}, coerce=False, name=self.name, title=self.title
        )

    def check(self, frame: pd.DataFrame, *, what: str = "") -> None:
        """
        Refuse a frame that breaks the contract.

        Parameters
        ----------
        frame : DataFrame or GeoDataFrame
            Left unchanged.
        what : str
            Where it came from, for the message; the table's name by default.

        Raises
        ------
        CrsError
            Without a CRS in metres where the table has geometry.
        ContractError
            With every breach at once.
        """
        label = what or self.name
        problems = self._geometry_problems(frame, label)
        problems += self._column_problems(frame)
        problems += self._key_problems(frame)
        if self.strict:
            known = {item.name for item in self.fields} | {"geometry"}
            extra = [column for column in frame.columns if column not in known]
            if extra:
                problems.append(f"unknown column(s) {first_of(extra)}")
        if problems:
            raise ContractError(label, problems)

    def _geometry_problems(self, frame: pd.DataFrame, label: str) -> list[str]:
        if self.geometry is None:
            return []
        if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
            return ["geometry: the table has none; make a GeoDataFrame of it"]
        require_metres(frame.crs, what=label)
        geometry = frame.geometry
        problems = []
        missing = geometry.isna() | geometry.is_empty
        if missing.any() and not self.may_lack_geometry:
            problems.append(f"geometry: missing or empty in rows {first_of(self._ids(frame, missing))}")
        if self.geometry in GEOMETRY_TYPES:
            wrong = ~missing & ~geometry.geom_type.isin(GEOMETRY_TYPES[self.geometry])
            if wrong.any():
                found = ", ".join(sorted({str(kind) for kind in geometry.geom_type[wrong]}))
                problems.append(
                    f"geometry: must be {self.geometry}, found {found} in rows {first_of(self._ids(frame, wrong))}"
                )
        return problems

    def _column_problems(self, frame: pd.DataFrame) -> list[str]:
        try:
            self.schema().validate(pd.DataFrame(frame), lazy=True)
        except SchemaErrors as error:
            return _describe(error, frame, self)
        except SchemaError as error:
            return [str(error)]
        return []

    def _key_problems(self, frame: pd.DataFrame) -> list[str]:
        if not all(column in frame.columns for column in self.key) or not self.key:
            return []
        repeated = frame.duplicated(list(self.key), keep=False)
        if not repeated.any():
            return []
        ids = frame.loc[repeated, list(self.key)].astype(str).agg("/".join, axis=1).drop_duplicates()
        return [f"{', '.join(self.key)}: repeated key(s) {first_of(ids)}; make each row's key unique"]

    def _ids(self, frame: pd.DataFrame, rows: pd.Series) -> list[str]:
        column = self.key[0] if self.key and self.key[0] in frame.columns else None
        chosen = frame.loc[rows]
        return [str(value) for value in (chosen[column] if column else chosen.index)]


def _describe(error: SchemaErrors, frame: pd.DataFrame, table: Table) -> list[str]:
    problems: list[str] = []
    cases = error.failure_cases
    for (column, check), rows in cases.groupby(["column", "check"], dropna=False, sort=False):
        if check == "column_in_dataframe":
            problems += [f"{name}: the column is missing" for name in rows["failure_case"]]
            continue
        where = rows["index"].dropna()
        if len(where) and where.isin(range(len(frame))).all() and frame.index.is_unique:
            picked = frame.index.isin(where)
            ids = table._ids(frame, pd.Series(picked, index=frame.index))  # noqa: SLF001 - same module
            values = ", ".join(sorted({repr(value) for value in rows["failure_case"]})[:3])
            problems.append(f"{column}: {check} fails for {first_of(ids)}; values such as {values}")
        else:
            problems.append(f"{column}: {check} fails")
    return problems


def _text(name: str, title: str, description: str = "", **more: object) -> Field:
    return Field(name, "text", title, description, **more)  # type: ignore[arg-type]


def _number(name: str, title: str, unit: str, description: str = "", **more: object) -> Field:
    return Field(name, "number", title, description, unit, **{"nullable": True, "minimum": 0.0, **more})  # type: ignore[arg-type]


_NAMES = (
    _text("name", "Name", "As written at the place.", nullable=True),
    _text("name_en", "Name (English)", nullable=True, required=False),
    _text("name_zh", "Name (Chinese)", nullable=True, required=False),
)
_UNIT = (
    _text(
        "township_id",
        "Township id",
        "Unit that the place lies in; missing outside every unit.",
        nullable=True,
        required=False,
    ),
    _text("township", "Township", nullable=True, required=False),
)
_PLACE_FIELDS = (
    _text("settlement_id", "Settlement", unique=True),
    *_NAMES,
    _text("tier", "Tier", "village, town, county_seat or city.", values=TIERS),
    _text("place", "Place tag", "The source's own word for the place.", nullable=True, required=False),
    _text(
        "official_class",
        "Official class",
        "urban or rural by the official classification; missing where none is known.",
        values=("urban", "rural"),
        nullable=True,
        required=False,
    ),
    Field(
        "in_study",
        "flag",
        "In the study area",
        "False for places in the buffer, which serve but are not scored.",
    ),
    _number("population_persons", "Population", "persons", "NaN = unknown."),
    _text(
        "population_source",
        "Population source",
        "Where the number comes from.",
        values=("raster", "column", "tag", "none"),
    ),
    _number("elderly_persons", "Elderly", "persons", required=False),
    _number("disabled_persons", "Persons with disabilities", "persons", required=False),
    _number("children_persons", "Children", "persons", required=False),
    *_UNIT,
)

_SETTLEMENTS = Table("settlements", "Settlements", ("settlement_id",), "Point", _PLACE_FIELDS)
_PLACES = Table("places", "Places before population", ("settlement_id",), "Point", _PLACE_FIELDS)
_FACILITIES = Table(
    "facilities",
    "Facilities",
    ("facility_id",),
    "Point",
    (
        _text("facility_id", "Facility", unique=True),
        *_NAMES,
        _text("service", "Service", "The most specific service of the vocabulary that it offers."),
        _number("capacity", "Capacity", "", "In the unit that the study states; NaN = unknown."),
        _number("load", "Load", "", "Use today, in the unit of the capacity; NaN = unknown."),
        _text("status", "Status", values=("existing", "candidate", "closed")),
        Field("in_study", "flag", "In the study area"),
        _text("source", "Source", "Where it was found.", nullable=True, required=False),
        *_UNIT,
    ),
)
_ROADS = Table(
    "roads",
    "Roads",
    ("road_id",),
    "LineString",
    (
        _text("road_id", "Road", unique=True),
        _text("road_class", "Road class", "An OpenStreetMap highway value, or 'ferry'."),
        _text("name", "Name", nullable=True, required=False),
        _text("ref", "Number", nullable=True, required=False),
        *(
            _text(tag, tag, "As tagged.", nullable=True, required=False)
            for tag in (
                "surface",
                "tracktype",
                "smoothness",
                "maxspeed",
                "maxspeed_forward",
                "maxspeed_backward",
                "oneway",
                "junction",
                "access",
                "bridge",
                "tunnel",
                "construction",
            )
        ),
        Field(
            "node_ids",
            "list",
            "Node ids",
            "The source's own vertex ids: roads meet where they share one. Without it, where coordinates are equal.",
            required=False,
        ),
    ),
)
_BOUNDARIES = Table(
    "boundaries",
    "Boundaries",
    ("boundary_id",),
    "Polygon",
    (
        _text("boundary_id", "Boundary", unique=True),
        *_NAMES,
        Field(
            "admin_level", "whole", "Level", "Administrative level of the source; larger is smaller ground."
        ),
        Field("is_unit", "flag", "Township of the study", "True where results are summed over it."),
    ),
)
_WATER = Table(
    "water",
    "Water",
    ("water_id",),
    "Any",
    (
        _text("water_id", "Water", unique=True),
        _text("name", "Name", nullable=True, required=False),
        _text("kind", "Kind", "river, stream, lake, sea ..."),
        Field(
            "is_barrier", "flag", "Barrier", "True where it cannot be waded: no walk to the road crosses it."
        ),
    ),
)
_AREA = Table(
    "study_area",
    "Study area",
    ("area_id",),
    "Polygon",
    (_text("area_id", "Area", unique=True), _text("name", "Name", nullable=True)),
)
_FINDINGS_FIELDS = (
    _text("finding_id", "Finding", unique=True),
    _text(
        "kind",
        "Kind",
        "merged_duplicate, ambiguous_duplicate, unreadable_population, unsnapped, small_component ...",
    ),
    _text("subject_id", "Subject", "The settlement, facility, road or cell concerned.", nullable=True),
    _text("other_id", "Other", "The second party, such as the record it was merged into.", nullable=True),
    _text("detail", "Detail", "What was found, in plain words."),
    _number("distance_m", "Distance", "m"),
)
_NODES = Table(
    "nodes",
    "Network nodes",
    ("mode", "node_id"),
    "Point",
    (
        _text("mode", "Mode"),
        Field("node_id", "whole", "Node", "Position in the mode's graph, from 0."),
        _text("source_id", "Source id", nullable=True),
        Field("component", "whole", "Component", "0 is the longest."),
    ),
)
_EDGES = Table(
    "edges",
    "Network edges",
    ("mode", "edge_id"),
    "LineString",
    (
        _text("mode", "Mode"),
        _text("edge_id", "Edge", "road_id/piece."),
        _text("road_id", "Road"),
        _text("road_class", "Road class"),
        _text("surface", "Surface", nullable=True),
        Field("from_node", "whole", "From node"),
        Field("to_node", "whole", "To node"),
        _number("length_m", "Length", "m", nullable=False),
        _number("speed_km_h", "Speed", "km/h", nullable=False),
        _number("time_forward_min", "Time forwards", "min", "NaN = closed in that direction."),
        _number("time_backward_min", "Time backwards", "min", "NaN = closed in that direction."),
        _text("speed_source", "Speed source", "maxspeed (tagged) or class (imputed)."),
        Field("is_bridge", "flag", "Bridge"),
        Field("is_tunnel", "flag", "Tunnel"),
        _text("all_season", "All-season", "yes, no or unknown.", values=("yes", "no", "unknown")),
        Field(
            "is_snappable", "flag", "May be entered", "False on bridges, tunnels and controlled-access roads."
        ),
        Field("component", "whole", "Component", "0 is the longest."),
        _number("component_km", "Component length", "km", nullable=False),
    ),
)
_SNAPS = Table(
    "snaps",
    "Snaps",
    ("place_id", "place_kind", "mode"),
    "LineString",
    (
        _text("place_id", "Place", "A settlement_id or facility_id."),
        _text("place_kind", "Kind of place", values=("settlement", "facility")),
        _text("mode", "Mode"),
        _text(
            "edge_id",
            "Edge",
            "The best of the candidates: the nearest edge on the way that is used.",
            nullable=True,
        ),
        _number("fraction", "Fraction", "", "Share of the edge before the foot point.", maximum=1.0),
        _number("snap_distance_m", "Snap distance", "m", "Straight line to the foot point."),
        _number("snap_time_min", "Snap time", "min", "Walk to the foot point."),
        _text("snap_status", "Snap status", values=SNAP_STATUS),
    ),
    may_lack_geometry=True,  # a place that is not joined to the network has no line
)
_ACCESS = Table(
    "access",
    "Access",
    ("settlement_id", "service", "mode"),
    None,
    (
        _text("settlement_id", "Settlement"),
        _text("service", "Service", "A service, or the tier of a town."),
        _text("mode", "Mode"),
        _text(
            "facility_id", "Nearest facility", "A facility_id, or the settlement_id of a town.", nullable=True
        ),
        _number(
            "travel_time_min", "Travel time", "min", "Door to door; NaN with a reach_status that says why."
        ),
        _number("access_leg_min", "Walk to the network", "min"),
        _number("network_leg_min", "On the network", "min"),
        _number("egress_leg_min", "Walk from the network", "min"),
        _number("network_distance_m", "Network distance", "m", "Along the fastest way, both walks included."),
        _number(
            "straight_distance_m",
            "Straight distance to the nearest facility",
            "m",
            "To the nearest facility as the crow flies, which may be another one.",
        ),
        _text("second_facility_id", "Second nearest facility", nullable=True),
        _number("second_travel_time_min", "Time to the second nearest", "min"),
        _text("reach_status", "Reach status", values=REACH_STATUS),
        Field(
            "edge_risk",
            "flag",
            "Edge risk",
            "True where the way out of the mapped area is shorter than the way to the facility.",
        ),
    ),
)
_LAST_MILE = Table(
    "last_mile",
    "Last mile",
    ("settlement_id",),
    None,
    (
        _text("settlement_id", "Settlement"),
        _number(
            "all_season_road_distance_m",
            "Distance to an all-season road",
            "m",
            "Straight line; roads not known to fail count. NaN = none.",
        ),
        _number(
            "known_all_season_road_distance_m",
            "Distance to a road known to be all-season",
            "m",
            "NaN = none is known.",
        ),
        _number("all_season_road_min", "Walk to an all-season road", "min"),
        _text("last_mile_class", "Last-mile class", values=LAST_MILE),
        _text("last_mile_class_known", "Last-mile class, known roads only", values=LAST_MILE),
        _number(
            "last_mile_share",
            "Share of the last mile",
            "",
            "Walk to the road as a share of the way to the nearest town.",
            maximum=1.0,
        ),
        _number("parcel_point_min", "Minutes to a parcel point", "min"),
        _number("bus_stop_min", "Minutes to a bus stop", "min"),
        _number("telecom_min", "Minutes to a telecom point", "min"),
    ),
)
_ROUTES = Table(
    "routes",
    "Routes to the nearest facility",
    ("settlement_id", "service", "mode"),
    "LineString",
    (
        _text("settlement_id", "Settlement"),
        _text("service", "Service"),
        _text("mode", "Mode"),
        _text("facility_id", "Facility"),
        _number("travel_time_min", "Travel time", "min"),
        _number("network_distance_m", "Length", "m"),
        _text("edge_ids", "Edges", "In the order travelled, separated by blanks."),
    ),
)
_NORM_RESULTS = Table(
    "norm_results",
    "Norm results",
    ("unit_level", "unit_id", "norm_id"),
    None,
    (
        _text("norm_id", "Norm"),
        _text("unit_level", "Level", values=("study", "township", "settlement")),
        _text("unit_id", "Unit"),
        _text("service", "Service"),
        _text("norm_class", "Class", values=("mandatory", "guiding", "authorised")),
        _text("status", "Status", values=NORM_STATUS),
        _text(
            "status_as_mapped",
            "Status as mapped",
            "Judged as if the map held every facility.",
            values=NORM_STATUS,
        ),
        _text("reason", "Reason", "Why it is not applicable or not measurable, or why it does not gate."),
        _text("gate", "Gate", values=GATE),
        _number(
            "value",
            "Measured value",
            "",
            "For one settlement: minutes, metres or facilities, in the norm's unit.",
        ),
        _text(
            "share_of",
            "Share of",
            "What the shares are shares of: places where the norm counts places, or where no people are known.",
            values=("persons", "places"),
            required=False,
        ),
        _number("threshold", "Threshold", "", "In the norm's unit, as the study adopted it.", required=False),
        _number("target_share", "Target share", "", "As the study adopted it.", maximum=1.0, required=False),
        _number(
            "served_share",
            "Share served",
            "",
            "As mapped; of the people in scope that were measured, or of the places.",
            maximum=1.0,
        ),
        _number("served_share_lower", "Share served, lower bound", "", maximum=1.0),
        _number("served_share_upper", "Share served, upper bound", "", maximum=1.0),
        _number("attainment", "Attainment", "", maximum=1.0),
        _number("shortfall", "Shortfall", "", maximum=1.0),
        _number(
            "depth_fgt0",
            "Share beyond the norm",
            "",
            "Foster, Greer and Thorbecke; depth is 0 at the threshold, 1 at the fail point; as mapped.",
            maximum=1.0,
            required=False,
        ),
        _number(
            "depth_fgt1",
            "Mean depth of the gap",
            "",
            "Foster, Greer and Thorbecke; depth is 0 at the threshold, 1 at the fail point; as mapped.",
            maximum=1.0,
            required=False,
        ),
        _number(
            "depth_fgt2",
            "Mean squared depth of the gap",
            "",
            "Foster, Greer and Thorbecke; depth is 0 at the threshold, 1 at the fail point; as mapped.",
            maximum=1.0,
            required=False,
        ),
        _number("persons_to_serve", "People to serve to reach the target", "persons", required=False),
        _number("persons_in_scope", "People in scope", "persons"),
        _number("persons_served", "People within the norm", "persons"),
        _number("persons_unserved", "People beyond the norm", "persons"),
        _number("persons_unknown", "People not measured", "persons"),
        _number("places_in_scope", "Places in scope", "places"),
        _number("places_served", "Places within the norm", "places"),
        _number("places_unserved", "Places beyond the norm", "places"),
        _number("places_unknown", "Places not measured", "places"),
    ),
)
_GAPS = Table(
    "gaps",
    "Gaps",
    ("settlement_id", "norm_id"),
    "Point",
    (
        Field("rank", "whole", "Rank", "1 is the gap of the most people."),
        _text("settlement_id", "Settlement"),
        _text("norm_id", "Norm"),
        _text("service", "Service"),
        _text("norm_class", "Class"),
        _number("value", "Measured value", "", "In the norm's unit; NaN = none reached."),
        _number("threshold", "Threshold", ""),
        _text("unit", "Unit"),
        _number("excess", "Beyond the norm by", "", "In the norm's unit; NaN = none reached."),
        _number("persons_unserved", "People concerned", "persons"),
        Field("is_near_miss", "flag", "Near miss", "Within five minutes of the norm."),
        _text("status", "Status", values=NORM_STATUS),
        _text("reach_status", "Reach status", values=REACH_STATUS),
        *_UNIT,
    ),
)
_ACCOUNT = Table(
    "population_account",
    "Where the people went",
    ("item",),
    None,
    (
        _text("item", "Item", "raster_total, allocated, outside, nodata, too_far, negative ..."),
        _number("persons", "People", "persons", nullable=False),
        _number("cells", "Cells", "cells", nullable=False),
        _text("detail", "Detail"),
    ),
)
_COUNTS = Table(
    "counts",
    "What was read",
    ("source", "item"),
    None,
    (_text("source", "Source"), _text("item", "Item"), _number("number", "Number", "", nullable=False)),
)
_FLOWS = Table(
    "flows",
    "Observed flows",
    ("from_id", "to_id", "kind"),
    None,
    (
        _text("from_id", "From"),
        _text("to_id", "To"),
        _text("kind", "Kind", "people, parcels ..."),
        _number("volume", "Volume", "a year"),
    ),
)
_PROVENANCE = Table(
    "provenance",
    "Sources",
    ("path",),
    None,
    (
        _text("path", "File", "Below the raw root."),
        _text("origin", "Origin", "Who made it; 'unknown' where nobody says."),
        _text("licence", "Licence"),
        _text("vintage", "Vintage", "The date that it describes."),
        _text("sha256", "SHA-256"),
        _text("address", "Address", "Where it was fetched from, or 'unknown'."),
        _text("issue", "Known issue", "A known fault of the source; empty where none is known."),
    ),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        _PLACES,
        _SETTLEMENTS,
        _FACILITIES,
        _ROADS,
        _BOUNDARIES,
        _WATER,
        _AREA,
        _FLOWS,
        _COUNTS,
        _PROVENANCE,
        Table("findings_read", "Findings of reading", ("finding_id",), "Any", _FINDINGS_FIELDS),
        Table("findings_network", "Findings on the network", ("finding_id",), "Any", _FINDINGS_FIELDS),
        Table("findings_access", "Findings on access", ("finding_id",), "Any", _FINDINGS_FIELDS),
        _NODES,
        _EDGES,
        _ACCOUNT,
        _SNAPS,
        _ACCESS,
        _LAST_MILE,
        _ROUTES,
        _NORM_RESULTS,
        _GAPS,
    )
}
"""Every table between stages by its name, in the order in which the pipeline makes them."""
