"""Whether elements flow both ways between town and country; potential flows beside them, which are never scored."""

from __future__ import annotations

from spatial.integration.exchange.balance import FlowBalance, flow_balance, flow_matrix
from spatial.integration.exchange.potential import gravity_flows, huff_shares, radiation_flows
from spatial.integration.exchange.reciprocity import Reciprocity, reciprocity

__all__ = [
    "FlowBalance",
    "Reciprocity",
    "flow_balance",
    "flow_matrix",
    "gravity_flows",
    "huff_shares",
    "radiation_flows",
    "reciprocity",
]
