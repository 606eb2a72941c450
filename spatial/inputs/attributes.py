"""Numbers joined by place: official people, classes and codes of settlements, and observed flows between them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.crs import WGS84
from spatial.errors import ContractError, first_of, refuse
from spatial.formats.columns import (
    choice_column,
    complete_text_column,
    id_column,
    number_column,
    read_texts,
    row_labels,
    text_column,
)
from spatial.formats.notes import SHEET_ROWS, ListColumns, Note, add_notes, columns_of_file, listed
from spatial.formats.vector import open_mapped
from spatial.inputs.names import carry_units, name_scores
from spatial.inputs.place_tables import PlacedTables
from spatial.inputs.placing import names_of
from spatial.inputs.user_tables import GROUP_SUFFIX
from spatial.study import Study
from spatial.study.sources import PlainTable, TableSource

# Observed flows between settlements, from a table of the user's own.


def flows_from_table(path: Path, source: TableSource, *, settlement_ids: Collection[str] | None = None) -> pd.DataFrame:
    """Read observed flows between settlements."""
    opened = open_mapped(path, source, what="flows", wanted=ListColumns("flows"))
    frame = pd.DataFrame(opened).drop(columns="geometry", errors="ignore")
    frame.attrs.update(opened.attrs)  # what the reader noted
    found = first_of(columns_of_file(frame), limit=30)
    keys = ["from_id", "to_id", "kind"]
    problems = [
        f"{column}: the column is missing; map it in columns: the table has {found}"
        for column in (*keys, "volume")
        if column not in frame.columns
    ]
    refuse(f"flows {path}", problems)
    for column in keys:
        frame[column] = complete_text_column(frame, column, problems, key="")
    frame["volume"] = number_column(frame, "volume", problems, key="", complete=True)
    for column in ("from_id", "to_id") if settlement_ids is not None else ():
        ids = frame[column].dropna().drop_duplicates()
        unknown = ids[~ids.isin(list(settlement_ids or ()))]
        if len(unknown):
            problems.append(f"{column}: no such settlement {first_of(unknown)}; correct the ids")
    repeated = frame.loc[frame.duplicated(keys, keep=False), keys].drop_duplicates()
    if len(repeated):
        pairs = repeated.astype(str).agg("/".join, axis=1)
        problems.append(f"from_id, to_id, kind: repeated {first_of(pairs)}; add them up")
    refuse(f"flows {path}", problems)
    return frame


# Tables whose rows are joined onto the settlements: official numbers of people, classes and codes by place.

KEY = "settlement_id"
PEOPLE = "population_persons"
FOUND_BY = (KEY, "name", "name_en", "name_zh", "place_name", "township", "township_id")
"""Columns that a row is found by; they are not joined. `unit_code` is both."""

_PLACED = ("placed_by", "placed_score", "placed_at")
REFUSED = ("tier", "place", "in_study", "population_source", "geometry", *_PLACED)
"""Columns that make a settlement what it is, or that the package fills in."""

NAMES = ("name", "name_en", "name_zh", "place_name")

SAME_NAME = 0.7
"""Names less alike than this, 0-1, are said to differ where a code has joined their rows."""


def add_attributes(
    settlements: gpd.GeoDataFrame,
    boundaries: gpd.GeoDataFrame,
    *,
    study: Study,
    source: PlainTable,
    places: PlacedTables,
) -> tuple[gpd.GeoDataFrame, int]:
    """Read a table of a study and join it onto the settlements, with notes; and return the rows to be joined."""
    declared = TableSource(**source.model_dump(exclude_unset=True), coordinates="none")
    table = attributes_from_table(
        study.raw_path(source.path), declared, with_population=study.sources.population is None
    )
    read = table.attrs
    lost = table[KEY].isin(places.nowhere).to_numpy(dtype=bool)
    add_notes(table, [Note("rows_nowhere", int(lost.sum()), {"where": listed(table[KEY][lost])})])
    table = table[~lost].reset_index(drop=True)
    joined, notes = join_attributes(settlements, table, declared, boundaries=boundaries, places=places)
    joined.attrs = {key: told for key, told in read.items() if key != SHEET_ROWS}
    add_notes(joined, notes)
    return joined, len(table)


def attributes_from_table(path: Path, source: TableSource, *, with_population: bool = True) -> gpd.GeoDataFrame:
    """Read a table that is to be joined onto the settlements."""
    opened = open_mapped(path, source, what="attributes", wanted=ListColumns("attributes"))
    joined = [name for name in (*source.columns, *source.keep_columns) if name not in FOUND_BY]
    problems = []
    wrong = [name for name in joined if name in REFUSED]
    if wrong:
        problems.append(f"columns: {first_of(wrong)} cannot be joined onto settlements; leave it out")
    if not joined:
        problems.append("columns: nothing to join; map population_persons, official_class or another column")
    if not {KEY, "unit_code", *NAMES} & set(source.columns):
        problems.append("columns: nothing to find the settlements by; map settlement_id, unit_code or name")
    kept = [name for name in dict.fromkeys((*FOUND_BY, *joined)) if name in opened.columns]
    columns = pd.DataFrame(opened)[kept].copy()
    empty: Any = np.full(len(opened.index), None, dtype=object)
    frame = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(empty, index=opened.index, crs=WGS84), crs=WGS84)
    frame.attrs = dict(opened.attrs)
    if KEY in frame.columns:
        frame[KEY] = id_column(frame, KEY, problems)
    else:
        # Rows are known by their codes or names where those are complete and different, else by their numbers.
        told = [text_column(frame[name]) for name in ("unit_code", "name") if name in frame.columns]
        frame[KEY] = next((ids for ids in told if ids.notna().all() and ids.is_unique), row_labels(frame, ""))
    read_texts(frame, (*FOUND_BY, "official_class"))
    for name in joined:
        if name.endswith(GROUP_SUFFIX) and name in frame.columns:
            frame[name] = number_column(frame, name, problems, key=KEY)
    if "official_class" in frame.columns:
        choice_column(frame, "official_class", ("urban", "rural"), problems, key=KEY, may_lack=True)
    carry_units(frame, problems, key=KEY)
    refuse(f"attributes {path}", problems)
    if PEOPLE in frame.columns and not with_population:
        frame = frame.drop(columns=PEOPLE)
        add_notes(frame, [Note("raster_counts", len(frame), {})])
    return frame


def with_codes_of_units(settlements: gpd.GeoDataFrame, boundaries: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give each settlement that has no code of its own, and is alone in a unit, the code of that unit."""
    if "unit_code" not in boundaries.columns or boundaries["unit_code"].isna().all():
        return settlements
    coded = boundaries[boundaries["unit_code"].notna()]
    coded = coded[coded["admin_level"] == coded["admin_level"].max()]
    pairs = gpd.sjoin(
        settlements[["geometry"]].to_crs(coded.crs or WGS84), coded[["unit_code", "geometry"]], predicate="intersects"
    )
    pairs = pairs[~pairs.index.duplicated(keep=False)]
    alone = pairs[~pairs["unit_code"].duplicated(keep=False)]["unit_code"]
    codes = alone.reindex(settlements.index)
    if "unit_code" in settlements.columns:
        codes = settlements["unit_code"].where(settlements["unit_code"].notna(), codes)
    return settlements.assign(unit_code=codes.astype("str"))


def join_attributes(
    settlements: gpd.GeoDataFrame,
    table: gpd.GeoDataFrame,
    source: TableSource,
    *,
    boundaries: gpd.GeoDataFrame,
    places: PlacedTables,
) -> tuple[gpd.GeoDataFrame, list[Note]]:
    """Join the rows of a table onto settlements by id, else as places without coordinates are located; say counts."""
    ground = with_codes_of_units(settlements, boundaries)
    known = dict(zip(settlements[KEY], settlements.geometry, strict=True))
    points = np.array([known.get(name) for name in table[KEY]], dtype=object)
    table = table.set_geometry(gpd.GeoSeries(points, index=table.index, crs=settlements.crs))
    within = gpd.sjoin(boundaries, settlements[["geometry"]].to_crs(boundaries.crs or WGS84))
    inhabited = boundaries[boundaries.index.isin(within.index)]
    placed = places.locate(table, source, ground, inhabited)
    by_id = placed["placed_by"] == "coordinates"
    about = placed["placed_at"].where(~by_id, placed[KEY])
    twice = about.duplicated(keep=False)
    if twice.any():
        lines = first_of(row_labels(placed, KEY)[twice])
        problem = f"{KEY}: rows {lines} are about one settlement, {first_of(about[twice].drop_duplicates())}; keep one"
        raise ContractError(f"attributes {source.path}", [problem])
    given = places.numbers.pop((source.path, "placed by coordinates"), 0.0)
    places.numbers[source.path, "placed by settlement_id"] = given
    rows = placed.set_axis(pd.Index(about), axis=0)
    joined, notes = settlements.copy(), list[Note]()
    ids = settlements[KEY]
    for name in [name for name in table.columns if name not in (*FOUND_BY, "geometry")]:
        new = pd.Series(rows[name].reindex(ids).to_numpy(), index=settlements.index, dtype=rows[name].dtype)
        old = settlements[name] if name in settlements.columns else None
        if name == PEOPLE:
            tagged = settlements["population_source"] == "tag"
            old = settlements[name].where(~tagged)
            without = int(new.where(new.notna(), old).isna().sum())
            notes += [
                Note("no_people", without, {"without": without, "rows": len(ids)}),
                Note("tags_of_people", int(tagged.sum()), {"where": listed(settlements["name"].fillna(ids)[tagged])}),
            ]
        if old is not None and old.notna().any():
            other = new.notna() & old.notna() & (text_column(new) != text_column(old))
            new = new.where(new.notna(), old)
            named = {"column": name, "where": listed(ids[other])}
            notes.append(Note("replaced", int(other.sum()), named))
        joined[name] = new
        if name == PEOPLE:
            joined["population_source"] = new.notna().map({True: "column", False: "none"}).astype("str")
    # Name rows that their code puts at a settlement of another name: the code may be wrong.
    coded = rows[rows["placed_by"] == "unit_code"]
    theirs = settlements.set_index(KEY).reindex(coded.index)
    pairs = [
        (mine[0], place[0])
        for mine, place in zip(names_of(coded, NAMES), names_of(theirs), strict=True)
        if mine and place and name_scores([mine], [place]).max() < SAME_NAME
    ]
    where = listed(f"{one} ≠ {other}" for one, other in pairs)
    return joined, [*notes, Note("other_name", len(pairs), {"where": where})]
