"""The table of bus lines: what it must hold, and every fault of it at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.crs import require_metres
from spatial.errors import ContractError, first_of

if TYPE_CHECKING:
    import pyproj
    from numpy.typing import NDArray

__all__ = ["BusLines", "read_lines"]


@dataclass(frozen=True, eq=False)
class BusLines:
    """Checked lines, one row a stop of a line, by line and then in the order of the stops."""

    line: NDArray[np.object_]  # shape (n,), ids of lines
    stop: NDArray[np.int64]  # shape (n,), position of the stop in `points`
    points: NDArray[np.float64]  # shape (n_stops, 2), different stops, metres
    # shape (n_stops,), their ids; made up from their first line where the table has none
    stop_id: NDArray[np.object_]
    ride_min: NDArray[np.float64]  # shape (n,), minutes to the next stop of the line; NaN at its last
    ride_m: NDArray[np.float64]  # shape (n,), straight line to the next stop; NaN at the last of a line
    headway_min: NDArray[np.float64]  # shape (n,), minutes between two buses
    both_ways: NDArray[np.bool_]  # shape (n,), whether the line runs back as well

    @property
    def goes_on(self) -> NDArray[np.int64]:
        """Rows from which the line goes on to the row below."""
        return np.flatnonzero(self.line[:-1] == self.line[1:])


def read_lines(
    lines: pd.DataFrame, stops: gpd.GeoDataFrame | None, *, crs: pyproj.CRS, detour: float
) -> BusLines:
    """Check a table of lines and bring it into order."""
    _require_columns(lines, stops)
    frame = pd.DataFrame(lines).reset_index(drop=True)
    problems: list[str] = []
    if frame.empty:
        raise ContractError("lines", ["the table is empty; give each line a row for each of its stops"])
    frame["line_id"] = _as_text(frame["line_id"])
    frame["stop_order"] = pd.to_numeric(frame["stop_order"], errors="coerce")
    problems += _order_problems(frame)
    frame = frame.sort_values(["line_id", "stop_order"], kind="stable").reset_index(drop=True)
    x, y, names = _places(frame, lines, stops, crs, problems)
    headway = pd.to_numeric(frame["headway_min"], errors="coerce").to_numpy(dtype=np.float64)
    problems += _told(
        "headway_min: must be above 0 and finite", frame, ~((headway > 0) & np.isfinite(headway))
    )
    mixed = _differs(pd.Series(headway), frame)
    if mixed.any():
        problems.append(
            f"headway_min: differs along the lines {first_of(mixed.index[mixed])}; one number a line"
        )
    both_ways = _both_ways(frame, problems)
    last = np.r_[(frame["line_id"].to_numpy()[1:] != frame["line_id"].to_numpy()[:-1]), True]
    ride_m = np.full(len(frame), np.nan)
    ride_m[:-1] = np.hypot(np.diff(x), np.diff(y))
    ride_m[last] = np.nan
    ride_min = _rides(frame, ride_m * detour, last, problems)
    if problems:
        raise ContractError("lines", problems)
    _, at, stop = np.unique(names, return_index=True, return_inverse=True)
    return BusLines(
        line=frame["line_id"].to_numpy(dtype=object),
        stop=stop.astype(np.int64),
        points=np.column_stack((x[at], y[at])),
        stop_id=names[at],
        ride_min=ride_min,
        ride_m=ride_m,
        headway_min=headway,
        both_ways=both_ways,
    )


def _require_columns(lines: pd.DataFrame, stops: gpd.GeoDataFrame | None) -> None:
    if not isinstance(lines, pd.DataFrame):
        raise ContractError("lines", [f"is a {type(lines).__name__}; give a row for each stop of each line"])
    needed = ["line_id", "stop_order", "headway_min"]
    problems = [f"{name}: missing" for name in needed if name not in lines.columns]
    if "ride_min" not in lines.columns and "speed_km_h" not in lines.columns:
        problems.append("ride_min: missing, and speed_km_h too; give minutes to the next stop or a speed")
    if stops is None and not isinstance(lines, gpd.GeoDataFrame):
        problems.append("geometry: missing; give points, or a stop_id and the table stops")
    if stops is not None:
        problems += ["stop_id: missing"] if "stop_id" not in lines.columns else []
        problems += ["stops: the column stop_id is missing"] if "stop_id" not in stops.columns else []
    if problems:
        raise ContractError("lines", problems)


def _as_text(column: pd.Series) -> pd.Series:
    return column.astype(object).where(column.notna(), "").astype(str).astype(object)


def _told(what: str, frame: pd.DataFrame, wrong: NDArray[np.bool_]) -> list[str]:
    """Say what is wrong on which stops of which lines; nothing where nothing is."""
    rows = frame.loc[wrong]
    where = [f"{line}/{order:g}" for line, order in zip(rows["line_id"], rows["stop_order"], strict=True)]
    return [f"{what} (line/stop {first_of(where)})"] if where else []


def _differs(values: pd.Series, frame: pd.DataFrame) -> pd.Series:
    """Tell, for every line, whether a value that it should have once differs along it."""
    by_line = values.groupby(frame["line_id"].to_numpy())
    return by_line.min() < by_line.max()


def _order_problems(frame: pd.DataFrame) -> list[str]:
    order = frame["stop_order"]
    problems = _told("line_id: missing", frame, (frame["line_id"] == "").to_numpy())
    problems += _told("stop_order: must be a number", frame, ~np.isfinite(order.to_numpy(dtype=np.float64)))
    again = frame.duplicated(["line_id", "stop_order"]) & order.notna()
    problems += _told("stop_order: repeated", frame, again.to_numpy())
    counts = frame.groupby("line_id").size()
    if (counts < 2).any():
        problems.append(
            f"line_id: only one stop on the lines {first_of(counts.index[counts < 2])}; a ride needs two"
        )
    return problems


def _places(
    frame: pd.DataFrame,
    lines: pd.DataFrame,
    stops: gpd.GeoDataFrame | None,
    crs: pyproj.CRS,
    problems: list[str],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.object_]]:
    """Find the point and the name of the stop of every row."""
    source = stops if stops is not None else lines
    if not isinstance(source, gpd.GeoDataFrame):
        problems.append("stops: no geometry; give a GeoDataFrame of points")
        return np.zeros(len(frame)), np.zeros(len(frame)), np.full(len(frame), "", dtype=object)
    if require_metres(source.crs, what="stops of the lines") != crs:
        problems.append(f"stops: CRS is not that of the network; reproject with to_crs({crs.to_string()!r})")
    ids = _as_text(frame["stop_id"]) if "stop_id" in frame.columns else None
    if stops is not None and ids is not None:
        known = pd.Series(stops.geometry.to_numpy(), index=_as_text(stops["stop_id"]), dtype=object)
        if known.index.has_duplicates:
            problems.append(f"stops: repeated stop_id {first_of(known.index[known.index.duplicated()])}")
        shapes = ids.map(known[~known.index.duplicated()]).to_numpy(dtype=object)
    else:
        shapes = frame[lines.geometry.name].to_numpy(dtype=object)
    points = np.array([isinstance(each, shapely.Point) and not each.is_empty for each in shapes], dtype=bool)
    problems += _told("stops: missing, or no point", frame, ~points)
    x, y = (
        np.array([getattr(each, axis) if ok else 0.0 for each, ok in zip(shapes, points, strict=True)])
        for axis in ("x", "y")
    )
    if ids is None:
        ids = pd.Series([f"{across:.3f} {up:.3f}" for across, up in zip(x, y, strict=True)], dtype=object)
    return x, y, ids.to_numpy(dtype=object)


def _both_ways(frame: pd.DataFrame, problems: list[str]) -> NDArray[np.bool_]:
    if "both_ways" not in frame.columns:
        return np.ones(len(frame), dtype=bool)
    flags = frame["both_ways"]
    problems += _told("both_ways: must be true or false", frame, ~flags.isin([True, False]).to_numpy())
    mixed = _differs(flags.eq(other=True), frame)
    if mixed.any():
        problems.append(
            f"both_ways: differs along the lines {first_of(mixed.index[mixed])}; one value a line"
        )
    return flags.eq(other=True).to_numpy()


def _rides(
    frame: pd.DataFrame, ride_m: NDArray[np.float64], last: NDArray[np.bool_], problems: list[str]
) -> NDArray[np.float64]:
    """Take the minutes to the next stop, or make them from a speed; none is needed at the last stop of a line."""
    given = {
        name: pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=np.float64)
        if name in frame.columns
        else np.full(len(frame), np.nan)
        for name in ("ride_min", "speed_km_h")
    }
    minutes, speed = given["ride_min"], given["speed_km_h"]
    problems += _told("ride_min: must be 0 or more and finite", frame, (minutes < 0) | np.isinf(minutes))
    problems += _told("speed_km_h: must be above 0 and finite", frame, (speed <= 0) | np.isinf(speed))
    lacking = ~last & np.isnan(minutes) & np.isnan(speed)
    problems += _told("ride_min: missing before the last stop, and no speed_km_h", frame, lacking)
    by_speed = np.divide(0.06 * ride_m, speed, out=np.full(len(frame), np.nan), where=speed > 0)
    return np.where(last, np.nan, np.where(np.isnan(minutes), by_speed, minutes))
