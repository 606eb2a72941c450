"""Observed times from the study file: what they say of the speeds, and what the study does with it."""

import itertools
import shutil

import numpy as np
import pytest

import spatial as sp
from spatial.errors import StudyError
from spatial.tables import TABLES

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("what_it_rests_on")]

SLOWER = 1.25
"""Observed over modelled minutes."""


def write_observed(tiny, times, *, header="from_id,to_id,observed_min"):
    rows = [f"{start},{goal},{minutes}" for (start, goal), minutes in times.items()]
    tiny.write("observed.csv", "\n".join([header, *rows]))


def modelled(ran):
    """Minutes between all places, by the speed table."""
    graph = sp.TravelGraph.from_frames(ran.nodes, ran.edges, mode="drive")
    towns = ran.settlements.rename(columns={"settlement_id": "facility_id"}).assign(
        service="place", status="existing", capacity=np.nan, load=np.nan
    )
    pairs = sp.travel_times(graph, ran.settlements, towns, cutoff_min=60.0)
    times = pairs.set_index(["from_id", "to_id"])["travel_time_min"]
    return {pair: float(times[pair]) for pair in itertools.permutations(ran.settlements["settlement_id"], 2)}


def run(tiny, name, start, **calibration):
    """Go on in a folder of its own from a run, and do what the calibration changes."""
    shutil.copytree(start, tiny.folder / name)
    tiny.tables["calibration"] = calibration
    tiny.tables["uncertainty"] = {"services": ["hospital"]}
    outcome = tiny.run("--stage", "gaps", "--processed", tiny.folder / name)
    assert outcome.code == 0, outcome.err
    return sp.read_results(tiny.folder / name / "tiny")


@pytest.fixture(scope="module")
def runs(tmp_path_factory, tiny_at, tiny_run):
    """The tiny study without observed times, compared with them, and at the fitted speeds."""
    tiny = tiny_at(tmp_path_factory.mktemp("calibration"))
    plain = run(tiny, "plain", tiny_run / "processed")
    times = {pair: SLOWER * minutes for pair, minutes in modelled(plain).items()}
    write_observed(tiny, times)
    table = {"path": "tiny/observed.csv"}
    compared = run(tiny, "compared", tiny.folder / "plain", observed=table, departure="weekdays 08:00")
    fitted = run(tiny, "fitted", tiny.folder / "plain", observed=table, apply=True)
    return plain, compared, fitted


def test_results_without_observed_times_say_that_they_are_uncalibrated(runs):
    plain, _, _ = runs
    assert set(plain.intervals["speed_status"]) == {"uncalibrated"}
    assert plain.summary["calibration"]["status"] == "uncalibrated"
    assert plain.summary["certainty"]["calibrated"] is False
    assert plain.summary["certainty"]["speed_factors"] is None


def test_the_bias_is_measured_and_makes_the_interval_asymmetric(runs):
    plain, compared, _ = runs
    for name in ("calibration_factors", "calibration_errors", "calibration_observations", "intervals"):
        TABLES[name].check(getattr(compared, name))
    errors = compared.calibration_errors.set_index(["half", "stage", "by"]).sort_index()
    # Modelled over observed is 1 / 1.25: a fifth too fast.
    assert errors.loc[("test", "before", "all"), "median_error_share"].item() == pytest.approx(-0.2, abs=1e-6)
    assert abs(errors.loc[("test", "after", "all"), "median_error_share"].item()) < 0.02
    assert compared.calibration_factors["factor"].tolist() == pytest.approx([1 / SLOWER], abs=0.02)
    assert not compared.calibration_factors["applied"].any()
    low, high = (compared.intervals[f"speed_{side}_min"] for side in ("low", "high"))
    assumed = compared.intervals["base_min"]
    assert np.allclose(low, assumed, rtol=0, atol=1e-9)  # never faster than assumed
    assert np.allclose(high, assumed * SLOWER, rtol=0, atol=0.05)
    assert set(compared.intervals["speed_status"]) == {"compared"}
    told = compared.summary
    assert told["calibration"]["status"] == "compared"
    assert told["calibration"]["departure"] == "weekdays 08:00"
    assert told["calibration"]["before_median_error_share"] == pytest.approx(-0.2, abs=1e-6)
    assert told["certainty"]["speed_factors"] == pytest.approx([1 / SLOWER, 1.0], abs=0.001)
    assert compared.access.equals(plain.access)  # nothing travels at other speeds


def test_fitted_speeds_are_used_by_the_whole_study_where_it_says_so(runs):
    plain, _, fitted = runs
    own = fitted.edges["mode"] == "drive"
    ratio = fitted.edges.loc[own, "speed_km_h"] / plain.edges.loc[own, "speed_km_h"]
    assert ratio.to_numpy() == pytest.approx(1 / SLOWER, abs=0.02)
    assert fitted.edges.loc[~own].equals(plain.edges.loc[~own])  # the others keep theirs
    assert set(fitted.intervals["speed_status"]) == {"calibrated"}
    assert fitted.summary["certainty"]["calibrated"] is True
    slow, fast = fitted.summary["certainty"]["speed_factors"]
    assert 0.97 < slow <= 1.0 <= fast < 1.03


def test_every_observation_is_accounted_for(runs):
    _, compared, _ = runs
    table = compared.calibration_observations
    assert table["observation"].tolist() == [str(number) for number in range(1, 57)]
    assert set(table["half"]) == {"fit", "test"}


def test_coordinates_in_degrees_are_placed(tiny, tiny_run):
    ids = {code: (tiny.west + tiny.step * x, tiny.south + tiny.step * y) for code, _, _, x, y, _ in tiny.places}
    rows = [
        f"{ids[start][0]:.4f},{ids[start][1]:.4f},{ids[goal][0]:.4f},{ids[goal][1]:.4f},9"
        for start, goal in itertools.permutations(ids, 2)
    ]
    tiny.write("observed.csv", "\n".join(["from_x,from_y,to_x,to_y,observed_min", *rows]))
    found = run(tiny, "degrees", tiny_run / "processed", observed={"path": "tiny/observed.csv", "crs": "EPSG:4326"})
    assert len(found.calibration_observations) == 56
    assert (found.calibration_observations["modelled_before_min"] > 3.0).all()


def test_too_few_and_unknown_places_are_refused(tiny):
    write_observed(tiny, {("s1", "s2"): 9.0, ("s1", "s9"): 9.0})
    study = {"observed": {"path": "tiny/observed.csv"}}
    tiny.tables["calibration"] = study
    assert "not among the places: 's9'" in tiny.run("--stage", "calibration").err
    write_observed(tiny, {("s1", "s2"): 9.0})
    outcome = tiny.run("--stage", "calibration")
    assert "1 usable observations, 20 are needed at least" in outcome.err
    write_observed(tiny, {("s1", "s2"): 9.0}, header="from_id,to_id,minutes")
    assert "observed_min: the column is missing" in tiny.run("--stage", "calibration").err


def test_what_cannot_be_applied_is_refused_before_any_work(bare):
    with pytest.raises(StudyError, match="apply: there is nothing to apply"):
        sp.Study.from_dict({**bare.tables[""], "title": {"en": "x"}, "sources": {"osm": {"path": "x.osm"}},
                            "calibration": {"apply": True}})  # fmt: skip
    bare.tables["calibration"] = {"apply": True, "observed": {"path": "tiny/nowhere.csv"}}
    assert "calibration.observed: " in bare.run().err
    assert bare.written() == []


def test_speeds_of_walk_and_drive_together_are_fitted_leg_by_leg_and_used_in_each(tiny, tiny_run):
    tiny.tables["network"]["modes"] = ["walk+drive", "drive", "walk"]
    plain = run(tiny, "plain", tiny_run / "processed")
    # Streets alone: whoever may drive does, so that all observed minutes are on the tertiary streets of that leg.
    write_observed(tiny, {pair: SLOWER * minutes for pair, minutes in modelled(plain).items()})
    fitted = run(tiny, "fitted", tiny.folder / "plain", observed={"path": "tiny/observed.csv"}, apply=True)
    factors = fitted.calibration_factors
    assert factors[["mode", "group", "applied"]].to_numpy().tolist() == [["drive", "tertiary", True]]
    assert factors["factor"].item() == pytest.approx(1 / SLOWER, abs=0.02)
    ratio = (fitted.edges["speed_km_h"] / plain.edges["speed_km_h"]).groupby(
        [fitted.edges["mode"], fitted.edges["layer"].fillna(0.0)]
    )
    found = {key: float(values.mean()) for key, values in ratio if key[1] >= 0}
    assert found == pytest.approx(
        {("walk+drive", 0.0): 1.0, ("walk+drive", 1.0): 0.8, ("drive", 0.0): 0.8, ("walk", 0.0): 1.0}, abs=0.02
    )
    assert set(fitted.intervals["speed_status"]) == {"calibrated"}
    assert fitted.summary["certainty"]["calibrated"] is True
    assert set(fitted.wet_losses["mode"]) == {"walk+drive"}


def test_a_facility_that_says_its_settlement_is_still_found_by_its_own_id(tiny):
    lines = tiny.path("facilities.csv").read_text(encoding="utf-8").splitlines()
    tiny.write("facilities.csv", "\n".join([f"{lines[0]},settlement_id", *(f"{row},s1" for row in lines[1:])]))
    times = {(code, goal): 9.0 for code, *_ in tiny.places for goal in ("f2", "f3", "f4")}
    write_observed(tiny, times)
    tiny.tables["calibration"] = {"observed": {"path": "tiny/observed.csv"}}
    outcome = tiny.run("--stage", "calibration")
    assert outcome.code == 0, outcome.err
