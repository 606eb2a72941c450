"""Runs beside each other: intervals, calibration, scenarios, emergency response."""
