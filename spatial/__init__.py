"""Spatial planning analysis: from raw files to travel times, norms, gaps, maps and QGIS layers."""
