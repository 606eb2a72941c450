"""How long each stage takes and how much memory it needs, beside what others take for the same work."""
