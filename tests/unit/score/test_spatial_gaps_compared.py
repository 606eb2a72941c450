"""Gaps in space of two runs: held against each other only where they were measured alike."""

import math
from dataclasses import replace

import pytest
import shapely

from spatial.score.comparison.boards import board_of, shared_ground
from spatial.score.comparison.runs import shared_norms
from spatial.score.evidence import ScoreComponent, component_table
from tests.unit.runs_to_compare import run_of

MINUTES = {"a": (10.0, 5.0), "b": (45.0, 15.0), "c": (20.0, 60.0), "d": (90.0, 30.0)}


def a_run(detail, value=0.25):
    part = ScoreComponent("structure", "gap", "moran_i", value, "index", detail=detail)
    return run_of("r", MINUTES, components=component_table([("study", "study", part)]))


def gaps_of(run, other):
    runs = [run, other]
    norms = shared_norms(runs)
    parts = board_of(run, shared_ground(runs, norms)).components
    return parts[parts["unit_level"] == "study"].set_index("component")


def test_moran_is_held_against_another_run_only_among_the_same_neighbours():
    run = a_run("travel_time;p=0.001")
    assert gaps_of(run, a_run("travel_time;p=0.2")).loc["moran_i", "value"] == 0.25
    for other in ("straight_line;p=0.001", ""):
        assert math.isnan(gaps_of(run, a_run(other)).loc["moran_i", "value"])


def test_segregation_of_surroundings_is_measured_again_within_a_reach_that_both_share():
    run, other = a_run("travel_time"), a_run("travel_time")
    settlements = run.settlements.set_geometry(
        [shapely.Point(2500.0 * at, 0.0) for at in range(len(run.settlements))], crs=run.settlements.crs
    )
    near, far = (
        replace(one, settlements=settlements, rules=one.rules.model_copy(update={"environment_km": km}))
        for one, km in ((run, 1.0), (other, 1.0))
    )
    found = gaps_of(near, far).loc["dissimilarity_environment"]
    assert found["detail"].endswith(";1 km")
    # nobody sees beyond his own place, and each is wholly within or wholly beyond
    assert found["value"] == pytest.approx(1.0)
    wider = gaps_of(near, replace(far, rules=far.rules.model_copy(update={"environment_km": 9.0})))
    assert wider.loc["dissimilarity_environment", "detail"].endswith(";5 km")
    assert wider.loc["dissimilarity_environment", "value"] < 1.0
