"""The languages that say all that English says; a further one may begin with a few texts."""

WHOLE = ("en", "fr", "zh")
