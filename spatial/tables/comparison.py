"""Tables of a comparison of runs: what changed in each unit, why, for whom, and a row of dates."""

from __future__ import annotations

from spatial.tables.contract import Field, Table, number, share, text
from spatial.tables.score import level_of
from spatial.tables.words import (
    ACCESS_CHANGE,
    GATE,
    GATE_TURN,
    MEETS_TARGET,
    PILLARS,
    PRESENCE,
    SCORE_SIDE,
    SCORE_UNITS,
    TARGET_TURN,
)

_UNIT = (
    text("unit_level", "Level", values=SCORE_UNITS),
    text("unit_id", "Unit", "A settlement_id, a boundary_id, or 'study'."),
)


def _signed(name: str, title: str, description: str = "") -> Field:
    return number(name, title, "", description, minimum=None)


COMPARISON = Table(
    "comparison",
    "What changed",
    ("unit_level", "unit_id"),
    None,
    (
        *_UNIT,
        text("name", "Name", "As written at the place.", nullable=True),
        text("name_en", "Name (English)", nullable=True, required=False),
        text("name_zh", "Name (Chinese)", nullable=True, required=False),
        text(
            "township_id",
            "Township id",
            "Of the later run where the unit is there; missing for the study and outside every unit.",
            nullable=True,
            required=False,
        ),
        text("township", "Township", "As written at the place.", nullable=True, required=False),
        text(
            "county",
            "County",
            "Part of the study area, such as a county, that the unit lies in.",
            nullable=True,
            required=False,
        ),
        text("presence", "Presence", "both, new (in the second run only) or gone.", values=PRESENCE),
        number(
            "population_persons_before", "Population before", "persons", "NaN where nobody's number is known."
        ),
        number(
            "population_persons_after", "Population after", "persons", "NaN where nobody's number is known."
        ),
        Field("places_before", "whole", "Places before"),
        Field("places_after", "whole", "Places after"),
        share(
            "level_before",
            "Level before",
            "Geometric mean over the components and pillars that both runs measured, on shared norms; NaN for none.",
        ),
        share("level_after", "Level after", "On the same."),
        _signed("level_change", "Change of the level", "After less before."),
        _signed("ln_change", "Change of ln of the level", "The sum of the contributions of the pillars."),
        *(
            _signed(
                f"contribution_{pillar}",
                f"Contribution of {pillar}",
                "To the change of ln of the level; NaN where it is not common.",
            )
            for pillar in PILLARS
        ),
        text("common_pillars", "Common pillars", "Joined by ;."),
        share(
            "segmentation_index_before",
            "Segmentation before",
            "Of the terms that both runs have; NaN where there is none.",
        ),
        share("segmentation_index_after", "Segmentation after", "Of the same."),
        text("segmentation_terms", "Terms", "Terms on which both indices rest, joined by ;."),
        text("mandatory_status_before", "Gates before", "Of shared gates.", values=GATE),
        text("mandatory_status_after", "Gates after", "Of shared gates.", values=GATE),
        text(
            "access_change",
            "Change of access",
            "Of a settlement over all shared norms: gained, lost, mixed, same, unknown, new, gone; empty for others.",
        ),
        text("norms_gained", "Norms gained", "Joined by ;, of a settlement."),
        text("norms_lost", "Norms lost", "Joined by ;, of a settlement."),
        *(
            number(
                f"{rank}_rank_{date}",
                f"Rank {words} {date}",
                "",
                "Of townships of both runs; NaN for others.",
            )
            for date in ("before", "after")
            for rank, words in (("low", "at best"), ("high", "at worst"))
        ),
    ),
)
COMPARISON_COMPONENTS = Table(
    "comparison_components",
    "Components that changed",
    ("unit_level", "unit_id", "pillar", "side", "component"),
    None,
    (
        *_UNIT,
        text("pillar", "Pillar", values=PILLARS),
        text("side", "Side", "Levels are never averaged with gaps.", values=SCORE_SIDE),
        text("component", "Component"),
        _signed("value_before", "Value before", "NaN where it was not measured."),
        _signed("value_after", "Value after", "NaN where it was not measured."),
        _signed("change", "Change", "After less before."),
        _signed(
            "contribution",
            "Contribution",
            "To the change of ln of the level; NaN for gaps and what is not common.",
        ),
        text("unit", "Unit", "share, min, ratio, index or count."),
        _signed("target", "Integration target", "Of a gap."),
        text("meets_target_before", "Met it before", values=MEETS_TARGET),
        text("meets_target_after", "Meets it after", values=MEETS_TARGET),
        text("target_turn", "How it turned", values=TARGET_TURN),
        number("persons_before", "People behind it before", "persons", "NaN where not counted."),
        number("persons_after", "People behind it after", "persons", "NaN where not counted."),
    ),
)
COMPARISON_PEOPLE = Table(
    "comparison_people",
    "Who gained and who lost",
    ("unit_level", "unit_id", "norm_id", "change"),
    None,
    (
        text("unit_level", "Level", values=("study", "township")),
        text("unit_id", "Unit"),
        text("norm_id", "Norm", "any stands for all shared norms at once, and counts all people."),
        text(
            "change",
            "Change",
            "gained, lost, within or beyond at both dates; new and gone places; unknown where a date is not judged. "
            "Over any norm: gained, lost, mixed, same.",
            values=ACCESS_CHANGE,
        ),
        number("places_before", "Places before", "places", nullable=False),
        number("places_after", "Places after", "places", nullable=False),
        number("persons_before", "People before", "persons", "Whom the norm counts there."),
        number("persons_after", "People after", "persons", "Whom the norm counts there."),
    ),
)
COMPARISON_GATES = Table(
    "comparison_gates",
    "Gates that turned",
    ("unit_level", "unit_id", "norm_id"),
    None,
    (
        text("unit_level", "Level", values=("study", "township")),
        text("unit_id", "Unit"),
        text("norm_id", "Norm"),
        text("gate_before", "Gate before", "none_applicable where it was not in force.", values=GATE),
        text("gate_after", "Gate after", "none_applicable where it is not in force.", values=GATE),
        text("turn", "How it turned", values=GATE_TURN),
        Field("same_terms", "flag", "Same terms", "False where the norm itself changed between the runs."),
        share("served_share_before", "Share served before"),
        share("served_share_after", "Share served after"),
        number("persons_unserved_before", "People beyond the norm before", "persons"),
        number("persons_unserved_after", "People beyond the norm after", "persons"),
    ),
)
COMPARISON_RANKS = Table(
    "comparison_ranks",
    "Ranks that surely turned",
    ("unit_id", "other_id"),
    None,
    (
        text("unit_id", "Unit"),
        text("other_id", "Other unit"),
        share(
            "probability_then", "Probability before", "That the first ranked before the second; at most 0.1."
        ),
        share("probability_now", "Probability after", "That it ranks before it now; at least 0.9."),
    ),
)
COMPARISON_NORMS = Table(
    "comparison_norms",
    "Norms that were compared",
    ("norm_id",),
    None,
    (
        text("norm_id", "Norm"),
        text("service", "Service"),
        Field(
            "same_terms", "flag", "Same terms", "Threshold, unit, fail point, target share, group and scope."
        ),
        Field("in_level", "flag", "In the level", "Part of access in both runs."),
        Field("in_people", "flag", "Counted", "Judged at places in both runs."),
        Field("as_gate", "flag", "As a gate", "A gate in both runs."),
        text("reason", "Reason", "Why it is no part of the level; codes joined by ;."),
        *(
            field
            for date in ("before", "after")
            for field in (
                number(f"threshold_{date}", f"Threshold {date}", ""),
                share(f"target_share_{date}", f"Target share {date}"),
                share(f"served_share_{date}", f"Share served {date}"),
            )
        ),
    ),
)
TRAJECTORY = Table(
    "trajectory",
    "Over several dates",
    ("unit_level", "unit_id", "position"),
    None,
    (
        *_UNIT,
        Field("position", "whole", "Position", "1 is the first run."),
        text("run", "Run"),
        text("as_of", "Date", "On which norms were judged."),
        text("name", "Name", nullable=True),
        number("population_persons", "Population", "persons", "NaN where nobody's number is known."),
        Field("places", "whole", "Places"),
        share(
            "integration_level",
            "Integration level",
            "Of the norms and components that all runs which have the unit share.",
        ),
        *(
            share(f"level_{pillar}", level_of(pillar), "NaN where nothing measures it at all dates.")
            for pillar in PILLARS
        ),
        share(
            "segmentation_index",
            "Segmentation index",
            "Of the terms that all runs which have the unit share.",
        ),
        text("segmentation_terms", "Terms", "Terms on which the index rests, joined by ;."),
        text("mandatory_status", "Mandatory norms", "Of shared gates.", values=GATE),
        Field("gates_passed", "whole", "Mandatory norms passed"),
        Field("gates_in_force", "whole", "Mandatory norms in force"),
        number(
            "unserved_persons",
            "People beyond a norm",
            "persons",
            "Beyond at least one shared norm, as mapped.",
        ),
    ),
)
