"""Times become access: people at settlements, the nearest facility and town of each, the last mile."""

from spatial.access.analyst import cost_to_closest, travel_times
from spatial.access.last_mile import LastMileRules, last_mile
from spatial.access.nearest_table import AccessResult, access_table
from spatial.access.ordering import id_order
from spatial.access.population import allocate_population, allocate_population_with_account
from spatial.access.rules import TOWN_TIERS, AccessRules, SnapRules
from spatial.access.summaries import summarise, weighted_quantile, widen
from spatial.access.surroundings import Surroundings

__all__ = [
    "TOWN_TIERS",
    "AccessResult",
    "AccessRules",
    "LastMileRules",
    "SnapRules",
    "Surroundings",
    "access_table",
    "allocate_population",
    "allocate_population_with_account",
    "cost_to_closest",
    "id_order",
    "last_mile",
    "summarise",
    "travel_times",
    "weighted_quantile",
    "widen",
]
