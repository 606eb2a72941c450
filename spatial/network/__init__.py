"""Roads become a directed travel graph of each mode, places are joined to it, and times are found on it."""
