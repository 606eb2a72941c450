"""The catalogue: which layers there are, in which group, with which look and names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import shapely

from spatial.errors import ContractError
from spatial.qgis import looks_base, looks_engine, looks_results
from spatial.qgis.checks import finding_layers
from spatial.qgis.columns import Renamed, plain_columns, plain_name
from spatial.qgis.draft import Draft, by_key, placed
from spatial.qgis.joins import (
    flow_lines,
    gap_points,
    headline_mode,
    services_in_order,
    settlement_results,
    township_results,
)
from spatial.qgis.joins_engine import rural_columns, settlement_engine
from spatial.qgis.joins_score import score_columns, township_scores, township_types
from spatial.qgis.joins_trials import trial_columns
from spatial.qgis.layer import Look, QgisLayer
from spatial.qgis.layers_engine import area_drafts, engine_looks, engine_tables, last_mile_drafts
from spatial.qgis.layers_score import score_drafts, score_looks, score_tables, township_looks
from spatial.qgis.meta import Messages, QgisMeta, known_field, load_messages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pyproj

    from spatial.qgis.styles import Style

__all__ = ["build_layers"]

PEOPLE = "persons"
"""In the name of every column that counts people."""

ROUTE_TOLERANCE_M = 5.0
"""Routes are drawn to this precision: full ones repeat every road a thousand times over."""


def build_layers(
    tables: Mapping[str, pd.DataFrame],
    *,
    crs: pyproj.CRS | str,
    languages: Sequence[str],
    meta: QgisMeta,
) -> tuple[QgisLayer, ...]:
    """Make every layer that the tables allow."""
    if "settlements" not in tables or len(tables["settlements"]) == 0:
        raise ContractError("settlements", ["is empty: a GeoPackage needs at least one settlement"])
    words = load_messages(languages[0])
    filled = {name: table for name, table in tables.items() if len(table)}
    drafts = [
        *_results(filled, words, meta),
        *_network(filled, words, meta),
        *_base(filled, words),
        *_checks(filled, words),
    ]
    # A table may have rows of which none can be drawn, such as flows between places that are not there.
    people = words.text("project", "people", basis=words.text("project", f"basis_{meta.population_basis}"))
    layers = [_finish(draft, crs, words, people) for draft in drafts if len(draft.frame)]
    renamed = [item for layer in layers for item in layer.renamed]
    if renamed:
        layers.append(_finish(_renamed(renamed, words), crs, words))
    return tuple(layers)


def _results(tables: Mapping[str, pd.DataFrame], words: Messages, meta: QgisMeta) -> Iterable[Draft]:
    gaps = tables.get("gaps")
    services = services_in_order(list(gaps["service"]), meta) if gaps is not None else []
    for position, service in enumerate(services):
        name = words.service(service, meta)
        yield Draft(
            f"gap_{plain_name(service)}",
            gap_points(tables, service),
            "results",
            lambda frame: looks_results.gap_look(frame, words),
            ("gaps", "settlements"),
            title=words.text("layers", "gap", service=name),
            description=words.text("layers", "gap_text", service=name),
            titles={"gap_class": words.text("columns", "gap_class")},
            visible=position == 0,
            shelf="gaps" if meta.headline_services and service not in meta.headline_services else "",
        )
    yield _settlements(tables, words, meta, visible=not services)
    if "facilities" in tables:
        yield Draft(
            "facilities",
            by_key(tables["facilities"], "facility_id"),
            "results",
            lambda frame: looks_results.facilities_look(frame, words, meta),
            ("facilities",),
            more_looks=lambda frame: _headline_facilities(frame, words, meta, services),
        )
    if "routes" in tables:
        yield _routes(tables, words, meta)
    if "flows" in tables:
        flows = flow_lines(tables["flows"], gpd.GeoDataFrame(tables["settlements"]))
        yield Draft("flows", flows, "results", lambda _: looks_results.flows_look(), ("flows",))
    if "boundaries" in tables and tables["boundaries"]["is_unit"].any():
        yield _townships(tables, words, meta)
    yield from score_drafts(tables, words)
    yield from last_mile_drafts(tables, words)
    yield from area_drafts(tables, words, meta)
    if "norm_results" in tables:
        rows = tables["norm_results"]
        rows = rows[rows["unit_level"] != "settlement"]
        yield Draft(
            "norm_results",
            by_key(rows, "unit_level", "unit_id", "norm_id"),
            "results",
            None,
            ("norm_results",),
            shelf="tables",
        )
    yield from engine_tables(tables)
    yield from score_tables(tables)


def _settlements(
    tables: Mapping[str, pd.DataFrame], words: Messages, meta: QgisMeta, *, visible: bool
) -> Draft:
    mode = headline_mode(tables["access"], meta) if "access" in tables else ""
    shown = words.text("modes", mode) if words.has("modes", mode) else mode
    frame, titles = settlement_results(tables, words, meta)
    for gather in (settlement_engine, trial_columns, score_columns):
        found, more = gather(tables, words, meta)
        fresh = found.drop(columns=[column for column in found.columns if column in frame.columns])
        frame, titles = gpd.GeoDataFrame(frame.join(fresh, on="settlement_id")), {**more, **titles}
    return Draft(
        "settlements",
        frame,
        "results",
        lambda frame: looks_results.settlements_look(frame, words),
        ("settlements", "last_mile", "scores", "access_clusters", "settlement_types"),
        description=words.text("layers", "settlements_text", mode=shown),
        titles=titles,
        visible=visible,
        more_looks=lambda frame: (
            *_settlement_looks(frame, words),
            *score_looks(tables, frame, words, meta.level_bands),
            *engine_looks(tables, frame, words, meta),
        ),
    )


def _settlement_looks(frame: pd.DataFrame, words: Messages) -> tuple[Look, ...]:
    names = Look(
        "names", words.text("layers", "names"), looks_results.names_look(frame, words), "base", visible=True
    )
    if "last_mile_class" not in frame.columns:
        return (names,)
    style = looks_results.last_mile_look(frame, words)
    return (Look("last_mile", words.text("layers", "last_mile"), style, "results"), names)


def _headline_facilities(
    frame: pd.DataFrame, words: Messages, meta: QgisMeta, services: Sequence[str]
) -> tuple[Look, ...]:
    wanted = (meta.headline_services or services)[:1]  # of the gap that the project opens on
    only = {one for service in wanted for one in meta.satisfied_by.get(service, (service,))}
    if not only & set(frame["service"]):
        return ()
    style = looks_results.facilities_look(frame, words, meta, only=only)
    return (Look("headline", words.text("layers", "facilities_headline"), style, "results", visible=True),)


def _routes(tables: Mapping[str, pd.DataFrame], words: Messages, meta: QgisMeta) -> Draft:
    routes = gpd.GeoDataFrame(by_key(tables["routes"], "settlement_id", "service", "mode"))
    drawn = routes.set_geometry(routes.geometry.simplify(ROUTE_TOLERANCE_M, preserve_topology=False))
    return Draft(
        "routes",
        drawn,
        "results",
        lambda frame: looks_results.routes_look(frame, words, meta),
        ("routes",),
        description=words.text("layers", "routes_text", metres=f"{ROUTE_TOLERANCE_M:g}"),
    )


def _townships(tables: Mapping[str, pd.DataFrame], words: Messages, meta: QgisMeta) -> Draft:
    names = _norm_names(tables, words, meta)
    frame, titles = township_results(tables, words, names)
    scored, why = township_scores(tables, words)
    titles = {**why, **titles}
    for found in (rural_columns(tables), scored, township_types(tables)):
        fresh = found.drop(columns=[column for column in found.columns if column in frame.columns])
        frame = gpd.GeoDataFrame(frame.join(fresh, on="boundary_id"))
    stems = {plain_name(norm): name for norm, name in names.items()}

    def more(frame: pd.DataFrame) -> tuple[Look, ...]:
        looks = [
            Look(
                stem,
                words.text("layers", "township_norm", norm=name),
                looks_results.share_fill_look(stem, frame, words),
                "results",
                shelf="townships",
            )
            for stem, name in stems.items()
            if f"{stem}_share" in frame.columns
        ]
        if "rai_lower" in frame.columns:
            title = words.text("layers", "rural_townships")
            looks.append(Look("rural", title, looks_engine.rural_look(frame, words), "results"))
        return (*looks, *township_looks(tables, frame, words, meta.level_bands))

    return Draft(
        "townships",
        frame,
        "results",
        lambda frame: looks_results.status_fill_look("norm_status", frame, words),
        ("boundaries", "rural_access", "scores", "unit_types", "functional_areas"),
        titles=titles,
        more_looks=more,
    )


def _norm_names(tables: Mapping[str, pd.DataFrame], words: Messages, meta: QgisMeta) -> dict[str, str]:
    if "norm_results" not in tables:
        return {}
    services = tables["norm_results"].drop_duplicates("norm_id").set_index("norm_id")["service"].sort_index()
    return {
        str(norm): meta.norms.get(str(norm), f"{words.service(service, meta)} ({norm})")
        for norm, service in services.items()
    }


def _network(tables: Mapping[str, pd.DataFrame], words: Messages, meta: QgisMeta) -> Iterable[Draft]:
    if "snaps" in tables:
        snaps = gpd.GeoDataFrame(by_key(tables["snaps"], "place_id", "mode"))
        yield Draft("snaps", placed(snaps), "network", lambda _: looks_base.snaps_look(words), ("snaps",))
    if "edges" not in tables:
        return
    edges = tables["edges"]
    modes = [meta.mode] if meta.mode in set(edges["mode"]) else []
    for mode in dict.fromkeys([*modes, *sorted(set(edges["mode"]))]):
        shown = words.text("modes", mode) if words.has("modes", mode) else mode
        yield Draft(
            f"edges_{plain_name(mode)}",
            by_key(edges[edges["mode"] == mode], "edge_id"),
            "network",
            lambda _: looks_base.edges_look(words),
            ("edges",),
            title=words.text("layers", "edges", mode=shown),
            description=words.text("layers", "edges_text", mode=shown),
        )


def _base(tables: Mapping[str, pd.DataFrame], words: Messages) -> Iterable[Draft]:
    if "boundaries" in tables:
        boundaries = by_key(tables["boundaries"], "boundary_id")
        yield Draft(
            "boundaries",
            boundaries,
            "base",
            lambda frame: looks_base.boundaries_look(frame, words),
            ("boundaries",),
            visible=True,
        )
    if "study_area" in tables:
        area = by_key(tables["study_area"], "area_id")
        yield Draft(
            "study_area", area, "base", lambda _: looks_base.study_area_look(), ("study_area",), visible=True
        )
    if "roads" in tables:
        roads = by_key(tables["roads"], "road_id")
        yield Draft("roads", roads, "base", lambda _: looks_base.roads_look(words), ("roads",), visible=True)
    if "water" in tables:
        water = gpd.GeoDataFrame(by_key(tables["water"], "water_id"))
        for table, kind in (
            ("water_points", "Point"),
            ("water_lines", "LineString"),
            ("water_areas", "Polygon"),
        ):
            rows = water[water.geom_type.str.removeprefix("Multi") == kind]
            if len(rows):
                yield Draft(table, rows, "base", _water_style(kind), ("water",), visible=True)


def _water_style(kind: str) -> Callable[[pd.DataFrame], Style]:
    return lambda _: looks_base.water_look(kind)


def _finding_style(kind: str, position: int) -> Callable[[pd.DataFrame], Style]:
    return lambda _: looks_base.finding_look(kind, position)


def _checks(tables: Mapping[str, pd.DataFrame], words: Messages) -> Iterable[Draft]:
    for position, found in enumerate(finding_layers(tables, words)):
        yield Draft(
            found.table,
            found.frame,
            "checks",
            _finding_style(found.geometry, position) if found.geometry else None,
            ("findings_read",),
            title=found.title,
            description=found.description,
        )
    for name, keys in (
        ("population_account", ("item",)),
        ("unit_totals", ("unit_id", "group")),
        ("counts", ("source", "item")),
        ("provenance", ("path",)),
        ("known_issues", ("path", "number")),
    ):
        if name in tables:
            yield Draft(name, by_key(tables[name], *keys), "checks", None, (name,))


def _renamed(renamed: Sequence[Renamed], words: Messages) -> Draft:
    columns = ("layer", "column_was", "column_now", "why")
    rows = [(item.layer, item.was, item.now, words.text("renamed", item.why)) for item in renamed]
    frame = pd.DataFrame(rows, columns=list(columns)).astype("str")
    titles = {column: words.text("columns", column) for column in columns}
    return Draft("renamed_columns", frame, "checks", None, ("counts",), titles=titles)


def _finish(draft: Draft, crs: pyproj.CRS | str, words: Messages, people: str = "") -> QgisLayer:
    """Make a layer of a draft; `people` says who is counted where it has numbers of people."""
    frame = draft.frame
    if isinstance(frame, gpd.GeoDataFrame):
        flat = gpd.GeoSeries(shapely.force_2d(frame.geometry.to_numpy()), index=frame.index, crs=frame.crs)
        frame = frame.set_geometry(flat).to_crs(crs)
    plain, was, renamed = plain_columns(frame, layer=draft.table)
    aliases, comments = _column_texts(plain, draft, was, words)
    described = draft.description or words.text("layers", f"{draft.table}_text")
    return QgisLayer(
        draft.table,
        draft.title or words.text("layers", draft.table),
        f"{described} {people}".strip() if any(PEOPLE in name for name in plain.columns) else described,
        draft.group,
        plain,
        draft.style(plain) if draft.style else None,
        aliases,
        comments,
        draft.visible,
        renamed,
        draft.more_looks(plain) if draft.more_looks else (),
        draft.shelf,
    )


def _column_texts(
    frame: pd.DataFrame, draft: Draft, was: Mapping[str, str], words: Messages
) -> tuple[dict[str, str], dict[str, str]]:
    aliases: dict[str, str] = {}
    comments: dict[str, str] = {}
    for column in frame.columns:
        if column == "geometry":
            continue
        known = known_field(column, draft.sources) if column not in was else None
        title = draft.titles.get(column) or (words.field_title(known) if known else "")
        if not title:
            title = words.text("extra", column) if words.has("extra", column) else was.get(column, column)
        # GeoPackage wants the names of one table to differ.
        aliases[column] = title if title not in aliases.values() else f"{title} [{column}]"
        if known and known.description:
            comments[column] = known.description
    return aliases, comments
