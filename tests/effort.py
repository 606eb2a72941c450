"""How many examples a property is tried on: one in five of them in `make test`, all in `make trials`."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import settings


def tried(examples: int, **more: Any) -> settings:
    """Settings of a test that needs this many examples to be thorough, and fewer where the profile is quick."""
    return settings(max_examples=math.ceil(examples * settings.default.max_examples / 100), **more)
