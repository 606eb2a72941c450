"""What a table promises: its columns, units, bounds, key and kind of geometry, and the check that refuses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal

from spatial.errors import ContractError, first_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


Kind = Literal["text", "number", "whole", "flag", "list"]
Form = Literal["text", "whole", "decimal", "index", "share", "signed", "signed_share"]
"""How values are shown: as text, with no, one or two decimals, in percent, or with their sign."""
GeometryKind = Literal["Point", "LineString", "Polygon", "Any"]
Sharing = Literal["open", "internal", "restricted"]
"""Whether a table or column may leave the office: yes, with small numbers of people hidden; no; no, by law."""

PERSONS = "persons"
"""Unit of numbers of people."""
COUNTED = (PERSONS, "places", "facilities")
"""Units of what is counted."""
DTYPES: dict[Kind, str] = {"text": "str", "number": "float64", "whole": "int64", "flag": "bool", "list": "object"}
"""How columns of each kind are held."""

GEOMETRY_TYPES = {
    "Point": {"Point"},
    "LineString": {"LineString", "MultiLineString"},
    "Polygon": {"Polygon", "MultiPolygon"},
}
_KINDS_OF_NUMBERS = {"number": "f", "whole": "i", "flag": "b"}
"""What numpy calls them."""
_MUST_BE = {
    "text": "must be text",
    "number": "must be a float column",
    "whole": "must be an integer column",
    "flag": "must be a boolean column",
}


@dataclass(frozen=True)
class Field:
    """One column of a table."""

    name: str  # the column; carries its unit where it has one
    kind: Kind  # text, float64, integer, boolean, or a list of values a row
    title: str  # A short name for people, in English
    description: str = ""  # what it is and what NaN means
    unit: str = ""  # unit, empty where there is none
    required: bool = True  # whether the column must be there
    nullable: bool = False  # whether a value may be missing
    unique: bool = False  # whether values may not repeat
    minimum: float | None = None  # inclusive bounds of a number
    maximum: float | None = None
    values: tuple[str, ...] = ()  # the only values a text may have; empty for any
    shown: Form | None = None  # how it is shown, where `form` cannot tell it from kind and unit
    sharing: Sharing | None = None  # whether it may leave the office, where that is not as its table

    @property
    def form(self) -> Form:
        """How values are shown: counts whole, shares in percent, what lies between 0 and 1 with two decimals."""
        if self.shown is not None:
            return self.shown
        if self.kind == "whole" or self.unit in COUNTED:
            return "whole"
        if self.kind != "number":
            return "text"
        if "share" in self.name.split("_"):
            return "share"
        return "index" if self.maximum == 1.0 else "decimal"


@dataclass(frozen=True)
class Table:
    """The contract of one table."""

    name: str  # the table's name, also its file's stem
    title: str  # A short name for people, in English
    key: tuple[str, ...]  # columns that together name a row
    geometry: GeometryKind | None  # type of geometry; None for a plain table
    fields: tuple[Field, ...]  # its columns. Other columns may travel along unless `strict`
    strict: bool = False  # whether unknown columns are refused
    may_lack_geometry: bool = False  # whether a row may have none
    sharing: Sharing = "internal"  # whether it may leave the office

    def sharing_of(self, name: str) -> Sharing:
        """Tell whether a column may leave the office; one that the table does not define may not."""
        known = self.field(name)
        return "internal" if known is None else known.sharing or self.sharing

    def field(self, name: str) -> Field | None:
        """Find a field by its column name; None where the table has none."""
        return self.by_name.get(name)

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Its columns by their names."""
        return {item.name: item for item in self.fields}

    @cached_property
    def told(self) -> str:
        """All that it promises, by which a changed contract is known."""
        return repr(self)

    @property
    def counts_people(self) -> bool:
        """Whether it has numbers of people, which mean nothing without the population basis."""
        return any(item.unit == PERSONS for item in self.fields)

    def frame(self, rows: Any = ()) -> pd.DataFrame:
        """Put rows, or columns, into a frame of all columns of the table, in their order and with their dtypes."""
        import pandas as pd  # noqa: PLC0415 - a contract is known without its library

        if isinstance(rows, list | tuple) and not rows:
            texts = pd.get_option("mode.string_storage")
            if texts not in self._without_rows:
                columns = {item.name: DTYPES[item.kind] for item in self.fields}
                self._without_rows[texts] = pd.DataFrame(columns=list(columns)).astype(columns)
            return self._without_rows[texts].copy()
        made = pd.DataFrame(rows, columns=[item.name for item in self.fields])
        kinds = zip(self.fields, made.dtypes, strict=True)
        return made.astype({item.name: DTYPES[item.kind] for item, kind in kinds if kind != DTYPES[item.kind]})

    @cached_property
    def _without_rows(self) -> dict[str, pd.DataFrame]:
        """Frames without a row, by the way in which pandas holds texts."""
        return {}

    def check(self, frame: pd.DataFrame, *, what: str = "") -> None:
        """Refuse a frame that breaks the contract."""
        from spatial.outlines import require_frame  # noqa: PLC0415 - a contract is known without its library

        label = what or self.name
        require_frame(label, frame)
        problems = self._geometry_problems(frame, label)
        # The report of pandera names every fault; a frame that has none is told sooner without it.
        problems += [] if keeps(self, frame) else breaches(self, frame)
        key = list(self.key)
        if key and {*key} <= {*frame.columns} and (repeated := frame.duplicated(key, keep=False)).any():
            ids = frame.loc[repeated, key].astype(str).agg("/".join, axis=1).drop_duplicates()
            problems.append(f"{', '.join(key)}: repeated key(s) {first_of(ids)}; make each row's key unique")
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
        import geopandas as gpd  # noqa: PLC0415 - a contract is known without its library
        import numpy as np  # noqa: PLC0415 - as above
        import shapely  # noqa: PLC0415 - as above

        from spatial.crs import require_metres  # noqa: PLC0415 - as above

        if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
            return ["geometry: the table has none; make a GeoDataFrame of it"]
        require_metres(frame.crs, what=label)
        geometry = frame.geometry
        problems = []
        shapes = geometry.to_numpy()
        missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
        if self.geometry == "Point":
            there = np.flatnonzero(~missing & (shapely.get_type_id(shapes) == shapely.GeometryType.POINT))
            missing[there[~np.isfinite(shapely.get_coordinates(shapes[there])).all(axis=1)]] = True
        if missing.any() and not self.may_lack_geometry:
            problems.append(f"geometry: missing or empty in rows {first_of(self.ids(frame, missing))}")
        if self.geometry in GEOMETRY_TYPES:
            wrong = ~missing & ~geometry.geom_type.isin(GEOMETRY_TYPES[self.geometry])
            if wrong.any():
                found = ", ".join(sorted({str(kind) for kind in geometry.geom_type[wrong]}))
                problems.append(
                    f"geometry: must be {self.geometry}, found {found} in rows {first_of(self.ids(frame, wrong))}"
                )
        return problems

    def ids(self, frame: pd.DataFrame, rows: pd.Series | NDArray[np.bool_]) -> list[str]:
        """Name rows of a frame by the first column of the key, or by their labels where it is missing."""
        column = self.key[0] if self.key and self.key[0] in frame.columns else None
        chosen = frame.loc[rows]
        return [str(value) for value in (chosen[column] if column else chosen.index)]


def _is_kind(kind: Kind, values: pd.Series) -> bool:
    from pandas import StringDtype  # noqa: PLC0415 - a contract is known without its library
    from pandas.api import types  # noqa: PLC0415 - as above

    if kind == "number":
        return bool(types.is_float_dtype(values.dtype))
    if kind == "whole":
        return bool(types.is_integer_dtype(values.dtype))
    if kind == "flag":
        return bool(types.is_bool_dtype(values.dtype))
    is_text = isinstance(values.dtype, StringDtype)
    return is_text or all(isinstance(value, str) for value in values)


def keeps(table: Table, frame: pd.DataFrame) -> bool:
    """Tell whether a frame surely keeps the contract, by column and without a report."""
    import numpy as np  # noqa: PLC0415 - a contract is known without its library
    from pandas import StringDtype  # noqa: PLC0415 - as above

    if not frame.columns.is_unique:
        return False
    there = set(frame.columns)
    for field in table.fields:
        if field.name not in there:
            if field.required:
                return False
            continue
        values = frame[field.name]
        if field.unique and values.duplicated().any():
            return False
        # Of plain numbers, and of texts with few words, it is told in a tenth of the time that a Series takes.
        if isinstance(values.dtype, np.dtype) and values.dtype.kind == _KINDS_OF_NUMBERS.get(field.kind):
            numbers = values.to_numpy()
            if not field.nullable and numbers.dtype.kind == "f" and np.isnan(numbers).any():
                return False
            # What is missing is neither below nor above anything.
            if field.minimum is not None and (numbers < field.minimum).any():
                return False
            if field.maximum is not None and (numbers > field.maximum).any():
                return False
            continue
        lacking = values.array.isna()
        if (not field.nullable or values.dtype == object) and lacking.any():
            return False
        if field.kind != "list" and not _is_kind(field.kind, values):
            return False
        if field.minimum is not None and (values < field.minimum).any():
            return False
        if field.maximum is not None and (values > field.maximum).any():
            return False
        if field.values:
            is_known = isinstance(values.dtype, StringDtype) and {*values.dropna().unique()} <= {*field.values}
            if not is_known and not (values.isin(field.values) | lacking).all():
                return False
    return True


def breaches(table: Table, frame: pd.DataFrame) -> list[str]:
    """Tell where the columns of a frame break the contract."""
    import pandas as pd  # noqa: PLC0415 - as above
    import pandera.pandas as pa  # noqa: PLC0415 - takes most of a second, which a frame without faults need not wait

    columns = {}
    for field in table.fields:
        checks = []
        if field.minimum is not None:
            checks.append(pa.Check.ge(field.minimum))
        if field.maximum is not None:
            checks.append(pa.Check.le(field.maximum))
        if field.values:
            checks.append(pa.Check.isin(field.values))
        if field.kind != "list":
            checks.append(pa.Check(partial(_is_kind, field.kind), error=_MUST_BE[field.kind], name=field.kind))
        columns[field.name] = pa.Column(
            None, checks, nullable=field.nullable, unique=field.unique, required=field.required
        )
    try:
        pa.DataFrameSchema(columns, coerce=False, name=table.name).validate(pd.DataFrame(frame), lazy=True)
    except pa.errors.SchemaErrors as error:
        problems: list[str] = []
        cases = error.failure_cases
        for (column, check), rows in cases.groupby(["column", "check"], dropna=False, sort=False):
            if check == "column_in_dataframe":
                problems += [f"{name}: the column is missing" for name in rows["failure_case"]]
                continue
            where = rows["index"].dropna()
            if len(where) and where.isin(range(len(frame))).all() and frame.index.is_unique:
                picked = frame.index.isin(where)
                ids = table.ids(frame, pd.Series(picked, index=frame.index))
                values = first_of({repr(value): value for value in rows["failure_case"]}.values(), limit=3)
                problems.append(f"{column}: {check} fails for {first_of(ids)}; values such as {values}")
            else:
                problems.append(f"{column}: {check} fails")
        return problems
    except pa.errors.SchemaError as error:
        return [str(error)]
    return []
