"""Stage `sign_off`: totals are held against the official ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatial.reporting.sign_off import sign_off_table
from spatial.runner.stage import silent
from spatial.stages.policy import binding_norms, inventories, official_totals, vocabulary_of

if TYPE_CHECKING:
    from spatial.runner.stage import Options, Progress, Value


def sign_off(*, options: Options, progress: Progress = silent, **tables: Any) -> dict[str, Value]:
    """Say what whoever signs the study should look at."""
    progress(0.0, "sign-off")
    vocabulary = vocabulary_of(options)
    table = sign_off_table(
        tables,
        official=official_totals(options, vocabulary),
        inventory=inventories(options, vocabulary, tables["facilities"]),
        basis=options.population.basis,
        register=binding_norms(options),
    )
    return {"sign_off": table}
