"""The glue between the study, the store and the pure middle: one short function a stage."""

from spatial.stages.access import access
from spatial.stages.areas import areas
from spatial.stages.calibration import calibration
from spatial.stages.cells import cells
from spatial.stages.certainty import certainty
from spatial.stages.check import check_study
from spatial.stages.emergency import emergency
from spatial.stages.explain import explain_settlement, headline_lines
from spatial.stages.gaps import gaps
from spatial.stages.maps import maps
from spatial.stages.measures import measures
from spatial.stages.network import network
from spatial.stages.norms import norms
from spatial.stages.off_road import off_road
from spatial.stages.policy import check_policy
from spatial.stages.population import population
from spatial.stages.qgis import qgis
from spatial.stages.read import READ_TABLES, read
from spatial.stages.scenario_run import scenario
from spatial.stages.scenarios import scenarios
from spatial.stages.score import score
from spatial.stages.sign_off import sign_off
from spatial.stages.workbook import workbook

__all__ = [
    "READ_TABLES",
    "access",
    "areas",
    "calibration",
    "cells",
    "certainty",
    "check_policy",
    "check_study",
    "emergency",
    "explain_settlement",
    "gaps",
    "headline_lines",
    "maps",
    "measures",
    "network",
    "norms",
    "off_road",
    "population",
    "qgis",
    "read",
    "scenario",
    "scenarios",
    "score",
    "sign_off",
    "workbook",
]
