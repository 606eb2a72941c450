"""What ``spatial check`` says: every fault of the study and its sources, or what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatial.planning.issue_text import issue_lines
from spatial.planning.score_doubts import doubted_units, issue_records
from spatial.runner.stage import Options
from spatial.sources.own_columns import column_lines
from spatial.sources.prepare import prepare
from spatial.stages.policy import check_policy
from spatial.stages.read import known_issues_table
from spatial.stages.rules import binding_norms, vocabulary_of
from spatial.study import Study

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spatial.sources.layers import Layers
    from spatial.sources.services import Vocabulary

__all__ = ["check_study"]

EVERYTHING = tuple(key for key in Study.model_fields if key != "raw")
LINES_A_KIND = 3
DOUBT = "datum_doubtful"


def check_study(study: Study) -> Iterator[str]:
    """
    Read and check all that a study names, and write nothing.

    Parameters
    ----------
    study : Study
        Already valid as a study file.

    Yields
    ------
    str
        One line a fact: counts, findings, known issues, norms in force.

    Raises
    ------
    StudyError, DataError
        With every fault of the register, the vocabulary or the sources.
    """
    check_policy(study)
    layers = prepare(study)
    options = Options(study, EVERYTHING)
    vocabulary = vocabulary_of(options)
    binding = binding_norms(options)
    doubts = int(layers.findings["kind"].eq(DOUBT).sum())
    state = (
        "are in order"
        if not doubts
        else f"can be read, with {doubts} doubt(s) that may move every place: see below"
    )
    yield f"{study.name}: the study file and its sources {state}"
    for row in layers.counts.itertuples(index=False):
        if row.source == "study" or "=" not in str(row.item):  # raw tags are in the table `counts`
            yield f"  {row.source}: {row.item} {row.number:,.0f}"
    yield from (f"  {line}" for line in column_lines(layers.columns))
    for kind, rows in layers.findings.groupby("kind", sort=True):
        yield f"  finding: {kind}: {len(rows)}, such as: {'; '.join(rows['detail'].head(LINES_A_KIND))}"
    yield from (f"  {line}" for line in _issues(layers, vocabulary))
    measured = sum(vocabulary.for_register(str(word)) is not None for word in binding["service"])
    gates = int(binding["gates"].sum())
    yield f"  norms: {len(binding)} bind the study, {gates} of them gate; {measured} have a service that measures them"


def _issues(layers: Layers, vocabulary: Vocabulary) -> list[str]:
    """Say the known issues as a run does, with what they affect and forbid in the townships that it will rank."""
    places = layers.settlements
    townships = sorted(places.loc[places["in_study"], "township_id"].dropna().astype(str).unique())
    table = known_issues_table(layers.sources)
    doubts = doubted_units(table, layers.boundaries, townships)
    names = {item.id: item.name("en") for item in (*vocabulary.services, *vocabulary.tiers)}
    told = {"issues": list(layers.issues), "known_issues": issue_records(table, doubts)}
    return issue_lines(told, names=names)
