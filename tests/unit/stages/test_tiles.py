"""A study cut into tiles: every number is that of the study in one piece."""

import logging
import os
import signal
import threading
import time

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from spatial.access.nearest import access_table, facilities_within
from spatial.access.options import AccessRules
from spatial.access.places import Surroundings
from spatial.errors import WorkersError
from spatial.network.build import build_network
from spatial.parallel import Share, Team, cut_into_tiles, tiling
from spatial.stages import tiles
from spatial.study.access import SnapRules

SERVICES = {"clinic": frozenset({"clinic"}), "school": frozenset({"school"}), "court": frozenset({"court"})}
SIDE = 12
"""Blocks of a kilometre along each side of the city."""


class Country:
    """A city of straight streets with gaps and one-ways, and villages, clinics and one court strewn over it."""

    def __init__(self, grid_city, *, seed=None):
        random = np.random.default_rng(seed)
        self.city, ticks = grid_city, range(SIDE + 1)
        pieces = [((x, y), (x + 1, y)) for x in range(SIDE) for y in ticks]
        pieces += [((x, y), (x, y + 1)) for x in ticks for y in range(SIDE)]
        if seed is not None:  # without a seed every way has others of the same length
            pieces = [piece for piece in pieces if random.random() > 0.2]
        speeds = random.uniform(10.0, 60.0, len(pieces)) if seed is not None else np.full(len(pieces), 30.0)
        self.roads = gpd.GeoDataFrame(
            {
                "road_id": [f"w{number}" for number in range(len(pieces))],
                "road_class": "tertiary",
                "speed_km_h": speeds,
                "oneway": np.where(random.random(len(pieces)) < (0.1 if seed is not None else 0.0), "yes", "no"),
            },
            geometry=[grid_city.line(*piece) for piece in pieces],
            crs=grid_city.crs,
        )
        spots = random.uniform(0.0, SIDE, (80, 2)) if seed is not None else random.integers(0, 2 * SIDE, (80, 2)) / 2
        tier = ["town" if number % 16 == 0 else "village" for number in range(40)]
        # Ids are not in the order of rows, and numbers in them are numbers.
        homes = [(f"v{37 * n % 40}", tier[n], *spots[n]) for n in range(40)]
        kinds = ["clinic"] * 20 + ["school"] * 19 + ["court"]
        goals = [(f"f{23 * n % 40}", kinds[n], *spots[40 + n]) for n in range(40)]
        self.settlements, self.facilities = grid_city.settlements(homes), grid_city.facilities(goals)
        river = grid_city.line((SIDE / 2 + 0.3, -1), (SIDE / 2 + 0.3, SIDE + 1))
        self.surroundings = Surroundings(barriers=gpd.GeoSeries([river], crs=grid_city.crs))

    def graph(self, mode):
        return build_network(self.roads, mode=mode, speeds="rural_cn")

    def asked(self, modes, **rules):
        rules = AccessRules(shortest=frozenset({"school"}), snap=SnapRules(max_snap_m=1500.0), **rules)
        given = {"services": SERVICES, "surroundings": self.surroundings, "rules": rules}
        return ([self.graph(mode) for mode in modes], self.settlements, self.facilities), given

    def counted(self, modes, measure=None, *, cutoffs_min=(4.0, 10.0), **rules):
        places, given = self.asked(modes, cutoffs_min=cutoffs_min, **rules)
        return facilities_within(*places, **given, measure=measure)

    def measured(self, modes, in_tiles=lambda _stage: None, **rules):
        places, given = self.asked(modes, cutoffs_min=(), **rules)
        found = access_table(*places, **given, measure=in_tiles("access"))
        return {**vars(found), "counts": self.counted(modes, in_tiles("cutoffs"), **rules)}


def _equal(whole, tiled):
    for name, table in whole.items():
        pd.testing.assert_frame_equal(pd.DataFrame(table), pd.DataFrame(tiled[name]), check_exact=True, obj=name)


@pytest.fixture
def small(monkeypatch):
    """Tiles whose halo is too small for much, so that results are left for the whole network."""
    monkeypatch.setattr(tiles, "NEAR_MIN", 4.0)
    monkeypatch.setattr(tiles, "NEAR_M", 1000.0)


@pytest.mark.parametrize(
    ("seed", "direction", "modes"),
    [
        (None, "to_facility", ("drive",)),
        (1, "from_facility", ("drive", "walk")),
        pytest.param(None, "from_facility", ("walk",), marks=pytest.mark.trial),
        pytest.param(2, "to_facility", ("walk", "drive"), marks=pytest.mark.trial),
        pytest.param(3, "from_facility", ("drive",), marks=pytest.mark.trial),
    ],
)
def test_tiles_give_the_same_tables_to_the_last_bit(  # noqa: PLR0917 - cases and fixtures
    grid_city, tmp_path, small, caplog, seed, direction, modes
):
    country = Country(grid_city, seed=seed)
    whole = country.measured(modes, direction=direction)
    caplog.set_level(logging.INFO, logger=tiles.LOGGER.name)
    with cut_into_tiles(Share(tile_km=7.0), tmp_path):
        _equal(whole, country.measured(modes, tiles.in_tiles, direction=direction))
    # 2 x 2 tiles; some results are known in the tile, some are not, and all counts are.
    assert f"access, {modes[0]}: 4 tiles, 4 of them to do" in caplog.text
    left = [int(line.split(": ")[1].split()[0]) for line in caplog.messages if "searched again" in line]
    assert 0 < left[0] < 240
    assert left[len(modes) :] == [0] * len(modes)


def test_a_finished_tile_is_not_done_again_and_gives_the_same_once_more(grid_city, tmp_path, small, caplog):
    country = Country(grid_city, seed=4)
    caplog.set_level(logging.INFO, logger=tiles.LOGGER.name)
    with cut_into_tiles(Share(tile_km=7.0), tmp_path):
        first = country.counted(("drive",), tiles.in_tiles("cutoffs"))
        (tmp_path / "drive" / "cutoffs" / "tile=2" / "done.json").unlink()
        pd.testing.assert_frame_equal(first, country.counted(("drive",), tiles.in_tiles("cutoffs")), check_exact=True)
        assert "cutoffs, drive: 4 tiles, 1 of them to do" in caplog.text
        # A clinic that closes is another question: every tile whose ground it lies in is done again.
        country.facilities.loc[country.facilities["service"] == "clinic", "status"] = "closed"
        changed = country.counted(("drive",), tiles.in_tiles("cutoffs"))
    pd.testing.assert_frame_equal(changed, country.counted(("drive",)), check_exact=True)
    assert not first.equals(changed)


def test_a_search_without_a_limit_is_said_and_runs_in_one_piece(grid_city, tmp_path, caplog):
    country = Country(grid_city, seed=5)
    with cut_into_tiles(Share(tile_km=7.0), tmp_path):
        tiled = country.counted(("drive",), tiles.in_tiles("cutoffs"), cutoffs_min=(10.0, np.inf))
    assert "not cut into tiles: nothing limits how far is searched" in caplog.text
    assert list(tmp_path.iterdir()) == []
    pd.testing.assert_frame_equal(tiled, country.counted(("drive",), cutoffs_min=(10.0, np.inf)), check_exact=True)


def test_a_worker_of_another_version_is_refused(grid_city, tmp_path, monkeypatch):
    country = Country(grid_city, seed=5)
    monkeypatch.setattr(Team, "each", lambda _team, _ask: [{"numpy": "1.0"}])
    with (
        cut_into_tiles(Share(tile_km=7.0), tmp_path),
        pytest.raises(WorkersError, match="a worker has another version of spatial or of a library"),
    ):
        country.counted(("drive",), tiles.in_tiles("cutoffs"))


@pytest.mark.trial
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_any_number_of_workers_gives_the_same_even_if_one_is_killed_at_a_tile(grid_city, tmp_path, small, workers):
    country = Country(grid_city, seed=6)
    with cut_into_tiles(Share(workers=workers, tile_km=4.0), tmp_path):
        asked_first, *others = tiling().team.each(os.getpid)
        assert len(others) == workers - 1
        killer = threading.Thread(target=_kill_at_work, args=(asked_first, tmp_path))
        killer.start()
        tiled = country.measured(("drive",), tiles.in_tiles)
        killer.join()
    _equal(country.measured(("drive",)), tiled)


def _kill_at_work(process, folder):
    """Kill a worker as soon as the first tile is finished."""
    while not list(folder.glob("drive/access/*/done.json")):
        time.sleep(0.01)
    os.kill(process, signal.SIGKILL)
