"""Barriers on roads whose source draws two nodes in one place: only the roads of the barrier's own node end there."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

import spatial as sp

CRS = "EPSG:32738"


def roads():
    """A street from west to east with a junction in the middle, and a lane that passes there over a node of its own."""
    return gpd.GeoDataFrame(
        {
            "road_id": ["w1", "w2", "w3", "w4"],
            "road_class": "residential",
            "node_ids": [[1, 2], [2, 3], [2, 4], [5, 6, 7]],
        },
        geometry=[
            shapely.LineString([(-1000, 0), (0, 0)]),
            shapely.LineString([(0, 0), (1000, 0)]),
            shapely.LineString([(0, 0), (0, 1000)]),
            shapely.LineString([(-1000, 500), (0, 0), (1000, 500)]),
        ],
        crs=CRS,
    )


def walled(name):
    turns = gpd.GeoDataFrame(
        {"turn_id": [name], "kind": "barrier", "tagged": "bollard", "from_road_id": None, "to_road_id": None},
        geometry=[shapely.Point(0, 0)],
        crs=CRS,
    )
    graph = sp.build_network(roads(), turns=turns)
    assert graph.report["turns"] == {"barriers": 1}
    return graph


@pytest.mark.parametrize(
    ("name", "lane", "in_the_middle"),
    [
        ("n2", 1, 3),  # three roads end at the barrier, and the lane goes on
        ("n6", 2, 1 + 2),  # both halves of the lane end, and the junction stays
        ("gate", 2, 3 + 2),  # a name of one's own tells nothing: all roads end
    ],
)
def test_a_barrier_ends_the_roads_of_its_own_node(name, lane, in_the_middle):
    graph = walled(name)
    assert (graph.road_id == "w4").sum() == lane
    ends = np.unique(np.r_[graph.edge_from, graph.edge_to])
    assert (np.hypot(graph.node_x[ends], graph.node_y[ends]) == 0.0).sum() == in_the_middle


def test_who_walks_boards_on_each_side_of_a_barrier():
    walk, drive = sp.build_network(roads(), mode="walk"), walled("n2")
    both = sp.combine_networks(walk, drive)
    assert len(set(both.edge_id)) == both.n_edges
    sides = both.edge_to[(both.road_class == "transfer") & (both.edge_from == walk.node_source_id.tolist().index("n2"))]
    assert len(sides) == len(set(sides)) == 3
    assert ((both.node_x[sides] == 0.0) & (both.node_y[sides] == 0.0)).all()
