"""The layers of the score: looks of settlements and townships, towns, modelled flows, plain tables."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from spatial.qgis import looks_score
from spatial.qgis.draft import Draft, by_key, placed
from spatial.qgis.joins_score import POTENTIAL_MODELS, potential_lines, town_points
from spatial.qgis.layer import Look
from spatial.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pandas as pd

    from spatial.qgis.meta import Messages
    from spatial.qgis.styles import Style

__all__ = ["score_drafts", "score_looks", "score_tables", "township_looks"]

SHELF = "score"
PLAIN = (
    "scores",
    "score_components",
    "score_norms",
    "rank_pairs",
    "rankings",
    "score_variance",
    "flow_balances",
    "settlement_types",
    "unit_types",
    "functional_areas",
    "town_system",
    "access_clusters",
    "inequality",
    "coordination",
)
"""Tables that are shown as they are. Towns and modelled flows are layers."""


def score_looks(
    tables: Mapping[str, pd.DataFrame], frame: pd.DataFrame, words: Messages, bands: tuple[float, float]
) -> tuple[Look, ...]:
    """
    Make the score's looks of settlements.

    Returns level, clusters of access, types; each where there is one, and no column of the sources bears its
    name.
    """
    made: dict[str, tuple[str, Callable[..., Style]]] = {
        "integration_level": ("scores", partial(looks_score.level_look, bands=bands)),
        "cluster": ("access_clusters", looks_score.clusters_look),
        "degurba_code": ("settlement_types", looks_score.types_look),
    }
    taken = {"classes_differ": "degurba_code"}
    own = {taken.get(name, name) for name in tables["settlements"].columns}
    return tuple(
        Look(column, words.text("layers", f"score_{table}"), look(frame, words), "results", shelf=SHELF)
        for column, (table, look) in made.items()
        if table in tables and column in frame.columns and column not in own
        if column != "integration_level" or frame[column].notna().any()
    )


def township_looks(
    tables: Mapping[str, pd.DataFrame], frame: pd.DataFrame, words: Messages, bands: tuple[float, float]
) -> tuple[Look, ...]:
    """
    Make the score's looks of townships.

    Returns gates above, then level and gap index, where townships have a score; the Degree of Urbanisation
    and functional urban areas, where there are any. None of which columns of the sources bear the names.
    """
    own = {*tables["boundaries"].columns}
    beside = {"degurba_level2": ("differ_persons",), "fua_part": ("fua_method", "fua_name")}
    types = {"degurba_level2": looks_score.unit_types_look, "fua_part": looks_score.functional_look}
    return (
        *_township_scores(frame, own, words, bands),
        *(
            Look(
                f"types_{column}",
                words.text("layers", f"township_{column}"),
                look(frame, words),
                "results",
                shelf=SHELF,
            )
            for column, look in types.items()
            if column in frame.columns and not own & {column, *beside[column]}
        ),
    )


def _township_scores(
    frame: pd.DataFrame, own: set[str], words: Messages, bands: tuple[float, float]
) -> tuple[Look, ...]:
    made: dict[str, Callable[..., Style]] = {
        "mandatory_status": looks_score.gates_look,
        "integration_level": partial(looks_score.level_fill_look, bands=bands),
        "segmentation_index": looks_score.gap_index_look,
    }
    if not {*made, "failed_gates"} <= {*frame.columns} - own:
        return ()
    return tuple(
        Look(
            f"score_{column}",
            words.text("layers", f"township_{column}"),
            look(frame, words),
            "results",
            shelf=SHELF,
        )
        for column, look in made.items()
        if column != "integration_level" or frame[column].notna().any()
    )


def score_drafts(tables: Mapping[str, pd.DataFrame], words: Messages) -> Iterator[Draft]:
    """Draft towns and modelled flows."""
    if "towns" in tables:
        yield Draft(
            "towns",
            placed(town_points(tables)),
            "results",
            lambda frame: looks_score.fulcrum_look(frame, words),
            ("towns", "settlements"),
            more_looks=lambda frame: (
                Look(
                    "completeness",
                    words.text("layers", "towns_complete"),
                    looks_score.completeness_look(frame, words),
                    "results",
                    shelf=SHELF,
                ),
            ),
            shelf=SHELF,
        )
    for model in POTENTIAL_MODELS if "potential_flows" in tables else ():
        yield Draft(
            f"potential_flows_{model}",
            potential_lines(tables, model),
            "results",
            lambda _: looks_score.potential_look(),
            ("potential_flows",),
            title=words.text("layers", "potential_flows", model=words.text("flow_model", model)),
            description=words.text("layers", "potential_flows_text"),
            shelf=SHELF,
        )


def score_tables(tables: Mapping[str, pd.DataFrame]) -> Iterator[Draft]:
    """Draft the plain tables of the score."""
    for name in PLAIN:
        if name in tables:
            yield Draft(
                name, by_key(tables[name], *TABLES[name].key), "results", None, (name,), shelf="tables"
            )
