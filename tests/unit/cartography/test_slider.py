"""The slider of a service without a norm: from the data, its end the longest time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from spatial.cartography.map_layers import begin_min, time_layer

META: Any = SimpleNamespace(default_threshold_min=60.0)


def _times(*minutes: float) -> pd.DataFrame:
    status = ["reached" if np.isfinite(value) else "no_path" for value in minutes]
    return pd.DataFrame({"travel_time_min": minutes, "reach_status": status})


@pytest.mark.parametrize(
    ("minutes", "begins", "ends"),
    [
        ((4.0, 31.2), 20.0, 35.0),  # 35 holds the longest; its half on whole fives is 20
        ((4.0, 2.0), 5.0, 5.0),
        ((10.0, 170.5), 60.0, 175.0),
        ((10.0, 80.0), 60.0, 80.0),  # 60 is three quarters of 80: the usual limit stays
        ((10.0, 79.0), 60.0, 80.0),
        ((np.nan, np.nan), 60.0, 60.0),
    ],
)
def test_the_slider_ends_with_the_longest_time_and_begins_amid_the_times(minutes, begins, ends):
    table = _times(*minutes)
    layer = time_layer(table, "drive", META)
    assert (layer["threshold"], layer["max"]) == (begins, ends)
    assert begin_min(table, META) == begins
