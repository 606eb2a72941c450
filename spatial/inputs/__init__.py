"""Frames become settlements, facilities, roads, units and official numbers; a folder is inspected."""
