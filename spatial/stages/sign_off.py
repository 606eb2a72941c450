"""Stage `sign_off`: totals are held against the official ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatial.planning.sign_off import sign_off_table
from spatial.stages.rules import binding_norms, inventories, official_totals, vocabulary_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spatial.runner.stage import Options, Progress, Value

__all__ = ["sign_off"]


def sign_off(options: Options, inputs: Mapping[str, Any], progress: Progress) -> dict[str, Value]:
    """
    Say what whoever signs the study should look at.

    Parameters
    ----------
    options : Options
        `official`, `population`, `inventory`, `sources`, `services_file`, and what decides which norms bind.
    inputs : mapping
        Tables `settlements`, `population_account`, `facilities`, `findings_read`, `roads`, `study_area`, `edges`,
        `access` and `norm_results`.
    progress : callable
        Takes the fraction done and a message.

    Returns
    -------
    dict
        The table `sign_off`.
    """
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
