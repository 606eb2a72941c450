"""What one closed road would cost, and what coverage stays whichever road is closed."""

from __future__ import annotations

from spatial.integration.resilience.bridges import bridges
from spatial.integration.resilience.closures import RobustCoverage, edge_criticality, robust_coverage

__all__ = ["RobustCoverage", "bridges", "edge_criticality", "robust_coverage"]
