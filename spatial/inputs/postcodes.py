"""Where postcodes lie: a table of them, such as Code-Point Open, with its columns found by themselves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.crs import WGS84, transformer_between
from spatial.errors import ContractError, first_of
from spatial.formats.columns import text_column
from spatial.formats.delimited import AUTO, read_delimited
from spatial.formats.files import local_file
from spatial.formats.vector import FORMATS, open_frame
from spatial.study.sources import TableSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

BRITISH = re.compile(r"[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2}", re.ASCII)
"""A British postcode as it is compared."""
LEAST_SURE = 0.85
"""Least score of a name of a column to be taken for ours."""
NATIONAL_GRID = "EPSG:27700"
"""British National Grid, which eastings and northings beside British postcodes are in."""
GRID_EAST_M, GRID_NORTH_M = 700_000.0, 1_300_000.0
"""How far the British National Grid reaches."""
SPREAD_DEGREES = 0.02
"""A postcode whose rows lie further apart than this, about two kilometres, names no place."""
_HEADLESS = ("postcode", "quality", "easting", "northing")
"""First columns of Code-Point Open, whose files have no heads."""
_HEAD_BYTES = 100
_NO_LATITUDE = 99.0
"""From here on a latitude says that nobody knows it, as in the directory of the Office for National Statistics."""


def plain_postcode(text: str) -> str:
    """
    Write a postcode as it is compared.

    Examples
    --------
    >>> plain_postcode(" le15 6aq "), plain_postcode("97-600")
    ('LE156AQ', '97600')
    """
    return "".join(letter for letter in text.upper() if letter.isalnum())


def read_postcodes(files: Sequence[Path], *, wanted: Iterable[str] | None = None) -> gpd.GeoSeries:
    """Read where postcodes lie, as points on WGS 84 by plain postcode; `wanted` are those that are looked for."""
    only = None if wanted is None else {plain_postcode(text) for text in wanted}
    parts = [_one_file(file, only) for file in files]
    table = pd.concat(parts, ignore_index=True)
    both = table.groupby("postcode")[["longitude", "latitude"]]
    is_one = ((both.max() - both.min()) <= SPREAD_DEGREES).all(axis=1)
    middle = both.mean()[is_one]
    return gpd.GeoSeries(gpd.points_from_xy(middle["longitude"], middle["latitude"]), index=middle.index, crs=WGS84)


def has_no_heads(file: Path) -> bool:
    """Whether a text begins with a British postcode in place of the head of a column, as Code-Point Open does."""
    with local_file(file, what="postcodes").open("rb") as opened:
        first = opened.read(_HEAD_BYTES).partition(b",")[0]
    return _is_british(plain_postcode(first.decode("ascii", errors="replace")))


def _one_file(file: Path, only: set[str] | None) -> pd.DataFrame:
    """Read one file, and bring its points to degrees."""
    # Lists are inspected by what reads and places them, and their columns are told by its words here.
    from spatial.inputs.inspection.columns import matches  # noqa: PLC0415 - as said, or modules import each other

    label = f"postcodes {file}"
    frame = _opened(file, label)
    found: dict[str, str] = {}
    for name in map(str, frame.columns):
        for match in matches(name):
            if match.score >= LEAST_SURE:
                found.setdefault(match.ours, name)
    degrees, metres = ("longitude", "latitude"), ("easting", "northing")
    axes = next((pair for pair in (degrees, metres) if set(pair) <= set(found)), ())
    if "postcode" not in found or not axes:
        lacking = (
            "no column of postcodes"
            if "postcode" not in found
            else "no longitude and latitude, or easting and northing"
        )
        raise ContractError(
            label, [f"{lacking} was found; the file has {first_of(frame.columns, limit=20)}: rename them"]
        )
    codes = text_column(frame[found["postcode"]]).fillna("").map(plain_postcode)
    keep = (codes != "") if only is None else codes.isin(only)
    x, y = (pd.to_numeric(frame.loc[keep, found[axis]], errors="coerce").to_numpy(dtype=np.float64) for axis in axes)
    known = np.isfinite(x) & np.isfinite(y) & ((x != 0) | (y != 0))
    codes, x, y = codes[keep][known], x[known], y[known]
    if axes == degrees:
        is_place = np.abs(y) < _NO_LATITUDE
        codes, x, y = codes[is_place], x[is_place], y[is_place]
    else:
        if ((x < 0) | (x > GRID_EAST_M) | (y < 0) | (y > GRID_NORTH_M)).any() or not codes.map(_is_british).all():
            problem = "easting and northing are read in the British National Grid beside British postcodes alone"
            raise ContractError(label, [f"{problem}; add columns of longitude and latitude"])
        x, y = transformer_between(NATIONAL_GRID, WGS84).transform(x, y)
    return pd.DataFrame({"postcode": codes.to_numpy(), "longitude": x, "latitude": y})


def _is_british(code: str) -> bool:
    return BRITISH.fullmatch(code) is not None


def _opened(file: Path, label: str) -> pd.DataFrame:
    """Open a table; one of Code-Point Open has no heads, so that its first row is a postcode."""
    kind = FORMATS.get(file.suffix.lower(), ("",))[0]
    if kind != "CSV":
        return open_frame(file, TableSource(path=file.name), what="postcodes")
    if not has_no_heads(file):
        return read_delimited(file, encoding=AUTO, what="postcodes")
    try:
        return pd.read_csv(file, header=None, names=_HEADLESS, usecols=range(len(_HEADLESS)), dtype="str")
    except ValueError as error:
        fault = "it has no heads, and is not as Code-Point Open has it: postcode, quality, easting, northing"
        raise ContractError(label, [f"{fault}; write heads in its first row"]) from error
