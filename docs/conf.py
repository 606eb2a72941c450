"""Sphinx configuration; the data dictionary, the study keys and the error tree are written from the code."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from reference import write_reference

project = "spatial"
copyright = "2026, the spatial developers"
author = "the spatial developers"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "spatial"
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "notebooks"]

write_reference(Path(__file__).parent / "reference")
