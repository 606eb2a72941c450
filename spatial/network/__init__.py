"""Roads become a directed travel graph of each mode, places are joined to it, and times are found on it."""

from spatial.network.build import build_network
from spatial.network.edits.border import border_lines, hard_border
from spatial.network.edits.scenarios import Scenario, edit_network
from spatial.network.edits.splitting import split_edges
from spatial.network.graph import TravelGraph
from spatial.network.joins.barriers import Barriers, index_barriers
from spatial.network.joins.snapping import Snaps, snap, walk_minutes
from spatial.network.legs.bus import bus_network
from spatial.network.legs.combined import combine_networks
from spatial.network.legs.slope import with_slope
from spatial.network.legs.slope_speeds import tobler_speed
from spatial.network.legs.turns import with_turns
from spatial.network.rules.road_speeds import parse_maxspeed
from spatial.network.rules.seasons import with_season
from spatial.network.rules.speeds import SpeedTable, load_speeds
from spatial.network.search.matrix import times_matrix
from spatial.network.search.nearest import Nearest, nearest, node_labels
from spatial.network.search.routes import Route

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
