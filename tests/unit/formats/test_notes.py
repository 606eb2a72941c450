"""What readers noticed, as tables."""

from __future__ import annotations

import pandas as pd
import pytest
import shapely

from spatial.formats.notes import Finding, findings_frame, no_findings


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32738"])
def test_a_table_without_findings_has_the_columns_of_one_with_them_and_nobody_fills_the_next_one(crs):
    empty = findings_frame((), crs=crs)
    filled = findings_frame([Finding("place_area", "s1", shapely.Point(0, 0))], crs=crs)
    assert empty.dtypes.equals(filled.dtypes)
    assert empty.crs == filled.crs == crs
    empty["kind"] = pd.Series(dtype="str")
    empty["more"] = 1.0
    empty.attrs["told"] = True
    assert list(no_findings(crs).columns) == list(filled.columns)
    assert no_findings(crs).attrs == {}
