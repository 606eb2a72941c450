"""
Spatial planning analysis: from raw files to travel times, norms, gaps, maps and QGIS layers.

Public names are listed in ``__init__.pyi`` and imported when first used, so that ``import spatial`` stays fast.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
