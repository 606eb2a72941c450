"""Travel-time surfaces against scikit-image's and scipy's searches over the same grid."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from skimage.graph import MCP_Geometric

from spatial.terrain.surface import catchment_surface, facility_to_facility, travel_time_surface

STRAIGHT = [(0, 1), (0, -1), (1, 0), (-1, 0)]
DIAGONAL = [(1, 1), (1, -1), (-1, 1), (-1, -1)]
KNIGHT = [(1, 2), (1, -2), (-1, 2), (-1, -2), (2, 1), (2, -1), (-2, 1), (-2, -1)]
STEPS = {4: STRAIGHT, 8: STRAIGHT + DIAGONAL, 16: STRAIGHT + DIAGONAL + KNIGHT}


def _friction(shape=(60, 80), *, seed=0, barriers=0.15):
    """Smooth and rough friction between 0.0006 and 0.06 minutes per metre, with barriers by lot."""
    rng = np.random.default_rng(seed)
    smooth = gaussian_filter(rng.normal(size=shape), 4)
    friction = 0.006 * 10 ** np.clip(smooth / smooth.std() / 2 + rng.uniform(-0.3, 0.3, shape), -1, 1)
    friction[rng.random(shape) < barriers] = np.nan
    return friction


def _sources(friction, n=5, seed=1):
    cells = np.argwhere(np.isfinite(friction))
    return cells[np.random.default_rng(seed).choice(len(cells), n, replace=False)]


def _tobler(slope):
    slope = np.clip(slope, -1, 1)
    return np.exp(-3.5 * abs(slope + 0.05)) / np.exp(-0.175)


def _passed(r, c, down, right):
    """The two cells that a knight's step passes: one step along its longer side, and beside its end."""
    if abs(down) == 1:
        return (r, c + right // 2), (r + down, c + right // 2)
    return (r + down // 2, c), (r + down // 2, c + right)


def _grid(friction, neighbours, cell, *, elevation=None, walks=None, corners="block"):
    """The directed graph of the cells, built one step at a time from the definition."""
    rows, columns = friction.shape
    dy, dx = (np.broadcast_to(size, rows) for size in cell)
    start, end, minutes = [], [], []
    for r, c in np.argwhere(np.isfinite(friction)):
        for down, right in STEPS[neighbours]:
            r2, c2 = r + down, c + right
            if not (0 <= r2 < rows and 0 <= c2 < columns and np.isfinite(friction[r2, c2])):
                continue
            beside = np.isfinite(friction[r2, c]) or np.isfinite(friction[r, c2])
            if corners == "block" and abs(down) == abs(right) and not beside:
                continue
            if max(abs(down), abs(right)) == 2 and not all(
                np.isfinite(friction[at]) for at in _passed(r, c, down, right)
            ):
                continue
            length = np.hypot(down * (dy[r] + dy[r2]) / 2, right * (dx[r] + dx[r2]) / 2)
            units = [friction[r, c], friction[r2, c2]]
            if elevation is not None:
                factor = _tobler((elevation[r2, c2] - elevation[r, c]) / length)
                on_foot = [True, True] if walks is None else [walks[r, c], walks[r2, c2]]
                units = [
                    min(unit / factor, max(unit, 0.6)) if foot else unit
                    for unit, foot in zip(units, on_foot, strict=True)
                ]
            start.append(r * columns + c)
            end.append(r2 * columns + c2)
            minutes.append(sum(units) / 2 * length)
    return coo_array((minutes, (start, end)), shape=(friction.size, friction.size)).tocsr()


@pytest.mark.parametrize("neighbours", [4, 8, 16])
@pytest.mark.parametrize(
    ("cell", "corners", "barriers"),
    [((100.0, 100.0), "block", 0.15), ((92.3, 71.8), "block", 0.15), ((92.3, 71.8), "pass", 0.4)],
)
def test_times_equal_dijkstra_on_the_same_grid(neighbours, cell, corners, barriers) -> None:
    friction = _friction(barriers=barriers)
    sources = _sources(friction)
    found = travel_time_surface(friction, sources, resolution_m=cell, neighbours=neighbours, corners=corners)
    graph = _grid(friction, neighbours, cell, corners=corners)
    flat = sources @ [friction.shape[1], 1]
    wanted = dijkstra(graph, indices=flat, min_only=True).reshape(friction.shape)
    np.testing.assert_array_equal(np.isinf(found), np.isinf(wanted))
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_cells_of_each_row_have_their_own_width() -> None:
    friction = _friction((40, 50))
    sources = _sources(friction)
    wide = np.linspace(95, 70, 40)
    found = travel_time_surface(friction, sources, resolution_m=(110.0, wide))
    graph = _grid(friction, 8, (110.0, wide))
    wanted = dijkstra(graph, indices=sources @ [50, 1], min_only=True).reshape(friction.shape)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


@pytest.mark.parametrize("neighbours", [4, 8, 16])
@pytest.mark.parametrize("direction", ["towards", "from"])
def test_slopes_count_in_the_direction_of_travel(neighbours, direction) -> None:
    friction = _friction((40, 50), seed=2)
    rng = np.random.default_rng(3)
    elevation = gaussian_filter(rng.normal(size=friction.shape), 3) * 2000
    walks = rng.random(friction.shape) < 0.8
    sources = _sources(friction)
    found = travel_time_surface(
        friction,
        sources,
        resolution_m=90.0,
        neighbours=neighbours,
        elevation_m=elevation,
        walks=walks,
        direction=direction,
    )
    graph = _grid(friction, neighbours, (90.0, 90.0), elevation=elevation, walks=walks)
    if direction == "towards":
        graph = graph.T.tocsr()
    wanted = dijkstra(graph, indices=sources @ [50, 1], min_only=True).reshape(friction.shape)
    np.testing.assert_allclose(found, wanted, rtol=1e-11)


@pytest.mark.parametrize(("seed", "barriers"), [(0, 0.0), (1, 0.2), (2, 0.45)])
def test_eight_neighbours_equal_scikit_image(seed, barriers) -> None:
    """MCP_Geometric lets a diagonal pass between two barriers, as r.cost does."""
    friction = _friction((200, 200), seed=seed, barriers=barriers)
    sources = _sources(friction, 10)
    found = travel_time_surface(friction, sources, resolution_m=30.0, corners="pass")
    costs = np.where(np.isfinite(friction), friction, -1.0)
    wanted = MCP_Geometric(costs, fully_connected=True).find_costs(sources.tolist())[0] * 30.0
    np.testing.assert_array_equal(np.isinf(found), np.isinf(wanted))
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_referral_over_corners_is_that_of_a_search_from_each_facility() -> None:
    friction = _friction((40, 50), seed=6, barriers=0.45)
    sources = _sources(friction, 6)
    found = facility_to_facility(friction, sources, resolution_m=90.0, corners="pass")
    flat = sources @ [50, 1]
    graph = _grid(friction, 8, (90.0, 90.0), corners="pass")
    wanted = dijkstra(graph, indices=flat)[:, flat][~np.eye(6, dtype=bool)]
    np.testing.assert_allclose(found["travel_time_min"].fillna(np.inf), wanted, rtol=1e-12)
    # The path that is measured takes corners too: no pair with minutes is without kilometres.
    assert found["distance_km"].notna().tolist() == np.isfinite(wanted).tolist()
    blocked = dijkstra(_grid(friction, 8, (90.0, 90.0)), indices=flat)[:, flat][~np.eye(6, dtype=bool)]
    assert np.isfinite(blocked).sum() < np.isfinite(wanted).sum()


def test_the_nearest_source_is_the_one_whose_own_surface_is_lowest() -> None:
    friction = _friction((50, 60), seed=4)
    sources = _sources(friction, 6)
    minutes, nearest = catchment_surface(friction, sources, resolution_m=100.0)
    own = np.stack([travel_time_surface(friction, [source], resolution_m=100.0) for source in sources])
    np.testing.assert_array_equal(minutes, own.min(axis=0))
    reached = np.isfinite(minutes)
    np.testing.assert_array_equal(nearest[reached], own.argmin(axis=0)[reached])
    assert (nearest[~reached] == -1).all()


@pytest.mark.parametrize("spread", [1e3, 1e9])
def test_friction_of_very_different_sizes_stays_exact(spread) -> None:
    """Far beyond the range of the buckets, the queue starts anew and the answer is the same."""
    rng = np.random.default_rng(5)
    friction = 0.001 * spread ** rng.random((40, 40))
    sources = np.array([[0, 0], [39, 20]])
    found = travel_time_surface(friction, sources, resolution_m=100.0)
    graph = _grid(friction, 8, (100.0, 100.0))
    wanted = dijkstra(graph, indices=sources @ [40, 1], min_only=True).reshape(friction.shape)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
