"""Files of an office before they are read: what they hold, what they look to be, how a study would name them."""

from __future__ import annotations

from spatial.inputs.inspection.inspecting import inspect_file
from spatial.inputs.inspection.reports import FieldReport, FileReport, LayerReport, Proposal, Setting

__all__ = ["FieldReport", "FileReport", "LayerReport", "Proposal", "Setting", "inspect_file"]
