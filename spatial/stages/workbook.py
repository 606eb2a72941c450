"""Stage `workbook`: results become sheets that an office opens and signs."""

from __future__ import annotations

from typing import Any

from spatial.reporting.wording import every_source
from spatial.runner.stage import Options, Progress, silent
from spatial.stages.policy import binding_norms, said_of_study, vocabulary_of
from spatial.store import Artifact
from spatial.workbook import BookMeta, build_workbooks


def workbook(
    *, summary: dict[str, Any], options: Options, progress: Progress = silent, **tables: Any
) -> dict[str, list[Artifact]]:
    """Write ``results.xlsx``, and a workbook like it for each further language."""
    progress(0.0, "")
    tables["provenance"] = every_source(tables)
    meta = BookMeta(
        **said_of_study(options, summary),
        as_of=options.as_of,
        languages=options.outputs.languages,
        services=vocabulary_of(options).names_by_language,
    )
    return {"files": build_workbooks(tables, summary=summary, register=binding_norms(options), meta=meta)}
