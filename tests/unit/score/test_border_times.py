"""Times to the nearest facility anywhere and in one's own township, where they are known by arithmetic."""

import math

import numpy as np
import pandas as pd

from spatial.score.evidence import border_times, read_ground
from spatial.study.access import SnapRules

# d is in no township; the clinic of t1 stands at its far end, t3 has none.
HOMES = [("c", "village", 2, 0), ("a", "village", 0, 0), ("b", "village", 4, 0), ("d", "village", 3, 0)]
TOWNSHIPS = ["t2", "t1", "t3", None]


def times(grid_city, clinics, townships, **columns):
    settlements = grid_city.settlements(HOMES).assign(township_id=pd.Series(TOWNSHIPS, dtype="str"))
    facilities = grid_city.facilities(clinics, **columns)
    if townships is not None:
        facilities = facilities.assign(township_id=pd.Series(townships, dtype="str"))
    ground = read_ground(settlements)
    graph = grid_city.graph()
    found = border_times(ground, facilities, frozenset({"clinic"}), graph=graph, rules=SnapRules(), barriers=None)
    if found.open_min is None or found.closed_min is None:
        return None
    both = zip(found.open_min.round(6).tolist(), found.closed_min.round(6).tolist(), strict=True)
    return dict(zip(ground.ids, both, strict=True))


def test_a_closed_border_leaves_the_facilities_of_the_own_township(grid_city):
    clinics = [("far", "clinic", 3, 0), ("near", "clinic", 1, 0), ("mine", "clinic", 2, 0)]
    # two minutes a block: a lies 1 block from `near`, of t2, and 3 from `far`, its own; c stands at `mine`
    found = times(grid_city, clinics, ["t1", "t2", "t2"])
    assert found["a"] == (2.0, 6.0)
    assert found["c"] == (0.0, 0.0)
    assert found["b"] == (2.0, math.inf)
    assert found["d"][0] == 0.0
    assert math.isnan(found["d"][1])


def test_a_facility_kept_for_other_units_is_in_nobodys_reach(grid_city):
    clinics = [("kept", "clinic", 0, 0), ("open", "clinic", 2, 0)]
    limits = {"open_to": ["units", "all"], "eligible_units": ["t3", None]}
    # a stands at the clinic that only t3 may use, and goes two blocks to the other; b of t3 has both
    found = times(grid_city, clinics, ["t1", "t1"], **limits)
    assert found["a"] == (4.0, 4.0)
    assert found["b"] == (4.0, math.inf)


def test_without_townships_or_facilities_there_are_no_times(grid_city):
    assert times(grid_city, [("x", "clinic", 1, 0)], None) is None
    assert times(grid_city, [("x", "school", 1, 0)], ["t1"]) is None


def test_closed_times_are_never_below_open_ones(grid_city):
    clinics = [(f"x{at}", "clinic", at, at % 3) for at in range(5)]
    found = times(grid_city, clinics, ["t1", "t2", "t3", "t1", "t2"])
    open_min, closed_min = np.array(list(found.values())).T
    assert not (closed_min < open_min).any()


def test_many_townships_are_looked_up_together_with_the_same_answer(grid_city, monkeypatch):
    clinics = [("far", "clinic", 3, 0), ("near", "clinic", 1, 0), ("mine", "clinic", 2, 0)]
    each = times(grid_city, clinics, ["t1", "t2", "t2"])
    monkeypatch.setattr("spatial.score.evidence.MANY_TOWNSHIPS", 0)
    # repr, since a place in no township has NaN
    assert repr(times(grid_city, clinics, ["t1", "t2", "t2"])) == repr(each)
    # a lies 6 minutes from its own, beyond what is looked up together: its township is searched
    monkeypatch.setattr("spatial.score.evidence.OWN_NEAR_MIN", 5.0)
    assert repr(times(grid_city, clinics, ["t1", "t2", "t2"])) == repr(each)
