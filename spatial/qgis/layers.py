"""The catalogue: which layers there are, in which group, with which look and names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import geopandas as gpd
import pandas as pd
import pyproj
import shapely

from spatial.errors import ContractError
from spatial.messages import Words
from spatial.qgis import looks_access, looks_results
from spatial.qgis.joins import (
    POTENTIAL_MODELS,
    by_service,
    cell_points,
    flow_lines,
    gap_points,
    headline_mode,
    joined,
    last_mile_lines,
    neighbour_colours,
    potential_lines,
    rural_columns,
    score_columns,
    services_in_order,
    settlement_engine,
    settlement_results,
    town_points,
    township_results,
    township_scores,
    township_types,
)
from spatial.qgis.layer import (
    SHELVES,
    Draft,
    Look,
    NormWords,
    QgisLayer,
    QgisMeta,
    by_key,
    findings_by_kind,
    known_field,
    placed,
    plain_columns,
    plain_name,
    service_name,
)
from spatial.qgis.looks_results import least_levels
from spatial.qgis.styles import TINTS, Style
from spatial.reporting.disclosure import SUPPRESSED
from spatial.reporting.plans import HAVING
from spatial.reporting.wording import township_in
from spatial.study.access import MANY_SETTLEMENTS
from spatial.study.edits import SCENARIO as OWN_EDITS
from spatial.tables import TABLES
from spatial.tables.words import NAMES

# The engine's layers: areas within reach, catchments, cells, further looks of settlements, and plain tables.

PLAIN_ACCESS = (
    "measures", "served", "intervals", "interval_people", "wet_losses", "rural_access", "off_road",
    "scenario_access", "scenario_people", "emergency_response", "emergency_people", "calibration_factors",
    "calibration_errors", "calibration_observations",
)  # fmt: skip
PLAIN_SCORE = (
    "scores", "score_components", "score_norms", "rank_pairs", "score_variance", "flow_balances",
    "settlement_types", "unit_types", "functional_areas", "town_system", "access_clusters", "inequality",
    "coordination",
)  # fmt: skip
"""Tables that are shown as they are. Times of cells stand with the cells; towns and modelled flows are layers."""


def plain_tables(
    tables: Mapping[str, pd.DataFrame], names: Iterable[str], group: str = "results", shelf: str = "tables"
) -> Iterator[Draft]:
    """Draft tables that are shown as they are, as far as they are there."""
    for name in names:
        if name in tables:
            table = tables[name]
            rows = pd.DataFrame(table).drop(columns="geometry", errors="ignore") if shelf == "plans" else table
            yield Draft(name, by_key(rows, *TABLES[name].key), None, (name,), group=group, shelf=shelf)


def area_drafts(tables: Mapping[str, pd.DataFrame], words: Words, meta: QgisMeta) -> Iterator[Draft]:
    """Draft the layers that show ground: within reach, nearest facility, cells of people."""
    looks = {"isochrones": looks_access.isochrones_look, "catchments": looks_access.catchments_look}
    for name, look in looks.items():
        if name not in tables:
            continue
        rows = placed(gpd.GeoDataFrame(tables[name]))
        main = headline_mode(rows, meta)
        for service in services_in_order(list(rows["service"]), meta):
            of_service = rows[rows["service"] == service]
            for mode in sorted(set(of_service["mode"]), key=lambda mode: (mode != main, mode)):
                frame = gpd.GeoDataFrame(by_key(of_service[of_service["mode"] == mode], *TABLES[name].key))
                if name == "catchments":
                    # Colours differ between neighbours.
                    frame = frame.assign(tint=neighbour_colours(frame.geometry.to_numpy(), len(TINTS)))
                    if "facilities" in tables:
                        facilities = pd.DataFrame(tables["facilities"]).set_index("facility_id")
                        names = [column for column in NAMES if column in facilities.columns]
                        frame = gpd.GeoDataFrame(frame.join(facilities[names], on="facility_id"))
                shown = words.say("modes", mode) if words.has("modes", mode) else mode
                yield Draft(
                    f"{name}_{plain_name(service)}" + ("" if mode == main else f"_{plain_name(mode)}"),
                    frame,
                    partial(look, words=words),
                    (name, "facilities"),
                    title=words.say("layers", name, service=service_name(service, words, meta), mode=shown),
                    description=words.say("layers", f"{name}_text", mode=shown),
                    titles={"tint": words.say("columns", "tint")},
                    shelf="areas",
                )
    if "cells" not in tables or "cell_access" not in tables:
        return
    frame, titles = cell_points(tables, words, meta)
    first = services_in_order(list(tables["cell_access"]["service"]), meta)[0]
    yield Draft(
        "cells",
        frame,
        lambda frame: looks_access.cells_look(plain_name(first), meta.cutoffs_min, frame, words),
        ("cells",),
        title=words.say("layers", "cells", service=service_name(first, words, meta)),
        titles=titles,
        shelf="areas",
    )


# The layers of the score: looks of settlements and townships, towns, modelled flows, plain tables.

SHELF = "score"


def score_looks(
    tables: Mapping[str, pd.DataFrame], frame: pd.DataFrame, words: Words, meta: QgisMeta
) -> Iterator[Look]:
    """Make looks of settlements: level, clusters of access, types; each unless a column of the sources has its name."""
    made: dict[str, tuple[str, Callable[..., Style]]] = {
        "integration_level": ("scores", partial(looks_results.level_look, least=least_levels(*meta.level_bands))),
        "cluster": ("access_clusters", partial(looks_results.scale_look, "cluster", "cluster")),
        "degurba_code": ("settlement_types", looks_results.types_look),
    }
    taken = {"classes_differ": "degurba_code"}
    own = {taken.get(name, name) for name in tables["settlements"].columns}
    for column, (table, look) in made.items():
        if table not in tables or column not in frame.columns or column in own:
            continue
        if column != "integration_level" or frame[column].notna().any():
            yield Look(column, words.say("layers", f"score_{table}"), look(frame, words), shelf=SHELF)


def township_looks(
    tables: Mapping[str, pd.DataFrame], frame: pd.DataFrame, words: Words, meta: QgisMeta
) -> Iterator[Look]:
    """Make looks of townships, gates above, score, types and urban areas; none whose names columns of sources bear."""
    own, least = {*tables["boundaries"].columns}, least_levels(*meta.level_bands)
    scores = ("mandatory_status", "integration_level", "segmentation_index", "failed_gates")
    made: dict[str, tuple[str, Callable[..., Style], tuple[str, ...]]] = {
        "mandatory_status": ("score", looks_results.gates_look, scores),
        "integration_level": ("score", partial(looks_results.level_fill_look, least=least), scores),
        "segmentation_index": ("score", looks_results.gap_index_look, scores),
        "degurba_level2": ("types", looks_results.unit_types_look, ("differ_persons",)),
        "fua_part": ("types", looks_results.functional_look, ("fua_method", "fua_name")),
    }
    for column, (kind, look, beside) in made.items():
        if not {column, *beside} <= {*frame.columns} - own or (column == scores[1] and frame[column].isna().all()):
            continue
        title = words.say("layers", f"township_{column}")
        first = {"shelf": "townships", "slim": True, "theme": title}
        shown: dict[str, Any] = first if column == "integration_level" else {"shelf": SHELF}
        yield Look(f"{kind}_{column}", title, look(frame, words), **shown)


def score_drafts(tables: Mapping[str, pd.DataFrame], words: Words) -> Iterator[Draft]:
    """Draft towns and modelled flows."""

    def complete(frame: pd.DataFrame) -> Iterator[Look]:
        style = looks_results.completeness_look(frame, words)
        yield Look("completeness", words.say("layers", "towns_complete"), style, shelf=SHELF)

    if "towns" in tables:
        yield Draft(
            "towns",
            placed(town_points(tables)),
            lambda frame: looks_results.fulcrum_look(frame, words),
            ("towns", "settlements"),
            more_looks=complete,
            shelf=SHELF,
        )
    for model in POTENTIAL_MODELS if "potential_flows" in tables else ():
        yield Draft(
            f"potential_flows_{model}",
            potential_lines(tables, model),
            looks_results.potential_look(),
            ("potential_flows",),
            title=words.say("layers", "potential_flows", model=words.say("flow_model", model)),
            description=words.say("layers", "potential_flows_text"),
            shelf=SHELF,
        )


PLAIN_PLANS = (
    "plans", "plan_actions", "plan_progress", "plan_matches", "plan_capacity", "plan_stops", "plan_owners"
)  # fmt: skip
"""Tables that are shown as they are, beside the layers of each plan."""
PLAIN_CHECKS = ("population_account", "unit_totals", "counts", "provenance", "known_issues")


def plan_drafts(tables: Mapping[str, pd.DataFrame], words: Words, meta: QgisMeta) -> Iterator[Draft]:
    """Draft what each plan does, numbered, above whom it serves; the first plan is shown."""
    if "plan_actions" not in tables:
        return
    actions = gpd.GeoDataFrame(by_key(_named_actions(tables, meta), "plan_id", "step"))
    people = by_key(tables["plan_people"], "plan_id", "unit_id")
    drawn = tables["plans"].loc[tables["plans"]["plan_id"].isin(actions["plan_id"])].sort_values("rank")
    for place, plan in enumerate(drawn.to_dict("records")):
        table, finding = f"plan_{plan['rank']}_{plain_name(plan['plan_id'])}", meta.plans.get(plan["plan_id"], "")
        # As pages call it: by its title in the study, its norm or its service.
        norm = meta.norms.get(plan["norm_id"]) or NormWords(service_name(plan["service"], words, meta))
        told = {"rank": words.figure(plan["rank"]), "plan": meta.plan_names.get(plan["plan_id"]) or norm.title}
        units = people.loc[people["plan_id"] == plan["plan_id"]]
        is_township = (units["unit_level"] == "township").all()
        layer, key = ("boundaries", "boundary_id") if is_township else ("settlements", "settlement_id")
        kept = [key, *(name for name in (*NAMES, "township") if name in tables[layer]), "geometry"]
        joined = units.merge(tables[layer][kept], left_on="unit_id", right_on=key).drop(columns=key)
        look = looks_results.units_look if is_township else looks_results.people_look
        section = "plan_has" if plan["question"] in HAVING else "plan_outcome"
        title, theme = words.say("layers", "plan_actions_of", **told), words.say("themes", "plan", **told)
        shared: dict[str, Any] = {"visible": place == 0, "slim": place == 0, "shelf": "plans", "branch": title}
        shared |= {"finding": finding, "theme": theme}
        yield Draft(
            f"{table}_actions",
            placed(actions.loc[actions["plan_id"] == plan["plan_id"]]).reset_index(drop=True),
            style=partial(looks_results.actions_look, words=words),
            sources=("plan_actions",),
            title=title,
            description=finding or words.say("layers", "plan_actions_text"),
            **shared,
        )
        stops = tables.get("plan_stops", pd.DataFrame(columns=["plan_id"]))
        if (own := stops["plan_id"] == plan["plan_id"]).any():
            where = tables["settlements"][["settlement_id", "geometry"]]
            at = by_key(stops.loc[own], "day", "order").merge(where, on="settlement_id")
            yield Draft(
                f"{table}_stops",
                placed(gpd.GeoDataFrame(at, geometry="geometry", crs=actions.crs)),
                style=looks_results.stops_look(),
                sources=("plan_stops", "settlements"),
                title=words.say("layers", "plan_stops_of", **told),
                description=words.say("layers", "plan_stops_text"),
                **shared,
            )
        yield Draft(
            f"{table}_people",
            placed(gpd.GeoDataFrame(joined, geometry="geometry", crs=actions.crs)),
            style=partial(look, section, words=words),
            sources=("plan_people", layer),
            title=words.say("layers", "plan_people_of", **told),
            description=finding or words.say("layers", "plans_text"),
            **shared,
        )


def _named_actions(tables: Mapping[str, pd.DataFrame], meta: QgisMeta) -> pd.DataFrame:
    """Name where actions are in the study's first language."""
    rows = tables["plan_actions"]
    named = [meta.places_of_actions.get(*ids) for ids in zip(rows["action_id"], rows["place"], strict=True)]
    return rows.assign(place=pd.Series(named, index=rows.index, dtype="str"))


PEOPLE = "persons"
"""In the name of every column that counts people."""

FACILITIES_SCALE = 1_500_000
"""Facilities are drawn when the map is closer than 1 to this."""
NETWORK_SCALE, SNAP_SCALE = 200_000, 100_000
"""The network and the lines that join places to it are drawn when the map is closer."""

ROUTE_TOLERANCE_M = 5.0
"""Routes are drawn to this precision: full ones repeat every road a thousand times over."""


def build_layers(
    tables: Mapping[str, pd.DataFrame], *, crs: pyproj.CRS | str, languages: Sequence[str], meta: QgisMeta
) -> tuple[QgisLayer, ...]:
    """Make every layer that the tables allow."""
    if "settlements" not in tables or len(tables["settlements"]) == 0:
        raise ContractError("settlements", ["is empty: a GeoPackage needs at least one settlement"])
    words = Words(languages[0], "qgis")
    filled = {name: table for name, table in tables.items() if len(table)}
    # Beside places that are named in the language of the study townships have their names in it too.
    in_townships = {
        name: table.assign(township=township_in(table, words.language, filled["boundaries"]).astype("str"))
        for name, table in filled.items()
        if {"township", "township_id"} <= set(table) and "boundaries" in filled
    }
    filled |= in_townships
    if not meta.is_full:
        filled = first_questions(filled, meta)
    of_services = {service: service_name(service, words, meta) for service in meta.services}
    named = replace(words, names={**words.messages["tiers"], **of_services})
    drafts = [
        *_results(filled, words, meta),
        *_network(filled, words, meta),
        *_base(filled, words),
        *findings_by_kind(filled, named, looks_results.finding_look),
        *plain_tables(filled, PLAIN_CHECKS, "checks", ""),
    ]
    if not meta.is_full:
        drafts = [draft for draft in drafts if draft.slim]
    # A table may have rows of which none can be drawn, such as flows between places that are not there.
    basis = words.say("project", f"basis_{meta.population_basis}")
    people = words.say("project", "people_none" if meta.population_basis == "none" else "people", basis=basis)
    layers = [_finish(draft, crs, words, people) for draft in drafts if len(draft.frame)]
    if not meta.is_full:
        layers = [replace(layer, more_looks=tuple(x for x in layer.more_looks if x.slim)) for layer in layers]
    renamed = [item for layer in layers for item in layer.renamed]
    if renamed and meta.is_full:
        columns = ("layer", "column_was", "column_now", "why")
        rows = [(item.layer, item.was, item.now, words.say("renamed", item.why)) for item in renamed]
        frame = pd.DataFrame(rows, columns=list(columns)).astype("str")
        titles = {column: words.say("columns", column) for column in columns}
        draft = Draft("renamed_columns", frame, None, ("counts",), group="checks", titles=titles)
        layers.append(_finish(draft, crs, words))
    return tuple(layers)


SLIM = (
    "settlements", "facilities", "roads", "boundaries", "water", "study_area", "flows", "last_mile", "routes", "gaps",
    "norm_results", "access", "intervals", "scores", "scenario_access", "plans", "plan_actions", "plan_people",
    "plan_stops",
)  # fmt: skip
"""Tables behind the small project."""
WAYS = frozenset({"access", "routes"})
"""Tables of them that the small project of a country does without."""


def first_questions(tables: Mapping[str, pd.DataFrame], meta: QgisMeta) -> dict[str, pd.DataFrame]:
    """Keep the tables, and the rows of them, that the small project shows."""
    kept = {name: tables[name] for name in SLIM if name in tables}
    services = list(meta.headline_services)
    # Ways and times have no rows of their own then: the gaps of each norm say its minutes.
    if len(tables["settlements"]) > MANY_SETTLEMENTS:
        kept = {name: table for name, table in kept.items() if name not in WAYS}
    for name, wanted in (("access", services), ("routes", services), ("intervals", list(meta.thresholds_min))):
        there = set(kept[name]["service"].unique()) if name in kept else set()
        if own := [service for service in wanted if service in there]:
            kept[name] = kept[name][kept[name]["service"].isin(own if name == "access" else own[:1])]
    if "scenario_access" in kept:
        drawn = kept["scenario_access"][kept["scenario_access"]["scenario"] == OWN_EDITS]
        ends = drawn[["before_min", "after_min"]]
        is_changed = ends["before_min"].ne(ends["after_min"]) & ends.notna().any(axis=1)
        changed = is_changed.groupby(drawn["service"]).sum()
        # What most places feel, such as a new clinic as the clinic that it is.
        tried = sorted(services_in_order(list(drawn["service"]), meta), key=lambda service: -changed[service])[:1]
        kept["scenario_access"] = drawn[drawn["service"].isin(tried)]
    if "gaps" in kept and meta.opening_norms:
        kept["gaps"] = kept["gaps"][kept["gaps"]["norm_id"].isin(meta.opening_norms)]
    if "norm_results" in kept and meta.opening_norms:
        is_shown = kept["norm_results"]["norm_id"].isin(meta.opening_norms)
        kept["norm_results"] = kept["norm_results"][is_shown | (kept["norm_results"]["unit_level"] == "settlement")]
    if "scores" in kept:
        kept["scores"] = kept["scores"][kept["scores"]["unit_level"] == "township"]
    if "plan_actions" in kept:
        first = kept["plans"].loc[kept["plans"]["plan_id"].isin(kept["plan_actions"]["plan_id"])].sort_values("rank")
        kept["plans"] = first.head(1)
    return {name: table for name, table in kept.items() if len(table)}


def norms_in_order(rows: pd.DataFrame, meta: QgisMeta) -> dict[str, str]:
    """Name the services of norms, those that open the study first."""
    first_rows = rows.drop_duplicates("norm_id")
    services = {str(norm): str(name) for norm, name in zip(first_rows["norm_id"], first_rows["service"], strict=True)}
    first = [norm for norm in (*meta.opening_norms, *meta.norms) if norm in services]
    return {norm: services[norm] for norm in dict.fromkeys([*first, *sorted(services)])}


def norm_words(norm: str, service: str, words: Words, meta: QgisMeta) -> NormWords:
    """Say what a norm is called; its service and id where nobody named it."""
    return meta.norms.get(norm) or NormWords(
        words.of("results").say("notice_part", "titled", title=service_name(service, words, meta), unit=norm)
    )


def _results(tables: Mapping[str, pd.DataFrame], words: Words, meta: QgisMeta) -> Iterable[Draft]:
    plans = list(plan_drafts(tables, words, meta))
    yield from plans
    gaps = tables.get("gaps")
    norms = norms_in_order(gaps, meta) if gaps is not None else {}
    themes = {}
    for position, (norm, service) in enumerate(norms.items()):
        named = norm_words(norm, service, words, meta)
        theme = words.say("themes", "gap", norm=named.title)
        themes[theme] = service
        yield Draft(
            f"gap_{plain_name(norm)}",
            gap_points(tables, norm),
            lambda frame: looks_results.gap_look(frame, words, below=meta.below),
            ("gaps", "settlements"),
            title=named.title,
            description=" ".join(filter(None, (words.say("layers", "gap_text", norm=named.title), named.says))),
            titles={"gap_class": words.say("columns", "gap_class")},
            visible=position == 0 and not plans,
            slim=norm in meta.opening_norms,
            shelf="gaps",
            theme=theme,
            finding=named.finding,
            legend=named.says,
        )
    yield _settlements(tables, words, meta)
    if "facilities" in tables:
        yield _facilities(tables, themes, words, meta)
    if "routes" in tables:
        for position, (service, rows) in enumerate(by_service(tables, "routes", meta)):
            routes = gpd.GeoDataFrame(rows.reset_index(), crs=gpd.GeoDataFrame(tables["routes"]).crs)
            title = words.say("layers", "routes", service=service_name(service, words, meta))
            thin = routes.geometry.simplify(ROUTE_TOLERANCE_M, preserve_topology=False)
            yield Draft(
                f"routes_{plain_name(service)}",
                # A few metres out and back would be one point twice, at which tools of QGIS stop.
                routes.set_geometry(thin.where(thin.is_valid, routes.geometry)),
                looks_results.routes_look(),
                ("routes",),
                title=title,
                description=words.say("layers", "routes_text", metres=f"{ROUTE_TOLERANCE_M:g}"),
                slim=position == 0,
                shelf="access",
                theme=title,
            )
    if "flows" in tables:
        flows = flow_lines(tables["flows"], gpd.GeoDataFrame(tables["settlements"]))
        for position, kind in enumerate(sorted(set(flows["kind"]), key=lambda kind: (kind != "people", kind))):
            title = words.say("layers", "flows", kind=words.of("results").say("flow_kind", kind))
            yield Draft(
                f"flows_{plain_name(kind)}",
                flows[flows["kind"] == kind].reset_index(drop=True),
                lambda frame: looks_results.flows_look(frame, words),
                ("flows",),
                title=title,
                description=words.say("layers", "flows_text"),
                slim=position == 0,
                shelf="flows",
                theme=title,
            )
    if "boundaries" in tables and tables["boundaries"]["is_unit"].any():
        yield _townships(tables, words, meta)
    if "access" in tables:
        ways = [rows.reset_index() for _, rows in by_service(tables, "access", meta)]
        rows = by_key(pd.concat(ways), *TABLES["access"].key)
        yield Draft("access", rows, None, ("access",), shelf="tables", slim=True)
    plain = {**tables, "plan_actions": _named_actions(tables, meta)} if "plan_actions" in tables else tables
    yield from plain_tables(plain, PLAIN_PLANS, shelf="plans")
    yield from score_drafts(tables, words)
    if "last_mile" in tables and "edges" in tables:
        yield Draft(
            "last_mile_lines",
            last_mile_lines(tables),
            lambda frame: looks_access.last_mile_lines_look(frame, words),
            ("last_mile", "settlements"),
            shelf="access",
            smallest_scale=NETWORK_SCALE,
        )
    yield from area_drafts(tables, words, meta)
    if "norm_results" in tables:
        rows = tables["norm_results"]
        rows = by_key(rows[rows["unit_level"] != "settlement"], "unit_level", "unit_id", "norm_id")
        yield Draft("norm_results", rows, None, ("norm_results",), shelf="tables")
    yield from plain_tables(tables, (*PLAIN_ACCESS, *PLAIN_SCORE))


def _facilities(tables: Mapping[str, pd.DataFrame], themes: Mapping[str, str], words: Words, meta: QgisMeta) -> Draft:
    """Draft the facilities; in the theme of a norm only those stand that count for it."""
    counting = {service: {*meta.satisfied_by.get(service, ()), service} for service in themes.values()}
    known = set(tables["facilities"]["service"])
    beside = {theme: service for theme, service in themes.items() if counting[service] & known}

    return Draft(
        "facilities",
        by_key(tables["facilities"], "facility_id"),
        lambda frame: looks_results.facilities_look(frame, words, meta),
        ("facilities", "settlements"),
        styles=lambda frame: {
            service: looks_results.facilities_look(frame, words, meta, only=counting[service])
            for service in dict.fromkeys(beside.values())
        },
        beside=beside,
        slim=True,
        smallest_scale=FACILITIES_SCALE,
    )


def _settlements(tables: Mapping[str, pd.DataFrame], words: Words, meta: QgisMeta) -> Draft:
    mode = headline_mode(tables["access"], meta) if "access" in tables else ""
    shown = words.say("modes", mode) if words.has("modes", mode) else mode
    frame, titles = settlement_results(tables, words, meta)
    engine, (scores, named) = settlement_engine(tables, words, meta), score_columns(tables, words)
    frame = joined(frame, pd.DataFrame(engine.columns), scores, on="settlement_id")
    titles = named | engine.titles | titles

    def more(frame: pd.DataFrame) -> Iterator[Look]:
        if "last_mile_class" in frame.columns:
            style = looks_results.scale_look("last_mile", "last_mile_class", frame, words)
            title = words.say("layers", "last_mile")
            yield Look("last_mile", title, style, shelf="access", slim=True, theme=title)
        yield from score_looks(tables, frame, words, meta)
        yield from sorted((look(frame) for look in engine.looks), key=lambda look: SHELVES.index(look.shelf))

    return Draft(
        "settlements",
        frame,
        lambda frame: looks_results.names_look(frame, words),
        ("settlements", "last_mile", "scores", "access_clusters", "settlement_types"),
        group="base",
        description=words.say("layers", "settlements_text", mode=shown),
        titles=titles,
        visible=True,
        slim=True,
        more_looks=more,
    )


def _townships(tables: Mapping[str, pd.DataFrame], words: Words, meta: QgisMeta) -> Draft:
    names: dict[str, NormWords] = {}
    if "norm_results" in tables:
        names = {
            norm: norm_words(norm, service, words, meta)
            for norm, service in norms_in_order(tables["norm_results"], meta).items()
        }
    frame, titles = township_results(tables, words, {norm: named.title for norm, named in names.items()})
    scored, why = township_scores(tables, words)
    titles = {**why, **titles}
    frame = joined(frame, rural_columns(tables), scored, township_types(tables), on="boundary_id")
    stems = [(plain_name(norm), named) for norm, named in names.items() if f"{plain_name(norm)}_share" in frame]
    results = tables.get("norm_results")
    of_people = set(names)
    if results is not None and "share_of" in results:
        # Where nobody is in the scope of a norm places are counted, whatever it counts elsewhere.
        is_of_people = results["unit_level"].eq("township") & results["share_of"].eq("persons")
        of_people = set(results.loc[is_of_people, "norm_id"])
    of_places = {plain_name(norm) for norm in names if norm not in of_people}

    def shown(named: NormWords, place: int) -> dict[str, Any]:
        key = "township_norm_places" if stems[place][0] in of_places else "township_norm"
        title = words.say("layers", key, norm=named.title)
        told = {"theme": words.say("themes", "townships", norm=named.title), "finding": named.finding}
        return {"title": title, "shelf": "townships", "slim": place < 1, "legend": named.says, **told}

    def filled(stem: str, frame: pd.DataFrame) -> Style:
        return looks_results.share_fill_look(stem, frame, words, below=meta.below, places=stem in of_places)

    def more(frame: pd.DataFrame) -> Iterator[Look]:
        for place, (stem, named) in enumerate(stems[1:], start=1):
            yield Look(stem, style=filled(stem, frame), **shown(named, place))
        if "rai_lower" in frame.columns:
            title = words.say("layers", "rural_townships")
            yield Look("rural", title, looks_access.rural_look(frame, words), shelf="townships")
        yield from township_looks(tables, frame, words, meta)

    return Draft(
        "townships",
        frame,
        partial(filled, stems[0][0]) if stems else partial(looks_results.boundaries_look, words=words),
        ("boundaries", "rural_access", "scores", "unit_types", "functional_areas"),
        titles=titles,
        more_looks=more,
        **(shown(stems[0][1], 0) if stems else {"slim": True}),
    )


def _network(tables: Mapping[str, pd.DataFrame], words: Words, meta: QgisMeta) -> Iterable[Draft]:
    if "snaps" in tables:
        snaps = placed(gpd.GeoDataFrame(by_key(tables["snaps"], "place_id", "mode")))
        look = looks_results.snaps_look(words)
        yield Draft("snaps", snaps, look, ("snaps",), group="network", smallest_scale=SNAP_SCALE)
    if "edges" not in tables:
        return
    edges = tables["edges"]
    for mode in sorted(set(edges["mode"]), key=lambda mode: (mode != meta.mode, mode)):
        shown = words.say("modes", mode) if words.has("modes", mode) else mode
        yield Draft(
            f"edges_{plain_name(mode)}",
            by_key(edges[edges["mode"] == mode], "edge_id"),
            looks_results.edges_look(words),
            ("edges",),
            group="network",
            title=words.say("layers", "edges", mode=shown),
            description=words.say("layers", "edges_text", mode=shown),
            smallest_scale=NETWORK_SCALE,
        )


def _base(tables: Mapping[str, pd.DataFrame], words: Words) -> Iterable[Draft]:
    looks: dict[str, Callable[[pd.DataFrame], Style] | Style] = {
        "boundaries": partial(looks_results.boundaries_look, words=words),
        "study_area": looks_results.study_area_look(),
        "roads": partial(looks_results.roads_look, words=words),
    }
    for name, look in looks.items():
        if name in tables:
            rows = by_key(tables[name], *TABLES[name].key)
            rows = rows.dropna(axis="columns", how="all") if name == "roads" else rows  # tags that no road bears
            yield Draft(name, rows, look, (name,), group="base", visible=True, slim=True)
    shapes = {"water_points": "Point", "water_lines": "LineString", "water_areas": "Polygon"}
    for table, kind in shapes.items() if "water" in tables else ():
        water = gpd.GeoDataFrame(by_key(tables["water"], "water_id"))
        rows = water[water.geom_type.str.removeprefix("Multi") == kind]
        if len(rows):
            look = looks_results.water_look(kind)
            yield Draft(table, rows, look, ("water",), group="base", visible=True, slim=True)


def _finish(draft: Draft, crs: pyproj.CRS | str, words: Words, people: str = "") -> QgisLayer:
    """Make a layer of a draft; `people` says who is counted where it has numbers of people."""
    frame = draft.frame
    if isinstance(frame, gpd.GeoDataFrame):
        flat = gpd.GeoSeries(shapely.force_2d(frame.geometry.to_numpy()), index=frame.index, crs=frame.crs)
        frame = frame.set_geometry(flat).to_crs(crs)
    plain, was, renamed = plain_columns(frame, layer=draft.table)
    aliases: dict[str, str] = {}
    comments: dict[str, str] = {}
    for column in plain.columns.drop("geometry", errors="ignore"):
        known = SUPPRESSED if column == SUPPRESSED.name else known_field(column, () if column in was else draft.sources)
        counted = f"{column.removesuffix('_source')}_persons" if column.endswith("_source") else column
        group, own = words.of("pages").messages["group"].get(counted), was.get(column) or words.title(column)
        if group:
            source = words.told_of(group, words.title("Source").lower())
            own = words.with_unit(group, "persons") if counted == column else source
        title = draft.titles.get(column) or (words.title(known.title, known.unit) if known else own)
        # GeoPackage wants the names of one table to differ.
        aliases[column] = title if title not in aliases.values() else f"{title} [{column}]"
        if known and known.description:
            comments[column] = words.about(known.description)
    described = draft.description or words.say("layers", f"{draft.table}_text")
    if any(PEOPLE in name for name in plain.columns) and people:
        ended = described.endswith((".", "\u3002")) or not described
        described = f"{described}{'' if ended else words.say('project', 'stop')} {people}".strip()
    return QgisLayer(
        draft.table,
        draft.title or words.say("layers", draft.table),
        described,
        draft.group,
        plain,
        draft.style(plain) if callable(draft.style) else draft.style,
        aliases,
        comments,
        draft,
        renamed,
        tuple(draft.more_looks(plain)) if draft.more_looks else (),
        draft.styles(plain) if draft.styles else {},
    )
