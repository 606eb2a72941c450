"""Times become access: people at settlements, the nearest facility and town of each, the last mile."""
