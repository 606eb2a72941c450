"""The contracts of tables as schemas of pandera, which check columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaError, SchemaErrors

from spatial.errors import first_of

if TYPE_CHECKING:
    from spatial.tables.contract import Field, Table

__all__ = ["breaches", "column_of", "schema_of"]


def column_of(field: Field) -> pa.Column:
    """Build the column that checks a field."""
    checks = []
    if field.minimum is not None:
        checks.append(pa.Check.ge(field.minimum))
    if field.maximum is not None:
        checks.append(pa.Check.le(field.maximum))
    if field.values:
        checks.append(pa.Check.isin(field.values))
    checks.extend(_KIND_CHECKS[field.kind])
    return pa.Column(
        None,
        checks,
        nullable=field.nullable,
        unique=field.unique,
        required=field.required,
        title=field.title,
        description=field.description,
        metadata={"unit": field.unit, "kind": field.kind},
    )


def schema_of(table: Table) -> pa.DataFrameSchema:
    """Build the schema of the columns of a table."""
    return pa.DataFrameSchema(
        {item.name: column_of(item) for item in table.fields},
        coerce=False,
        name=table.name,
        title=table.title,
    )


def breaches(table: Table, frame: pd.DataFrame) -> list[str]:
    """Tell where the columns of a frame break the contract."""
    try:
        schema_of(table).validate(pd.DataFrame(frame), lazy=True)
    except SchemaErrors as error:
        return _describe(error, frame, table)
    except SchemaError as error:
        return [str(error)]
    return []


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
            ids = table.ids(frame, pd.Series(picked, index=frame.index))
            values = first_of({repr(value): value for value in rows["failure_case"]}.values(), limit=3)
            problems.append(f"{column}: {check} fails for {first_of(ids)}; values such as {values}")
        else:
            problems.append(f"{column}: {check} fails")
    return problems
