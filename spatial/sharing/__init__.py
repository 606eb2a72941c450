"""Packages of a study for others: tables, rasters and the records that catalogues read."""
