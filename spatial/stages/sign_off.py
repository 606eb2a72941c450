"""Stage `sign_off`: totals are held against the official ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatial.reporting.sign_off import sign_off_table
from spatial.stages.policy import binding_norms, inventories, official_totals, vocabulary_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spatial.runner.stage import Options, Progress, Value


def sign_off(options: Options, inputs: Mapping[str, Any], progress: Progress) -> dict[str, Value]:
    """Say what whoever signs the study should look at."""
    progress(0.0, "sign-off")
    vocabulary = vocabulary_of(options)
    table = sign_off_table(
        inputs,
        official=official_totals(options, vocabulary),
        inventory=inventories(options, vocabulary, inputs["facilities"]),
        basis=options.population.basis,
        register=binding_norms(options),
    )
    return {"sign_off": table}
