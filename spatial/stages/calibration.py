"""Stage `calibration`: the speeds of the first mode against observed times, before anything travels on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from spatial.access.calibration import Calibration, FitRules, calibrate_speeds
from spatial.inputs.user_tables import observed_from_table
from spatial.network.combined import LEG_SIGN
from spatial.runner.stage import silent
from spatial.stages.network import Ground, network_of
from spatial.stages.shared import surroundings_of

if TYPE_CHECKING:
    import geopandas as gpd

    from spatial.rasters import Raster
    from spatial.runner.stage import Options, Progress, Value


def calibration(
    *,
    roads: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    study_area: gpd.GeoDataFrame,
    water: gpd.GeoDataFrame,
    turns: gpd.GeoDataFrame | None = None,
    elevation: Raster | None = None,
    options: Options,
    progress: Progress = silent,
) -> dict[str, Value]:
    """Hold the speeds of the study's first mode against observed times; without such times there is nothing to do."""
    chosen = options.calibration
    if chosen.observed is None:
        return {}
    progress(0.0, "calibration: network as the speed table has it")
    graph = network_of(options, options.network.modes[0], Ground(roads, study_area, turns, elevation, places))
    progress(0.4, "calibration: observed times")
    file = options.raw_path(chosen.observed.path)
    observed = observed_from_table(file, chosen.observed, crs=graph.crs)
    numbers = [str(number) for number in range(1, len(observed) + 1)]
    found = calibrate_speeds(
        graph,
        observed.assign(observation=pd.Series(numbers, index=observed.index, dtype="str")),
        places=[places, facilities],
        by=chosen.by,
        groups=chosen.groups,
        fit=FitRules.from_options(chosen),
        rules=options.network,
        barriers=surroundings_of(options, study_area, water).barriers,
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
    # All observations in the order of the file, those that were not used with the reason.
    used, unused = found.observations.assign(reason=None), found.unused.assign(half="unused")
    seen = pd.concat([used, unused] if len(unused) else [used], ignore_index=True).assign(mode=graph.mode)
    seen = seen.iloc[np.argsort(seen["observation"].astype(int), kind="stable")].reset_index(drop=True)
    return {
        "calibration_factors": _words(table, ("mode", "by", "group")),
        "calibration_errors": _words(found.report.assign(mode=graph.mode), ("half", "stage", "by", "group", "mode")),
        "calibration_observations": _words(seen, ("observation", "mode", "half", "reason", "dominant_class")),
    }


class Fitted(NamedTuple):
    """What the stage found, where anything was observed."""

    factors: pd.DataFrame | None = None
    errors: pd.DataFrame | None = None
    observations: pd.DataFrame | None = None

    def status(self, options: Options) -> str:
        """Say in a word how well the speeds are known."""
        if self.factors is None:
            return "uncalibrated"
        return "calibrated" if options.calibration.apply else "compared"


def calibration_of(options: Options, fitted: Fitted) -> Calibration | None:
    """
    Take what observed times said of the speeds.

    Returns None where nothing was observed.
    """
    factors, errors, seen = fitted
    if factors is None or errors is None or seen is None:
        return None
    names = factors["group"]
    if "+" in options.network.modes[0]:
        names = factors["mode"] + LEG_SIGN + names
    return Calibration(
        factors=dict(zip(names, factors["factor"], strict=True)),
        by=options.calibration.by,
        groups=options.calibration.groups,
        observations=seen.loc[seen["half"] != "unused"],
        unused=seen.loc[seen["half"] == "unused"],
        report=errors,
    )


def _words(table: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    return table.astype(dict.fromkeys(names, "str"))
