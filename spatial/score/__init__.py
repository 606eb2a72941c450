"""The four pillars of integration: what each consists of in every unit, its level and its gap."""

from __future__ import annotations

from spatial.score.place_scores import PlaceScores, norms_table, place_scores, score_norms
from spatial.score.scoreboard import Evidence, Scoreboard, score_study
from spatial.study.score import GapTargets, ScoreRules

__all__ = [
    "Evidence",
    "GapTargets",
    "PlaceScores",
    "ScoreRules",
    "Scoreboard",
    "norms_table",
    "place_scores",
    "score_norms",
    "score_study",
]
