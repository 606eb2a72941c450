"""A map for a paper or a report: who is how far from a service, drawn with matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from spatial.cartography.notebook import ANY, facilities_reached, minutes_by_place, norm_of
from spatial.cartography.page_data import class_limits
from spatial.crs import require_metres
from spatial.errors import MissingDependencyError
from spatial.messages import Words
from spatial.reporting.wording import capital

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from spatial.results import Results

FILLS = ("#fdebc8", "#f8c98a", "#eb9350", "#c44a24", "#a3162e")
"""The five classes of a gap map, from half of the limit to half above it; as on the pages."""
EDGE, INK, NO_WAY, ROAD, UNIT = "#5c0a18", "#1d2529", "#a3162e", "#c9ccce", "#9aa1a6"
MAIN_ROADS = ("motorway", "trunk", "primary", "secondary", "tertiary")
LARGEST_PT2, LEAST_PT2, FULL_SIZE = 110.0, 14.0, 0.98
"""Areas of the largest and of the least circle, square points, and the quantile of people from which one is largest."""
MANY = 60
"""More facilities than these are drawn small."""
FONTS = ("DejaVu Sans", "Noto Sans CJK SC", "WenQuanYi Micro Hei", "Microsoft YaHei", "SimHei", "PingFang SC")
"""Fonts tried in turn for each sign; those that the machine lacks are left out."""


def plot_access(
    result: Results,
    service: str,
    *,
    mode: str = ANY,
    limit_min: float | None = None,
    language: str = "en",
    ax: Axes | None = None,
) -> Axes:
    """
    Draw how far every settlement is from a service, for a paper or a report; needs the extra ``plot``.

    Parameters
    ----------
    result : Results
        Of `run` or `read_results`.
    service : str
        As in the table `access`, such as ``"hospital"``.
    mode : str
        A mode of the table; ``"any"`` takes the fastest.
    limit_min : float, optional
        Minutes, inclusive; by default those of the first norm that asks for the service in minutes, else 60. The
        classes are half of it, it, a quarter and a half above it.
    language : str
        Of names and words.
    ax : Axes, optional
        Where to draw; by default a new figure of 7 by 6 inches.

    Returns
    -------
    Axes
        With townships, main roads, settlements (their area is their people; a white circle with a red edge has no way
        that is mapped, a grey one was not looked at), facilities, a legend with the people of each class, a scale bar.

    Raises
    ------
    MissingDependencyError
        Where matplotlib is not installed; it names the extra.
    ContractError
        Where no time to the service, or by the mode, was computed; it lists those there are.

    Examples
    --------
    >>> sp.plot_access(result, "hospital").figure.savefig("hospital.png", dpi=200)  # doctest: +SKIP
    """
    try:
        import matplotlib.pyplot as plt  # noqa: PLC0415 - of the extra `plot`
        from matplotlib.font_manager import fontManager  # noqa: PLC0415 - as above
        from matplotlib.lines import Line2D  # noqa: PLC0415 - as above
    except ImportError as error:
        raise MissingDependencyError("matplotlib", "plot") from error
    frame, norm = minutes_by_place(result, service, mode, language), norm_of(result, service)
    limit = float(norm["threshold"] if norm and limit_min is None else 60.0 if limit_min is None else limit_min)
    crs = require_metres(result.settlements.crs, what="settlements")
    frame, colon = frame.to_crs(crs), Words(language).of("pages").say("page", "colon")
    words, fonts = Words(language).of("pages"), {font.name for font in fontManager.ttflist}
    font: dict[str, Any] = {"fontfamily": [name for name in FONTS if name in fonts]}
    axes = plt.subplots(figsize=(7.0, 6.0), layout="compressed")[1] if ax is None else ax
    # The ground: townships and main roads.
    names = result.names
    if "boundaries" in names and result.boundaries["is_unit"].any():
        units = result.boundaries.loc[result.boundaries["is_unit"]].to_crs(crs)
        units.plot(ax=axes, facecolor="#f5f5f2", edgecolor=UNIT, linewidth=0.5, zorder=0)
    if "roads" in names:
        roads = result.roads
        assert isinstance(roads, gpd.GeoDataFrame)  # by its contract
        main = roads.loc[roads["road_class"].isin(MAIN_ROADS)].to_crs(crs)
        west, south, east, north = frame.total_bounds
        main = main.cx[west:east, south:north]
        if len(main):
            main.plot(ax=axes, color=ROAD, linewidth=0.7, zorder=1)
    # Settlements by class, large ones below small ones.
    limits = np.append(class_limits(limit, 1.0), np.inf)
    minutes, people = frame["minutes"].to_numpy(), frame["persons"].fillna(0.0).to_numpy()
    place = np.where(frame["is_known"], np.searchsorted(limits, minutes), -1)
    place = np.where(np.isnan(minutes) & (place >= 0), len(FILLS), place)
    size = np.clip(LARGEST_PT2 * people / max(np.quantile(people, FULL_SIZE), 1.0), LEAST_PT2, LARGEST_PT2)
    within = [words.say("class", "within", measure=words.measure(float(end), "min")) for end in limits[:-1]]
    told = [*within, words.say("class", "beyond", measure=words.measure(float(limits[-2]), "min"))]
    looks: list[dict[str, Any]] = [{"facecolor": fill, "edgecolor": EDGE, "linewidth": 0.4} for fill in FILLS]
    looks.append({"facecolor": "#ffffff", "edgecolor": NO_WAY, "linewidth": 1.4})
    looks.append({"facecolor": "#e4e6e7", "edgecolor": "#6b737a", "linewidth": 0.6})
    told += [words.say("beyond", "no_way"), words.say("class", "no_data")]
    key = []
    x, y = shapely.get_coordinates(frame.geometry).T
    for number, (name, look) in enumerate(zip(told, looks, strict=True)):
        chosen = np.flatnonzero(place == (number if number <= len(FILLS) else -1))
        chosen = chosen[np.argsort(-size[chosen], kind="stable")]
        if len(chosen) == 0 and number >= len(FILLS):
            continue
        axes.scatter(x[chosen], y[chosen], s=size[chosen], zorder=3, **look)
        count = words.of("results").say(
            "unit", "persons", n=round(people[chosen].sum()), value=words.number(people[chosen].sum())
        )
        shown: dict[str, Any] = {
            "markerfacecolor": look["facecolor"],
            "markeredgecolor": look["edgecolor"],
            "markersize": 8,
        }
        key.append(Line2D([], [], linestyle="", marker="o", label=f"{name}{colon}{count}", **shown))
    goals = facilities_reached(result, service, language).to_crs(crs)
    point = shapely.get_coordinates(goals.geometry)
    mark: dict[str, Any] = {"marker": "s", "color": INK, "markeredgecolor": "#ffffff", "markeredgewidth": 0.6}
    axes.plot(*point.T, linestyle="", markersize=5 if len(goals) <= MANY else 3, zorder=4, **mark)
    service_name = capital(words.term(service))
    key.append(Line2D([], [], linestyle="", markersize=6, label=service_name, **mark))
    # Title, legend, scale.
    by = words.say("by", mode)
    title = f"{service_name}, {by}"
    if norm and limit == norm["threshold"]:
        title += f"\n{norm['norm_id']}{colon}{within[1]}"
    axes.set_title(title, loc="left", fontsize=11, **font)
    axes.legend(
        handles=key,
        loc="upper left",
        bbox_to_anchor=(0.0, 0.0),
        ncols=3,
        frameon=False,
        prop={"family": font["fontfamily"], "size": 8},
    )
    axes.set_aspect("equal")
    axes.set_axis_off()
    # A bar of a round length, about a fifth of the width, below the map.
    west, south, east, north = frame.total_bounds
    wanted = max((east - west) / 5.0, 1.0)
    power = 10.0 ** np.floor(np.log10(wanted))
    length = max(step * power for step in (1.0, 2.0, 5.0) if step * power <= wanted)
    low = south - 0.07 * max(north - south, length)
    axes.plot([west, west + length], [low, low], color=INK, linewidth=2.0, solid_capstyle="butt", zorder=5)
    scale = f"{length / 1000.0:g} km" if length >= 1000.0 else f"{length:g} m"
    axes.annotate(scale, (west + length, low), (4, 0), textcoords="offset points", va="center", fontsize=8, **font)
    return axes
