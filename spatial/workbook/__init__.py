"""The workbook: results as sheets that an office opens, filters, prints and signs."""

from spatial.workbook.book import build_workbook
from spatial.workbook.meta import BookMeta

__all__ = ["BookMeta", "build_workbook"]
