"""What one closed road would cost, what coverage stays whichever road is closed, and how loops protect a network."""

from __future__ import annotations

from spatial.integration.resilience.bridges import bridges
from spatial.integration.resilience.closures import RobustCoverage, edge_criticality, robust_coverage
from spatial.integration.resilience.shape import NetworkShape, circuity, network_indices, network_shape

__all__ = [
    "NetworkShape",
    "RobustCoverage",
    "bridges",
    "circuity",
    "edge_criticality",
    "network_indices",
    "network_shape",
    "robust_coverage",
]
