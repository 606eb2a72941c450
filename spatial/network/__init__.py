"""Roads become a directed travel graph of each mode, places are joined to it, and times are found on it."""

from __future__ import annotations

from spatial.network.build import build_network
from spatial.network.bus import bus_network
from spatial.network.combined import combine_networks
from spatial.network.graph import TravelGraph
from spatial.network.matrix import times_matrix
from spatial.network.nearest import Nearest, Route, nearest, node_labels
from spatial.network.scenarios import Scenario, edit_network
from spatial.network.seasons import with_season
from spatial.network.slope import tobler_speed, with_slope
from spatial.network.snapping import Barriers, Snaps, index_barriers, snap, walk_minutes
from spatial.network.speeds import SpeedTable, load_speeds, parse_maxspeed
from spatial.network.splitting import border_lines, hard_border, split_edges
from spatial.network.turns import with_turns

__all__ = [
    "Barriers",
    "Nearest",
    "Route",
    "Scenario",
    "Snaps",
    "SpeedTable",
    "TravelGraph",
    "border_lines",
    "build_network",
    "bus_network",
    "combine_networks",
    "edit_network",
    "hard_border",
    "index_barriers",
    "load_speeds",
    "nearest",
    "node_labels",
    "parse_maxspeed",
    "snap",
    "split_edges",
    "times_matrix",
    "tobler_speed",
    "walk_minutes",
    "with_season",
    "with_slope",
    "with_turns",
]
