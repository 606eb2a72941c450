"""Colours of classes and tints of ground: told apart by everybody."""

from __future__ import annotations

import re
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest
import shapely

from spatial.cartography.document import own
from spatial.cartography.map_layers import neighbour_tints

ORDERED = (
    ("connected", "near", "gap", "none"),
    ("sure_within", "may", "sure_beyond"),
    ("kept", "slower", "lost"),
    ("ample", "fair", "short", "nothing"),
    ("room_served", "room_partly_served", "room_full", "room_not_reached"),
)
GRADED = ("within_half", "within_limit", "over_quarter", "over_half", "over_most")
DIVERGING = ("change_gained", "change_quicker", "change_same", "change_slower", "change_lost")
# Linear RGB as a deuteranope and a protanope see it (Machado, Oliveira and Fernandes 2009, severity 1)
BLIND = {
    "normal": np.eye(3),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
}


def looks(text=None):
    """Fills by class: of the looks of all layers, or of a part of the script."""
    text = text or re.search(r"S\.LOOKS = {(.*?)\n  };", own("classes.js"), re.DOTALL)[1]
    return dict(re.findall(r'^    (\w+): { fill: "(#[0-9a-f]{6})"', text, re.MULTILINE))


def lab(colour, matrix):
    """CIELAB under D65."""
    rgb = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    linear = np.clip(matrix @ np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4), 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    ratio = to_xyz @ linear / [0.9505, 1.0, 1.0890]
    x, y, z = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def lightness(colour, matrix):
    """L* of CIELAB."""
    return lab(colour, matrix)[0]


@pytest.mark.parametrize("eye", sorted(BLIND))
@pytest.mark.parametrize("classes", ORDERED)
def test_worse_is_darker_for_every_eye(classes, eye):
    colours = looks()
    seen = [lightness(colours[name], BLIND[eye]) for name in classes]
    assert all(better - worse >= 12 for better, worse in pairwise(seen)), dict(zip(classes, seen, strict=True))


@pytest.mark.parametrize("eye", sorted(BLIND))
@pytest.mark.parametrize("part", ["LOOKS", "PLAIN_LOOKS"])
def test_five_graded_classes_are_told_apart_by_every_eye(part, eye):
    colours = looks(re.search(rf"{part} = {{(.*?)\n  }};", own("classes.js"), re.DOTALL)[1])
    seen = [lightness(colours[name], BLIND[eye]) for name in GRADED]
    # five between the lightest and the darkest have less room each than three
    assert all(better - worse >= 9 for better, worse in pairwise(seen)), dict(zip(GRADED, seen, strict=True))


def test_where_no_norm_is_in_force_nothing_is_red():
    for fill in looks(re.search(r"PLAIN_LOOKS = {(.*?)\n  };", own("classes.js"), re.DOTALL)[1]).values():
        red, green, blue = (int(fill[k : k + 2], 16) for k in (1, 3, 5))
        assert max(red, green, blue) - min(red, green, blue) <= 20


@pytest.mark.parametrize("eye", sorted(BLIND))
def test_gains_and_losses_are_told_apart_and_grow_darker_from_the_middle(eye):
    seen = [lab(looks()[name], BLIND[eye]) for name in DIVERGING]
    for side in (seen[2::-1], seen[2:]):
        assert all(near[0] - far[0] >= 8 for near, far in pairwise(side)), side
    apart = [float(np.linalg.norm(gain - loss)) for gain, loss in zip(seen[:2], seen[:2:-1], strict=True)]
    assert min(apart) >= 20, apart


def drawn():
    """Colours of small maps by name, and those of the cells of townships against norms."""
    names = dict(re.findall(r"(\w+) = \"(#[0-9a-f]{6})\"", own("drawing.js") + own("answer_parts.js")))
    cells = dict(re.findall(r"\.(cell-(?:met|\d)) { background: (#[0-9a-f]{6})", own("answer.css")))
    return names, cells


@pytest.mark.parametrize("eye", sorted(BLIND))
def test_small_maps_tell_beyond_gained_within_and_dark_apart_for_every_eye(eye):
    names, _ = drawn()
    seen = {name: lab(names[name], BLIND[eye]) for name in ("BEYOND", "GAIN", "WITHIN", "DARK")}
    # Actions and whoever they gain stand on the maps that show who is beyond; dark and red never share a map.
    for one, other in (("BEYOND", "GAIN"), ("BEYOND", "WITHIN"), ("GAIN", "WITHIN"), ("DARK", "WITHIN")):
        assert float(np.linalg.norm(seen[one] - seen[other])) >= 20, (one, other)
    # In black and white red and green are one grey, so that paper gives whoever is gained a white middle.
    assert min(seen["WITHIN"][0] - seen[name][0] for name in ("BEYOND", "GAIN", "DARK")) >= 20


@pytest.mark.parametrize("eye", sorted(BLIND))
def test_cells_of_townships_grow_darker_with_the_share_for_every_eye(eye):
    _, cells = drawn()
    seen = [lab(cells[f"cell-{k}"], BLIND[eye]) for k in range(1, 6)]
    assert all(lighter[0] - darker[0] >= 9 for lighter, darker in pairwise(seen))
    assert float(np.linalg.norm(lab(cells["cell-met"], BLIND[eye]) - seen[0])) >= 12


def test_a_place_that_was_never_served_is_grey():
    fill = looks()["not_served"]
    red, green, blue = (int(fill[k : k + 2], 16) for k in (1, 3, 5))
    assert max(red, green, blue) - min(red, green, blue) <= 16


def test_neighbouring_catchments_differ_in_tint():
    rng = np.random.default_rng(3)
    cells = shapely.voronoi_polygons(shapely.MultiPoint(rng.uniform(0, 1, (60, 2))))
    shapes = gpd.GeoSeries(list(shapely.get_parts(cells)))
    tints = neighbour_tints(shapes)
    assert set(tints) <= {0, 1, 2, 3}
    left, right = shapely.STRtree(shapes.to_numpy()).query(shapes.to_numpy(), predicate="intersects")
    pairs = left < right
    alike = (tints[left[pairs]] == tints[right[pairs]]).mean()
    # four greedy tints nearly suffice; a random choice would leave a quarter alike
    assert alike < 0.05
