"""From gaps to action: where services should stand, what moves between them, which links come first."""
