"""Raw files become settlements, facilities, roads, boundaries, water, population and terrain."""
