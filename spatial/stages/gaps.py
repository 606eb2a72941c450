"""Stage `gaps`: broken norms become ranked gaps, and the results the headline numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatial.access.calibration import Calibration
from spatial.reporting.certainty import CertaintyNote
from spatial.reporting.gaps import rank_gaps
from spatial.reporting.names import with_names
from spatial.reporting.summary import summarise_study
from spatial.runner.stage import silent
from spatial.stages.calibration import Fitted, calibration_of
from spatial.stages.policy import binding_norms, vocabulary_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from spatial.runner.stage import Options, Progress, Value


def gaps(*, options: Options, progress: Progress = silent, **tables: Any) -> dict[str, Value]:
    """Rank the gaps, and gather the numbers that pages, sheets, layers and terminal show: once, for all of them."""
    progress(0.0, "gaps")
    ranked = rank_gaps(tables["norm_results"], tables["settlements"], tables["access"], binding_norms(options))
    tables["gaps"] = ranked
    facts = {
        "name": options.name,
        "title": dict(options.title),
        "as_of": options.as_of.isoformat(),
        "status": options.outputs.status,
        "synthetic": options.synthetic,
        "population_basis": options.population.basis,
        "note": dict(options.note),
    }
    binding = binding_norms(options)
    summary = summarise_study(
        tables,
        register=binding,
        issues=known_issues(tables["provenance"]),
        facts=facts,
        certainty=certainty_note(options, tables, binding),
        pillar_weights=dict[str, float](options.score.weights.items()),
    )
    summary["score"] = with_names(summary["score"], tables.get("boundaries"))
    return {"gaps": ranked, "summary": summary}


def certainty_note(options: Options, tables: Mapping[str, Any], binding: pd.DataFrame) -> CertaintyNote:
    """Say what the paired runs assumed."""
    vocabulary, walk = vocabulary_of(options), options.uncertainty
    fitted = Fitted(
        tables.get("calibration_factors"), tables.get("calibration_errors"), tables.get("calibration_observations")
    )
    measured, status = calibration_of(options, fitted), fitted.status(options)
    found = {word: vocabulary.for_register(word) for word in sorted(set(binding["service"]))}
    return CertaintyNote(
        answers={word: service.id for word, service in found.items() if service is not None},
        speeds=options.network.speeds,
        speed_share=options.uncertainty.speed_share,
        walk_km_h=walk.walk_km_h,
        detour=walk.detour,
        calibrated=status == "calibrated",
        speed_status=status,
        speed_factors=measured.error_range(fitted=status == "calibrated") if measured else None,
        calibration={**(measured or Calibration.none()).summary(), "departure": options.calibration.departure or None},
    )


def known_issues(provenance: pd.DataFrame) -> list[str]:
    """List the known faults of the sources."""
    faults = provenance.loc[provenance["issue"] != ""]
    return [f"{path}: {issue}" for path, issue in zip(faults["path"], faults["issue"], strict=True)]
