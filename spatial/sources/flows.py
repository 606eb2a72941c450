"""Observed flows between settlements, from a table of the user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from spatial.errors import ContractError, first_of
from spatial.sources.columns import complete_text_column, number_column
from spatial.sources.formats import open_mapped
from spatial.sources.own_columns import ListColumns, columns_of_file

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from spatial.study import TableSource

__all__ = ["flows_from_table"]


def flows_from_table(
    path: Path, source: TableSource, *, settlement_ids: Collection[str] | None = None
) -> pd.DataFrame:
    """Read observed flows between settlements."""
    opened = open_mapped(path, source, what="flows", wanted=ListColumns("flows"))
    frame = pd.DataFrame(opened).drop(columns="geometry", errors="ignore")
    frame.attrs.update(opened.attrs)  # what the reader noted
    found = first_of(columns_of_file(frame), limit=30)
    problems = [
        f"{column}: the column is missing; map it in columns: the table has {found}"
        for column in ("from_id", "to_id", "kind", "volume")
        if column not in frame.columns
    ]
    if problems:
        raise ContractError(f"flows {path}", problems)
    for column in ("from_id", "to_id", "kind"):
        frame[column] = complete_text_column(frame, column, problems, key="")
    frame["volume"] = number_column(frame, "volume", problems, key="", complete=True)
    problems += _pair_problems(frame, settlement_ids)
    if problems:
        raise ContractError(f"flows {path}", problems)
    return frame


def _pair_problems(frame: pd.DataFrame, settlement_ids: Collection[str] | None) -> list[str]:
    problems = []
    for column in ("from_id", "to_id"):
        if settlement_ids is not None:
            unknown = frame.loc[~frame[column].isin(list(settlement_ids)) & frame[column].notna(), column]
            if len(unknown):
                problems.append(
                    f"{column}: no such settlement {first_of(unknown.drop_duplicates())}; correct the ids"
                )
    repeated = frame.duplicated(["from_id", "to_id", "kind"], keep=False)
    if repeated.any():
        pairs = (
            frame.loc[repeated, ["from_id", "to_id", "kind"]]
            .astype(str)
            .agg("/".join, axis=1)
            .drop_duplicates()
        )
        problems.append(f"from_id, to_id, kind: repeated {first_of(pairs)}; add them up")
    return problems
