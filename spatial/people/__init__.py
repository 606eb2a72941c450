"""People of a raster and of lists become people of settlements, groups and units."""
