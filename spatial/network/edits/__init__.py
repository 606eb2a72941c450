"""A built network changed: edges cut, roads closed, built or made faster, borders."""
