"""Scenarios and the response of crews joined to the settlements that they concern."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from spatial.qgis.columns import plain_name
from spatial.qgis.joins_engine import by_service, service_by_mode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from spatial.qgis.meta import Messages, QgisMeta

__all__ = ["changes", "scenario_title", "trial_columns"]

NO_CHANGE_MIN = 0.5
"""Up to so many minutes a way is as long as before."""


def trial_columns(
    tables: Mapping[str, pd.DataFrame], words: Messages, meta: QgisMeta
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Gather what scenarios change for each settlement, and how soon crews come."""
    columns: dict[str, pd.Series[Any]] = {}
    titles: dict[str, str] = {}
    for scenario, service, rows in changes(tables, meta):
        stem = f"{plain_name(scenario)}_{plain_name(service)}"
        named = service_by_mode(service, rows, words, meta)
        shown = {"scenario": scenario_title(scenario, words, meta), "service": named}
        columns[f"{stem}_change"] = _change(rows)
        columns[f"{stem}_difference_min"] = rows["difference_min"]
        titles[f"{stem}_change"] = words.text("columns", "change", **shown)
        title = words.text("columns", "difference_min", **shown)
        titles[f"{stem}_difference_min"] = words.with_unit(title, "min")
    for service, rows in by_service(tables, "emergency_response", meta):
        stem, name = plain_name(service), service_by_mode(service, rows, words, meta)
        for key, unit in (("response_min", "min"), ("target_met_min", "min"), ("station_id", "")):
            columns[f"{stem}_{key}"] = rows[key]
            titles[f"{stem}_{key}"] = words.with_unit(words.text("columns", key, service=name), unit)
        columns[f"{stem}_response_status"] = rows["reach_status"]
        titles[f"{stem}_response_status"] = words.text("columns", "response_status", service=name)
    return pd.DataFrame(columns), titles


def changes(tables: Mapping[str, pd.DataFrame], meta: QgisMeta) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Walk through scenarios and their services, each in its mode."""
    if "scenario_access" not in tables:
        return
    rows = tables["scenario_access"]
    for scenario in rows["scenario"].unique():
        of_scenario = {"scenario_access": rows[rows["scenario"] == scenario]}
        for service, found in by_service(of_scenario, "scenario_access", meta):
            yield str(scenario), service, found


def _change(rows: pd.DataFrame) -> pd.Series[str]:
    """Class by the cutoff first, then by minutes: gained, quicker, same, slower, lost; none has no way at all."""
    minutes = rows["difference_min"]
    change = pd.Series("none", index=rows.index)
    change[minutes.notna()] = "same"
    change[minutes < -NO_CHANGE_MIN] = "quicker"
    change[minutes > NO_CHANGE_MIN] = "slower"
    change[rows["before_status"].eq("reached") & ~rows["after_status"].eq("reached")] = "slower"
    change[~rows["before_status"].eq("reached") & rows["after_status"].eq("reached")] = "quicker"
    is_class = rows["class_change"] != "same"
    change[is_class] = rows["class_change"][is_class]
    return change.astype("str")


def scenario_title(scenario: str, words: Messages, meta: QgisMeta) -> str:
    """Name a scenario."""
    return words.pick(meta.scenarios.get(scenario, {})) or scenario
