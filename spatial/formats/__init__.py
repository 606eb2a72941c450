"""A file becomes a frame: vector, delimited text, workbook, raster, OpenStreetMap; and is fetched where it lacks."""
