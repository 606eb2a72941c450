"""Messages of results: one TOML file a language beside this module."""
