"""Our totals beside the official ones, with what is known that may explain a difference."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from spatial.study.ground import basis_differs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from spatial.study import OfficialOptions, OfficialTotal

__all__ = ["Causes", "Total", "facility_totals", "people_total", "road_totals", "village_total"]

METRES_A_KM = 1000.0
LOST = frozenset({"outside", "too_far", "no_path", "set_aside"})
"""Items of the account whose people were given to no settlement."""
VAGUE_CLASSES = frozenset({"road", "unclassified"})
ONEWAY = frozenset({"yes", "-1", "true", "1"})
VILLAGE = "village"
FERRY = "ferry"

Causes = tuple[tuple[str, float], ...]
"""Codes with a number each; NaN where there is none to say."""


@dataclass(frozen=True)
class Total:
    """One of our totals and the official one."""

    kind: str  # as in the table `sign_off`
    of: str
    unit: str
    ours: float  # naN = unknown
    official: OfficialTotal | None  # as declared
    # what may explain that ours is less, and that ours is more; codes whose number is 0 explain nothing
    fewer: Causes = ()
    more: Causes = ()
    # whom the official number counts where ours counts others, so that no difference is told; empty
    # otherwise
    other_basis: str = ""

    @property
    def causes(self) -> str:
        """Likely causes of the difference."""
        chosen = self.fewer if self.official is None or self.ours < self.official.value else self.more
        told = [code if math.isnan(number) else f"{code}:{number:.0f}" for code, number in chosen if number]
        return ";".join(told) or "none_known"


def people_total(tables: Mapping[str, pd.DataFrame], official: OfficialOptions, basis: str) -> Total:
    """
    Add up the people of the study area.

    Returns NaN where nobody's number is known.
    """
    settlements, account = tables["settlements"], tables["population_account"]
    mine = settlements["in_study"].to_numpy(dtype=bool)
    persons = settlements["population_persons"]
    lost = account.loc[account["item"].isin(LOST)]
    modelled = (f"basis_{basis}", math.nan)
    fewer: Causes = (
        ("people_not_allocated", float(lost["persons"].sum())),
        ("places_without_people", float(persons[mine].isna().sum())),
        ("people_in_buffer", float(persons[~mine].sum())),
        modelled,
    )
    counts = "" if official.people is None else official.people.counts
    return Total(
        "people",
        "",
        "persons",
        float(persons[mine].sum(min_count=1)),
        official.people,
        fewer,
        (modelled,),
        counts if basis_differs(basis, counts) else "",
    )


def village_total(settlements: pd.DataFrame, official: OfficialOptions) -> Total:
    """Count the villages of the study area."""
    mine, village = settlements["in_study"], settlements["tier"] == VILLAGE
    small = 0
    if "place" in settlements:
        small = int((mine & village & settlements["place"].notna() & (settlements["place"] != VILLAGE)).sum())
    fewer: Causes = (
        ("places_of_other_tiers", float((mine & ~village).sum())),
        ("villages_in_buffer", float((~mine & village).sum())),
    )
    ours = float((mine & village).sum())
    return Total(
        "villages", "", "places", ours, official.villages, fewer, (("natural_villages", float(small)),)
    )


def facility_totals(
    tables: Mapping[str, pd.DataFrame], official: OfficialOptions, inventory: Mapping[str, str]
) -> Iterator[Total]:
    """Count the existing facilities of the study area, by service."""
    facilities, findings = tables["facilities"], tables["findings_read"]
    existing = facilities["status"] == "existing"
    service = facilities["service"]
    of_kept = facilities.set_index("facility_id")["service"]
    merged = findings.loc[findings["kind"] == "merged_duplicate", "other_id"].map(of_kept)
    doubtful = findings.loc[findings["kind"] == "ambiguous_duplicate", "other_id"].map(of_kept)
    mapped = set(service[existing & facilities["in_study"]])
    for name in sorted(mapped | set(official.facilities)):
        declared = official.facilities.get(name)
        kinds = list((declared.services if declared else ()) or (name,))
        chosen = service.isin(kinds)
        known = {inventory.get(kind, "unknown") for kind in kinds}
        gap = next((word for word in ("unknown", "partial") if word in known), "")
        fewer: Causes = (
            *(((f"inventory_{gap}", math.nan),) if gap else ()),
            ("merged_duplicates", float(merged.isin(kinds).sum())),
            ("facilities_in_buffer", float((chosen & existing & ~facilities["in_study"]).sum())),
            ("not_existing", float((chosen & ~existing & facilities["in_study"]).sum())),
        )
        more: Causes = (("duplicates_left_apart", float(doubtful.isin(kinds).sum())),)
        ours = float((chosen & existing & facilities["in_study"]).sum())
        yield Total("facilities", name, "facilities", ours, declared, fewer, more)


def road_totals(
    tables: Mapping[str, pd.DataFrame], official: OfficialOptions, inventory: Mapping[str, str]
) -> Iterator[Total]:
    """Measure the roads inside the study area, by class."""
    roads = tables["roads"]
    classes = roads["road_class"].to_numpy(dtype=object)
    inside_km = _inside_m(roads.geometry.to_numpy(), tables["study_area"].geometry.to_numpy()) / METRES_A_KM
    outside_km = shapely.length(roads.geometry.to_numpy()) / METRES_A_KM - inside_km
    oneway = (
        roads["oneway"].isin(list(ONEWAY)).to_numpy() if "oneway" in roads else np.zeros(len(roads), bool)
    )
    vague_km = float(inside_km[np.isin(classes, list(VAGUE_CLASSES))].sum())
    gap = inventory.get("roads", "unknown")
    for name in sorted((set(classes[inside_km > 0]) - {FERRY}) | set(official.road_km)):
        declared = official.road_km.get(name)
        kinds = list((declared.classes if declared else ()) or (name,))
        chosen = np.isin(classes, kinds)
        missing = len([kind for kind in kinds if kind not in classes])
        fewer: Causes = (
            ("classes_not_read", float(missing)),
            *(((f"inventory_{gap}", math.nan),) if gap != "complete" else ()),
            ("km_of_vague_class", 0.0 if VAGUE_CLASSES & set(kinds) else vague_km),
            ("km_outside", float(outside_km[chosen].sum().round())),
        )
        more: Causes = (("km_oneway", float(inside_km[chosen & oneway].sum().round())),)
        yield Total("road_km", name, "km", float(inside_km[chosen].sum()), declared, fewer, more)


def _inside_m(lines: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """Length of each line inside the areas; only lines across the border are cut."""
    area = shapely.union_all(areas)
    shapely.prepare(area)
    length = shapely.length(lines)
    whole = shapely.covers(area, lines)
    cut = ~whole & shapely.intersects(area, lines)
    inside = np.where(whole, length, 0.0)
    inside[cut] = shapely.length(shapely.intersection(lines[cut], area))
    return inside
