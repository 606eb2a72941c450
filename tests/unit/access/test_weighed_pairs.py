"""Sums over weighed pairs: a dense table of weights is the oracle, for zones and for weights of their own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import spatial as sp
from spatial.access.floating_catchment import catchment_sums
from spatial.access.od_pairs import Links, PairsByZone, WeighedPairs, weigh_pairs
from spatial.compiled import outer, prefetch

NINE = sp.decay_stepped({float(end): 1.0 - end / 100.0 if end else 1.0 for end in range(0, 45, 5)})
"""Nine zones: more than twice as many ends as the kernel compares at once."""
DECAYS = {
    "binary": sp.decay_binary(30.0),
    "everything": sp.decay_binary(np.inf),
    "nothing but the door": sp.decay_binary(0.0),
    "three zones": sp.decay_stepped({10.0: 1.0, 20.0: 0.68, 30.0: 0.22}),
    "a zone of weight 0": sp.decay_stepped({10.0: 1.0, 20.0: 0.0}),
    "nine zones": NINE,
    "gaussian": sp.decay_gaussian(20.0, cutoff_min=30.0),
}


def region(seed, n=60, m=17):
    """A dense table of minutes, NaN for no pair, with times on the ends of zones, and the same as links."""
    rng = np.random.default_rng(seed)
    minutes = rng.choice(np.append(np.arange(0.0, 50.0, 5.0), rng.uniform(0.0, 50.0, 10)), (n, m))
    minutes[rng.random((n, m)) < rng.choice([0.0, 0.5, 0.97])] = np.nan
    minutes[rng.integers(0, n, 5)] = np.nan  # places without any pair, perhaps the first or the last
    there = ~np.isnan(minutes)
    start = np.concatenate(([0], np.cumsum(there.sum(axis=1)))).astype(np.int64)
    links = Links(start, np.nonzero(there)[1].astype(np.int32), (n, m))
    return minutes, links, rng.gamma(1.0, 800.0, n), rng.gamma(2.0, 40.0, m)


@pytest.mark.parametrize("name", DECAYS)
@pytest.mark.parametrize("seed", range(4))
def test_sums_are_those_of_a_dense_table(name, seed):
    minutes, links, people, beds = region(seed)
    there, decay = ~np.isnan(minutes), DECAYS[name]
    weight = np.where(there, decay(minutes), 0.0)
    pairs = weigh_pairs(links, minutes[there], people, decay)
    assert type(pairs) is (WeighedPairs if name == "gaussian" else PairsByZone)
    for power, table in ((0, (weight > 0.0).astype(float)), (1, weight), (2, weight**2)):
        assert pairs.to_facilities(people, power) == pytest.approx(table.T @ people, rel=1e-13)
        assert pairs.to_places(beds, power) == pytest.approx(table @ beds, rel=1e-13)
    assert pairs.people_at_facilities == pytest.approx(weight.T @ people, rel=1e-13)
    assert pairs.facilities_reached.tolist() == (weight > 0.0).sum(axis=1).tolist()
    assert pairs.places_reached.tolist() == (weight > 0.0).sum(axis=0).tolist()
    assert pairs.inside.tolist() == (weight[there] > 0.0).tolist()
    assert links.origin.tolist() == np.nonzero(there)[0].tolist()


@pytest.mark.parametrize("method", ["2sfca", "e2sfca", "3sfca", "m2sfca", "bfca"])
def test_zones_and_weights_of_their_own_give_the_same_measures(method):
    minutes, links, people, beds = region(11)
    by_zone = weigh_pairs(links, minutes[~np.isnan(minutes)], people, NINE)
    by_weight = WeighedPairs(links, people, NINE(minutes[~np.isnan(minutes)]))
    one, other = (catchment_sums(pairs, beds, method=method) for pairs in (by_zone, by_weight))
    for name in ("demand", "ratio", "access"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-13), name


def test_many_zones_for_few_pairs_are_weighed_one_by_one():
    fine = sp.decay_stepped({float(end): 1.0 for end in range(5000)})
    minutes, links, people, beds = region(3)
    pairs = weigh_pairs(links, minutes[~np.isnan(minutes)], people, fine)
    assert type(pairs) is WeighedPairs
    assert pairs.to_places(beds).sum() == pytest.approx(beds[links.destination].sum())


@pytest.mark.parametrize(("n_zones", "kind"), [(64, PairsByZone), (65, WeighedPairs)])
def test_zones_that_take_no_more_memory_than_weights_are_summed_by_zone(n_zones, kind):
    steps = np.arange(1, n_zones) / 5.0
    decay = sp.decay_stepped(dict(zip(steps.tolist(), (1.0 - (steps - 0.2) / 60.0).tolist(), strict=True)))
    minutes, links, people, beds = region(0)
    there = ~np.isnan(minutes)
    pairs = weigh_pairs(links, minutes[there], people, decay)
    assert type(pairs) is kind
    weight = np.where(there, decay(minutes), 0.0)
    assert pairs.to_places(beds) == pytest.approx(weight @ beds, rel=1e-13)
    assert pairs.people_at_facilities == pytest.approx(weight.T @ people, rel=1e-13)


@pytest.mark.parametrize("pairs_a_place", [1, 511, 512, 513, 1500])
def test_pairs_that_are_looked_at_together_may_be_of_any_places(pairs_a_place):
    n, m = 7, 1500
    rng = np.random.default_rng(pairs_a_place)
    origin = np.repeat(np.arange(n), pairs_a_place)
    destination = np.concatenate([np.sort(rng.permutation(m)[:pairs_a_place]) for _ in range(n)])
    minutes, people, beds = (rng.uniform(0.0, 50.0, len(origin)), rng.gamma(1.0, 800.0, n), rng.gamma(2.0, 40.0, m))
    links = Links(np.arange(n + 1) * pairs_a_place, destination.astype(np.int32), (n, m))
    decay = DECAYS["three zones"]
    pairs, weight = weigh_pairs(links, minutes, people, decay), np.zeros((n, m))
    weight[origin, destination] = decay(minutes)
    assert pairs.people_at_facilities == pytest.approx(weight.T @ people, rel=1e-13)
    assert pairs.to_places(beds) == pytest.approx(weight @ beds, rel=1e-13)


@pytest.mark.parametrize("decay", [DECAYS["three zones"], DECAYS["gaussian"]])
def test_pairs_in_any_order_and_of_two_modes_count_as_the_fastest_of_each(decay):
    minutes, _, people, beds = region(5, n=40, m=9)
    i, j = np.nonzero(~np.isnan(minutes))
    od = pd.DataFrame({"from_id": i, "to_id": j, "travel_time_min": minutes[i, j], "mode": "walk"})
    rng = np.random.default_rng(1)
    slower = od.assign(mode="bus", travel_time_min=od["travel_time_min"] + rng.integers(0, 9, len(od)))
    everything = pd.concat([od, slower]).sample(frac=1.0, random_state=2)
    places = pd.DataFrame({"settlement_id": np.arange(40), "population_persons": people})
    sites = pd.DataFrame({"facility_id": np.arange(9), "service": "clinic", "capacity": beds})
    options = {"service": "clinic", "decay": decay, "buffer": "none_needed"}
    ordered = sp.floating_catchment_area(od, places, sites, **options)
    for table, order in ((everything, slice(None)), (everything, slice(None, None, -1))):
        found = sp.floating_catchment_area(table, places.iloc[order], sites.iloc[order], **options)
        found = found.set_index("settlement_id").loc[ordered["settlement_id"]]
        assert found["value"].to_numpy() == pytest.approx(ordered["value"].to_numpy(), rel=1e-13)
        assert found["facilities_reached"].tolist() == ordered["facilities_reached"].tolist()
        assert found["status"].tolist() == ordered["status"].tolist()


def test_what_is_fetched_may_lie_outside_an_array():
    @outer
    def total(values):
        found = 0.0
        for at in range(values.shape[0]):
            prefetch(values, at + 10**12)
            prefetch(values, at - 10**12)
            found += values[at]
        return found

    assert total(np.arange(100.0)) == 4950.0
