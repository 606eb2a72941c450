"""Times between places: the contracted core and the searches on it."""
