"""Which roads a mode may use and how fast: tags, access, speed tables and seasons."""
