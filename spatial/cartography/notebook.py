"""Maps for a notebook or a paper: gaps and plans as folium layers to add to, and a map drawn with matplotlib."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.cartography.page_data import class_limits
from spatial.crs import WGS84, require_metres
from spatial.errors import ContractError, MissingDependencyError
from spatial.messages import Words
from spatial.reporting.summary import is_judged
from spatial.reporting.wording import capital, name_in
from spatial.results import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes


ANY = "any"
"""The fastest of the modes."""
USUAL_MIN = 60.0
"""Minutes where no norm asks for a service in minutes."""
NO_VALUE = "\u2013"
LARGEST_PX, LEAST_PX, PLAIN_PX = 11.0, 2.0, 4.0
"""Radius of the settlement with most people, of those with fewest, and of all where nobody's number is known."""
INK, BEYOND, WITHIN, GAINED = "#1d2529", "#a3162e", "#f8c98a", "#0b6b66"
LOOKS: Mapping[str, Mapping[str, Any]] = {
    "within": {"color": "#b38a2a", "fillColor": WITHIN},
    "beyond": {"color": "#fff", "fillColor": BEYOND},
    "no_way": {"color": BEYOND, "fillColor": "#fff", "weight": 2},
    "none_reached": {"color": BEYOND, "fillColor": "#fff", "weight": 2},
    "gained": {"color": "#fff", "fillColor": GAINED},
    "unknown": {"color": "#6d7478", "fillColor": "#fff", "dashArray": "3 2"},
}


def gap_map(
    result: Results, service: str, *, mode: str = ANY, limit_min: float | None = None, language: str = "en"
) -> folium.Map:
    """
    Draw who is beyond a service on a folium map, which shows in a notebook and takes further layers.

    Parameters
    ----------
    result : Results
        Of `run` or `read_results`.
    service : str
        As in the table `access`, such as ``"hospital"``.
    mode : str
        A mode of the table; ``"any"`` takes the fastest.
    limit_min : float, optional
        Minutes, inclusive; by default those of the first norm in minutes on the service that is judged, else 60.
    language : str
        Of names and words.

    Returns
    -------
    folium.Map
        With townships, settlements and facilities; without tiles of others. folium loads its scripts from the web, the
        pages that a run writes do not.

    Raises
    ------
    ContractError
        For what is no run; and where no time to the service, or by the mode, was computed: it lists those there are.

    Examples
    --------
    >>> page = sp.gap_map(result, "hospital")  # doctest: +SKIP
    >>> folium.Marker([28.5, 104.2], tooltip="our office").add_to(page)  # doctest: +SKIP
    """
    layer = gap_layer(result, service, mode=mode, limit_min=limit_min, language=language)
    # Draw the facilities, or towns, that were the nearest of anybody.
    points = folium.FeatureGroup(name=capital(Words(language).of("results").term("facilities")))
    frame = facilities_reached(result, service, language)
    for name, place in zip(frame["name"], shapely.get_coordinates(frame.geometry)[:, ::-1], strict=True):
        tip = html.escape(name) if isinstance(name, str) else None
        style: dict[str, Any] = {"color": "#fff", "weight": 1.5, "fill_color": INK, "fill_opacity": 1.0}
        folium.CircleMarker(place.tolist(), radius=5, tooltip=tip, **style).add_to(points)
    return _map(result, layer, points, language=language)


def gap_layer(
    result: Results, service: str, *, mode: str = ANY, limit_min: float | None = None, language: str = "en"
) -> folium.FeatureGroup:
    """
    Draw the settlements alone, as a layer for a map of one's own.

    Parameters
    ----------
    result, service, mode, limit_min, language
        As of `gap_map`.

    Returns
    -------
    folium.FeatureGroup
        Circles by people; white with a red edge where no way leads there, dashed where nobody could look.

    Raises
    ------
    ContractError
        As `gap_map`.

    Examples
    --------
    >>> sp.gap_layer(result, "hospital", limit_min=30).add_to(my_map)  # doctest: +SKIP
    """
    frame, norm = minutes_by_place(result, service, mode, language), norm_of(result, service)
    limit = limit_min if limit_min is not None else float(norm["threshold"]) if norm else USUAL_MIN
    value, looked = frame["minutes"].to_numpy(), frame["is_known"]
    no_way = np.isnan(value) & ~frame["is_further"]
    frame["look"] = np.select([~looked, no_way, value <= limit], ["unknown", "no_way", "within"], "beyond")
    words = Words(language)
    none = np.where(frame["is_further"], words.of("pages").say("class", "searched"), NO_VALUE).tolist()
    told = [
        bare if np.isnan(each) else words.measure(each, "min") for each, bare in zip(value.tolist(), none, strict=True)
    ]
    return _layer(f"{capital(words.term(service))}, {words.limit(limit, 'min')}", frame.assign(told=told))


def plan_map(result: Results, plan_id: str | None = None, *, language: str = "en") -> folium.Map:
    """
    Draw a plan on a folium map: whom it brings within, who is still beyond, and its sites, links or roads.

    Parameters
    ----------
    result : Results
        Of `run` or `read_results`.
    plan_id : str, optional
        As in the table `plans`; by default the first plan that has actions.
    language : str
        Of names and words.

    Returns
    -------
    folium.Map
        As `gap_map` gives it.

    Raises
    ------
    ContractError
        Where there is no such plan, or none at all; it lists those there are.

    Examples
    --------
    >>> sp.plan_map(result, "cn-county-60")  # doctest: +SKIP
    """
    _require_results(result)
    actions = result.plan_actions
    first = next(iter(actions["plan_id"]), None)
    own = gpd.GeoDataFrame(_one_of(actions, "plan_id", first if plan_id is None else plan_id), crs=actions.crs)
    people = result.plan_people
    people = people.loc[people["plan_id"] == own["plan_id"].iloc[0]].set_index("unit_id")
    frame = _places(result, language)
    # Where a plan is about townships, each of their settlements stands where they do.
    unit = frame["settlement_id"] if (people["unit_level"] == "settlement").all() else frame["township_id"]
    frame["look"] = people["outcome"].reindex(unit).fillna("unknown").to_numpy()
    after = people["after_value"].reindex(unit).to_numpy()
    words = Words(language)
    unit_of = str(result.plans.set_index("plan_id").loc[own["plan_id"].iloc[0], "unit"])
    frame["told"] = [NO_VALUE if np.isnan(each) else words.measure(each, unit_of) for each in after.tolist()]
    layer = _layer(str(own["plan_id"].iloc[0]), frame)
    steps = folium.FeatureGroup(name=words.of("pages").say("plan", "title"))
    own = own.sort_values("step").to_crs(WGS84)
    line: dict[str, Any] = {"color": INK, "weight": 4}
    # A site is named as its place is; a link, of two places, as it is written.
    named = pd.concat(
        [
            name_in(frame, language).set_axis(frame[key])
            for frame, key in ((result.facilities, "facility_id"), (result.settlements, "settlement_id"))
        ]
    ).dropna()
    names = named.to_dict()
    for step, place, where, shape in zip(own["step"], own["place"], own["place_id"], own.geometry, strict=True):
        tip = html.escape(f"{step}. {names.get(where, place) if isinstance(place, str) else where}")
        if shape.geom_type == "Point":
            folium.Marker(shapely.get_coordinates(shape)[0, ::-1].tolist(), tooltip=tip).add_to(steps)
        else:
            folium.GeoJson(shape.__geo_interface__, style_function=lambda _: line, tooltip=tip).add_to(steps)
    return _map(result, layer, steps, language=language)


def _require_results(given: object) -> None:
    """Refuse what is no run, such as the path of its folder."""
    if not hasattr(given, "names"):
        raise ContractError("result", [f"is a {type(given).__name__}; open a run with read_results(folder)"])


def _one_of(frame: pd.DataFrame, column: str, wanted: str | None) -> pd.DataFrame:
    """Take the rows of one value; where there are none, say which values there are."""
    own = frame.loc[frame[column] == wanted]
    if own.empty:
        there = ", ".join(sorted(map(str, frame[column].unique()))) or "none"
        raise ContractError("map", [f"{column}: no {wanted!r} in these results; there are {there}"])
    return own


def minutes_by_place(result: Results, service: str, mode: str, language: str) -> gpd.GeoDataFrame:
    """Take the settlements of the study with their minutes to a service; NaN where there is no way or nobody looked."""
    _require_results(result)
    own = _one_of(result.access, "service", service)
    own = own if mode == ANY else _one_of(own, "mode", mode)
    # Of several modes the fastest; who has no time by any of them has no way, unless nobody could look.
    minutes = own.groupby("settlement_id")["travel_time_min"].min()
    is_known = own["reach_status"].ne("unknown")
    frame = _places(result, language)
    frame["minutes"] = minutes.reindex(frame["settlement_id"]).to_numpy()
    frame["is_known"] = frame["settlement_id"].isin(own.loc[is_known, "settlement_id"].unique())
    # There may be a way that is longer than was searched.
    longer = own.loc[own["reach_status"].eq("beyond_cutoff"), "settlement_id"].unique()
    frame["is_further"] = frame["minutes"].isna() & frame["settlement_id"].isin(longer)
    return frame


def norm_of(result: Results, service: str) -> Mapping[str, Any] | None:
    """Find the first norm that asks for a service in minutes and is judged; None where none is."""
    norms = filter(is_judged, result.summary["norms"])
    return next((one for one in norms if one["service"] == service and one["metric"] == "time_min"), None)


def facilities_reached(result: Results, service: str, language: str) -> gpd.GeoDataFrame:
    """Take the facilities, or towns, that were the nearest of anybody, with their names."""
    own = result.access.loc[result.access["service"] == service, "facility_id"].dropna().unique()
    towns = result.settlements.rename(columns={"settlement_id": "facility_id"})
    every = [frame.loc[frame["facility_id"].isin(own)].to_crs(WGS84) for frame in (result.facilities, towns)]
    shapes = gpd.GeoSeries(pd.concat([frame.geometry for frame in every], ignore_index=True), crs=WGS84)
    names = pd.concat([name_in(frame, language) for frame in every], ignore_index=True)
    return gpd.GeoDataFrame({"name": names}, geometry=shapes, crs=WGS84)


def _places(result: Results, language: str) -> gpd.GeoDataFrame:
    """Take the settlements of the study with names and people, and no more."""
    own = result.settlements.loc[result.settlements["in_study"]]
    names = name_in(own, language).fillna(own["settlement_id"])
    return gpd.GeoDataFrame(
        {
            "settlement_id": own["settlement_id"],
            "township_id": own.get("township_id"),
            "name": [html.escape(str(name)) for name in names],
            "persons": own["population_persons"],
            "people": [Words(language).number(value) for value in own["population_persons"]],
        },
        geometry=own.geometry,
        crs=own.crs,
    ).to_crs(WGS84)


def _layer(name: str, frame: gpd.GeoDataFrame) -> folium.FeatureGroup:
    """Draw settlements by their look, large ones below small ones: as large as those beyond have people."""
    layer = folium.FeatureGroup(name=name)
    people = frame["persons"]
    most = people.where(~frame["look"].isin(["within", "unknown"])).max()
    share = people.fillna(0.0) / (most if most > 0.0 else max(people.max(), 1.0))
    frame["radius"] = np.clip(LARGEST_PX * np.sqrt(share), LEAST_PX, LARGEST_PX) if people.notna().any() else PLAIN_PX
    order = frame.sort_values(["radius", "settlement_id"], ascending=[False, True])
    folium.GeoJson(
        order[["name", "people", "told", "look", "radius", "geometry"]],
        marker=folium.CircleMarker(fill=True),
        style_function=lambda feature: {
            "weight": 0.8,
            "fillOpacity": 0.9,
            "radius": feature["properties"]["radius"],
            **LOOKS[feature["properties"]["look"]],
        },
        tooltip=folium.GeoJsonTooltip(["name", "told", "people"], labels=False),
    ).add_to(layer)
    return layer


def _map(result: Results, *layers: folium.FeatureGroup, language: str) -> folium.Map:
    """Put layers on townships, at the extent of the settlements."""
    west, south, east, north = _places(result, language).total_bounds.tolist()
    page = folium.Map(location=[(south + north) / 2, (west + east) / 2], tiles=None)
    units = result.boundaries if "boundaries" in result.names else None
    if units is not None and units["is_unit"].any():
        shapes = units.loc[units["is_unit"]].to_crs(WGS84)[["geometry"]]
        line = {"color": "#7e8588", "weight": 1, "fillColor": "#f5f5f2", "fillOpacity": 0.6}
        folium.GeoJson(shapes, style_function=lambda _: line, control=False).add_to(page)
    for layer in layers:
        layer.add_to(page)
    page.fit_bounds([[south, west], [north, east]])
    return page


# A map for a paper or a report: who is how far from a service, drawn with matplotlib.

FILLS = ("#fdebc8", "#f8c98a", "#eb9350", "#c44a24", "#a3162e")
"""The five classes of a gap map, from half of the limit to half above it; as on the pages."""
EDGE, NO_WAY, ROAD, UNIT = "#5c0a18", BEYOND, "#c9ccce", "#9aa1a6"
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
        Minutes, inclusive; by default those of the first norm in minutes on the service that is judged, else 60. The
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
        main = roads.loc[roads["road_class"].isin(MAIN_ROADS)].to_crs(crs)
        west, south, east, north = frame.total_bounds
        main = main.cx[west:east, south:north]
        if len(main):
            main.plot(ax=axes, color=ROAD, linewidth=0.7, zorder=1)
    # Settlements by class, large ones below small ones.
    limits = np.append(class_limits(limit, 1.0), np.inf)
    minutes, people = frame["minutes"].to_numpy(), frame["persons"].fillna(0.0).to_numpy()
    place = np.where(frame["is_known"], np.searchsorted(limits, minutes), -1)
    place = np.where(np.isnan(minutes) & (place >= 0), len(FILLS) + ~frame["is_further"], place)
    size = np.clip(LARGEST_PT2 * people / max(np.quantile(people, FULL_SIZE), 1.0), LEAST_PT2, LARGEST_PT2)
    ends = [words.limit(float(end), "min") for end in limits[:-1]]
    told = [words.say("class", "within", measure=ends[0])]
    told += [
        words.say("sure", "span", low=words.figure(float(low)), high=high)
        for low, high in zip(limits, ends[1:], strict=False)
    ]
    told.append(words.say("class", "beyond", measure=ends[-1]))
    looks: list[dict[str, Any]] = [{"facecolor": fill, "edgecolor": EDGE, "linewidth": 0.4} for fill in FILLS]
    looks.append(looks[-1])
    looks.append({"facecolor": "#ffffff", "edgecolor": NO_WAY, "linewidth": 1.4})
    looks.append({"facecolor": "#e4e6e7", "edgecolor": "#6b737a", "linewidth": 0.6})
    told += [words.say("class", "searched"), words.say("answer", "no_way"), words.say("class", "no_data")]
    key = []
    x, y = shapely.get_coordinates(frame.geometry).T
    for number, (name, look) in enumerate(zip(told, looks, strict=True)):
        chosen = np.flatnonzero(place == (number if number < len(looks) - 1 else -1))
        chosen = chosen[np.argsort(-size[chosen], kind="stable")]
        if len(chosen) == 0 and number >= len(FILLS):
            continue
        axes.scatter(x[chosen], y[chosen], s=size[chosen], zorder=3, **look)
        # Where nobody's number is known, places are counted.
        amount, unit = (people[chosen].sum(), "persons") if frame["persons"].notna().any() else (len(chosen), "places")
        count = words.of("results").say("unit", unit, n=round(amount), value=words.number(amount))
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
    # The norm is named where the map travels as it asks.
    asked, modes = (norm or {}).get("mode") or ANY, result.access["mode"].unique()
    travels = mode == asked or (len(modes) == 1 and {mode, asked} <= {ANY, *modes})
    if norm and limit == norm["threshold"] and travels:
        title += f"\n{norm['norm_id']}{colon}{words.say('class', 'within', measure=ends[1])}"
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
