"""What a study tries out by name: services, seasons and modes of scenarios, crews and a calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatial.access.rules import TOWN_TIERS
from spatial.errors import first_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from spatial.sources.services import Vocabulary
    from spatial.study import Study

__all__ = ["CREW_MODES", "crew_mode", "scenario_seasons", "trial_modes", "trial_services"]

CREW_MODES = ("emergency", "drive", "motorcycle")
"""Modes that crews travel by where nothing else is said, the first one that the study has."""


def trial_services(study: Study, vocabulary: Vocabulary) -> list[str]:
    """Look up the services of scenarios and crews."""
    asked = {f"scenarios.{item.name}.services": item.services for item in study.scenarios}
    asked |= {
        f"scenarios.{item.name}.new_facilities.service": (item.new_facilities.service,)
        for item in study.scenarios
        if item.new_facilities is not None and item.new_facilities.service is not None
    }
    asked["emergency.service"] = tuple(crew.service for crew in study.emergency)
    unknown = {}
    for key, names in asked.items():
        towns = TOWN_TIERS if key.endswith(".services") else ()
        unknown[key] = [name for name in names if name not in {*vocabulary.ids, *towns}]
    known = ", ".join(vocabulary.ids)
    return [f"{key}: unknown {first_of(names)}; known are {known}" for key, names in unknown.items() if names]


def scenario_seasons(study: Study) -> dict[str, str]:
    """List the seasons that scenarios play in."""
    return {f"scenarios.{item.name}.season": item.season for item in study.scenarios if item.season}


def trial_modes(study: Study) -> list[str]:
    """Check that the study's modes can do what is tried out."""
    return [*_of_scenarios(study), *_unknown_modes(study), *_of_crews(study)]


def _of_scenarios(study: Study) -> Iterator[str]:
    for item in study.scenarios:
        if item.season is not None and study.network.season != "dry":
            yield (
                f"scenarios.{item.name}.season: the study is in the season {study.network.season}; "
                "set network.season = 'dry'"
            )


def _unknown_modes(study: Study) -> Iterator[str]:
    asked = {"measures.mode": study.measures.mode}
    asked |= {f"scenarios.{item.name}.mode": item.mode for item in study.scenarios}
    asked |= {f"emergency.{crew.service}.mode": crew.mode for crew in study.emergency}
    modes = study.network.modes
    for key, mode in asked.items():
        if mode is not None and mode not in modes:
            yield f"{key}: the study does not travel by {mode}; choose of its network.modes {', '.join(modes)}"


def _of_crews(study: Study) -> Iterator[str]:
    usual = crew_mode(study.network.modes)
    for crew in study.emergency:
        if crew.mode is not None and "walk" in crew.mode.split("+"):
            others = [mode for mode in study.network.modes if "walk" not in mode.split("+")]
            told = f"choose of {', '.join(others)}" if others else "add one that rides to network.modes"
            yield f"emergency.{crew.service}.mode: crews do not come by {crew.mode}; {told}"
    if usual is None and any(crew.mode is None for crew in study.emergency):
        yield f"emergency: crews drive; add one of {', '.join(CREW_MODES)} to network.modes"


def crew_mode(modes: Sequence[str]) -> str | None:
    """
    Choose the mode of crews for which the study names none.

    Returns None where the study has none of `CREW_MODES`.
    """
    return next((mode for mode in CREW_MODES if mode in modes), None)
