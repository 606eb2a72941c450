"""Unit codes that boundaries and places of an extract carry in a tag, such as the GSS codes of Britain."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["with_unit_codes"]


def with_unit_codes(frame: gpd.GeoDataFrame, tag: str | None) -> gpd.GeoDataFrame:
    """Give places or boundaries of an extract the code that a tag of theirs holds."""
    if tag is None:
        return frame
    codes = [json.loads(tags).get(tag) for tags in frame["tags"]]
    return frame.assign(unit_code=pd.Series(codes, index=frame.index, dtype="str").str.strip())
