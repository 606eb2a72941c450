"""What is town and what is country: Degree of Urbanisation, urban-rural catchments, functional areas, hierarchy."""

from __future__ import annotations

from spatial.integration.settlement_types.catchments import (
    LOCAL_BINS_MIN,
    URCA_TITLES,
    catchment_classes,
    local_catchment_classes,
)
from spatial.integration.settlement_types.clusters import fill_holes, majority_smoothing
from spatial.integration.settlement_types.degurba import (
    DEGURBA_RULES,
    DEGURBA_TITLES,
    DegurbaRules,
    degree_of_urbanisation,
)
from spatial.integration.settlement_types.functional_areas import functional_urban_areas
from spatial.integration.settlement_types.hierarchy import (
    RankSize,
    fulcrum_index,
    functional_completeness,
    polycentricity,
    rank_size,
)
from spatial.integration.settlement_types.units import degurba_units

__all__ = [
    "DEGURBA_RULES",
    "DEGURBA_TITLES",
    "LOCAL_BINS_MIN",
    "URCA_TITLES",
    "DegurbaRules",
    "RankSize",
    "catchment_classes",
    "degree_of_urbanisation",
    "degurba_units",
    "fill_holes",
    "fulcrum_index",
    "functional_completeness",
    "functional_urban_areas",
    "local_catchment_classes",
    "majority_smoothing",
    "polycentricity",
    "rank_size",
]
