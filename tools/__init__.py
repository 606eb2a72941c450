"""Tools of the repository: not in the package."""
