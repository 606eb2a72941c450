"""How many examples a property is tried on: one in five of them in `make test`, all in `make trials`."""

from __future__ import annotations

import math
import os
from typing import Any

from hypothesis import settings

SEED = int(os.environ.get("SPATIAL_FAULT_SEED", "1"))
"""Of the moments and places at which tests let something fail; another one tries others."""
FAULTS = int(os.environ.get("SPATIAL_FAULTS", "50"))
"""How many moments a trial tries."""


def tried(examples: int, **more: Any) -> settings:
    """Settings of a test that needs this many examples to be thorough, and fewer where the profile is quick."""
    return settings(max_examples=math.ceil(examples * settings.default.max_examples / 100), **more)
