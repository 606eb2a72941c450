"""Decay functions against published and hand-made values, at the edges of their zones, and refused where wrong."""

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from access.weights import gaussian as pysal_gaussian
from access.weights import gravity as pysal_gravity
from access.weights import step_fn as pysal_step

import spatial as sp

ALL = {
    "binary": sp.decay_binary(45.0),
    "everything": sp.decay_binary(np.inf),
    "stepped": sp.decay_stepped({10.0: 1.0, 20.0: 0.68, 30.0: 0.22}),
    "linear": sp.decay_linear(60.0),
    "exponential": sp.decay_exponential(0.05),
    "half-life": sp.decay_exponential(half_life_min=20.0),
    "gaussian": sp.decay_gaussian(20.0),
    "gaussian with cutoff": sp.decay_gaussian(20.0, cutoff_min=60.0),
    "truncated gaussian": sp.decay_truncated_gaussian(60.0),
    "log-logistic": sp.decay_log_logistic(30.0, 3.0),
    "power": sp.decay_power(2.0, scale_min=20.0),
}


def test_gaussian_has_the_published_values():
    found = sp.decay_gaussian(20.0)([0.0, 20.0, 40.0, 60.0])
    assert found == pytest.approx([1.0, 0.6065306597, 0.1353352832, 0.0111089965], abs=5e-11)
    assert found == pytest.approx([pysal_gaussian(20)(t) for t in (0, 20, 40, 60)], abs=1e-15)


def test_power_has_the_published_values():
    # (20 / max(t, 1))^2: 400 at 0 and 1, 100 at 2, 1 at 20, a quarter at 40, a ninth at 60
    minutes = [0.0, 1.0, 2.0, 20.0, 40.0, 60.0]
    found = sp.decay_power(2.0, scale_min=20.0)(minutes)
    assert found == pytest.approx([400.0, 400.0, 100.0, 1.0, 0.25, 1 / 9], abs=1e-12)
    assert found == pytest.approx([pysal_gravity(20, -2, 1)(t) for t in minutes], rel=1e-12)


def test_steps_have_the_published_values_and_hold_at_their_ends():
    zones = {20.0: 1.0, 40.0: 0.68, 60.0: 0.22}
    minutes = np.arange(0.0, 71.0, 10.0)
    found = sp.decay_stepped(zones)(minutes)
    assert found.tolist() == [1.0, 1.0, 1.0, 0.68, 0.68, 0.22, 0.22, 0.0]
    assert found.tolist() == [pysal_step(zones)(t) for t in minutes]
    just_after = sp.decay_stepped(zones)(np.nextafter([20.0, 40.0, 60.0], 99.0))
    assert just_after.tolist() == [0.68, 0.22, 0.0]


def test_truncated_gaussian_has_the_published_values():
    found = sp.decay_truncated_gaussian(60.0)([0.0, 15.0, 30.0, 45.0, 60.0])
    assert found == pytest.approx([1.0, 0.921806, 0.701367, 0.376926, 0.0], abs=5e-7)


def test_halves_fall_where_they_are_asked_for():
    assert sp.decay_exponential(half_life_min=20.0)([20.0, 40.0]) == pytest.approx([0.5, 0.25])
    assert sp.decay_log_logistic(30.0, 5.0)(30.0) == 0.5
    assert sp.decay_linear(60.0)(30.0) == 0.5


def test_exponential_rate_is_the_rate():
    assert sp.decay_exponential(0.05)(20.0) == pytest.approx(np.exp(-1.0))


@pytest.mark.parametrize("name", ALL)
def test_every_decay_starts_at_one_never_rises_and_ends_at_nothing(name):
    decay = ALL[name]
    minutes = np.append(np.linspace(0.0, 300.0, 1201), np.inf)
    weights = decay(minutes)
    assert weights[0] == (400.0 if name == "power" else 1.0)
    assert (np.diff(weights) <= 0.0).all()
    assert weights[-1] == 0.0
    assert (weights >= 0.0).all()
    assert np.isnan(decay([np.nan, 1.0])).tolist() == [True, False]


@pytest.mark.parametrize("name", ALL)
def test_every_decay_keeps_shape_argument_and_survives_pickling(name):
    decay = ALL[name]
    minutes = np.array([[0.0, 70.0], [10.0, np.inf]])
    before = minutes.copy()
    assert decay(minutes).shape == (2, 2)
    assert decay(5.0).shape == ()
    assert np.array_equal(minutes, before)
    copy = pickle.loads(pickle.dumps(decay))  # noqa: S301 - our own bytes
    assert copy == decay
    assert np.array_equal(copy(minutes), decay(minutes))


def test_a_cutoff_is_inclusive_and_can_be_left_out_of_the_formula():
    decay = sp.decay_gaussian(20.0, cutoff_min=40.0)
    assert decay(40.0) == pytest.approx(np.exp(-2.0))
    assert decay(np.nextafter(40.0, 50.0)) == 0.0
    assert decay.uncut(60.0) == pytest.approx(np.exp(-4.5))
    assert decay.cutoff_min == 40.0


def test_a_cutoff_of_nothing_counts_what_is_at_the_door():
    assert sp.decay_binary(0.0)([0.0, 1e-12]).tolist() == [1.0, 0.0]


def test_a_decay_tells_its_name_and_numbers():
    assert str(ALL["stepped"]) == "stepped(up_to_min=10/20/30, weight=1/0.68/0.22, cutoff_min=30)"
    assert str(sp.decay_gaussian(20.0)) == "gaussian(sigma_min=20)"


@pytest.mark.parametrize(
    "make",
    [
        lambda: sp.decay_binary(-1.0),
        lambda: sp.decay_binary(np.nan),
        lambda: sp.decay_stepped({}),
        lambda: sp.decay_stepped({10.0: 0.9}),
        lambda: sp.decay_stepped({10.0: 1.0, 20.0: 1.1}),
        lambda: sp.decay_stepped({10.0: 1.0, 20.0: -0.1}),
        lambda: sp.decay_stepped({-5.0: 1.0}),
        lambda: sp.decay_stepped({np.inf: 1.0}),
        lambda: sp.decay_linear(0.0),
        lambda: sp.decay_linear(np.inf),
        sp.decay_exponential,
        lambda: sp.decay_exponential(0.1, half_life_min=3.0),
        lambda: sp.decay_exponential(0.0),
        lambda: sp.decay_exponential(half_life_min=0.0),
        lambda: sp.decay_exponential(half_life_min=np.nan),
        lambda: sp.decay_gaussian(0.0),
        lambda: sp.decay_gaussian(20.0, cutoff_min=-1.0),
        lambda: sp.decay_truncated_gaussian(0.0),
        lambda: sp.decay_power(0.0),
        lambda: sp.decay_power(2.0, t0_min=0.0),
        lambda: sp.decay_power(2.0, scale_min=np.nan),
        lambda: sp.decay_log_logistic(0.0, 2.0),
        lambda: sp.decay_log_logistic(30.0, -2.0),
        lambda: sp.decay_gaussian(20.0)([-0.1]),
    ],
)
def test_numbers_out_of_range_are_refused(make):
    with pytest.raises(sp.ContractError):
        make()


def test_every_fault_of_a_decay_is_told_at_once():
    with pytest.raises(sp.ContractError) as caught:
        sp.decay_power(-1.0, scale_min=0.0, t0_min=np.inf)
    assert len(caught.value.problems) == 3


def by_hand(ends=(10.0, 20.0), weights=(1.0, 0.5), cutoff_min=np.inf):
    return sp.Decay("stepped", (("up_to_min", ends), ("weight", weights)), cutoff_min)


@pytest.mark.parametrize("name", ALL)
def test_a_decay_made_by_hand_is_that_of_its_factory(name):
    made = ALL[name]
    again = sp.Decay(made.name, made.parameters[::-1], made.cutoff_min)
    assert again == made
    assert str(again) == str(made)
    assert hash(again) == hash(made)


def test_zones_made_by_hand_end_where_the_last_one_ends():
    assert by_hand() == sp.decay_stepped({20: 0.5, 10: 1})
    assert by_hand(cutoff_min=15.0)([15.0, 15.5]).tolist() == [0.5, 0.0]
    assert by_hand(np.array([10, 20]), [1, 0.5]) == by_hand()
    od = pd.DataFrame({"from_id": ["u"], "to_id": ["a"], "travel_time_min": [5.0]})
    od.attrs["cutoff_min"] = 15.0
    frames = (od, pd.DataFrame({"settlement_id": ["u"]}), pd.DataFrame({"facility_id": ["a"], "service": "clinic"}))
    with pytest.raises(sp.ContractError, match="decay: 20 min, but the pairs end at 15 min"):
        sp.gravity(*frames, service="clinic", decay=by_hand())


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: by_hand(ends=(20.0, 10.0)), r"each zone must end after the one before it, not \(20.0, 10.0\)"),
        (lambda: by_hand(ends=(10.0, 10.0)), r"each zone must end after the one before it, not \(10.0, 10.0\)"),
        (lambda: by_hand(ends=(10.0, np.nan)), "up_to_min: must be 0 or more and finite, not nan"),
        (lambda: by_hand(ends=(10.0, np.inf)), "up_to_min: must be 0 or more and finite, not inf"),
        (lambda: by_hand(ends=("10", 20.0)), "up_to_min: texts"),
        (lambda: by_hand(weights=(1.0, -0.5)), "weight: must be 0 or more, not -0.5"),
        (lambda: by_hand(weights=(1.0, np.nan)), "weight: must be 0 or more, not nan"),
        (lambda: by_hand(weights=(1.0, 1.5)), r"weight: must not rise from zone to zone, as \(1.0, 1.5\)"),
        (lambda: by_hand(weights=(0.9, 0.5)), "weight: must be 1 in the first zone, not 0.9"),
        (lambda: by_hand(weights=(1.0,)), "there are 2 ends of zones and 1 weights"),
        (lambda: by_hand(ends=(), weights=()), "there are 0 ends of zones"),
        (lambda: by_hand(cutoff_min=np.nan), "cutoff_min: must be 0 or more, or inf for none, is nan"),
        (lambda: sp.Decay("binary", (), np.nan), "cutoff_min: must be 0 or more, or inf for none, is nan"),
        (lambda: sp.Decay("linear", ()), "cutoff_min: must be above 0 and finite, is inf"),
        (lambda: sp.Decay("gauss", (("sigma_min", 20.0),)), "name: must be one of binary, .* is 'gauss'"),
        (lambda: sp.Decay("gaussian", ()), r"with the names \('sigma_min',\)"),
        (lambda: sp.Decay("gaussian", {"sigma_min": 20.0}), "parameters: must be pairs"),
        (lambda: sp.Decay("gaussian", (("sigma_min", 20.0),) * 2), "parameters: must be pairs"),
        (lambda: sp.Decay("binary", (("sigma_min", 20.0),), 30.0), "parameters: must be pairs"),
        (lambda: sp.Decay("gaussian", (("sigma_min", -20.0),)), "sigma_min: must be above 0 and finite, is -20"),
        (lambda: replace(sp.decay_gaussian(20.0), cutoff_min=-1.0), "cutoff_min: must be 0 or more"),
        (lambda: sp.decay_stepped({"ten": 1.0}), "up_to_min: texts"),
        (lambda: sp.decay_exponential(half_life_min="ten"), "half_life_min: must be above 0"),
        (lambda: sp.decay_exponential(half_life_min=5e-324), "rate_per_min: must be above 0 and finite, is inf"),
    ],
)
def test_numbers_that_make_no_decay_are_refused_where_it_is_made(make, says):
    with pytest.raises(sp.ContractError, match=says):
        make()
