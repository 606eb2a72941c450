"""The workbook: results as sheets that an office opens, filters, prints and signs."""

from __future__ import annotations

from spatial.workbook.content import build_workbooks
from spatial.workbook.sheets import BookMeta

__all__ = ["BookMeta", "build_workbooks"]
