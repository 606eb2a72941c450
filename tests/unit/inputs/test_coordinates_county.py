"""The sample county with its villages in other coordinates: the same places, or a refusal that says what is wrong."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely

from spatial.crs import WGS84
from spatial.errors import CrsError
from spatial.georef.datums import cgcs2000_crs, from_wgs84
from spatial.inputs.gather import gather
from spatial.inputs.services import load_services
from spatial.sample import sample_study
from spatial.study import Study

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from spatial.inputs.gather import Gathered


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory, put_sample_county: Callable[..., Path]) -> Path:
    root: Path = tmp_path_factory.mktemp("raw")
    put_sample_county(root / "sample", villages=80)
    return root


@pytest.fixture(scope="module")
def villages(raw: Path) -> pd.DataFrame:
    return pd.read_csv(raw / "sample" / "settlements.csv", dtype=str)


def _gather(raw: Path, villages: pd.DataFrame, columns: dict[str, NDArray[np.float64]], **keys: Any) -> Gathered:
    """Read the county with other columns of coordinates and other keys for its villages."""
    table = villages.drop(columns=["lon", "lat"])
    table.assign(**columns).to_csv(raw / "sample" / "own.csv", index=False)
    values = tomllib.loads(sample_study())
    own = {key: values["sources"]["settlements"][key] for key in ("columns", "values")}
    values["sources"]["settlements"] = {"path": "sample/own.csv", **own, **keys}
    study = Study.from_dict(values, raw=raw)
    return gather(study, load_services(None))


def _degrees(villages: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return villages["lon"].astype("float64").to_numpy(), villages["lat"].astype("float64").to_numpy()


def _off_m(found: Gathered, villages: pd.DataFrame) -> float:
    """How far the worst village lies from its place."""
    there = shapely.get_coordinates(found.settlements.to_crs(WGS84).geometry.to_numpy())
    assert list(found.settlements["settlement_id"]) == list(villages["code"])
    geodesic = pyproj.Geod(ellps="WGS84")
    apart = geodesic.inv(*_degrees(villages), there[:, 0].copy(), there[:, 1].copy())[2]
    return float(np.abs(apart).max())


def _kinds(found: Gathered) -> set[str]:
    return {kind for frame in found.findings for kind in frame["kind"]}


@pytest.mark.parametrize("prefixed", [True, False])
@pytest.mark.parametrize("width", [3, 6])
def test_a_cgcs2000_list_gives_the_same_places(
    raw: Path, villages: pd.DataFrame, width: Any, *, prefixed: bool
) -> None:
    longitude, latitude = _degrees(villages)
    zone = round(longitude.mean() / 3) if width == 3 else int(longitude.mean() // 6) + 1
    meridian = zone * 3 if width == 3 else zone * 6 - 3
    crs = cgcs2000_crs(central_meridian=meridian, width=width, prefixed=prefixed)
    to_grid = pyproj.Transformer.from_crs("EPSG:4490", crs, always_xy=True)
    east, north = to_grid.transform(longitude, latitude)
    keys = {"easting": "Y", "northing": "X", "crs": crs.to_string()}
    found = _gather(raw, villages, {"X": north, "Y": east}, **keys)
    assert _off_m(found, villages) < 0.001
    assert "datum_taken_as_equal" in _kinds(found)


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_a_shifted_list_gives_the_same_places_and_is_converted_once(
    raw: Path, villages: pd.DataFrame, datum: Any
) -> None:
    keys = {"longitude": "lng", "latitude": "lat"}
    longitude, latitude = _degrees(villages)
    shifted = from_wgs84(longitude, latitude, datum=datum)
    columns = dict(zip(("lng", "lat"), shifted, strict=True))
    found = _gather(raw, villages, columns, datum=datum, **keys)
    assert _off_m(found, villages) < 0.001
    assert "datum_inverted" in _kinds(found)
    with pytest.raises(CrsError, match=r"declared as datum.*seem to be WGS 84 already"):
        _gather(raw, villages, {"lng": longitude, "lat": latitude}, datum=datum, **keys)
    undeclared = _gather(raw, villages, columns, crs=WGS84, **keys)
    assert "datum_doubtful" in _kinds(undeclared)
    undeclared.note_doubts()
    assert any("write datum = " in note.detail for notes in undeclared.notes.values() for note in notes)


def test_a_true_list_raises_no_doubt(raw: Path, villages: pd.DataFrame) -> None:
    longitude, latitude = _degrees(villages)
    keys = {"longitude": "lng", "latitude": "lat", "crs": WGS84}
    found = _gather(raw, villages, {"lng": longitude, "lat": latitude}, **keys)
    assert not _kinds(found) & {"datum_doubtful", "datum_shifted", "datum_taken_as_equal"}


def test_an_old_datum_is_refused_before_anything_is_measured(raw: Path, villages: pd.DataFrame) -> None:
    longitude, latitude = _degrees(villages)
    code = 2370 + round(longitude.mean() / 3) - 25
    to_grid = pyproj.Transformer.from_crs("EPSG:4610", f"EPSG:{code}", always_xy=True)
    east, north = to_grid.transform(longitude, latitude)
    with pytest.raises(CrsError, match="seven parameters"):
        _gather(raw, villages, {"X": north, "Y": east}, easting="Y", northing="X", crs=f"EPSG:{code}")
