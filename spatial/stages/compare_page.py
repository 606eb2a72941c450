"""What the page of a comparison says beside its numbers, gathered from the runs' own records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatial.cartography.comparison import ComparisonMeta, comparison_page
from spatial.cartography.known_issues import issue_entries
from spatial.cartography.messages import available_languages
from spatial.integration.pillars import ScoreRules
from spatial.integration.register import norm_id_of
from spatial.planning.comparison import comparison_lines, trajectory_lines
from spatial.planning.notices import stated
from spatial.planning.wording import languages as worded
from spatial.sources.services import load_services
from spatial.stages.finished_runs import STATUSES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from spatial.integration.comparison import Comparison
    from spatial.results import Results

__all__ = ["account_lines", "page_of"]

NORM_FACTS = ("service", "metric", "mode", "unit", "threshold", "norm_class")
SOURCE_FACTS = ("origin", "vintage", "licence")
APPROVED_MAPS = "CN"


def account_lines(comparison: Comparison, trajectory: pd.DataFrame, language: str) -> list[str]:
    """Say what changed, a line each."""
    vocabulary = load_services()
    names = {item.id: item.name(language) for item in (*vocabulary.services, *vocabulary.tiers)}
    lines = comparison_lines(comparison, language, service_names=names)
    if len(trajectory) and trajectory["position"].max() > 2:
        lines += trajectory_lines(trajectory, language)
    return lines


def page_of(
    comparison: Comparison,
    trajectory: pd.DataFrame,
    results: Sequence[Results],
    grounds: Sequence[Mapping[str, pd.DataFrame]],
    language: str,
) -> bytes:
    """Write the page of a comparison."""
    others = [code for code in available_languages() if code in worded() and code != language]
    languages = (language, *others)
    return comparison_page(
        comparison,
        {code: account_lines(comparison, trajectory, code) for code in languages},
        meta=_meta(comparison, results, languages),
        runs=grounds,
        trajectory=trajectory,
    )


def _meta(comparison: Comparison, results: Sequence[Results], languages: Sequence[str]) -> ComparisonMeta:
    options = [one.record["options"] for one in results]
    last, summary = options[-1], results[-1].summary
    told = summary.get("study", {})
    synthetic = any(one["synthetic"] for one in options)
    status = min((one["outputs"]["status"] for one in options), key=STATUSES.index)
    approval = last["outputs"].get("map_approval") or ""
    asks = any(str(place).partition("-")[0] == APPROVED_MAPS for place in last.get("jurisdictions", ()))
    return ComparisonMeta(
        name=str(told.get("name", comparison.after)),
        title=dict(told.get("title", {})),
        norms=_norms(comparison, [results[0].summary, summary]),
        status=status,
        basis=str(last["population"]["basis"]),
        synthetic=synthetic,
        bands=tuple(last["score"].get("level_bands", ScoreRules.level_bands)),
        sources=_sources(results[-1]),
        known_issues=tuple(issue_entries(summary.get("known_issues") or (), languages, _service_names())),
        map_approval=approval,
        approval_wanted=bool(status == "public" and asks and not synthetic and not approval),
    )


def _norms(comparison: Comparison, summaries: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Say what each norm asks, as the later run has it where it knows the norm."""
    services = dict(
        zip(comparison.norms["norm_id"].astype(str), comparison.norms["service"].astype(str), strict=True)
    )
    told = {norm_id_of(norm): norm for summary in summaries for norm in summary["norms"]}
    vocabulary, found = load_services(), {}
    for norm, service in services.items():
        facts = {name: told.get(norm, {}).get(name) for name in NORM_FACTS}
        item = vocabulary.get(service) or vocabulary.for_register(service)
        found[norm] = facts | {"service": service, "names": dict(item.names) if item else {}}
    return found


def _service_names() -> dict[str, dict[str, str]]:
    vocabulary = load_services()
    return {item.id: dict(item.names) for item in (*vocabulary.services, *vocabulary.tiers)}


def _sources(results: Results) -> tuple[dict[str, str], ...]:
    if "provenance" not in results.names:
        return ()
    rows = results.provenance.to_dict("records")
    return tuple(
        {name: stated(str(row[name])) for name in SOURCE_FACTS}
        | {"path": str(row["path"]), "issue": str(row["issue"])}
        for row in rows
    )
