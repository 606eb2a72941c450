"""Let ``python -m spatial`` do what the ``spatial`` command does."""

from __future__ import annotations

from spatial.cli import main

if __name__ == "__main__":
    main()
