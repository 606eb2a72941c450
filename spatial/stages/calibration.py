"""Stage `calibration`: the speeds of the first mode against observed times, before anything travels on them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.access.calibration import Calibration, FitRules, calibrate_speeds
from spatial.inputs.user_tables import observed_from_table
from spatial.network.combined import LEG_SIGN
from spatial.stages.network import network_of
from spatial.stages.policy import snap_rules
from spatial.stages.shared import main_graph, surroundings_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spatial.network.graph import TravelGraph
    from spatial.runner.stage import Options, Progress, Value


FACTORS, ERRORS, OBSERVATIONS = "calibration_factors", "calibration_errors", "calibration_observations"


def calibration(options: Options, inputs: Mapping[str, Any], progress: Progress) -> dict[str, Value]:
    """Hold the speeds of the study's first mode against observed times; without such times there is nothing to do."""
    chosen = options.calibration
    if chosen.observed is None:
        return {}
    progress(0.0, "calibration: network as the speed table has it")
    graph = network_of(options, inputs, options.network.modes[0])
    progress(0.4, "calibration: observed times")
    file = options.raw_path(chosen.observed.path)
    observed = observed_from_table(file, chosen.observed, crs=graph.crs)
    numbers = [str(number) for number in range(1, len(observed) + 1)]
    found = calibrate_speeds(
        graph,
        observed.assign(observation=pd.Series(numbers, index=observed.index, dtype="str")),
        places=[inputs["places"], inputs["facilities"]],
        by=chosen.by,
        groups=chosen.groups,
        fit=FitRules(minimum=chosen.minimum),
        rules=snap_rules(options.network),
        barriers=surroundings_of(options, inputs).barriers,
    )
    names = sorted(found.factors)
    # Classes of a combined mode say their leg; each leg is a mode of its own.
    legs = [name.split(LEG_SIGN, 1) if "+" in graph.mode else [graph.mode, name] for name in names]
    table = pd.DataFrame(
        {
            "mode": [leg for leg, _ in legs],
            "by": found.by,
            "group": [group for _, group in legs],
            "factor": np.array([found.factors[name] for name in names], dtype=np.float64),
            "applied": chosen.apply,
        }
    )
    return {
        FACTORS: _words(table, ("mode", "by", "group")),
        ERRORS: _words(found.report.assign(mode=graph.mode), ("half", "stage", "by", "group", "mode")),
        OBSERVATIONS: _observations(found, graph.mode),
    }


def calibration_of(options: Options, inputs: Mapping[str, Any]) -> Calibration | None:
    """
    Take what observed times said of the speeds.

    Returns None where nothing was observed.
    """
    if FACTORS not in inputs:
        return None
    factors, seen = inputs[FACTORS], inputs[OBSERVATIONS]
    names = factors["group"]
    if "+" in options.network.modes[0]:
        names = factors["mode"] + LEG_SIGN + names
    return Calibration(
        factors=dict(zip(names, factors["factor"], strict=True)),
        by=options.calibration.by,
        groups=options.calibration.groups,
        observations=seen.loc[seen["half"] != "unused"],
        unused=seen.loc[seen["half"] == "unused"],
        report=inputs[ERRORS],
    )


def calibrated_graph(options: Options, inputs: Mapping[str, Any]) -> TravelGraph:
    """Read the graph that headlines use, and say in its report whether its speeds are fitted."""
    graph = main_graph(options, inputs)
    found = calibration_of(options, inputs)
    if found is None or not options.calibration.apply:
        return graph
    return replace(graph, report={**graph.report, "calibration": found.summary()})


def speed_status(options: Options, inputs: Mapping[str, Any]) -> str:
    """Say in a word how well the speeds are known."""
    if FACTORS not in inputs:
        return "uncalibrated"
    return "calibrated" if options.calibration.apply else "compared"


def _observations(found: Calibration, mode: str) -> pd.DataFrame:
    unused = found.unused.assign(half="unused")
    used = found.observations.assign(reason=None)
    table = pd.concat([used, unused] if len(unused) else [used], ignore_index=True).assign(mode=mode)
    table = table.iloc[np.argsort(table["observation"].astype(int), kind="stable")].reset_index(drop=True)
    return _words(table, ("observation", "mode", "half", "reason", "dominant_class"))


def _words(table: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    return table.astype(dict.fromkeys(names, "str"))
