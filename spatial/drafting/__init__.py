"""Text for people from what was seen in their files: a report to read, and parts of a study file to paste."""

from __future__ import annotations

from spatial.drafting.from_folder import draft_study
from spatial.drafting.study_file import DECIDE, open_decisions, report_lines, toml_block

__all__ = ["DECIDE", "draft_study", "open_decisions", "report_lines", "toml_block"]
