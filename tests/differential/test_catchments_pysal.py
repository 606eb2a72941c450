"""The floating catchment family and weighted sums beside PySAL's `access`, on random regions."""

import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from access import fca, weights

import spatial as sp

ZONES = {10.0: 1.0, 20.0: 0.68, 30.0: 0.22}


def region(seed, *, places=300, sites=40):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0.0, 60.0, (2, places))
    a, b = rng.uniform(0.0, 60.0, (2, sites))
    minutes = np.hypot(x[:, None] - a, y[:, None] - b)
    minutes[minutes < 1e-3] = 1e-3
    i, j = np.nonzero(minutes <= 50.0)
    od = pd.DataFrame(
        {
            "from_id": pd.Series(i).map("v{}".format),
            "to_id": pd.Series(j).map("f{}".format),
            "travel_time_min": minutes[i, j],
        }
    )
    settlements = pd.DataFrame(
        {
            "settlement_id": [f"v{k}" for k in range(places)],
            "population_persons": np.round(rng.gamma(1.0, 500.0, places)) + 1.0,
        }
    )
    facilities = pd.DataFrame(
        {
            "facility_id": [f"f{k}" for k in range(sites)],
            "service": "clinic",
            "capacity": np.round(rng.gamma(2.0, 30.0, sites)) + 1.0,
        }
    )
    order = rng.permutation(len(od))
    return od.iloc[order].reset_index(drop=True), settlements, facilities


def pysal(town, function, weight, cutoff):
    od, settlements, facilities = town
    costs = od.rename(columns={"from_id": "origin", "to_id": "dest", "travel_time_min": "cost"})
    people = settlements.set_index("settlement_id").rename(columns={"population_persons": "demand"})
    beds = facilities.set_index("facility_id")[["capacity"]].rename(columns={"capacity": "supply"})
    with warnings.catch_warnings():  # of pandas, about PySAL's own calls
        warnings.simplefilter("ignore")
        found = function(people, beds, costs, cutoff, demand_index=True, supply_index=True, weight_fn=weight)
    return found.reindex(settlements["settlement_id"]).fillna(0.0).to_numpy()


def ours(town, method, decay, **options):
    options = {"service": "clinic", "buffer": "none_needed", **options}
    return sp.floating_catchment_area(*town, method=method, decay=decay, **options)["value"].to_numpy()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_steps_agree_with_pysal(seed):
    town = region(seed)
    expected = pysal(town, fca.two_stage_fca, None, 30.0)
    assert ours(town, "2sfca", sp.decay_binary(30.0)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("decay", "weight", "cutoff"),
    [
        (sp.decay_stepped(ZONES), weights.step_fn(ZONES), 30.0),
        (sp.decay_gaussian(12.0, cutoff_min=40.0), weights.gaussian(12.0), 40.0),
        (sp.decay_power(1.5, scale_min=10.0, cutoff_min=35.0), weights.gravity(10.0, -1.5, 1.0), 35.0),
    ],
)
def test_weighted_steps_agree_with_pysal(decay, weight, cutoff):
    town = region(4)
    assert ours(town, "e2sfca", decay) == pytest.approx(pysal(town, fca.two_stage_fca, weight, cutoff), rel=1e-12)
    # PySAL lets a place choose among all pairs of the table, also beyond the cutoff
    assert ours(town, "3sfca", decay, choice="all_pairs") == pytest.approx(
        pysal(town, fca.three_stage_fca, weight, cutoff), rel=1e-12
    )


@pytest.mark.parametrize("weight", [None, weights.gaussian(12.0)])
def test_opportunities_and_gravity_agree_with_pysal(weight):
    town = od, settlements, facilities = region(5)
    beds = facilities.set_index("facility_id")[["capacity"]]
    expected = fca.weighted_catchment(
        beds, od, 40.0, "to_id", "from_id", "travel_time_min", loc_index=True, loc_value="capacity", weight_fn=weight
    )
    expected = expected.reindex(settlements["settlement_id"]).fillna(0.0).to_numpy()
    if weight is None:
        found = sp.cumulative_cutoff(*town, service="clinic", cutoffs_min=40.0, opportunities="capacity")
    else:
        decay = sp.decay_gaussian(12.0, cutoff_min=40.0)
        found = sp.gravity(*town, service="clinic", decay=decay, opportunities="capacity")
    assert found["value"].to_numpy() == pytest.approx(expected, rel=1e-12)


def test_every_method_agrees_with_its_formula_in_dense_matrices():
    town = od, settlements, facilities = region(6, places=50, sites=8)
    decay = sp.decay_stepped(ZONES)
    minutes = np.full((50, 8), np.inf)
    minutes[od["from_id"].str[1:].astype(int), od["to_id"].str[1:].astype(int)] = od["travel_time_min"]
    w, p, s = decay(minutes), settlements["population_persons"].to_numpy(), facilities["capacity"].to_numpy()

    def share(above, below):
        return np.divide(above, below, out=np.zeros(np.broadcast_shapes(above.shape, below.shape)), where=below > 0)

    g = share(w, w.sum(axis=1, keepdims=True))
    ratio = share(s, p @ w)
    expected = {
        "2sfca": w @ ratio,
        "e2sfca": w @ ratio,
        "3sfca": (w * g) @ share(s, p @ (w * g)),
        "m2sfca": w**2 @ ratio,
        "bfca": share(w, w.sum(axis=0, keepdims=True)) @ share(s, p @ g),
    }
    for method, values in expected.items():
        assert ours(town, method, decay) == pytest.approx(values, rel=1e-12, abs=1e-18)
    crowd = sp.facility_crowding(*town, service="clinic", decay=decay)["value"].to_numpy()
    assert crowd == pytest.approx(w.T @ share(p, w @ s), rel=1e-12)


def test_the_benchmark_runs_on_a_small_region_and_all_answers_agree():
    run = "from benchmarks.k7_catchment import main; main(places=200, sites=50, pairs=4000, repeats=1)"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", run], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    off = [float(text) for text in re.findall(r"differs by (\S+)", done.stdout)]
    assert len(off) == 15
    assert max(off) < 1e-12
