"""What the stage of QGIS takes of norms."""

from __future__ import annotations

import pandas as pd

from spatial.stages.qgis import minutes_judged


def norm(name, threshold, *, served=1.0, mode="any", metric="time_min"):
    return {
        "norm_id": name, "service": "school", "metric": metric, "mode": mode, "threshold": threshold,
        "places_served": served, "places_unserved": None,
    }  # fmt: skip


def test_certainty_is_told_by_the_first_norm_that_is_judged_in_the_mode_shown():
    answered = pd.Series({"second": "primary_school"})
    norms = [
        norm("first", 30.0, served=0.0),  # judged nowhere
        norm("walk", 10.0, mode="walk"),
        norm("metres", 500.0, metric="dist_m"),
        norm("second", 40.0),
        norm("third", 50.0, mode="drive"),
        norm("fourth", 60.0),
    ]
    assert minutes_judged(norms, answered, "drive") == {"primary_school": 40.0, "school": 50.0}
