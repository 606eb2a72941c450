"""Cells of a population raster as origins."""
