"""Measures from a table of pairs: opportunities, floating catchments, capacity, poverty, groups."""
