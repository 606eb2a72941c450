"""Ground within reach and ground nearest to each facility, as polygons."""
