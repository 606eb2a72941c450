"""Pages: folium maps and an index that open anywhere, each one file without internet."""

from __future__ import annotations

from spatial.cartography.page_data import PageMeta, ServiceNote
from spatial.cartography.pages import build_pages

__all__ = ["PageMeta", "ServiceNote", "build_pages"]
